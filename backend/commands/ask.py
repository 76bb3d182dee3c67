"""./atlas ask: one question, answered in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from agent.answer import Answer


def register(app: typer.Typer) -> None:
    app.command()(ask)


def ask(
    question: Annotated[str, typer.Argument(help="The question, in Korean or English.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    model: Annotated[
        str | None, typer.Option(help="Model to use instead of ATLAS_MODEL; `offline` needs none.")
    ] = None,
) -> None:
    """Ask a question of the loaded market.

    The exit status is 0 whenever there is a reply (answered, refused or asked back: see its `status`) and 1 when it failed.
    """
    from agent.examples import bring_up_to_date
    from agent.runner import ask as ask_agent
    from backend.db.opening import open_database
    from backend.settings import get_settings

    settings = get_settings()
    if model:
        settings = settings.model_copy(update={"model": model})
    database = open_database(settings)
    try:
        bring_up_to_date(database)
        answer = ask_agent(database, question, settings=settings)
    finally:
        database.dispose()
    if as_json:
        _print_json(answer)
    else:
        _print(answer)
    raise typer.Exit(1 if answer.status == "failed" else 0)


def _print_json(answer: Answer) -> None:
    import orjson

    typer.echo(orjson.dumps(answer.as_dict(), option=orjson.OPT_INDENT_2, default=str).decode())


def _print(answer: Answer) -> None:
    from rich.console import Console
    from rich.markdown import Markdown
    from rich.table import Table as RichTable

    console = Console()
    console.print(Markdown(answer.answer))
    for table in answer.tables:
        shown = RichTable(title=table.title)
        for column in table.columns:
            shown.add_column(column, overflow="fold")
        for row in table.rows[:30]:
            shown.add_row(*["" if cell is None else str(cell) for cell in row])
        console.print(shown)
        if len(table.rows) > 30:
            console.print(f"… {len(table.rows) - 30} more rows")
    for cypher in answer.cypher:
        console.print(cypher, style="dim", markup=False, highlight=False)
    for suggestion in answer.suggestions:
        console.print(f"• {suggestion}", markup=False, highlight=False)
    if answer.proposal is not None:
        console.print("알림은 로그인한 사람이 웹 화면의 대화나 관심 목록에서 설정할 수 있습니다.", markup=False)
    console.print(f"{answer.status} · {answer.model} · {answer.elapsed_ms} ms", style="dim")
