"""One PostgreSQL database and the connections of its four roles."""

from __future__ import annotations

import threading
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import OperationalError

from backend.db import roles
from backend.db.replica import ReplicaWatch
from backend.errors import DatabaseSetupError
from backend.settings import Settings, get_settings

ROLES = roles.ROLES
ADMIN_OPTIONS = "-c search_path=public,ag_catalog"
SERVING = ("atlas_app", roles.READER)
"""The roles that serve requests: their pools may go through a PgBouncer, and their reading to a replica."""
REPLICA_CONNECT_S = 2
# A host that vanishes without a word would hold a thread for as long as the kernel likes. Sockets of this machine ignore it.
KEEP_ALIVE = {
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}


class Database:
    """One PostgreSQL database and its four roles.

    `admin_url` is a libpq URL of an administrator; one that names a host and no user, or one of the roles, belongs to a
    process that has no administrator. On a server with passwords those of the roles are derived from the installation's
    secret, unless ATLAS_SECRETS_DIR has them.
    """

    def __init__(self, admin_url: str, settings: Settings | None = None) -> None:
        self.settings = settings or get_settings()
        self._admin_url = self._with_given_password(_plain(admin_url))
        self._engines: dict[tuple[str | None, bool], Engine] = {}
        self._lock = threading.Lock()
        self._replica: ReplicaWatch | None = None
        if self.settings.replica_url:
            self._replica = ReplicaWatch(self._probe, self._probe_replica, self.settings.replica_max_lag_s)

    def __repr__(self) -> str:
        return f"Database({urlsplit(self._admin_url).path.lstrip('/')!r})"

    @property
    def needs_password(self) -> bool:
        """Whether the roles log in with a password: everywhere but on a private server's socket."""
        return urlsplit(self._admin_url).password is not None or urlsplit(self._admin_url).hostname is not None

    @property
    def administered(self) -> bool:
        """Whether this process may act as the administrator: make roles, and change the schema."""
        parts = urlsplit(self._admin_url)
        return parts.username not in ROLES and (parts.username is not None or parts.hostname is None)

    def url(self, role: str | None = None) -> str:
        """Return the libpq URL for a role; None is the administrator. Raises DatabaseSetupError where there is none."""
        if role is None:
            if not self.administered:
                raise DatabaseSetupError(
                    "This process has no administrator: ATLAS_DATABASE_URL names no user who is one.",
                    ko="이 프로세스에는 데이터베이스 관리자 권한이 없습니다.",
                )
            return self._admin_url
        return self._login(self._admin_url, role)

    def bare_url(self) -> str:
        """Return the URL that another process of this installation opens the same database with."""
        return self._admin_url

    def engine(self, role: str | None = "atlas_app") -> Engine:
        """Return the pooled engine of a role on the primary; None is the administrator."""
        return self._engine(role, replica=False)

    def reading(self, role: str = "atlas_app") -> Connection:
        """Open a pooled connection for reading the market: the replica's while it keeps up, else the primary's.

        Raises SQLAlchemy's OperationalError when neither answers.
        """
        if self._replica is not None and self._replica.keeps_up():
            try:
                return self._engine(role, replica=True).connect()
            except OperationalError as error:
                self._replica.failed(error)
        return self.engine(role).connect()

    def connect(self, role: str | None = None, *, autocommit: bool = False) -> psycopg.Connection:
        """Open a psycopg connection of one's own, past pools, PgBouncer and replica: for LISTEN, locks, migrations."""
        options = {"options": ADMIN_OPTIONS} if role is None else {}
        return psycopg.connect(
            self.url(role),
            autocommit=autocommit,
            application_name="etf-atlas",
            connect_timeout=10,
            **KEEP_ALIVE,
            **options,
        )

    def dispose(self) -> None:
        """Close every pooled connection, and stop watching the replica."""
        if self._replica is not None:
            self._replica.stop()
        with self._lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()

    def _engine(self, role: str | None, *, replica: bool) -> Engine:
        with self._lock:
            if (role, replica) not in self._engines:
                self._engines[role, replica] = self._create_engine(role, replica=replica)
            return self._engines[role, replica]

    def _create_engine(self, role: str | None, *, replica: bool) -> Engine:
        if replica:
            connect = lambda: self._connect_replica(role)  # noqa: E731 - the two ways side by side
        elif role in SERVING and self.settings.pool_url:
            connect = lambda: self._connect_pool(role)  # noqa: E731
        else:
            connect = lambda: self.connect(role)  # noqa: E731
        return create_engine(
            "postgresql+psycopg://",
            creator=connect,
            pool_size=10,
            max_overflow=10,
            pool_pre_ping=True,
            pool_recycle=1800,
            # What is bound to a statement can be somebody's; it has no place in a log.
            hide_parameters=True,
        )

    def _connect_pool(self, role: str) -> psycopg.Connection:
        # What is prepared in one transaction would be missing in the next, which PgBouncer may send to another session.
        return psycopg.connect(
            self._login(_plain(str(self.settings.pool_url)), role),
            application_name="etf-atlas",
            connect_timeout=10,
            prepare_threshold=None,
            **KEEP_ALIVE,
        )

    def _connect_replica(self, role: str, **options: object) -> psycopg.Connection:
        return psycopg.connect(
            self._login(_plain(str(self.settings.replica_url)), role),
            application_name="etf-atlas",
            connect_timeout=REPLICA_CONNECT_S,
            **{**KEEP_ALIVE, "tcp_user_timeout": 5_000},
            **options,
        )

    def _probe(self) -> psycopg.Connection:
        return psycopg.connect(
            self.url("atlas_app"),
            application_name="etf-atlas-replica-watch",
            connect_timeout=REPLICA_CONNECT_S,
            tcp_user_timeout=5_000,
            autocommit=True,
        )

    def _probe_replica(self) -> psycopg.Connection:
        return self._connect_replica("atlas_app", autocommit=True)

    def _login(self, url: str, role: str) -> str:
        if role not in ROLES:
            raise ValueError(f"unknown role {role!r}; the roles are {', '.join(ROLES)}")
        parts = urlsplit(url)
        login = role
        if self.needs_password:
            login += ":" + quote(roles.password(self.settings, role), safe="")
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{login}@{host}"))

    def _with_given_password(self, url: str) -> str:
        """Complete an administrator's URL without a password by the one in ATLAS_SECRETS_DIR."""
        parts = urlsplit(url)
        if parts.username is None or parts.password is not None or parts.username in ROLES:
            return url
        password = roles.given_password(self.settings, parts.username)
        if password is None:
            return url
        user, host = parts.netloc.rsplit("@", 1)
        return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}"))


def _plain(url: str) -> str:
    """Return a URL in libpq's spelling; SQLAlchemy's is understood as well."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}{separator}{rest}"
