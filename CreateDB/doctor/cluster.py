"""Examines the servers behind the database: room for connections, a Galera cluster's state, replicas, settings."""

import asyncio

from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError

from app.config import Settings
from app.database import Database, limit_connections
from app.driver.url import list_hosts
from app.runtime.processors import count_workers
from CreateDB.command.explain import explain
from CreateDB.doctor.findings import Finding, Findings
from CreateDB.server.engine import SERVERS, make_engine
from CreateDB.tables.cluster_lock import is_clustered

MAJORITY_OF = 3  # nodes, of which one may be lost
SPARE = 5  # connections, for CreateDB, a backup and an administrator
NEEDED = {"binlog_format": "ROW", "innodb_autoinc_lock_mode": "2", "wsrep_certify_nonpk": "ON"}
FAR_BEHIND = 1000  # transactions
WAIT = "SELECT @@wsrep_sync_wait & 1"


def examine_connections(settings: Settings | None, connection: Connection) -> Findings:
    """Compare what this machine's processes may open with what the server, and the account, have room for."""
    if settings is None or connection.dialect.name not in SERVERS:
        return
    watches = len(list_hosts(connection.engine.url)) > 1
    most, workers = limit_connections(settings.database_pool_size) + watches, count_workers()
    name, room = min(_list_limits(connection), key=lambda limit: limit[1])
    fit = max(0, room - SPARE) // most
    text = f"An API process opens at most {most} connections: {fit} of them fit into {name} = {room}"
    if fit < workers:
        fix = f"Raise {name}, or lower DATABASE_POOL_SIZE or WEB_CONCURRENCY."
        yield Finding("connections", "warning", f"{text}, {workers} are to run here alone.", fix)
    else:
        yield Finding("connections", "ok", f"{text}, on all machines together.")


def _list_limits(connection: Connection) -> list[tuple[str, int]]:
    """Read both limits; the account's is that of who is asking, and 0 where it has none."""
    server, account = connection.exec_driver_sql("SELECT @@max_connections, @@max_user_connections").one()
    return [("max_connections", int(server)), *([("max_user_connections", int(account))] if account else [])]


def examine_cluster(_settings: Settings | None, connection: Connection) -> Findings:
    """Ask a node what only it knows: it answers `SELECT 1` even where it is cut off."""
    if connection.dialect.name not in SERVERS or not is_clustered(connection):
        return
    status = _show(connection, "GLOBAL STATUS LIKE 'wsrep_%'")
    part, ready, state = (status[f"wsrep_{name}"] for name in ("cluster_status", "ready", "local_state_comment"))
    size = int(status["wsrep_cluster_size"])
    text = f"The node is {state} in a cluster of {size}"
    if part != "Primary" or ready != "ON":
        fix = "Mend its network or start it again; where all are down, boot the one that was written to last."
        yield Finding("cluster", "failure", f"{text}, but cut off from its majority ({part}, ready {ready}).", fix)
    elif state != "Synced":
        yield Finding("cluster", "warning", f"{text}, and not in step.", "Send nobody there until it is Synced.")
    elif size < MAJORITY_OF:
        fix = "Start the missing nodes; run three, or two and an arbitrator."
        yield Finding("cluster", "warning", f"{text}: the next loss may leave nobody who can write.", fix)
    else:
        yield Finding("cluster", "ok", f"{text}.")


def examine_nodes(_settings: Settings | None, connection: Connection) -> Findings:
    """Ask each host that DATABASE_URL names whether it is of this cluster: people are led there one day."""
    hosts = list_hosts(connection.engine.url)
    if not hosts[1:] or not is_clustered(connection):
        return
    cluster = _read_cluster(connection)
    found = {host: _ask_node(connection.engine.url.set(host=host, database="")) for host in hosts}
    strange = [host for host, (id_, _) in found.items() if id_ not in {cluster, None}]
    away = [f"{host}: {why}" for host, (_, why) in found.items() if why]
    if strange:
        text = f"{', '.join(strange)} is no node of this cluster: whoever is led there meets another database."
        yield Finding("cluster_nodes", "failure", text, "Take it out of DATABASE_URL, or let it join.")
    elif away:
        fix = "Start it, or mend its network: until then it takes over for nobody."
        yield Finding("cluster_nodes", "warning", f"Not every node can be used. {'; '.join(away)}.", fix)
    else:
        yield Finding("cluster_nodes", "ok", f"All {len(hosts)} hosts of DATABASE_URL are nodes of this cluster.")


def _ask_node(url: URL) -> tuple[str | None, str]:
    """Give the cluster that a host is in, or why it cannot be asked; one that is cut off refuses to say."""
    try:
        with make_engine(url).connect() as own:
            return _read_cluster(own), ""
    except DBAPIError as error:
        return None, explain(error, url).rstrip(".")


def _read_cluster(connection: Connection) -> str:
    status = _show(connection, "GLOBAL STATUS LIKE 'wsrep_cluster_state_uuid'")
    return status.get("wsrep_cluster_state_uuid", "")


def examine_sync_wait(settings: Settings | None, connection: Connection) -> Findings:
    """Ask as the API does whether its reads wait for what other nodes have committed."""
    if settings is None or connection.dialect.name not in SERVERS or not is_clustered(connection):
        return
    if asyncio.run(_ask_as_the_api(settings)):
        yield Finding("cluster_reads", "ok", "The API's reads wait for what other nodes have committed.")
    else:
        text = (
            "The API's reads may miss what another node has committed: a session that was ended lives on for a while."
        )
        yield Finding("cluster_reads", "warning", text, "Set wsrep_sync_wait=1 on each node.")


async def _ask_as_the_api(settings: Settings) -> bool:
    database = Database(settings.database_url.get_secret_value(), pool_size=1)
    try:
        return bool(await database.read(lambda connection: connection.exec_driver_sql(WAIT).scalar_one()))
    finally:
        database.close()


def examine_server_settings(_settings: Settings | None, connection: Connection) -> Findings:
    """Find settings by which what was acknowledged may be lost, or nodes come to differ."""
    if connection.dialect.name not in SERVERS:
        return
    shown = _show(connection, "GLOBAL VARIABLES")
    wanted = NEEDED if is_clustered(connection) else {"innodb_flush_log_at_trx_commit": "1"}
    wrong = [f"{name} is {shown[name]}" for name, value in wanted.items() if shown.get(name, value) != value]
    if wrong and is_clustered(connection):
        fix = "Set " + ", ".join(f"{name}={value}" for name, value in NEEDED.items()) + " on each node."
        yield Finding("server_settings", "failure", f"Nodes may come to differ: {', '.join(wrong)}.", fix)
    elif wrong:
        fix = "Set innodb_flush_log_at_trx_commit=1."
        yield Finding("server_settings", "warning", f"A power cut undoes what was acknowledged: {wrong[0]}.", fix)
    else:
        what = "the cluster keeps its nodes alike" if is_clustered(connection) else "a commit is on the disk"
        yield Finding("server_settings", "ok", f"The server's settings are such that {what}.")


def examine_replicas(_settings: Settings | None, connection: Connection) -> Findings:
    """Compare the servers that DATABASE_URL names, by what every account may ask them."""
    hosts = (connection.engine.url.host or "").split(",")
    if connection.dialect.name not in SERVERS or len(hosts) == 1 or is_clustered(connection):
        return
    found = {host: _ask_server(connection, host) for host in hosts}
    away = [host for host, server in found.items() if server is None]
    servers = {host: server for host, server in found.items() if server is not None}
    writable = [host for host, (read_only, _, _) in servers.items() if not read_only]
    if away:
        yield Finding(
            "replicas", "warning", f"{', '.join(away)} does not answer: nobody takes over.", "Start it again."
        )
    elif len(writable) != 1:
        text = f"{len(writable)} servers of DATABASE_URL may be written to: {', '.join(writable) or 'none'}."
        yield Finding("replicas", "failure", text, "Set read_only=ON on all but one, the primary.")
    else:
        yield from _judge_replicas(servers, writable[0])


def _show(connection: Connection, what: str) -> dict[str, str]:
    return {str(row[0]).lower(): str(row[1]) for row in connection.exec_driver_sql(f"SHOW {what}")}


_Server = tuple[bool, bool, dict[str, int]]  # whether it is read-only, whether it follows another, how far it is


def _ask_server(connection: Connection, host: str) -> _Server | None:
    try:
        with make_engine(connection.engine.url.set(host=host)).connect() as own:
            row = own.exec_driver_sql("SELECT @@read_only, @@gtid_current_pos").one()
            running = own.exec_driver_sql("SHOW GLOBAL STATUS LIKE 'Slave_running'").one()[1]
    except DBAPIError:
        return None
    positions = [position.split("-") for position in row[1].split(",") if position]
    return bool(int(row[0])), running == "ON", {domain: int(number) for domain, _, number in positions}


def _judge_replicas(servers: dict[str, _Server], primary: str) -> Findings:
    own = servers[primary][2]
    for host, (_, follows, there) in servers.items():
        if host == primary:
            continue
        behind = sum(max(0, number - there.get(domain, 0)) for domain, number in own.items())
        if not follows:
            text, fix = f"{host} follows nobody: it is getting older.", "Start its replication, see its log."
            yield Finding("replicas", "failure", text, fix)
            return
        if behind > FAR_BEHIND:
            text = f"{host} is {behind} transactions behind {primary}: they are lost with it."
            yield Finding("replicas", "warning", text, "Find out what holds it up: SHOW REPLICA STATUS.")
            return
    yield Finding("replicas", "ok", f"All replicas follow {primary} closely.")
