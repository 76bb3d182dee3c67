"""`./atlas user`: accounts, from the machine that the installation runs on; the first administrator is made here."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection, Row

user = typer.Typer(
    help="Accounts: make, list, close, delete; administrators. Passwords are asked for, or read from standard input.",
    no_args_is_help=True,
)
Email = Annotated[str, typer.Argument(help="E-mail address of the account", metavar="EMAIL")]


def register(app: typer.Typer) -> None:
    """Add the command group `user`."""
    app.add_typer(user, name="user")


@user.command("add")
def add(
    email: Email,
    role: Annotated[str, typer.Option(help="`user` or `admin`")] = "user",
    name: Annotated[str, typer.Option(help="How the page calls the person")] = "",
) -> None:
    """Make an account; the password is asked for, or is the first line of standard input."""
    from backend.accounts.password_rules import check_new_password
    from backend.accounts.passwords import hash_password
    from backend.accounts.users import create_user, normalised_email
    from backend.errors import Conflict

    _check_role(role)
    address = normalised_email(email)
    name = name.strip()
    _check_name(name)
    password = _password()
    check_new_password(password, email=address, name=name)
    with _accounts() as connection:
        person = create_user(connection, address, hash_password(password), name=name, role=role)
        if person is None:
            raise Conflict(f"{address} has an account already")
        _record(connection, "user.add", person, role=role)
    typer.echo(f"{address} has an account ({role}).")


@user.command("list")
def listed(
    q: Annotated[str, typer.Option("--find", help="Text that the address or the name contains")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array")] = False,
) -> None:
    """List the accounts, newest first."""
    with _accounts() as connection:
        rows = list(_all_users(connection, q))
    if as_json:
        typer.echo(json.dumps([dict(row._mapping) for row in rows], default=str, ensure_ascii=False, indent=1))
        return
    for row in rows:
        state = "closed" if row.disabled_at else row.role
        seen = f"last seen {row.seen_at:%Y-%m-%d}" if row.seen_at else "never seen"
        typer.echo(f"{row.email}  {state}  since {row.created_at:%Y-%m-%d}, {seen}, watches {row.watches}  {row.name}")
    typer.echo(f"{len(rows)} accounts", err=True)


@user.command("role")
def role(email: Email, role: Annotated[str, typer.Argument(help="`user` or `admin`")]) -> None:
    """Make somebody an administrator, or a user again. The last administrator stays one."""
    from backend.accounts.users import set_role

    _check_role(role)
    with _accounts() as connection:
        person = _person(connection, email)
        set_role(connection, person, role)
        _record(connection, "user.role", person, role=role)
    typer.echo(f"{email} is {role}.")


@user.command("disable")
def disable(email: Email) -> None:
    """Close an account: its sessions end, its tokens open nothing, and nobody can sign in to it."""
    _set_disabled(email, True)
    typer.echo(f"{email} is closed.")


@user.command("enable")
def enable(email: Email) -> None:
    """Open a closed account again."""
    _set_disabled(email, False)
    typer.echo(f"{email} is open again.")


@user.command("delete")
def delete(
    email: Email, yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant")] = False
) -> None:
    """Delete an account with everything that is kept for it; nothing brings it back."""
    from backend.accounts.users import delete_user

    if not yes:
        typer.confirm(f"Delete {email} with everything that is kept for it?", abort=True)
    with _accounts() as connection:
        person = _person(connection, email)
        delete_user(connection, person)
        _record(connection, "user.delete", person)
    typer.echo(f"{email} is deleted.")


@user.command("password")
def password(email: Email) -> None:
    """Give an account another password, asked for or from standard input; all its sessions end."""
    from backend.accounts.password_rules import check_new_password
    from backend.accounts.passwords import hash_password
    from backend.accounts.sessions import end_sessions
    from backend.accounts.users import normalised_email, set_password

    given = _password()
    check_new_password(given, email=normalised_email(email))
    with _accounts() as connection:
        person = _person(connection, email)
        set_password(connection, person, hash_password(given))
        end_sessions(connection, person)
        _record(connection, "user.password", person)
    typer.echo(f"{email} has another password; whoever was signed in has to sign in again.")


def _set_disabled(email: str, disabled: bool) -> None:
    from backend.accounts.users import set_disabled

    with _accounts() as connection:
        person = _person(connection, email)
        set_disabled(connection, person, disabled)
        _record(connection, "user.disable" if disabled else "user.enable", person)


def _accounts() -> AbstractContextManager[Connection]:
    """Open the database of the settings and lend a transaction of atlas_app."""
    from contextlib import contextmanager

    from backend.accounts.transaction import app_transaction
    from backend.db.opening import open_database

    @contextmanager
    def lent() -> Iterator[Connection]:
        database = open_database()
        try:
            with app_transaction(database) as connection:
                yield connection
        finally:
            database.dispose()

    return lent()


def _all_users(connection: Connection, q: str) -> Iterator[Row[Any]]:
    from backend.accounts.users import list_users

    page = list_users(connection, q, 500)
    while page:
        yield from page
        page = list_users(connection, q, 500, page[-1].id)


def _person(connection: Connection, email: str) -> Any:
    from backend.accounts.users import find_user, normalised_email
    from backend.errors import NotFound

    row = find_user(connection, normalised_email(email))
    if row is None:
        raise NotFound(f"{email} has no account: `./atlas user list` shows who has")
    return row.id


def _record(connection: Connection, action: str, person: Any, **detail: str) -> None:
    from backend.accounts.audit import COMMAND_LINE, record

    record(connection, COMMAND_LINE, action, str(person), detail)


def _check_role(role: str) -> None:
    from backend.errors import InvalidInput

    if role not in ("user", "admin"):
        raise InvalidInput(f"there is no role {role!r}: it is user or admin")


def _check_name(name: str) -> None:
    from backend.errors import InvalidInput

    if len(name) > 60 or not name.isprintable():
        raise InvalidInput("a name has at most 60 characters, all of them printable")


def _password() -> str:
    """Return the password that is typed twice, or the first line of what is piped in; it is never an argument."""
    if sys.stdin.isatty():
        return typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return sys.stdin.readline().rstrip("\r\n")
