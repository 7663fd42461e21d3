"""The memory that all processes share for floods: a Redis, asked briefly and never twice."""

from limits.aio.storage import RedisStorage
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

CONNECTIONS = 16


class SharedFloods(RedisStorage):
    """Counts in Redis; it connects when first asked."""

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
        super().__init__(
            f"async+{uri}",
            wrap_exceptions=True,
            implementation="redispy",
            key_prefix="pupero",
            connection_pool=self._pool,  # type: ignore[arg-type]  # handed on to the client as it is
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.disconnect()
