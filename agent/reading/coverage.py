"""Of how many ETFs the trades of a day can be known, so that what only few can tell is not told as if it were all of them."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from agent.periods import Period
from agent.reading import wording
from agent.reading.days import closed
from agent.reading.plan import HISTORY, Query, literal
from agent.reading.selection import Selection

# With fewer than one in ten known, that none was found says nothing.
_HARDLY_ANY = 10


@dataclass(frozen=True)
class Few:
    """That few ETFs are known; empty text where enough are. `hardly_any`: too few to say that something did not happen."""

    text: str = ""
    hardly_any: bool = False


def few_known(
    chosen: Selection, period: Period, as_of: date, among: str, english: bool = False
) -> Generator[Query, Any, Few]:
    """Whether fewer than half of the chosen ETFs have a snapshot on the period's first or last trading day.

    `among` keeps a query of `e` in the history graph to the chosen ETFs.
    """
    known, day = 0, ""
    for end in _ends(period, as_of):
        found = yield Query(
            f"MATCH (e:ETF)-[h:HELD]->(s)\nWHERE h.date = {literal(end)}{among}\nRETURN count(DISTINCT e.code) AS `ETF 수`",
            HISTORY,
        )
        if not day or found.rows[0][0] < known:
            known, day = found.rows[0][0], end
    if not day:
        return Few()
    everything = yield Query(
        f"{chosen.cypher()}\nWITH e\nWHERE e.holdings_date IS NOT NULL\nRETURN count(DISTINCT e.code) AS `ETF 수`"
    )
    total = everything.rows[0][0]
    if known * 2 >= total:
        return Few()
    who = chosen.described()
    text = f"{day}의 구성종목 자료가 있는 {wording.with_particle(who, '은는')} {total:,}개 가운데 {known:,}개뿐입니다."
    if english:
        text = f"Only {known:,} of {total:,} {who} have holdings of {day} in the data."
    return Few(f" {text}", known * _HARDLY_ANY < total)


def _ends(period: Period, as_of: date) -> list[str]:
    """The first and the last trading day of a period that the data can have; none where the exchange was closed throughout."""
    first, last = period.first, min(period.last, as_of)
    while first <= last and closed(first):
        first += timedelta(days=1)
    while first <= last and closed(last):
        last -= timedelta(days=1)
    return list(dict.fromkeys([first.isoformat(), last.isoformat()])) if first <= last else []
