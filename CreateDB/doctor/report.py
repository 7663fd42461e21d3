"""Runs every examination, whatever another one fails at, and prints the findings."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial

from sqlalchemy import URL, Connection
from sqlalchemy.exc import SQLAlchemyError

from app.config import ConfigurationError, Settings, load_settings
from app.driver.url import check_options
from app.settings.production import is_this_machine
from CreateDB.command.arguments import Arguments
from CreateDB.command.explain import explain
from CreateDB.command.terminal import count, say, show
from CreateDB.command.urls import describe, is_absent_file
from CreateDB.doctor import cluster, configuration, database, huge_pages, machine, mail, passkeys, webhooks
from CreateDB.doctor.findings import Finding, Findings, attempt
from CreateDB.doctor.pages import examine_pages
from CreateDB.server.engine import make_engine

# By the id under which an examination fails that cannot be done.
OF_SETTINGS: Mapping[str, Callable[[Settings], Findings]] = {
    "jwt_secret_key": configuration.examine_secrets,
    "totp_encryption_keys": configuration.examine_key_of_secrets,
    "trusted_proxies": configuration.examine_proxies,
    "common_passwords": configuration.examine_common_passwords,
    "rate_limit_storage_tls": configuration.examine_floods,
    "argon2_cost": machine.examine_argon2_cost,
    "argon2_time": machine.examine_argon2_time,
    "argon2_memory": machine.examine_argon2_memory,
    "huge_pages": huge_pages.examine_huge_pages,
    "passkeys": passkeys.examine_relying_party,
    "mail_from": mail.examine_sender,
    "smtp": mail.examine_smtp,
    "webhooks": webhooks.examine_receiver,
}
OF_DATABASE: Mapping[str, Callable[[Settings | None, Connection], Findings]] = {
    "driver": database.examine_driver,
    "database_tls": database.examine_encryption,
    "schema": database.examine_schema,
    "tables": database.examine_tables,
    "clock": database.examine_clock,
    "secrets_at_rest": database.examine_secrets_at_rest,
    "connections": cluster.examine_connections,
    "cluster": cluster.examine_cluster,
    "cluster_nodes": cluster.examine_nodes,
    "cluster_reads": cluster.examine_sync_wait,
    "replicas": cluster.examine_replicas,
    "server_settings": cluster.examine_server_settings,
    "database_rights": database.examine_rights,
    "passkeys_domain": passkeys.examine_passkeys,
}


def run(arguments: Arguments, url: URL) -> int:
    """Do --doctor: status 1 if anything failed."""
    findings = list(examine(url, echo=arguments.echo))
    if arguments.json:
        show(json.dumps([asdict(finding) for finding in findings], indent=2).splitlines())
    else:
        _print(findings, describe(url))
    return 1 if any(finding.verdict == "failure" for finding in findings) else 0


def examine(url: URL, *, echo: bool) -> Iterator[Finding]:
    """Examine everything."""
    settings, finding = _read_settings(url)
    yield finding
    if settings is not None:
        for id_, examination in OF_SETTINGS.items():
            yield from attempt(id_, url, partial(examination, settings))
    yield from attempt("pages_settings", url, partial(examine_pages, settings))
    yield from _examine_database(url, settings, echo=echo)


def _read_settings(url: URL) -> tuple[Settings | None, Finding]:
    """Read the API's settings; those that only production refuses are examined all the same."""
    try:
        settings = load_settings(database_url=url.render_as_string(hide_password=False))
    except ConfigurationError as error:
        found = Finding("settings", "failure", f"The API cannot start: {error}.", "Correct these settings.")
        return _read_leniently(), found
    if settings.environment == "production":
        return settings, Finding("settings", "ok", "The API's settings can be read, for production.")
    links = f", and mails lead to {settings.public_url}" if is_this_machine(settings.public_host) else ""
    text = f"The API's settings are for development, which refuses less{links}."
    fix = "Set ENVIRONMENT=production, and PUBLIC_URL, where others than you use it."
    return settings, Finding("settings", "warning", text, fix)


def _read_leniently() -> Settings | None:
    """Read what else there is; whether the database's URL serves is told by its own finding."""
    with suppress(ConfigurationError):
        return load_settings(database_url="sqlite:///unused")
    with suppress(ConfigurationError):
        lenient = load_settings(database_url="sqlite:///unused", environment="development")
        return lenient.model_copy(update={"environment": "production"})  # only production's own rules were broken
    return None


def _examine_database(url: URL, settings: Settings | None, *, echo: bool) -> Iterator[Finding]:
    if is_absent_file(url):  # opening it would make it
        yield Finding("database", "failure", f"There is no file {url.database}.", "Run this without --doctor.")
        return
    try:
        check_options(url)
    except ValueError as error:
        yield Finding("database", "failure", f"DATABASE_URL {error}", "Correct DATABASE_URL.")
        return
    try:
        connection = make_engine(url, echo=echo).connect()
    except Exception as error:  # noqa: BLE001 drivers raise what they like at an option that they do not know
        yield Finding("database", "failure", explain(error, url), "Correct DATABASE_URL or the server.")
        return
    with connection:
        yield Finding("database", "ok", f"Connected to {describe(url)}.")
        for id_, examination in OF_DATABASE.items():
            yield from attempt(id_, url, partial(examination, settings, connection))
            with suppress(SQLAlchemyError):
                connection.rollback()  # the next examination would be refused after a statement that failed


def _print(findings: Sequence[Finding], where: str) -> None:
    say(f"The API's settings, and {where}:")
    width = max(len(finding.id) for finding in findings)
    for finding in findings:
        show([f"{finding.verdict:<9}{finding.id:<{width}}  {finding.finding}"])
        if finding.fix:
            show([f"{'':<{9 + width}}  -> {finding.fix}"])
    counts = {verdict: sum(f.verdict == verdict for f in findings) for verdict in ("ok", "warning", "failure")}
    say(f"{counts['ok']} ok, {count(counts['warning'], 'warning')}, {count(counts['failure'], 'failure')}.")
