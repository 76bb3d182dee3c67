"""What can be asked of an ETF's prices: the measures, the days, and how a value is said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from agent.periods import Period
from agent.reading import wording
from agent.reading.conditions import Unclear
from agent.reading.plan import literal
from agent.reading.question import Reader, Subject

# Conditions hold of the exact premium; rounding is for show.
_EXACT_PREMIUM = "(p.close - p.nav) / p.nav * 100"
_PREMIUM = f"round({_EXACT_PREMIUM}, 2)"
# token kind → (Cypher, Korean name, Korean column, English name)
MEASURES = {
    "price": ("p.close", "종가", "종가(원)", "close"),
    "nav": ("p.nav", "NAV", "NAV(원)", "NAV"),
    "premium": (_PREMIUM, "괴리율", "괴리율(%)", "premium"),
    "volume": ("p.volume", "거래량", "거래량(주)", "volume"),
    "open_price": ("p.open", "시가", "시가(원)", "open"),
    "high_price": ("p.high", "고가", "고가(원)", "high"),
    "low_price": ("p.low", "저가", "저가(원)", "low"),
}
CONDITIONED = {"price": "close", "nav": "nav", "premium": "premium", "open_price": "close"}


@dataclass(frozen=True)
class Asked:
    """One ETF's measures over a stretch of days."""

    etfs: list[Subject]
    measures: list[str]
    period: Period | None
    english: bool
    as_of: date


def one_period(reader: Reader) -> Period | None:
    """The one date or period of a question, explained. Raises Unclear for several, and for a day that does not exist."""
    periods = reader.periods()
    if len(periods) > 1:
        raise Unclear("날짜는 하루나 기간 하나로 물어봐 주세요. 예: 6월 1일부터 7월 8일까지")
    if periods and periods[0].problem:
        raise Unclear(f"‘{periods[0].text.strip()}’은 달력에 없는 날짜입니다. 날짜를 다시 확인해 주세요.",
                      f"“{periods[0].text.strip()}” is no day of the calendar.")  # fmt: skip
    return periods[0] if periods else None


def priced(etf: Subject, where: list[str]) -> str:
    """MATCH and WHERE of an ETF's prices."""
    return "MATCH (e:ETF)-[:HAS_PRICE]->(p:Price)\nWHERE " + "\n  AND ".join([f"e.code = {literal(etf.key)}", *where])


def within(period: Period | None) -> list[str]:
    """The conditions of a period."""
    if period is None:
        return []
    return [f"p.date >= {literal(period.first.isoformat())}", f"p.date <= {literal(period.last.isoformat())}"]


def shown_value(measure: str, value: float | None, english: bool) -> str:
    """A value with its unit."""
    if value is None:
        return "unknown" if english else "자료 없음"
    if measure == "premium":
        return wording.signed(value)
    if measure == "volume":
        return f"{wording.number(value)}{' shares' if english else '주'}"
    return wording.price(value, english)


def returned(measures: list[str], english: bool) -> str:
    """The columns of measures; a premium brings close and NAV along."""
    columns = [f"p.date AS `{'date' if english else '날짜'}`"]
    columns += [
        f"{MEASURES[measure][0]} AS `{MEASURES[measure][3] if english else MEASURES[measure][2]}`"
        for measure in measures
    ]
    if "premium" in measures:
        for measure in ("price", "nav"):
            if measure not in measures:
                columns.append(
                    f"{MEASURES[measure][0]} AS `{MEASURES[measure][3] if english else MEASURES[measure][2]}`"
                )
    return ", ".join(columns)


def exact(measure: str) -> str:
    """The measure unrounded, for conditions."""
    return _EXACT_PREMIUM if measure == "premium" else MEASURES[measure][0]
