"""`./atlas eval`: how often the agent is right, measured on a file of questions with their answers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.evaluation.figures import Figures
    from agent.evaluation.questions import Asked
    from agent.evaluation.running import Outcome
    from backend.db.engine import Database
    from backend.settings import Settings

README = Path(__file__).parents[2] / "README.md"


def register(app: typer.Typer) -> None:
    """Add the command `eval`."""
    app.command(name="eval")(evaluate)


def evaluate(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Questions with their answers, one JSON object a line; see agent/evaluation/questions.py.")
    ],
    model: Annotated[str | None, typer.Option(help="Model to use instead of ATLAS_MODEL; `offline` needs none.")] = None,
    ablation: Annotated[bool, typer.Option("--ablation", help="Repeat the run with parts of the agent taken away.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object with all figures and failures.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask only the first N questions.")] = None,
    readme: Annotated[bool, typer.Option("--readme", help="Write the figures into README.md, too.")] = False,
) -> None:  # fmt: skip
    """Ask every question of a file and report how many answers are right, wrong or missing, and how long they took.

    The exit status is 0 for a finished run however good it was, and 2 for a file that cannot be used.
    """
    from agent.evaluation.questions import BadEvaluationFile, read_questions
    from agent.examples import bring_up_to_date
    from backend.db.opening import open_database
    from backend.market.dataset import get_dataset
    from backend.settings import get_settings

    if ablation and readme:
        raise typer.BadParameter("--readme shows the product's own run; leave out --ablation")
    try:
        questions = read_questions(file)[:limit]
    except BadEvaluationFile as error:
        typer.secho(error.message, fg=typer.colors.RED, err=True)
        raise typer.Exit(2) from error
    settings = get_settings()
    if model:
        settings = settings.model_copy(update={"model": model})
    _quiet(settings)
    database = open_database(settings)
    try:
        bring_up_to_date(database)
        with database.engine("atlas_app").connect() as connection:
            market = get_dataset(connection)
        if ablation:
            report = _ablation(questions, database, settings, as_json=as_json)
        else:
            into_readme = partial(_write_readme, file=file, model=settings.model, as_of=market.as_of.isoformat())
            report = _one_run(questions, database, settings, as_json=as_json, readme=into_readme if readme else None)
    finally:
        database.dispose()
    if as_json:
        _print_json(
            {"file": str(file), "model": settings.model, "dataset": market.dataset, "as_of": market.as_of, **report}
        )


def _one_run(
    questions: Sequence[Asked],
    database: Database,
    settings: Settings,
    *,
    as_json: bool,
    readme: Callable[[Figures], None] | None,
) -> dict[str, Any]:
    from rich.console import Console

    from agent.evaluation.figures import figures_of
    from agent.evaluation.report import print_run, run_as_dict
    from agent.evaluation.running import run

    with _progress(len(questions)) as told:
        outcomes = run(questions, database, settings, told=told)
    figures = figures_of(outcomes)
    if not as_json:
        print_run(Console(), figures, outcomes)
    if readme is not None:
        readme(figures)
    return run_as_dict(figures, outcomes)


def _write_readme(figures: Figures, file: Path, model: str, as_of: str) -> None:
    from agent.evaluation.readme_block import block_of, with_block

    block = block_of(file.as_posix(), model, as_of, figures)
    README.write_text(with_block(README.read_text(encoding="utf-8"), block), encoding="utf-8")


def _ablation(questions: Sequence[Asked], database: Database, settings: Settings, *, as_json: bool) -> dict[str, Any]:
    from rich.console import Console

    from agent.evaluation.ablations import NEEDS_MODEL, run_variants
    from agent.evaluation.report import print_comparison

    with _progress(None) as told:
        runs, skipped = run_variants(questions, database, settings, told)
    if not as_json:
        print_comparison(Console(), runs, dict.fromkeys(skipped, NEEDS_MODEL))
    return {
        "ablation": [{"variant": name, **figures.as_dict()} for name, figures in runs.items()],
        "skipped": [{"variant": name, "reason": NEEDS_MODEL} for name in skipped],
    }


def _quiet(settings: Settings) -> None:
    """Leave warnings of single questions out of the log; the report tells of each."""
    from backend.logs import configure

    if settings.log_level == "INFO":
        configure("CRITICAL")


@contextmanager
def _progress(total: int | None) -> Iterator[Callable[[Outcome], None]]:
    """A bar on the standard error that moves with every outcome and counts the wrong ones."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("asking", total=total)
        wrong = 0

        def told(outcome: Outcome) -> None:
            nonlocal wrong
            wrong += outcome.verdict == "wrong"
            bar.update(task, advance=1, description=f"asking, {wrong} wrong")

        yield told


def _print_json(report: dict[str, Any]) -> None:
    import orjson

    typer.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2, default=str).decode())
