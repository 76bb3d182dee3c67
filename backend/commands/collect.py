"""./atlas collect: the market of a date from KRX into the database."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backend.terminal import progress_bar

if TYPE_CHECKING:
    from backend.collection.daily import Collected, Progress
    from backend.collection.daily.gaps import Uncollected
    from backend.collection.sources.krx import Krx
    from backend.db.engine import Database
    from backend.errors import AtlasError

ETF_CODE = re.compile(r"[0-9A-Z]{6}")
# How far back gaps are asked for again unless a date is named.
FILLED_DAYS = 30

collect = typer.Typer(
    help="Collect the market of a date from KRX: prices, NAV, net assets, baskets.", no_args_is_help=True
)
DAY_HELP = "Trading day; by default the newest whose figures are final (18:00 in Seoul)"
Day = Annotated[datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help=DAY_HELP)]
First = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First date of a range")]
Last = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last date of a range")]
Etfs = Annotated[str | None, typer.Option("--etfs", help="Codes of ETFs, separated by commas; by default all")]
Chunks = Annotated[int, typer.Option(min=1, max=1000, help="Into how many lists the ETFs are divided")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object")]


def register(app: typer.Typer) -> None:
    """Add the command `collect`."""
    app.add_typer(collect, name="collect")


@collect.command("krx")
def krx(day: Day = None, first: First = None, last: Last = None, etfs: Etfs = None, as_json: AsJson = False) -> None:
    """Plan, fetch and load a date, or each trading day of a range; what a killed run fetched is not fetched again.

    Exit status 1 if a date failed; ETFs without a basket are gaps and no failure.
    """
    from backend.collection import daily
    from backend.errors import AtlasError

    done: list[Collected] = []
    failures: list[tuple[date, AtlasError]] = []
    with _errors_told(as_json):
        wanted, codes = _wanted(day, first, last), _codes(etfs)
        with _krx() as (database, source), progress_bar() as progress:
            for each in wanted:
                try:
                    done.append(daily.collect(database, source, each, codes, progress=_about(progress, each, wanted)))
                except AtlasError as error:
                    failures.append((each, error))
                    if not _retry(error):
                        # The next date would fare no better.
                        break
            if any(one.summary for one in done):
                _bring_up_examples(database)
    if as_json:
        failed = [{"date": str(each), "status": "failed"} | _error(error) for each, error in failures]
        _print(
            {"days": sorted([one.as_dict() for one in done] + failed, key=lambda one: one["date"])}
            | (_error(failures[0][1]) if failures else {})
        )
    else:
        typer.echo("\n".join(map(str, done)), nl=bool(done))
    for each, error in failures:
        _tell(error, f"{each}: " if len(wanted) > 1 else "")
    if failures:
        raise typer.Exit(1)


@collect.command("plan")
def plan(day: Day = None, chunks: Chunks = 1, as_json: AsJson = False) -> None:
    """Fetch the list of ETFs and the prices of a date, and print which ETFs' baskets it takes."""
    from backend.collection import daily

    with _errors_told(as_json), _krx() as (database, source), progress_bar() as progress:
        planned = daily.plan(database, source, _day(day), progress=progress)
    _print(planned.as_dict(chunks)) if as_json else typer.echo(str(planned))


@collect.command("baskets")
def baskets(day: Day = None, etfs: Etfs = None, as_json: AsJson = False) -> None:
    """Fetch the baskets of a planned date; several processes may share it. What came is not fetched again."""
    from backend.collection import daily

    with _errors_told(as_json):
        chosen, codes = _day(day), _codes(etfs)
        with _krx() as (database, source), progress_bar() as progress:
            planned = daily.planned(database, chosen)
            fetched = daily.fetch_baskets(database, source, planned, codes, progress=progress)
    _print({"date": str(chosen)} | fetched.as_dict()) if as_json else typer.echo(f"{chosen}: {fetched}")


@collect.command("load")
def load(day: Day = None, as_json: AsJson = False) -> None:
    """Load what was fetched of a date; what did not come is a gap."""
    from backend.collection import daily

    with _errors_told(as_json), _database() as database:
        with progress_bar() as progress:
            summary = daily.load_day(database, _day(day), progress=progress)
        _bring_up_examples(database)
    _print(daily.loaded(summary)) if as_json else typer.echo(str(summary))


@collect.command("reference")
def reference(as_json: AsJson = False) -> None:
    """Refresh names, fees and managers of all ETFs; a renamed ETF is found by its old name, too."""
    from backend.collection.daily import listing

    with _errors_told(as_json), _krx() as (database, source), progress_bar() as progress:
        refreshed = listing.refresh(database, source, progress=progress)
    _print(refreshed.as_dict()) if as_json else typer.echo(str(refreshed))


@collect.command("gaps")
def gaps(first: First = None, last: Last = None, as_json: AsJson = False) -> None:
    """List the ETFs and dates without a basket, and the trading days that are not collected."""
    from backend.collection.daily import gaps as finding

    with _errors_told(as_json), _database() as database:
        limits = [limit.date() if limit else None for limit in (first, last)]
        found, absent = finding.find(database, *limits), finding.uncollected(database, *limits)
    if as_json:
        _print({"gaps": [one.as_dict() for one in found], "uncollected": [one.as_dict() for one in absent]})
        return
    _show(
        f"ETFs without a basket ({len(found):,})",
        ("date", "code", "name", "reason"),
        [list(one.as_dict().values()) for one in found],
    )
    spans = [(_span([one.date for one in days]), *kind) for kind, days in _alike(absent)]
    _show(f"Trading days not collected ({len(absent):,})", ("dates", "status", "reason"), spans)


@collect.command("fill")
def fill(day: Day = None, as_json: AsJson = False) -> None:
    """Fetch the baskets of gaps again and load those that come: of one date, or of the last 30 days.

    Exit status 0 also if gaps remain; nobody is told of a date a second time.
    """
    from backend.collection.daily import gaps as filling

    with _errors_told(as_json), _krx() as (database, source), progress_bar() as progress:
        last = _day(day)
        first = last if day else last - timedelta(days=FILLED_DAYS)
        filled = filling.fill(database, source, filling.find(database, first, last), progress=progress)
    _print(filled.as_dict()) if as_json else typer.echo(str(filled))


@collect.command("days")
def days(first: First = None, last: Last = None, as_json: AsJson = False) -> None:
    """List the trading days of a range; by default of this year up to the newest whose figures are final."""
    from backend.collection import calendar

    with _errors_told(as_json):
        start, end = _range(first, last)
        found = list(map(str, calendar.trading_days(start, end)))
    if as_json:
        _print({"from": str(start), "to": str(end), "days": found})
    else:
        typer.echo("\n".join(found), nl=bool(found))


def _wanted(day: datetime | None, first: datetime | None, last: datetime | None) -> list[date]:
    """Return the dates that --date, or --from and --to, ask for."""
    from backend.collection import calendar
    from backend.errors import InvalidInput

    if not first and not last:
        return [_day(day)]
    if day:
        raise InvalidInput("Give either --date or --from and --to.", ko="--date와 --from/--to 중 하나만 쓰세요.")
    return calendar.trading_days(*_range(first, last))


def _day(day: datetime | None) -> date:
    from backend.collection import calendar

    return day.date() if day else calendar.newest_final_day()


def _range(first: datetime | None, last: datetime | None) -> tuple[date, date]:
    from backend.errors import InvalidInput

    end = _day(last)
    start = first.date() if first else date(end.year, 1, 1)
    if start > end:
        raise InvalidInput(f"{start} comes after {end}.", ko=f"시작일 {start}이(가) 종료일 {end}보다 늦습니다.")
    return start, end


def _codes(etfs: str | None) -> list[str] | None:
    """Return the ETF codes of a list with commas, None for all."""
    from backend.errors import InvalidInput

    if etfs is None:
        return None
    codes = list(dict.fromkeys(code.strip().upper() for code in etfs.split(",") if code.strip()))
    bad = [code for code in codes if not ETF_CODE.fullmatch(code)]
    if bad or not codes:
        raise InvalidInput(
            f"--etfs takes codes of 6 digits or letters with commas in between, not {', '.join(bad) or repr(etfs)}.",
            ko=f"--etfs에는 6자리 ETF 코드를 쉼표로 이어 쓰세요: {', '.join(bad) or etfs}",
        )
    return codes


@contextmanager
def _database() -> Iterator[Database]:
    from backend.db.opening import open_database
    from backend.settings import get_settings

    database = open_database(get_settings())
    try:
        yield database
    finally:
        database.dispose()


@contextmanager
def _krx() -> Iterator[tuple[Database, Krx]]:
    from backend.collection.sources.krx import Budget, Krx
    from backend.settings import get_settings

    settings = get_settings()
    with _database() as database:
        budget = Budget(database, daily_calls=settings.krx_daily_calls, calls_per_s=settings.krx_calls_per_s)
        with Krx(settings, budget) as source:
            yield database, source


def _bring_up_examples(database: Database) -> None:
    """Make what is loaded there to be asked."""
    from agent.examples import bring_up_to_date

    bring_up_to_date(database)


@contextmanager
def _errors_told(as_json: bool) -> Iterator[None]:
    """Tell an error that we raise on purpose in readable lines, and on request as JSON; exit status 1."""
    from backend.errors import AtlasError

    try:
        yield
    except AtlasError as error:
        if as_json:
            _print(_error(error))
        _tell(error)
        raise typer.Exit(1) from error


def _error(error: AtlasError) -> dict[str, Any]:
    return {"error": error.slug, "reason": error.message, "retry": _retry(error)}


def _retry(error: AtlasError) -> bool:
    """Return whether the same command may succeed later without anybody's help."""
    from backend.collection.sources.krx import KrxBudgetSpent, KrxRefused
    from backend.errors import Conflict, InvalidInput

    return not isinstance(error, (KrxRefused, KrxBudgetSpent, InvalidInput, Conflict))


def _tell(error: AtlasError, about: str = "") -> None:
    typer.secho(f"error: {about}{error.message}", fg=typer.colors.RED, err=True)
    if error.ko != error.message:
        typer.secho(f"       {error.ko}", fg=typer.colors.RED, err=True)


def _print(content: dict[str, Any]) -> None:
    typer.echo(json.dumps(content, ensure_ascii=False))


def _show(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    from rich.console import Console
    from rich.table import Table

    if not rows:
        typer.echo(title)
        return
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    Console().print(table)


def _alike(days: Sequence[Uncollected]) -> Iterator[tuple[tuple[str, str | None], list[Uncollected]]]:
    """Yield each row of dates that have the same status and reason."""
    for kind, same in groupby(days, key=lambda one: (one.status, one.reason)):
        yield kind, list(same)


def _span(days: Sequence[date]) -> str:
    return str(days[0]) if len(days) == 1 else f"{min(days)} … {max(days)} ({len(days):,})"


def _about(progress: Progress | None, day: date, wanted: Sequence[date]) -> Progress | None:
    """Return progress that also says which date of how many it is about."""
    if progress is None:
        return None
    place = f"{day} ({wanted.index(day) + 1}/{len(wanted)})" if len(wanted) > 1 else str(day)
    return lambda text, done, total: progress(f"{place} {text}", done, total)
