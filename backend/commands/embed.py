"""`./atlas embed`: the vectors of the verified examples, and how well questions find their kind by them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from backend.db.engine import Database

embed = typer.Typer(
    help="Vectors of the verified examples: make them, look at them, measure them.", no_args_is_help=True
)
AsJson = Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")]


def register(app: typer.Typer) -> None:
    """Add the command `embed`."""
    app.add_typer(embed, name="embed")


@embed.command("run")
def run() -> None:
    """Embed every example that waits with ATLAS_EMBEDDING_MODEL, as the web server does in the background.

    It goes on through failures of the service until nothing waits; Ctrl-C loses nothing.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from agent.embedding.worker import EmbeddingWorker
    from backend.settings import get_settings

    database = _database()
    worker = EmbeddingWorker(database, get_settings())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        worker.choose()
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("examples")
            done = worker.drain(lambda done, left: bar.update(task, completed=done, total=done + left))
        typer.echo(f"{done:,} jobs done; nothing waits")
    except KeyboardInterrupt:
        typer.echo("stopped; what waits stays in the queue", err=True)
        raise typer.Exit(130) from None
    finally:
        database.dispose()


@embed.command("status")
def status(as_json: AsJson = False) -> None:
    """Show which models have vectors, which of them serves, and what waits or failed."""
    from agent.embedding.serving import chosen_model, serving_model
    from agent.embedding.status import models
    from backend.settings import get_settings

    database = _database()
    try:
        with database.engine("atlas_app").connect() as connection:
            found = models(connection)
            serving, chosen = serving_model(connection, get_settings()), chosen_model(get_settings())
    finally:
        database.dispose()
    if as_json:
        _print_json({"chosen": chosen, "serving": serving, "models": found})
        return
    _show_models(found, chosen, serving)


def _show_models(found: list[dict[str, Any]], chosen: str, serving: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for column in ("model", "state", "examples", "vectors", "waiting", "failed", "given up", "last error"):
        table.add_column(column, justify="left" if column in ("model", "state", "last error") else "right")
    for model in found:
        state = (
            "serves"
            if model["model"] == serving
            else "retired"
            if model["retired"]
            else "ready"
            if model["ready"]
            else "filling"
        )
        counts = (f"{model[name]:,}" for name in ("examples", "vectors", "waiting", "failed", "given_up"))
        table.add_row(model["model"], state, *counts, model["error"] or "")
    Console().print(table)
    if chosen != serving:
        typer.echo(
            f"{chosen} is chosen; {serving} serves until it is ready (`./atlas embed run`, or the running web server)"
        )


@embed.command("prune")
def prune() -> None:
    """Drop the vectors of every model but the chosen one, the one that serves, and the offline one of this version."""
    from agent.embedding.serving import chosen_model, offline_embedder, serving_model
    from agent.embedding.status import forget_others
    from backend.settings import get_settings

    database = _database()
    try:
        with database.engine("atlas_app").begin() as connection:
            kept = {chosen_model(get_settings()), serving_model(connection, get_settings()), offline_embedder().name}
            gone = forget_others(connection, kept)
    finally:
        database.dispose()
    typer.echo(f"dropped: {', '.join(gone)}" if gone else "nothing to drop")


@embed.command("recall")
def recall(as_json: AsJson = False) -> None:
    """Measure how often an example of the right kind is among the three nearest: masked, unmasked, and by trigrams."""
    from agent.embedding.recall import measure, show

    database = _database()
    try:
        figures = measure(database)
    finally:
        database.dispose()
    if as_json:
        _print_json(figures)
    else:
        show(figures)


def _database() -> Database:
    from backend.db.opening import open_database
    from backend.settings import get_settings

    return open_database(get_settings())


def _print_json(content: dict[str, Any]) -> None:
    print(json.dumps(content, ensure_ascii=False, indent=2))
