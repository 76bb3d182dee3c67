"""What can be said of the containers without an engine; tests/containers/check.sh builds and runs them where there is one."""

from __future__ import annotations

import fnmatch
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from backend.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILES = (ROOT / "Dockerfile", ROOT / "docker" / "database" / "Dockerfile")
SCRIPTS = (
    "docker/up",
    "docker/secrets.sh",
    "docker/packages.sh",
    "docker/database/entrypoint.sh",
    "tests/containers/check.sh",
)
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONCE = {"migrate", "market", "airflow-migrate"}
SECRET = re.compile(r"PASSWORD|SECRET(?!S__)|KEY|TOKEN|WEBHOOK|CONN(_CMD)?$")


def secrets_of(service: str) -> set[str]:
    return {one if isinstance(one, str) else one["source"] for one in SERVICES[service].get("secrets", [])}


def holders(secret: str) -> set[str]:
    return {service for service in SERVICES if secret in secrets_of(service)}


@pytest.mark.parametrize("service", SERVICES)
def test_every_container_is_shut_in(service: str) -> None:
    given = SERVICES[service]
    assert given["read_only"] is True
    assert given["cap_drop"] == ["ALL"]
    assert given["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "network_mode", "pid", "devices", "cap_add", "user"} & set(given)


@pytest.mark.parametrize("service", SERVICES)
def test_every_container_is_looked_after_or_ends(service: str) -> None:
    given = SERVICES[service]
    if service in ONCE:
        assert given["restart"].startswith("on-failure")
        waiting = [one for one in SERVICES.values() if service in one.get("depends_on", {})]
        assert waiting
        assert all(one["depends_on"][service]["condition"] == "service_completed_successfully" for one in waiting)
    else:
        assert given["restart"] == "unless-stopped"
        assert given["healthcheck"]["test"]


@pytest.mark.parametrize("service", SERVICES)
def test_no_password_stands_in_an_environment(service: str) -> None:
    for name, value in (SERVICES[service].get("environment") or {}).items():
        text = str(value or "")
        assert not re.search(r"://[^/@]*:[^/@]+@", text), name
        if SECRET.search(name) and not name.endswith("_FILE"):
            assert "/run/secrets/" in text, name


def test_secrets_are_files_and_every_one_is_used() -> None:
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())
    assert set().union(*map(secrets_of, SERVICES)) == set(COMPOSE["secrets"])


def test_each_container_has_the_passwords_of_its_own_roles_and_no_other() -> None:
    assert {secret: holders(secret) for secret in COMPOSE["secrets"] if secret.endswith("_password")} == {
        "postgres_password": {"database", "migrate"},
        "atlas_owner_password": {"migrate"},
        "atlas_app_password": {"migrate", "market", "backend", "worker", "airflow-scheduler"},
        "atlas_loader_password": {"migrate", "market", "airflow-scheduler"},
        "atlas_reader_password": {"migrate", "backend"},
        "airflow_postgres_password": {"airflow-database"},
        "airflow_password": {"airflow-database"},
        "atlas_krx_password": {"airflow-scheduler"},
    }
    administrators = [name for name in SERVICES if "postgres@" in str(SERVICES[name].get("environment"))]
    assert administrators == ["migrate"]
    assert secrets_of("web") == set()


def test_only_the_page_and_airflow_are_published_and_only_on_loopback_unless_asked_otherwise() -> None:
    published = {name: given["ports"] for name, given in SERVICES.items() if "ports" in given}
    assert set(published) == {"web", "airflow-api"}
    assert all(port.startswith("${ATLAS_BIND:-127.0.0.1}:") for ports in published.values() for port in ports)


def test_databases_have_no_way_out() -> None:
    for service in ("database", "airflow-database"):
        assert all(COMPOSE["networks"][network] == {"internal": True} for network in SERVICES[service]["networks"])


def test_settings_that_are_passed_on_exist() -> None:
    known = {f"ATLAS_{name.upper()}" for name in Settings.model_fields}
    for given in SERVICES.values():
        assert {name for name in given.get("environment") or {} if name.startswith("ATLAS_")} <= known
    files = {name for name in COMPOSE["secrets"] if name.startswith("atlas_") and not name.endswith("_password")}
    assert files - {"atlas_secret"} <= {name.lower() for name in known}


def test_the_secrets_are_made_once_and_are_for_nobody_else(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"

    def make() -> dict[str, str]:
        subprocess.run(["sh", ROOT / "docker" / "secrets.sh", folder], check=True)
        return {path.name: path.read_text(encoding="ascii") for path in folder.iterdir()}

    made = make()
    assert set(made) == set(COMPOSE["secrets"]), "compose wants exactly the files that are made"
    assert {Path(secret["file"]).name: name for name, secret in COMPOSE["secrets"].items()} == {
        name: name for name in COMPOSE["secrets"]
    }
    assert folder.stat().st_mode & 0o777 == 0o700
    assert make() == made
    generated = [text for name, text in made.items() if re.fullmatch("[0-9a-f]{64}", text)]
    assert len(generated) == len(set(generated)) == 10
    assert made["airflow_password"] in made["airflow_database_url"]

    webhook = folder / "atlas_discord_webhook_url"
    webhook.chmod(0o644)
    webhook.write_text("https://discord.com/api/webhooks/123/abc-DEF_9\n", encoding="ascii")
    connection = json.loads(make()["airflow_connections.json"])["atlas_discord"]
    assert connection["extra"] == {"webhook_endpoint": "webhooks/123/abc-DEF_9"}
    webhook.write_text("https://example.org/api/webhooks/123/abc\n", encoding="ascii")
    assert make()["airflow_connections.json"] == "{}", "an address that is not Discord's is told nothing"


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_can_be_read_by_a_plain_shell(script: str) -> None:
    text = (ROOT / script).read_text(encoding="utf-8")
    assert text.startswith("#!/bin/sh\n")
    assert "\nset -eu\n" in text
    subprocess.run(["sh", "-n", ROOT / script], check=True)


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """Return a Dockerfile's instructions with their arguments, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", dockerfile.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [tuple(line.split(None, 1)) for line in lines if line.strip()]  # type: ignore[misc]


def stages(dockerfile: Path) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """Return each stage's base and instructions by its name; one without a name is the whole image."""
    found: dict[str, tuple[str, list[tuple[str, str]]]] = {}
    for verb, rest in instructions(dockerfile):
        if verb == "FROM":
            base, _, name = rest.partition(" AS ")
            current: list[tuple[str, str]] = []
            found[name or "image"] = (base, current)
        elif found:
            current.append((verb, rest))
    return found


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_images_are_built_of_debian_and_of_nothing_that_a_registry_of_ours_would_have(dockerfile: Path) -> None:
    built = stages(dockerfile)
    assert {base for base, _ in built.values()} - set(built) == {"debian:forky-slim"}
    for verb, rest in instructions(dockerfile):
        assert verb != "ADD"
        assert "://" not in rest
        assert "apt-get" not in rest, "packages are installed by docker/packages.sh, which cleans up"
        assert not (verb in ("ENV", "ARG") and re.search(r"(PASSWORD|TOKEN|SECRET)\w*=(?!/run/)\S", rest)), rest


def test_no_container_runs_as_root() -> None:
    for dockerfile, names in ((DOCKERFILES[0], ("backend", "web", "airflow")), (DOCKERFILES[1], ("image",))):
        for name in names:
            users = [rest for verb, rest in stages(dockerfile)[name][1] if verb == "USER"]
            assert users
            assert users[-1] in ("atlas", "postgres")
    targets = {SERVICES[name]["build"].get("target", "image") for name in SERVICES}
    assert targets == {"backend", "web", "airflow", "image"}


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_images_are_made_of_exists_and_is_sent_to_the_engine(dockerfile: Path) -> None:
    rules = [
        line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line and line[0] != "#"
    ]
    for verb, rest in instructions(dockerfile):
        if verb != "COPY" or "--from=" in rest:
            continue
        *sources, _target = [word for word in rest.split() if not word.startswith("--")]
        for source in sources:
            assert (ROOT / source).exists(), source
            assert is_sent(source, rules), source
    assert not is_sent("docker/secrets/postgres_password", rules)
    assert not is_sent(".git/config", rules)


def is_sent(path: str, rules: list[str]) -> bool:
    """Say whether .dockerignore lets a path through; the last rule that is about it or a folder of it decides."""
    sent = True
    names = ["/".join(path.split("/")[: count + 1]) for count in range(path.count("/") + 1)]
    for rule in rules:
        pattern = rule.removeprefix("!")
        if any(fnmatch.fnmatch(name, pattern) for name in names):
            sent = rule.startswith("!")
    return sent


def test_compose_can_read_its_file() -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        # Not a skip: everything above looks at the file itself.
        return
    checked = subprocess.run(
        [docker, "compose", "config", "--quiet"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
