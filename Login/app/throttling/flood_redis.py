"""The memory that all processes share for floods: a Redis, asked briefly and never twice."""

from typing import ClassVar

from limits.aio.storage import RedisStorage
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

CONNECTIONS = 16


class SharedFloods(RedisStorage):
    """Counts in Redis; it connects when first asked, and fails with one of `errors`."""

    errors: ClassVar = (RedisError, TimeoutError)

    def __init__(self, uri: str, wait: float) -> None:
        """Prepare the connections; each, and each answer, may take so many seconds."""
        self._pool = BlockingConnectionPool.from_url(
            uri,
            max_connections=CONNECTIONS,
            timeout=wait,
            socket_timeout=wait,
            socket_connect_timeout=wait,
            retry=Retry(NoBackoff(), 0),
        )
        self._client = Redis(connection_pool=self._pool)
        super().__init__(
            f"async+{uri}",
            implementation="redispy",
            key_prefix="pupero",
            connection_pool=self._pool,  # type: ignore[arg-type]  # handed on to the client as it is
        )

    async def give_back(self, key: str) -> None:
        """Take one request out of a window again."""
        await self._client.lpop(self.bridge.prefixed_key(key))

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.disconnect()
