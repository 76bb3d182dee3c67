"""Questions about what one ETF bought and sold: over a period, of one stock, or since whenever the data begins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from agent.answer import Table
from agent.periods import Period
from agent.reading import wording
from agent.reading.conditions import Unclear, direction, limit, singular
from agent.reading.days import closed, closed_reply, future
from agent.reading.plan import HISTORY, Call, Plan, Query, Reply, Steps, literal, literals
from agent.reading.question import Reader, Subject
from agent.reading.quotes import one_period
from backend.market.schemas import Changes, Trade

WORDS = ("buy", "sell", "new", "out", "increase", "decrease", "trade", "drop_or_without")
ACTION_NAMES = {
    "new": ("신규 편입", "new"),
    "more": ("추가 매수", "bought more"),
    "less": ("일부 매도", "sold some"),
    "out": ("전량 편출", "sold out"),
}
_COLUMNS = ("종목", "종목코드", "구분", "수량 변화(%)", "이전 비중(%)", "이후 비중(%)", "비중 변화(%p)")
_COLUMNS_EN = ("stock", "code", "action", "shares (%)", "weight before (%)", "weight after (%)", "change (pp)")


@dataclass(frozen=True)
class Asked:
    """Which actions, over which days, in which order, and how many."""

    actions: tuple[str, ...]
    verb: str
    period: Period | None
    limit: int | None
    ranked: bool
    counted: bool
    single: bool
    english: bool
    first: bool = False
    by_shares: bool = False


def read(reader: Reader) -> Plan | None:
    """The trades of one ETF; None when the question is about something else."""
    etfs = [token.value for token in reader.find("etf") if not token.negative]
    stocks = [token.value for token in reader.find("stock") if not token.negative]
    if not etfs or reader.find("company", "tag", "index") or not trades_asked(reader):
        return None
    if reader.has("weight") and stocks and not reader.has("buy", "sell", "new", "out"):
        return None
    asked = what_is_asked(reader)
    if asked.first and not (stocks and asked.period is None):
        raise unclear_first()
    if len(etfs) > 1:
        raise Unclear("매매 내역은 ETF 하나씩 물어봐 주세요.", "Please ask about one ETF at a time.")
    if asked.period is not None and asked.period.after(reader.question.as_of):
        return Plan.saying("refuse_future", future(reader.question.as_of, asked.english))
    etf = reader.subjects("etf")[0]
    reader.subjects("stock")
    dates_asked = reader.has("when", "day", "trend") and bool(stocks)
    reader.take(
        "etf_word", "stock_word", "holdings", "hold", "exist", "list", "all", "weight", "active", "quantity_held", "compare", "when", "day", "trend",
        "how_is", "period_word", "both",
    )  # fmt: skip
    if stocks and (asked.period is None or dates_asked):
        return Plan("pair_trades", lambda: _pair(etf, stocks, asked))
    if asked.period is None:
        raise unclear_period(asked, etf.name)
    return Plan("etf_trades", lambda: _steps(etf, stocks, asked))


def trades_asked(reader: Reader) -> bool:
    """Whether a word of trading stands in a question that asks for nothing else."""
    other = (
        "listed",
        "fee",
        "aum",
        "price",
        "nav",
        "premium",
        "cost",
        "invest",
        "former",
        "return",
        "similar",
        "overlap",
        "undenied",
    )
    if not reader.has(*WORDS) or reader.has(*other):
        return False
    if (
        reader.has("weight")
        and reader.has("increase", "decrease")
        and not reader.has("buy", "sell", "new", "out", "trade")
    ):
        # A weight that rose or fell moved with prices as well: that is no trade.
        return False
    renamed = reader.has("renamed", "name") and not reader.has("date", "stock_word", "holdings", "recent")
    return not renamed


def unclear_period(asked: Asked, who: str) -> Unclear:
    """Trades belong to a time: which one?"""
    months = ("최근 한 달", "이번 달", "어제")
    verb = {"산": "뭐 샀어?", "판": "뭐 팔았어?"}.get(asked.verb, "매매 내역은?")
    suggestions = tuple(f"{who} {month} {verb}" for month in months)
    return Unclear(
        "언제의 매매인지 날짜나 기간을 알려 주세요. 예: 어제, 이번 달, 최근 한 달", "Which day or period?", suggestions
    )


def unclear_first() -> Unclear:
    """The first trade is told of one ETF and one stock."""
    text = (
        "처음 사거나 판 날은 ETF 하나와 종목 하나를 적으면 알려 드릴 수 있습니다. 예: 그 ETF가 삼성전자를 처음 산 날은?"
    )
    return Unclear(text, "Please name one ETF and one stock to ask for the first trade.")


def _latest_of_all(reader: Reader) -> bool:
    """`가장 최근에 산`: the latest trade, whenever it was, and not those of the last weeks."""
    return any(
        one.kind == "most" and two.kind in ("recent", "newest", "date") and two.text.startswith("최근")
        for one, two in zip(reader.tokens, reader.tokens[1:], strict=False)
    )


def what_is_asked(reader: Reader) -> Asked:
    """The actions, days and order of a question about trades. Explains their words; raises Unclear for `뺀` without a time."""
    actions, verb = _actions(reader)
    if reader.has("drop_or_without") and not reader.has("date", "recent"):
        raise Unclear(
            "‘뺀’이 팔아서 뺐다는 뜻인지, 담지 않았다는 뜻인지 알려 주세요. 예: 7월에 전량 판 ETF, 담지 않은 ETF"
        )
    if _latest_of_all(reader):
        raise Unclear("어느 기간의 매매를 볼지 알려 주세요. 예: 어제, 최근 한 달", "Which day or period?")
    period = one_period(reader)
    first, by_shares = reader.has("first_time"), reader.has("quantity_held")
    counted = reader.take("count", "stock_count")
    one = singular(reader)
    count, said = limit(reader, None)
    ordered = direction(reader)
    reader.take(*WORDS, "recent", "newest", "data_date", "first_time", "without")
    english = reader.question.english
    return Asked(
        actions, verb, period, count, ordered is not None or said, counted, one and not said, english, first, by_shares
    )


def _actions(reader: Reader) -> tuple[tuple[str, ...], str]:
    def has(*kinds: str) -> bool:
        return reader.has(*kinds)

    buys, sells = has("buy"), has("sell")
    more, less = has("increase"), has("decrease")
    if has("trade") or (buys and sells):
        return ("new", "more", "less", "out"), "매매한"
    if has("new") and has("out"):
        return ("new", "out"), "새로 담거나 전량 판"
    if more and less:
        return ("more", "less"), "비중을 바꾼"
    if has("new") and more:
        return ("new", "more"), "산"
    if has("out", "drop_or_without") and less:
        return ("less", "out"), "판"
    if has("new"):
        return ("new",), "새로 담은"
    if has("out", "drop_or_without"):
        return ("out",), "전량 판"
    if more and not buys:
        return ("more",), "더 산"
    if less and not sells:
        return ("less",), "일부 판"
    return (("new", "more"), "산") if buys else (("less", "out"), "판")


def _steps(etf: Subject, stocks: list[Subject], asked: Asked) -> Steps:
    """The net of a period: from the last snapshot before it to the last one in it."""
    period = asked.period
    assert period is not None
    if period.is_day and closed(period.first):
        return closed_reply(period.first, asked.english)
    first = period.first + timedelta(days=1) if period.between else period.first
    changes: Changes = yield Call(
        "get_etf_changes", {"etf": etf.key, "from_date": first.isoformat(), "to_date": period.last.isoformat()}
    )
    if period.is_day and changes.date != period.first:
        missing = f"{etf.name}의 {period.first} 구성종목 자료가 없어 그날의 매매를 알 수 없습니다."
        text = f"{missing} 그 전 마지막 자료는 {changes.date}입니다."
        return Reply(
            f"There is no snapshot of {etf.name} on {period.first}." if asked.english else text, status="refused"
        )
    codes = {code for stock in stocks for code in stock.keys}
    found = [change for change in changes.changes if not codes or change.code in codes]
    wanted = [change for change in found if change.action in asked.actions]
    if asked.ranked:
        size = "shares_change_pct" if asked.by_shares else "weight_change_pp"
        wanted.sort(key=lambda change: -abs(getattr(change, size) or 0))
    return _reply(etf, stocks, asked, changes, wanted, [change for change in found if change not in wanted])


def _row(change: Trade, english: bool) -> list:
    return [
        change.name, change.code, ACTION_NAMES[change.action][english], change.shares_change_pct,
        change.weight_before_pct, change.weight_after_pct, change.weight_change_pp,
    ]  # fmt: skip


def _reply(
    etf: Subject,
    stocks: list[Subject],
    asked: Asked,
    changes: Changes,
    wanted: Sequence[Trade],
    others: Sequence[Trade],
) -> Reply:
    english, span = asked.english, f"{changes.previous} → {changes.date}"
    who = wording.with_particle(etf.name, "이가")
    if not wanted:
        what = ", ".join(stock.name for stock in stocks) or "종목"
        text = (
            f"{span} 사이에 {who} {asked.verb} {wording.with_particle(what, '은는')} 없습니다.{_beside(asked, others)}"
        )
        return Reply(f"{etf.name} made no such trade ({span})." if english else text)
    rows = [_row(change, english) for change in wanted][: asked.limit or None]
    columns = list(_COLUMNS_EN if english else _COLUMNS)
    shown = [Table(f"{etf.name}: {asked.verb} 종목 ({span})" if not english else f"{etf.name} ({span})", columns, rows)]
    if english:
        return Reply(f"{etf.name} made **{len(wanted)}** such trades ({span}): {_grouped(rows, True)}.", shown)
    if asked.single:
        first = rows[0]
        moved = f"비중 {wording.percent(first[4])} → {wording.percent(first[5])}"
        if asked.by_shares and first[3] is not None:
            moved = f"수량 {first[3]:+.2f}%"
        return Reply(f"{span} 사이에 {who} 가장 많이 {asked.verb} 종목은 **{first[0]}**입니다({moved}).", shown)
    text = f"{span} 사이에 {who} {asked.verb} 종목은 **{len(wanted)}개**입니다: {_grouped(rows, False)}."
    return Reply(f"{text}{_beside(asked, others)}", shown)


def _beside(asked: Asked, others: Sequence[Trade]) -> str:
    """What the same span brought besides: who asks what was increased may want to know what was bought anew."""
    partner = {("more",): "new", ("less",): "out"}.get(asked.actions)
    names = [change.name for change in others if change.action == partner]
    if not partner or not names:
        return ""
    return f" 따로 {ACTION_NAMES[partner][0]}한 종목은 {len(names)}개입니다: {wording.listed(names, 5)}."


def _grouped(rows: Sequence[Sequence], english: bool) -> str:
    groups: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        groups[row[2]].append(row[0])
    return "; ".join(f"{action} {len(names)}: {wording.listed(names, 6, english)}" for action, names in groups.items())


def _pair(etf: Subject, stocks: list[Subject], asked: Asked) -> Steps:
    """Every trade of a stock by an ETF that the data holds, the newest first, or the oldest where the first is asked for."""
    codes = [code for stock in stocks for code in stock.keys]
    days = ""
    if asked.period is not None:
        days = f"\n  AND t.date >= {literal(asked.period.first.isoformat())} AND t.date <= {literal(asked.period.last.isoformat())}"
    result = yield Query(
        "MATCH (e:ETF)-[t:TRADED]->(s:Stock)\n"
        f"WHERE e.code = {literal(etf.key)} AND s.code IN {literals(codes)}\n  AND t.action IN {literals(asked.actions)}{days}\n"
        "RETURN t.date AS 날짜, s.name AS 종목, t.action AS 구분, t.shares_change AS `수량 변화(%)`, "
        f"t.weight_before AS `이전 비중(%)`, t.weight_after AS `이후 비중(%)`\nORDER BY t.date{'' if asked.first else ' DESC'}, s.code", HISTORY
    )  # fmt: skip
    names = ", ".join(stock.name for stock in stocks)
    who, what = wording.with_particle(etf.name, "이가"), wording.with_particle(names, "을를")
    if not result.rows:
        text = f"자료에서 {who} {what} {asked.verb} 기록을 찾지 못했습니다."
        return Reply(f"{etf.name} did not trade {names} so in the data." if asked.english else text)
    rows = [[day, name, ACTION_NAMES[action][asked.english], *rest] for day, name, action, *rest in result.rows]
    shown = [Table(f"{etf.name}: {names}", list(result.columns), rows)]
    if asked.first:
        return _first_trade(etf, names, asked, rows[0], shown)
    last = rows[0]
    if asked.english:
        return Reply(f"{etf.name} traded {names} on **{len(rows)}** days, last on {last[0]} ({last[2]}).", shown)
    counted = f"{who} {what} {asked.verb} 날은 **{len(rows)}일**이고, 마지막은 **{last[0]}**({last[2]})입니다."
    return Reply(f"자료에서 {counted}", shown)


def _first_trade(etf: Subject, names: str, asked: Asked, row: Sequence, shown: list[Table]) -> Reply:
    day, action = row[0], row[2]
    if asked.english:
        return Reply(f"In the data {etf.name} first traded {names} so on **{day}** ({action}).", shown)
    known = ""
    if "new" in asked.actions and action != ACTION_NAMES["new"][0]:
        known = " 자료가 시작된 날에 이미 담고 있었으므로 그 전에 처음 샀을 수 있습니다."
    who, what = wording.with_particle(etf.name, "이가"), wording.with_particle(names, "을를")
    return Reply(f"자료에서 {who} {what} 처음 {asked.verb} 날은 **{day}**({action})입니다.{known}", shown)
