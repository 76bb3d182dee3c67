"""The four roles that work in the database, and what each may do outside its tables."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql

from backend.errors import DatabaseSetupError
from backend.settings import Settings

ROLES = ("atlas_owner", "atlas_app", "atlas_loader", "atlas_reader")
READER = "atlas_reader"
PERSON = "atlas_person"
"""Who signed in: nobody logs in as this role, the backend takes it on for a transaction and sees one person's rows."""
SECRET_FILE = "secret"
MOUNTED_SECRET = "atlas_secret"
"""Name of the installation's secret in the folder of secrets, where there is one."""

SEARCH_PATH = "public, ag_catalog"
ROLE_SETTINGS: dict[str, dict[str, str]] = {
    "atlas_owner": {},
    "atlas_app": {"idle_in_transaction_session_timeout": "60s"},
    "atlas_loader": {},
    # The agent's Cypher runs as this role: whatever it is tricked into, it stays short, small and without effect.
    READER: {
        "default_transaction_read_only": "on",
        "statement_timeout": "5s",
        "lock_timeout": "2s",
        "idle_in_transaction_session_timeout": "15s",
        "temp_file_limit": "256MB",
        "max_parallel_workers_per_gather": "0",
    },
}


def secret(settings: Settings) -> bytes:
    """Return the installation's secret: `atlas_secret` of the folder of secrets, else a file of the home folder.

    The latter is made on first use, and only its owner can read it.
    """
    given = _file(settings, MOUNTED_SECRET)
    return (given or _own_secret(settings.home)).encode()


def password(settings: Settings, role: str) -> str:
    """Return a role's password: its file, such as `atlas_app_password`, in the folder of secrets, else derived.

    What is derived is the HMAC-SHA256 of the role's name under the installation's secret. Raises DatabaseSetupError where
    the folder has passwords, but not this role's: the process is not meant to act as that role.
    """
    given = given_password(settings, role)
    if given is not None:
        return given
    if any(_file(settings, f"{other}_password") for other in ROLES):
        raise DatabaseSetupError(
            f"This process may not work as {role}: {settings.secrets_dir} has no file {role}_password.",
            ko=f"이 프로세스에는 {role} 역할의 비밀번호가 없습니다.",
        )
    return hmac.new(secret(settings), role.encode(), hashlib.sha256).hexdigest()


def given_password(settings: Settings, login: str) -> str | None:
    """Return the password that the folder of secrets has for a login, None where it has none."""
    return _file(settings, f"{login}_password")


def _file(settings: Settings, name: str) -> str | None:
    if settings.secrets_dir is None:
        return None
    path = settings.secrets_dir / name
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DatabaseSetupError(
            f"{path} cannot be read ({error.strerror}): let the account with the number {os.geteuid()} read it.",
            ko=f"비밀 파일 {path}을(를) 읽을 수 없습니다.",
        ) from error


def _own_secret(home: Path) -> str:
    path = home / SECRET_FILE
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{SECRET_FILE}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
        try:
            os.link(draft, path)  # fails when another process was first, whose secret then holds
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()


def ensure_roles(connection: psycopg.Connection, password_of: Callable[[str], str] | None) -> None:
    """Create the roles and bring their settings and passwords up to date; without `password_of` they need none.

    The settings belong to the role, not to the database, so that a copy of the database has them too.
    """
    for role in ROLES:
        name = sql.Identifier(role)
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() is None:
            connection.execute(sql.SQL("CREATE ROLE {}").format(name))
        connection.execute(
            sql.SQL("ALTER ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS").format(name)
        )
        if password_of is not None:
            encrypted = connection.pgconn.encrypt_password(
                password_of(role).encode(), role.encode(), b"scram-sha-256"
            ).decode()
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(encrypted)))
        connection.execute(sql.SQL("ALTER ROLE {} SET search_path = public, ag_catalog").format(name))
        settings = {"age.enable_containment": "off", **ROLE_SETTINGS[role]}
        for setting, value in settings.items():
            connection.execute(sql.SQL("ALTER ROLE {} SET {} = {}").format(name, sql.SQL(setting), sql.Literal(value)))
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [PERSON]).fetchone() is None:
        connection.execute(f"CREATE ROLE {PERSON}")
    connection.execute(f"ALTER ROLE {PERSON} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS")
    connection.execute(f"GRANT {PERSON} TO atlas_app WITH INHERIT FALSE, SET TRUE")
