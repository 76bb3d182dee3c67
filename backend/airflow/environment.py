"""The environment in which Airflow's programs run: where they live, how they are set, whom they believe."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from backend import virtual_environment
from backend.errors import AtlasError, NotFound
from backend.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "airflow"
USER = "admin"
LOOPBACK = "127.0.0.1"
LOCK = PROJECT / virtual_environment.REQUIREMENTS
# Set by the interpreter that runs us, and wrong for another one.
FOREIGN = re.compile(r"^(PYTHON|VIRTUAL_ENV|_AIRFLOW)")
DAILY = "etf_daily"


class AirflowFailed(AtlasError):
    """Airflow could not be started."""


def install() -> None:
    """Have Airflow's own virtual environment complete. Raises AirflowFailed."""
    try:
        virtual_environment.ensure(root=PROJECT)
    except (virtual_environment.SetupFailed, OSError) as error:
        raise AirflowFailed(f"Airflow could not be installed: {error}") from error


def program() -> str:
    """Return the path of Airflow's command line."""
    return str(PROJECT / ".venv" / "bin" / "airflow")


@dataclass(frozen=True)
class AirflowHome:
    """What Airflow keeps below the home folder of an installation: its metadata, logs, keys and password."""

    settings: Settings

    @property
    def folder(self) -> Path:
        return self.settings.home / "airflow"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def password_file(self) -> Path:
        return self.folder / "password.json"

    @property
    def password(self) -> str:
        """The password of USER, made with the folder."""
        self._keys  # noqa: B018 (makes the files)
        return json.loads(self.password_file.read_text(encoding="utf-8"))[USER]

    def variables(self, port: int, given: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Return the environment of Airflow's programs, with the API server on a port.

        A setting of Airflow that is in the given environment (AIRFLOW__…) wins over ours, so that an installation can
        have its own metadata database or executor.
        """
        kept = {name: value for name, value in given.items() if not FOREIGN.search(name)}
        own = {name: value for name, value in kept.items() if name.startswith("AIRFLOW__")}
        connection = self._discord_connection()
        return {
            **kept,
            **self._defaults(port),
            **connection,
            **{name: value for name, value in kept.items() if name in connection},
            **own,
            "AIRFLOW_HOME": str(self.folder),
            "ATLAS_HOME": str(self.settings.home),
        }

    def _defaults(self, port: int) -> dict[str, str]:
        address = f"http://{LOOPBACK}:{port}"
        values: dict[str, Any] = {
            "CORE__DAGS_FOLDER": PROJECT / "dags",
            "CORE__PLUGINS_FOLDER": PROJECT / "plugins",
            "CORE__LOAD_EXAMPLES": False,
            "CORE__EXECUTOR": "LocalExecutor",
            # 32 idle workers would take a gigabyte; the tasks mostly wait for KRX.
            "CORE__PARALLELISM": 4,
            "CORE__DEFAULT_TIMEZONE": "Asia/Seoul",
            # Without a key every evening would bring a failure.
            "CORE__DAGS_ARE_PAUSED_AT_CREATION": self.settings.krx_api_key is None,
            "CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
            # Under load an answer takes more than the usual 5 s, after which a task is killed before it has begun.
            "WORKERS__EXECUTION_API_TIMEOUT": 60,
            "CORE__FERNET_KEY": self._keys["fernet"],
            "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": self.password_file,
            "API__HOST": LOOPBACK,
            "API__PORT": port,
            "API__WORKERS": 1,
            "API__BASE_URL": address,
            "API__SECRET_KEY": self._keys["sessions"],
            "API_AUTH__JWT_SECRET": self._keys["tokens"],
            "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.folder / 'airflow.db'}",
            "LOGGING__BASE_LOG_FOLDER": self.logs,
            # A line for each request would fill the disk in the end.
            "LOGGING__UVICORN_LOGGING_LEVEL": "WARNING",
            # The DAGs change with the project, not by the half minute.
            "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": 120,
            "DAG_PROCESSOR__REFRESH_INTERVAL": 60,
            "USAGE_DATA_COLLECTION__ENABLED": False,
        }
        return {f"AIRFLOW__{name}": str(value) for name, value in values.items()}

    def _discord_connection(self) -> dict[str, str]:
        """Return the connection by which failed tasks reach Discord, if there is a webhook. Raises NotDiscord."""
        from backend.notifications.discord.address import parse

        if self.settings.discord_webhook_url is None:
            return {}
        webhook = parse(self.settings.discord_webhook_url.get_secret_value())
        connection = {
            "conn_type": "discord",
            "host": self.settings.discord_api_url.rstrip("/"),
            "extra": {"webhook_endpoint": f"webhooks/{webhook.id}/{webhook.token}"},
        }
        return {"AIRFLOW_CONN_ATLAS_DISCORD": json.dumps(connection)}

    @cached_property
    def _keys(self) -> dict[str, str]:
        """The keys of this installation, made on first use and readable by nobody else; and the password's file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        path = self.folder / "keys.json"
        if not path.exists():
            keys = {
                "fernet": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
                "sessions": secrets.token_urlsafe(32),
                "tokens": secrets.token_urlsafe(64),
            }
            _write_private(path, keys)
        if not self.password_file.exists():
            _write_private(self.password_file, {USER: secrets.token_urlsafe(12)})
        return json.loads(path.read_text(encoding="utf-8"))

    def migrate(self, variables: Mapping[str, str]) -> None:
        """Have the metadata database at the version of the locked Airflow. Raises AirflowFailed."""
        state = hashlib.sha256(LOCK.read_bytes() + variables["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].encode())
        done = self.folder / "migrated"
        if (
            done.exists()
            and done.read_text(encoding="ascii") == state.hexdigest()
            and self._database_is_there(variables)
        ):
            return
        result = subprocess.run(
            [program(), "db", "migrate"],
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        if result.returncode:
            last = "\n".join(result.stdout.strip().splitlines()[-5:])
            raise AirflowFailed(f"Airflow's metadata database could not be brought up to date:\n{last}")
        done.write_text(state.hexdigest(), encoding="ascii")

    def _database_is_there(self, variables: Mapping[str, str]) -> bool:
        place = variables["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
        return not place.startswith("sqlite:///") or Path(place.removeprefix("sqlite:///")).exists()


def find(settings: Settings) -> AirflowHome:
    """Return the Airflow of an installation that has been set up before. Raises NotFound."""
    home = AirflowHome(settings)
    if not home.password_file.exists() or not Path(program()).exists():
        raise NotFound(f"There is no Airflow in {settings.home} yet: start it with ./atlas airflow up.")
    return home


def _write_private(path: Path, content: dict[str, str]) -> None:
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file)
    draft.replace(path)
