"""Days without data: weekends and holidays of the exchange, gaps in the data, days that have not come."""

from __future__ import annotations

from datetime import date

from agent.periods import Period
from agent.reading.plan import HISTORY, Query, Reply, Steps, literal
from agent.reading.question import Subject

# Days on which the Korea Exchange was or will be closed besides weekends: public holidays, their substitutes, elections, Labour
# Day, the year's last business day.
HOLIDAYS: dict[str, str] = {
    **dict.fromkeys(("2024-01-01", "2025-01-01", "2026-01-01", "2027-01-01"), "신정"),
    **dict.fromkeys(("2024-02-09", "2024-02-12", "2025-01-27", "2025-01-28", "2025-01-29", "2025-01-30"), "설날 연휴"),
    **dict.fromkeys(("2026-02-16", "2026-02-17", "2026-02-18", "2027-02-08", "2027-02-09"), "설날 연휴"),
    **dict.fromkeys(("2024-03-01", "2025-03-03", "2026-03-02", "2027-03-01"), "삼일절"),
    "2024-04-10": "국회의원 선거일", "2025-06-03": "대통령 선거일", "2026-06-03": "지방선거일",
    **dict.fromkeys(("2024-05-01", "2025-05-01", "2026-05-01"), "근로자의 날"),
    **dict.fromkeys(("2024-05-06", "2025-05-05", "2025-05-06", "2026-05-05", "2027-05-05"), "어린이날"),
    **dict.fromkeys(("2024-05-15", "2026-05-25", "2027-05-13"), "부처님오신날"),
    **dict.fromkeys(("2024-06-06", "2025-06-06"), "현충일"),
    **dict.fromkeys(("2024-08-15", "2025-08-15", "2026-08-17", "2027-08-16"), "광복절"),
    **dict.fromkeys(("2024-09-16", "2024-09-17", "2024-09-18", "2025-10-06", "2025-10-07", "2025-10-08"), "추석 연휴"),
    **dict.fromkeys(("2026-09-24", "2026-09-25", "2027-09-14", "2027-09-15", "2027-09-16"), "추석 연휴"),
    "2024-10-01": "임시 공휴일", "2026-07-17": "제헌절",
    **dict.fromkeys(("2024-10-03", "2025-10-03", "2026-10-05", "2027-10-04"), "개천절"),
    **dict.fromkeys(("2024-10-09", "2025-10-09", "2026-10-09", "2027-10-11"), "한글날"),
    **dict.fromkeys(("2024-12-25", "2025-12-25", "2026-12-25", "2027-12-27"), "성탄절"),
    **dict.fromkeys(("2024-12-31", "2025-12-31", "2026-12-31", "2027-12-31"), "연말 휴장일"),
}  # fmt: skip
_WEEKDAYS = "월화수목금토일"


def closed(day: date) -> str:
    """Why the exchange was closed on a day: 토요일, 설날 연휴, …; empty for a trading day."""
    if day.weekday() >= 5:
        return f"{_WEEKDAYS[day.weekday()]}요일"
    return HOLIDAYS.get(day.isoformat(), "")


def closed_reply(day: date, english: bool) -> Reply:
    """The reply to a question about trades on a day without trading."""
    if english:
        return Reply(f"The exchange was **closed** on {day.isoformat()}, so nothing was traded.")
    return Reply(f"{day.isoformat()}은 **휴장일**({closed(day)})이라 매매가 없었습니다.")


def future(as_of: date, english: bool) -> Reply:
    """The reply to a question about a day that the data has not reached."""
    if english:
        return Reply(f"The data ends on {as_of.isoformat()}; what comes after it is unknown.", status="refused")
    return Reply(f"자료는 {as_of.isoformat()}까지 있습니다. 그 뒤의 값은 알 수 없습니다.", status="refused")


def day_without_data(etf: Subject, day: date | None, as_of: date, english: bool) -> Steps:
    """The reply where an ETF has no price on a day: a closed exchange, a gap, or no prices at all, with the nearest earlier price."""
    where = f" AND p.date < {literal(day.isoformat())}" if day else ""
    found = yield Query(
        f"MATCH (e:ETF)-[:HAS_PRICE]->(p:Price)\nWHERE e.code = {literal(etf.key)}{where}\n"
        "RETURN p.date AS 날짜, p.close AS 종가, p.nav AS NAV\nORDER BY p.date DESC\nLIMIT 1",
        HISTORY,
    )
    if day is None:
        return Reply(
            f"There are no prices of {etf.name} in the data." if english else f"{etf.name}의 시세 자료가 없습니다.",
            status="refused",
        )
    why = closed(day)
    before = ""
    if found.rows:
        last, close, nav = found.rows[0]
        values = [f"종가 {close:,.0f}원" if close is not None else "", f"NAV {nav:,.2f}원" if nav is not None else ""]
        before = f" 그 전 마지막 자료는 {last}({', '.join(value for value in values if value)})입니다."
    if english:
        reason = "the exchange was closed" if why else "the data has no price of that day"
        return Reply(
            f"There is no price of {etf.name} on {day.isoformat()}: {reason}."
            + (f" The last before it is of {found.rows[0][0]}." if found.rows else ""),
            status="refused" if not why else "answered",
        )
    if why:
        return Reply(f"{day.isoformat()}은 **휴장일**({why})이라 {etf.name}의 거래가 없었습니다.{before}")
    return Reply(f"{etf.name}의 {day.isoformat()} 시세는 자료에 없습니다.{before}", status="refused")


def period_without_data(etf: Subject, period: Period | None, english: bool) -> Steps:
    """The reply where an ETF has no price in a period."""
    found = yield Query(
        f"MATCH (e:ETF)-[:HAS_PRICE]->(p:Price)\nWHERE e.code = {literal(etf.key)}\n"
        "RETURN min(p.date) AS 첫날, max(p.date) AS 마지막날, count(p) AS 날수",
        HISTORY,
    )
    first, last, days = found.rows[0]
    known = f" 시세는 {first}부터 {last}까지 {days}일치가 있습니다." if days else ""
    if english:
        return Reply(
            f"There are no prices of {etf.name} in that period."
            + (f" There are {days} days, {first} to {last}." if days else ""),
            status="refused",
        )
    return Reply(f"{etf.name}의 그 기간 시세는 자료에 없습니다.{known}", status="refused")
