"""`./atlas airflow`: the scheduled collection, with an Airflow of the installation's own."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from backend.airflow.api import AirflowApi
    from backend.airflow.environment import AirflowHome
    from backend.installation import OwnedDatabase
    from backend.settings import Settings

# How often the processes and the database are looked after, seconds.
WATCH_SECONDS = 1.0
DAGS_SECONDS = 60
DONE = ("success", "failed", "skipped", "upstream_failed", "removed")

airflow = typer.Typer(help="The scheduled collection: an Airflow of the installation's own.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as one JSON object.")]


def register(app: typer.Typer) -> None:
    """Add the command `airflow`."""
    app.add_typer(airflow, name="airflow")


@airflow.command("up")
def up(
    port: Annotated[int | None, typer.Option(help="Port of Airflow's page; by default ATLAS_AIRFLOW_PORT")] = None,
) -> None:
    """Set up Airflow and run its API server, scheduler and DAG processor; Ctrl-C stops everything."""
    from backend.airflow.environment import AirflowHome, install
    from backend.airflow.processes import Processes
    from backend.installation import OwnedDatabase, only_one
    from backend.settings import get_settings
    from backend.terminal import Steps, ignore_signals, stop_on_signals

    settings = get_settings()
    stop_on_signals()
    steps = Steps()
    with only_one(settings.home, "airflow") as announce:
        port = _free_port(settings.airflow_port if port is None else port)
        home = AirflowHome(settings)
        processes, database = None, None
        try:
            with steps.step("Airflow's environment"):
                install()
            if settings.database_url is None:
                from backend.db.private_server import PrivateServer

                database = OwnedDatabase(PrivateServer.of(settings, steps.say), "airflow")
                with steps.step("Database"):
                    database.start()
            variables = home.variables(port)
            with steps.step("Airflow's metadata"):
                home.migrate(variables)
            processes = Processes(variables, home.folder / "processes")
            address = f"http://127.0.0.1:{port}"
            announce(address)
            api = _start(processes, home, address, steps)
            _welcome(api, home, settings)
            _watch(processes, database)
        except KeyboardInterrupt:
            typer.echo("\nstopping Airflow", err=True)
        finally:
            ignore_signals()
            if processes:
                processes.stop()
            if database:
                database.stop()


@airflow.command("trigger")
def trigger(
    dag: Annotated[str, typer.Argument(help="DAG, such as etf_daily")],
    date: Annotated[str | None, typer.Option(help="Its parameter `date`, YYYY-MM-DD")] = None,
    param: Annotated[list[str] | None, typer.Option(help="Another parameter, as NAME=VALUE")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end; exit status 1 if the run failed")] = False,
    as_json: AsJson = False,
) -> None:
    """Start a run of a DAG in the running Airflow."""
    api = _running_api()
    parameters = {"date": date} if date else {}
    parameters |= dict(_name_and_value(text) for text in param or ())
    run = api.trigger(dag, parameters)
    if any(one["dag_id"] == dag and one["is_paused"] for one in api.dags()):
        typer.echo(f"note: {dag} is paused; the run waits for ./atlas airflow run -- dags unpause {dag}", err=True)
    result = _await_end(api, dag, run) if wait else {"run": run, "state": "queued"}
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        typer.echo(f"{run}: {result['state']}")
    if result["state"] == "failed":
        for failure in result["failures"]:
            typer.secho(f"error: {failure}", fg=typer.colors.RED, err=True)
        raise typer.Exit(1)


@airflow.command("status")
def status(as_json: AsJson = False) -> None:
    """Show the DAGs, when each runs next and how its last run ended; exit status 1 if Airflow does not run."""
    api = _running_api()
    rows = []
    for dag in api.dags():
        last = next(iter(api.runs(dag["dag_id"])), None)
        rows.append(
            {
                "dag": dag["dag_id"],
                "paused": dag["is_paused"],
                "next": dag["next_dagrun_run_after"],
                "last_run": last and last["dag_run_id"],
                "last_state": last and last["state"],
            }
        )
    if as_json:
        print(json.dumps({"address": api.address, "dags": rows, "import_errors": api.import_errors()}))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("DAG", "schedule", "next", "last run", "state")
    for row in rows:
        schedule = "paused" if row["paused"] else "on"
        table.add_row(row["dag"], schedule, _seoul(row["next"]), row["last_run"] or "", row["last_state"] or "")
    typer.echo(api.address)
    Console().print(table)
    for error in api.import_errors():
        typer.secho(f"error: {error}", fg=typer.colors.RED, err=True)


@airflow.command("run", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run(context: typer.Context) -> None:
    """Run Airflow's own command line on this installation, such as `./atlas airflow run -- dags list`."""
    from urllib.parse import urlsplit

    from backend.airflow.environment import find, program
    from backend.installation import address_of
    from backend.settings import get_settings

    settings = get_settings()
    home = find(settings)
    address = address_of(settings.home, "airflow")
    port = urlsplit(address).port if address else None
    os.execve(program(), [program(), *context.args], home.variables(port or settings.airflow_port))


def _start(processes: Any, home: AirflowHome, address: str, steps: Any) -> AirflowApi:
    """Start the processes and return the API once everything works and the DAGs are read."""
    from backend.airflow.api import AirflowApi, now

    api = AirflowApi(address, home.password)
    with steps.step("Airflow"):
        started = now()
        processes.start()
        processes.await_healthy(lambda: api.is_healthy(started), steps.say)
    with steps.step("DAGs"):
        ends = time.monotonic() + DAGS_SECONDS
        while not (errors := api.import_errors()) and not api.dags() and time.monotonic() < ends:
            processes.raise_if_dead()
            time.sleep(0.2)
    for error in errors:
        typer.secho(f"warning: {error}", fg=typer.colors.YELLOW, err=True)
    return api


def _welcome(api: AirflowApi, home: AirflowHome, settings: Settings) -> None:
    from backend.airflow.environment import DAILY, USER

    # A log that others may read is no place for a password.
    password = home.password if sys.stderr.isatty() else f"(in {home.password_file})"
    typer.echo(f"\nAirflow: {api.address}  user {USER}, password {password}  (Ctrl-C stops it)", err=True)
    daily = next((dag for dag in api.dags() if dag["dag_id"] == DAILY), None)
    if daily and daily["is_paused"]:
        key = "" if settings.krx_api_key else " (ATLAS_KRX_API_KEY is not set)"
        typer.echo(f"{DAILY} is paused{key}: ./atlas airflow run -- dags unpause {DAILY} starts it", err=True)
    elif daily:
        typer.echo(f"{DAILY} runs next at {_seoul(daily['next_dagrun_run_after'])} (Asia/Seoul)", err=True)


def _watch(processes: Any, database: OwnedDatabase | None) -> None:
    """Look after the processes until one dies or a signal comes; start the database again whenever it has died."""
    while True:
        processes.raise_if_dead()
        if database and database.revive():
            typer.echo("the database had ended and was started again", err=True)
        time.sleep(WATCH_SECONDS)


def _free_port(port: int) -> int:
    """Return the port, or one nobody listens on for 0. Raises PortTaken."""
    from backend.installation import listening_socket

    with listening_socket("127.0.0.1", port) as listener:
        return listener.getsockname()[1]


def _running_api() -> AirflowApi:
    from backend.airflow.api import AirflowApi
    from backend.airflow.environment import find
    from backend.errors import Unavailable
    from backend.installation import address_of
    from backend.settings import get_settings

    settings = get_settings()
    address = address_of(settings.home, "airflow")
    if address is None:
        raise Unavailable(f"No Airflow runs from {settings.home}: start it with ./atlas airflow up.")
    return AirflowApi(address, find(settings).password)


def _name_and_value(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text} is not of the form NAME=VALUE")
    try:
        return name, json.loads(value)  # a number, true, null
    except ValueError:
        return name, value


def _await_end(api: AirflowApi, dag: str, run: str) -> dict[str, Any]:
    """Return the run's state and why its tasks failed, once it has ended."""
    from backend.airflow.api import ENDED
    from backend.terminal import Steps

    steps = Steps()
    with steps.step(f"{dag} {run}"):
        while (state := api.run(dag, run)["state"]) not in ENDED:
            tasks = api.tasks(dag, run)
            going = sorted({task["task_id"] for task in tasks if task["state"] in ("running", "up_for_retry")})
            ended = sum(task["state"] in DONE for task in tasks)
            steps.say(f"{state}, tasks {', '.join(going) or '…'}", ended + 1, len(tasks) + 1)
            time.sleep(0.5)
    tasks = api.tasks(dag, run)
    failed = [task for task in tasks if task["state"] == "failed"]
    return {
        "run": run,
        "state": state,
        "tasks": {f"{task['task_id']}[{task['map_index']}]": task["state"] for task in tasks},
        "failures": [f"{task['task_id']}: {api.reason(dag, run, task)}" for task in failed],
    }


def _seoul(moment: str | None) -> str:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    return f"{datetime.fromisoformat(moment).astimezone(ZoneInfo('Asia/Seoul')):%Y-%m-%d %H:%M}" if moment else ""
