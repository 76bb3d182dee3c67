"""The four roles that work in the database, and what each may do outside its tables."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

import psycopg
from psycopg import sql

ROLES = ("atlas_owner", "atlas_app", "atlas_loader", "atlas_reader")
READER = "atlas_reader"
SECRET_FILE = "secret"

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


def secret(home: Path) -> bytes:
    """Return the installation's secret, made on first use; only its owner can read the file."""
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
    return path.read_text(encoding="ascii").strip().encode()


def password(home: Path, role: str) -> str:
    """Return a role's password: HMAC-SHA256 of its name under the installation's secret."""
    return hmac.new(secret(home), role.encode(), hashlib.sha256).hexdigest()


def ensure_roles(connection: psycopg.Connection, home: Path | None) -> None:
    """Create the roles and bring their settings up to date; `home` holds the secret where roles need passwords.

    The settings belong to the role, not to the database, so that a copy of the database has them too.
    """
    for role in ROLES:
        name = sql.Identifier(role)
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() is None:
            connection.execute(sql.SQL("CREATE ROLE {}").format(name))
        connection.execute(
            sql.SQL("ALTER ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS").format(name)
        )
        if home is not None:
            encrypted = connection.pgconn.encrypt_password(
                password(home, role).encode(), role.encode(), b"scram-sha-256"
            ).decode()
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(encrypted)))
        connection.execute(sql.SQL("ALTER ROLE {} SET search_path = public, ag_catalog").format(name))
        settings = {"age.enable_containment": "off", **ROLE_SETTINGS[role]}
        for setting, value in settings.items():
            connection.execute(sql.SQL("ALTER ROLE {} SET {} = {}").format(name, sql.SQL(setting), sql.Literal(value)))
