"""The task that needs no flag of its own: makes what is missing, and brings the tables up to date."""

from sqlalchemy import URL

from CreateDB.command.arguments import Arguments
from CreateDB.command.terminal import say
from CreateDB.command.urls import describe
from CreateDB.server.app_user import ask_app_password, create_app_user
from CreateDB.server.engine import create_database
from CreateDB.tables.upgrade import upgrade


def make(arguments: Arguments, url: URL) -> int:
    """Make what is missing: the database and the API's account if asked for, the tables always."""
    password = ask_app_password(arguments, url) if arguments.create_app_user is not None else ""
    say(f"Connecting to {describe(url)} ...")
    if arguments.create_database:
        create_database(url, echo=arguments.echo)
        say(f"Database {url.database} is there.")
    revision = upgrade(url, echo=arguments.echo, say=say)
    say(f"Done: the tables in {url.database} are up to date (revision {revision}).")
    if arguments.create_app_user is not None:
        create_app_user(arguments, url, password)
    return 0
