"""Shows what an evaluation found: tables in the terminal, or one JSON object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from agent.evaluation.figures import Figures, Share, Times
from agent.evaluation.running import Outcome

SHOWN_FAILURES = 20
_SHOWN_ROWS = 5
_VERDICTS = {"wrong": "wrong but sure", "refused": "refused", "asked_back": "asked back", "failed": "failed"}


def print_run(console: Console, figures: Figures, outcomes: Sequence[Outcome]) -> None:
    """Print the figures of one run and its first failures."""
    console.print(_shares("By kind", figures.by_kind, figures.overall))
    if len(figures.by_lang) > 1:
        console.print(_shares("By language", figures.by_lang))
    console.print(_shares("By what answered", figures.by_source))
    console.print(_latency(figures))
    print_failures(console, outcomes)
    overall = figures.overall
    console.print(
        f"[bold]{_percent(overall.accuracy)} right[/bold] ({overall.right} of {overall.questions}), "
        f"[bold]{_percent(overall.wrong_but_sure)} wrong but sure[/bold] ({overall.wrong}, of them {figures.answered_unasked} "
        f"where no answer was expected); p95 {figures.end_to_end.p95:,.0f} ms"
    )
    if figures.prompt_tokens or figures.completion_tokens:
        console.print(
            f"{figures.prompt_tokens:,} tokens sent, {figures.completion_tokens:,} received, {figures.cost_usd:.4f} US dollars"
        )


def print_failures(console: Console, outcomes: Sequence[Outcome]) -> None:
    """Print the first questions that did not go as expected, with what was expected and what came."""
    failures = [outcome for outcome in outcomes if outcome.verdict != "right"]
    for outcome in failures[:SHOWN_FAILURES]:
        asked = outcome.asked
        console.print(f"[red]{_VERDICTS[outcome.verdict]}[/red] ", end="")
        console.print(f"{asked.id}: {asked.question}", markup=False, highlight=False)
        console.print(f"  expected  {_expected(outcome)}", markup=False, highlight=False, style="dim")
        console.print(f"  got       {_got(outcome)}", markup=False, highlight=False, style="dim")
    if len(failures) > SHOWN_FAILURES:
        console.print(f"… and {len(failures) - SHOWN_FAILURES} more; --json has all of them")


def print_comparison(
    console: Console, runs: Mapping[str, Figures], skipped: Mapping[str, str], title: str = "Ablation"
) -> None:
    """Print one line for each variant, also for those that could not be run, with the reason."""
    table = Table(title=title)
    table.add_column("variant")
    for column in ("right", "wrong but sure", "not answered", "p50 ms", "p95 ms", "tokens"):
        table.add_column(column, justify="right")
    for name, figures in runs.items():
        share, times = figures.overall, figures.end_to_end
        table.add_row(
            name, _percent(share.accuracy), _percent(share.wrong_but_sure), str(share.refused + share.asked_back + share.failed),
            f"{times.p50:,.0f}", f"{times.p95:,.0f}", f"{figures.prompt_tokens + figures.completion_tokens:,}",
        )  # fmt: skip
    console.print(table)
    for name, reason in skipped.items():
        console.print(f"[yellow]not run[/yellow] {name}: {reason}")


def failure_as_dict(outcome: Outcome) -> dict[str, Any]:
    """One question that did not go as expected, with all that was expected and got."""
    asked, answer = outcome.asked, outcome.answer
    return {
        "id": asked.id,
        "kind": asked.kind,
        "question": asked.question,
        "verdict": outcome.verdict,
        "expected": {"status": asked.status, "rows": asked.rows, "ranked": asked.ranked, "check": asked.check},
        "got": {
            "status": answer.status,
            "source": answer.source,
            "answer": answer.answer,
            "tables": [table.as_dict() for table in answer.tables],
            "cypher": answer.cypher,
            "errors": answer.trace.errors,
        },
    }


def run_as_dict(figures: Figures, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The figures of one run with every failure, as JSON."""
    return {
        **figures.as_dict(),
        "failures": [failure_as_dict(outcome) for outcome in outcomes if outcome.verdict != "right"],
    }


def _shares(title: str, groups: Mapping[str, Share], overall: Share | None = None) -> Table:
    table = Table(title=title)
    table.add_column("")
    for column in ("questions", "right", "accuracy", "wrong but sure", "refused", "asked back", "failed"):
        table.add_column(column, justify="right")
    for name, share in groups.items():
        table.add_row(name, *_cells(share))
    if overall is not None:
        table.add_section()
        table.add_row("all", *_cells(overall), style="bold")
    return table


def _cells(share: Share) -> list[str]:
    counts = (share.wrong, share.refused, share.asked_back, share.failed)
    return [
        str(share.questions),
        str(share.right),
        _percent(share.accuracy),
        *(str(count) if count else "·" for count in counts),
    ]


def _latency(figures: Figures) -> Table:
    table = Table(title="Latency, ms")
    table.add_column("stage")
    for column in ("runs", "p50", "p95", "max"):
        table.add_column(column, justify="right")
    for name, times in figures.stages.items():
        table.add_row(name, *_times(times))
    table.add_section()
    table.add_row("end to end", *_times(figures.end_to_end), style="bold")
    return table


def _times(times: Times) -> list[str]:
    return [str(times.runs), f"{times.p50:,.1f}", f"{times.p95:,.1f}", f"{times.max:,.1f}"]


def _percent(part: float) -> str:
    return f"{part:.1%}"


def _expected(outcome: Outcome) -> str:
    asked = outcome.asked
    if asked.rows is None:
        return asked.status
    return f"{asked.status}: {_some(asked.rows)}"


def _got(outcome: Outcome) -> str:
    answer = outcome.answer
    said = " ".join(answer.answer.split())
    tables = "; ".join(_some(table.rows) for table in answer.tables)
    return f"{answer.status}: {said[:160]}{' | ' + tables if tables else ''}"


def _some(rows: Sequence[Sequence[Any]]) -> str:
    shown = ", ".join("(" + ", ".join(str(cell) for cell in row) + ")" for row in rows[:_SHOWN_ROWS])
    return f"{len(rows)} rows {shown}{' …' if len(rows) > _SHOWN_ROWS else ''}"
