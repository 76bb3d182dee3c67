"""One PostgreSQL database and the connections of its four roles."""

from __future__ import annotations

import threading
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from sqlalchemy import Engine, create_engine

from backend.db import roles
from backend.settings import Settings, get_settings

ROLES = roles.ROLES
ADMIN_OPTIONS = "-c search_path=public,ag_catalog"


class Database:
    """One PostgreSQL database and its four roles.

    `admin_url` is a libpq URL of an administrator. On a server with passwords those of the roles are derived from
    the installation's secret.
    """

    def __init__(self, admin_url: str, settings: Settings | None = None) -> None:
        # SQLAlchemy's spelling of a URL is understood as well.
        scheme, separator, rest = admin_url.partition("://")
        self._admin_url = f"{scheme.partition('+')[0]}{separator}{rest}"
        self.settings = settings or get_settings()
        self._engines: dict[str | None, Engine] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Database({urlsplit(self._admin_url).path.lstrip('/')!r})"

    @property
    def needs_password(self) -> bool:
        """Whether the roles log in with a password: everywhere but on a private server's socket."""
        return urlsplit(self._admin_url).password is not None or urlsplit(self._admin_url).hostname is not None

    def url(self, role: str | None = None) -> str:
        """Return the libpq URL for a role; None is the administrator."""
        if role is None:
            return self._admin_url
        if role not in ROLES:
            raise ValueError(f"unknown role {role!r}; the roles are {', '.join(ROLES)}")
        parts = urlsplit(self._admin_url)
        login = role
        if self.needs_password:
            login += ":" + quote(roles.password(self.settings.home, role), safe="")
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{login}@{host}"))

    def engine(self, role: str | None = "atlas_app") -> Engine:
        """Return the pooled engine of a role; None is the administrator."""
        with self._lock:
            if role not in self._engines:
                self._engines[role] = self._create_engine(role)
            return self._engines[role]

    def connect(self, role: str | None = None, *, autocommit: bool = False) -> psycopg.Connection:
        """Open a psycopg connection outside the pools."""
        options = {"options": ADMIN_OPTIONS} if role is None else {}
        return psycopg.connect(
            self.url(role), autocommit=autocommit, application_name="etf-atlas", connect_timeout=10, **options
        )

    def dispose(self) -> None:
        """Close every pooled connection."""
        with self._lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()

    def _create_engine(self, role: str | None) -> Engine:
        return create_engine(
            "postgresql+psycopg://",
            creator=lambda: self.connect(role),
            pool_size=10,
            max_overflow=10,
            pool_pre_ping=True,
            pool_recycle=1800,
        )
