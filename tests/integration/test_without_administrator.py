"""A process that has secrets as files and no administrator: it acts as the roles it has passwords for, and as no other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from backend.db import roles
from backend.db.engine import ROLES, Database
from backend.db.migrate import ensure_roles, newest_revision
from backend.db.opening import check_schema, open_database
from backend.db.private_server import PrivateServer
from backend.errors import DatabaseSetupError
from backend.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def server_with_passwords(
    session_folder: Path, prefix: Path, free_port
) -> Iterator[tuple[PrivateServer, dict[str, str], int]]:
    """A server that listens on loopback and asks everybody for a password, as one in a container does."""
    port = free_port()
    home = session_folder / "given-passwords"
    server = PrivateServer(home, prefix=prefix, options={"listen_addresses": "127.0.0.1", "fsync": "off"}, port=port)
    server.start()
    passwords = {name: f"of/{name} 가" for name in ("postgres", *ROLES)}
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("ALTER ROLE postgres PASSWORD 'of/postgres 가'")
    with (server.data / "pg_hba.conf").open("a", encoding="ascii") as file:
        file.write("host all all 127.0.0.1/32 scram-sha-256\n")
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("SELECT pg_reload_conf()")
    yield server, passwords, port
    server.stop()


@pytest.fixture
def secrets_of(server_with_passwords, tmp_path: Path):
    """A function that makes the settings of a process that is given only these passwords."""
    _server, passwords, port = server_with_passwords

    def make(*names: str, user: str = "") -> Settings:
        folder = tmp_path / "-".join(names)
        folder.mkdir()
        for name in names:
            (folder / f"{name}_password").write_text(passwords[name] + "\n", encoding="utf-8")
        url = f"postgresql://{user}127.0.0.1:{port}/atlas"
        return Settings(home=tmp_path / "home", secrets_dir=folder, database_url=url, model="offline", chat_workers=0)

    return make


@pytest.fixture
def migrated(secrets_of) -> Database:
    """The database after the process with the administrator's password has run."""
    database = open_database(secrets_of("postgres", *ROLES, user="postgres@"))
    database.dispose()
    return database


def test_the_administrators_password_comes_from_its_file(migrated: Database) -> None:
    assert migrated.administered
    with migrated.connect() as connection:
        assert connection.info.user == "postgres"


def test_a_process_acts_as_the_roles_it_has_passwords_for_and_as_no_other(migrated: Database, secrets_of) -> None:
    database = open_database(secrets_of("atlas_app", "atlas_reader"))
    assert not database.administered
    for role in ("atlas_app", "atlas_reader"):
        with database.connect(role) as connection:
            assert connection.info.user == role
    with pytest.raises(DatabaseSetupError, match="has no file atlas_loader_password"):
        database.connect("atlas_loader")
    with pytest.raises(DatabaseSetupError, match="has no administrator"):
        database.connect()


def test_the_schema_is_only_checked_and_the_message_says_who_can_upgrade(migrated: Database, secrets_of) -> None:
    database = Database(str((settings := secrets_of("atlas_app")).database_url), settings)
    check_schema(database)
    with migrated.connect() as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    try:
        with pytest.raises(
            DatabaseSetupError, match=rf"revision 0001, .* needs {newest_revision()}: run `./atlas db up"
        ):
            check_schema(database)
    finally:
        with migrated.connect() as connection:
            connection.execute("UPDATE alembic_version SET version_num = %s", [newest_revision()])


def test_passwords_change_by_new_files_and_an_upgrade(migrated: Database, secrets_of, server_with_passwords) -> None:
    folder = migrated.settings.secrets_dir
    (folder / "atlas_reader_password").write_text("changed", encoding="ascii")
    try:
        with migrated.connect(autocommit=True) as connection:
            ensure_roles(migrated, connection)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            Database(migrated.bare_url(), secrets_of("atlas_reader")).connect("atlas_reader")
        migrated.connect("atlas_reader").close()
    finally:
        (folder / "atlas_reader_password").write_text(server_with_passwords[1]["atlas_reader"], encoding="utf-8")
        with migrated.connect(autocommit=True) as connection:
            ensure_roles(migrated, connection)


def test_the_command_line_says_in_one_line_what_is_missing(migrated: Database, secrets_of) -> None:
    settings = secrets_of("atlas_app")
    environment = {
        **os.environ,
        "ATLAS_HOME": str(settings.home),
        "ATLAS_DATABASE_URL": str(settings.database_url),
        "ATLAS_SECRETS_DIR": str(settings.secrets_dir),
    }

    def atlas(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "backend.cli", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)

    status = atlas("db", "status")
    assert status.returncode == 0, status.stderr[-2000:]
    assert f"schema {newest_revision()} of {newest_revision()}" in status.stdout
    upgrade = atlas("db", "upgrade")
    assert upgrade.returncode == 1
    assert upgrade.stderr.startswith("error: This process has no administrator")


def test_a_url_without_a_user_is_an_administrators_only_on_a_socket() -> None:
    urls = {
        "postgresql://postgres@database/atlas": True,
        "postgresql://database/atlas": False,
        "postgresql://atlas_app@database/atlas": False,
        "postgresql:///atlas?host=/run/postgresql": True,
    }
    assert {url: Database(url, Settings(secrets_dir=None)).administered for url in urls} == urls


def test_settings_are_read_from_files_unless_the_environment_has_them(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "atlas_krx_api_key").write_text("from-the-file\n", encoding="ascii")
    (tmp_path / "atlas_openai_api_key").write_text("from-the-file", encoding="ascii")
    (tmp_path / "atlas_discord_webhook_url").write_text("\n", encoding="ascii")
    monkeypatch.setenv("ATLAS_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("ATLAS_OPENAI_API_KEY", "from-the-environment")
    monkeypatch.delenv("ATLAS_DISCORD_WEBHOOK_URL", raising=False)
    settings = Settings()
    assert settings.krx_api_key.get_secret_value() == "from-the-file"
    assert settings.openai_api_key.get_secret_value() == "from-the-environment"
    assert settings.discord_webhook_url is None, "an empty file is no setting"


def test_a_folder_of_secrets_that_is_not_there_is_an_error(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("ATLAS_SECRETS_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match="there is no folder"):
        Settings()


def test_the_installations_secret_is_the_mounted_one(tmp_path: Path) -> None:
    (tmp_path / roles.MOUNTED_SECRET).write_text("0123\n", encoding="ascii")
    settings = Settings(home=tmp_path / "home", secrets_dir=tmp_path)
    assert roles.secret(settings) == b"0123"
    assert not settings.home.exists(), "nothing is written beside it"
