"""Questions about names, trading days and the data itself: former names, what is closed, how new the data is."""

from __future__ import annotations

from datetime import timedelta

from agent.answer import Table
from agent.periods import Period
from agent.reading import wording
from agent.reading.days import closed, future
from agent.reading.plan import HISTORY, Call, Plan, Query, Reply, Steps, literal
from agent.reading.question import Reader, Subject
from agent.reading.quotes import one_period


def former(reader: Reader) -> Plan | None:
    """`KBSTAR 200은 지금 이름이 뭐야`, `RISE 200 옛 이름`; None when no name is asked for."""
    etfs = [token.value for token in reader.find("etf", negative=False)]
    asked = reader.has("former", "renamed", "name") or (
        etfs and etfs[0].source == "former" and reader.has("now", "what")
    )
    if len(etfs) != 1 or not asked:
        return None
    if reader.has("hold", "fee", "aum", "weight", "date", "price", "nav", "return", "listed", "code", "trade_no"):
        return None
    rest = {token.kind for token in reader.tokens} - {
        "etf",
        "former",
        "renamed",
        "name",
        "now",
        "what",
        "etf_word",
        "list",
        "filler",
        "exist",
    }
    if rest and not reader.has("name", "renamed"):
        return None
    reader.subjects("etf", negative=None)
    reader.take(
        "pronoun", "former", "renamed", "name", "now", "etf_word", "trade", "exist", "new", "where", "when_no", "same"
    )
    return Plan("former_name", lambda: _former_steps(etfs[0], reader.question.english))


def _former_steps(etf: Subject, english: bool) -> Steps:
    detail = yield Call("get_etf_info", {"etf": etf.key})
    names = [name for name in detail.former_names if name != detail.name]
    rows = [[detail.code, detail.name, ", ".join(names)]]
    shown = [
        Table(
            "이름" if not english else "names",
            ["코드", "현재 이름", "옛 이름"] if not english else ["code", "current name", "former names"],
            rows,
        )
    ]
    if english:
        past = f" Former names: {', '.join(names)}." if names else " No former name is known."
        return Reply(f"**{detail.name}** ({detail.code}) is the current name.{past}", shown)
    if etf.source == "former" or etf.mention.lower().replace(" ", "") not in detail.name.lower().replace(" ", ""):
        return Reply(
            f"{wording.with_particle(etf.mention, '은는')} 지금 **{detail.name}**({detail.code})입니다.", shown
        )
    if not names:
        return Reply(
            f"{detail.name}({detail.code})의 옛 이름은 자료에 없습니다. 지금 이름이 그대로인 것으로 보입니다.", shown
        )
    return Reply(f"{detail.name}({detail.code})의 옛 이름은 **{', '.join(names)}**입니다.", shown)


def trading_days(reader: Reader) -> Plan | None:
    """Whether a day was a trading day, and how many there were; None when that is not asked."""
    if (
        not reader.has("trading_day")
        or reader.find("stock")
        or reader.has("price", "nav", "premium", "return", "fee", "weight")
    ):
        return None
    period = one_period(reader)
    if period is None or period.after(reader.question.as_of):
        return (
            None
            if period is None
            else Plan.saying("refuse_future", future(reader.question.as_of, reader.question.english))
        )
    reader.subjects("etf")
    counted = reader.take("count", "day_count", "how_much")
    reader.take(
        "trading_day", "day", "exist", "absent", "when", "list", "price", "etf_word", "domestic", "negated", "data"
    )
    if counted or not period.is_day:
        shut = any(
            "휴" in token.text or "쉬" in token.text or "closed" in token.text for token in reader.find("trading_day")
        )
        return Plan("trading_days", lambda: _count_steps(period, shut, reader.question.english))
    return Plan("trading_day", lambda: _day_steps(period, reader.question.english))


def _day_steps(period: Period, english: bool) -> Steps:
    day = period.first
    found = yield Query(
        f"MATCH (p:Price)\nWHERE p.date = {literal(day.isoformat())}\nRETURN count(p) AS `시세가 있는 ETF 수`", HISTORY
    )
    why = closed(day)
    shown = [
        Table("거래일", ["날짜", "시세가 있는 ETF 수", "휴장 이유"], [[day.isoformat(), found.rows[0][0], why or None]])
    ]
    if found.rows[0][0]:
        return Reply(
            f"{day.isoformat()}은 **거래일**이었습니다."
            if not english
            else f"{day.isoformat()} **was a trading day**.",
            shown,
        )
    if why:
        return Reply(
            f"{day.isoformat()}은 **휴장일**({why})이었습니다."
            if not english
            else f"The exchange was **closed** on {day.isoformat()}.",
            shown,
        )
    return Reply(f"{day.isoformat()}의 시세가 자료에 없습니다. 공휴일이나 주말이 아니어서 자료의 빈틈으로 보입니다." if not english
                 else f"The data has no prices of {day.isoformat()}; it was no holiday, so this is a gap.", shown, status="refused")  # fmt: skip


def _count_steps(period: Period, shut: bool, english: bool) -> Steps:
    found = yield Query(
        f"MATCH (p:Price)\nWHERE p.date >= {literal(period.first.isoformat())} AND p.date <= {literal(period.last.isoformat())}\n"
        "RETURN DISTINCT p.date AS 날짜\nORDER BY p.date",
        HISTORY,
    )
    traded = [row[0] for row in found.rows]
    if not traded:
        return Reply(
            "그 기간의 시세가 자료에 없어 거래일을 셀 수 없습니다."
            if not english
            else "There are no prices in that period.",
            status="refused",
        )
    if not shut:
        shown = [Table("거래일", ["날짜"], [[day] for day in traded])]
        return Reply(
            f"자료에 있는 {period.first}~{period.last}의 거래일은 **{len(traded)}일**입니다."
            if not english
            else f"There were **{len(traded)}** trading days.",
            shown,
        )
    days, day = [], period.first
    last = min(period.last.isoformat(), traded[-1])
    while day.isoformat() <= last:
        if day.weekday() < 5 and day.isoformat() not in traded:
            days.append([day.isoformat(), closed(day) or "자료 없음"])
        day += timedelta(days=1)
    shown = [Table("평일 휴장", ["날짜", "이유"], days)]
    if english:
        return Reply(f"The exchange was closed on **{len(days)}** weekdays.", shown)
    listed = ", ".join(f"{day}({why})" for day, why in days)
    return Reply(
        f"{period.first}~{last}의 평일 가운데 거래가 없던 날은 **{len(days)}일**입니다{': ' + listed if listed else ''}. 주말은 뺐습니다.",
        shown,
    )


def data(reader: Reader) -> Plan | None:
    """How new the data is; None for other questions."""
    if (
        not reader.has("data_date")
        or reader.find("etf", "stock", "company", "tag", "index", "date")
        or reader.has("hold", "fee", "price")
    ):
        return None
    for token in reader.tokens:
        token.used = True
    day = reader.question.as_of.isoformat()
    text = f"데이터 기준일은 **{day}**입니다." if not reader.question.english else f"The data date is **{day}**."
    return Plan.saying(
        "data_date",
        Reply(text, [Table("데이터 기준일" if not reader.question.english else "data date", ["as_of"], [[day]])]),
    )
