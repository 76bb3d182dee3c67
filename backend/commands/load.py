"""./atlas load: market data into the database."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backend.terminal import progress_bar

if TYPE_CHECKING:
    from backend.db.engine import Database

load = typer.Typer(help="Load market data: the sample market, or tidy CSV files.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object")]


def register(app: typer.Typer) -> None:
    app.add_typer(load, name="load")


@load.command("sample")
def load_sample(
    as_json: AsJson = False,
    where_empty: Annotated[
        bool, typer.Option("--where-empty", help="Leave real data as it is, and finish what a killed load left")
    ] = False,
) -> None:
    """Load the sample market that ships with the project: real names and codes, invented figures."""
    from agent.examples import bring_up_to_date
    from backend.collection import load as loading

    database = _database()
    if where_empty:
        loading.make_ready(database)
        bring_up_to_date(database)
        return
    with progress_bar() as progress:
        summary = loading.load_sample(database, progress=progress)
    # What is loaded is there to be asked.
    bring_up_to_date(database)
    _report(summary, as_json)


@load.command("files")
def load_files(
    directory: Annotated[
        Path, typer.Option("--dir", help="Folder of etfs.csv, stocks.csv, holdings*.csv, prices.csv, …")
    ],
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Newest date to load; by default all are")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Load tidy CSV files, plain or gzip; the sample market makes room. Exit status 1 if a row was rejected."""
    from agent.examples import bring_up_to_date
    from backend.collection import load as loading

    database = _database()
    with progress_bar() as progress:
        summary = loading.load_files(database, directory, until=until.date() if until else None, progress=progress)
    # What is loaded is there to be asked.
    bring_up_to_date(database)
    _report(summary, as_json)


def _database() -> Database:
    from backend.db.opening import open_database
    from backend.settings import get_settings

    return open_database(get_settings())


def _report(summary, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(summary.as_dict(), ensure_ascii=False))
    else:
        typer.echo(str(summary))
        for issue in summary.rejected:
            typer.echo(str(issue), err=True)
    if summary.rejected:
        sys.exit(1)
