"""The filters of a question, as a selection of ETFs: what they hold, who manages them, themes, indexes, properties, age."""

from __future__ import annotations

from datetime import date

from agent.reading import wording
from agent.reading.conditions import Condition, Unclear, conditions
from agent.reading.held_stocks import require_holdings
from agent.reading.plan import literal, literals
from agent.reading.question import Reader
from agent.reading.selection import PROPERTIES, Selection
from agent.reading.settling import FILTERS
from agent.reading.tokens import Token

MEASURES = {
    "fee": "fee", "cost": "fee", "aum": "aum", "market_cap": "aum", "weight": "weight", "percent_word": "weight", "hold": "weight",
    "stock": "weight", "etf": "weight", "premium": "premium", "price": "close", "nav": "nav", "listed": "listed",
    "holdings": "holdings", "stock_word": "holdings", "stock_count": "holdings", "concentration": "concentration",
}  # fmt: skip
_TAGS = {
    "leverage": "레버리지", "inverse": "인버스", "inverse2": "인버스2X", "synthetic": "합성", "hedged": "환헤지", "domestic": "국내",
    "overseas": "해외", "mixed_class": "혼합", "realestate_class": "리츠", "commodity_class": "원자재", "currency_class": "통화",
}  # fmt: skip
_PROPERTIES = {
    "active": "e.active = true",
    "passive": "e.active = false",
    "physical": "e.replication STARTS WITH '실물'",
    "equity_class": "e.asset_class = '주식'",
    "bond_class": "e.asset_class = '채권'",
}
_CLASSES = {
    "mixed_class": "혼합자산",
    "realestate_class": "부동산",
    "commodity_class": "원자재",
    "currency_class": "통화",
}
_NAMES = {
    "active": ("액티브", "active"), "passive": ("패시브", "passive"), "leverage": ("레버리지", "leveraged"),
    "inverse": ("인버스", "inverse"), "inverse2": ("인버스 2X", "2X inverse"), "synthetic": ("합성", "synthetic"),
    "physical": ("실물", "physical"), "hedged": ("환헤지", "currency-hedged"), "unhedged": ("환노출", "unhedged"),
    "equity_class": ("주식형", "equity"), "bond_class": ("채권형", "bond"), "mixed_class": ("혼합형", "mixed"),
    "commodity_class": ("원자재", "commodity"), "realestate_class": ("리츠·부동산", "real-estate"),
    "currency_class": ("통화", "currency"), "domestic": ("국내", "domestic"), "overseas": ("해외", "overseas"),
}  # fmt: skip
_MEASURE_NAMES = {
    "fee": ("총보수", "fee"), "aum": ("순자산", "net assets"), "premium": ("괴리율", "premium"), "close": ("종가", "price"),
    "nav": ("NAV", "NAV"),
}  # fmt: skip


def select(reader: Reader, *, held: bool = True, counts: bool = False) -> Selection:
    """The filters of a question as a selection of ETFs; explains their words. `held` includes stocks and ETFs held.

    `counts`: the caller applies conditions on the number of stocks.

    Raises Unclear for conditions that name no measure.
    """
    chosen = Selection(english=reader.question.english)
    chosen.conditions = conditions(reader, MEASURES, {"percent": "weight", "amount": "aum"})
    _found_before(reader, chosen)
    if held:
        require_holdings(reader, chosen)
    _companies(reader, chosen)
    _indexes(reader, chosen)
    _tags(reader, chosen)
    _filters(reader, chosen)
    _listing(reader, chosen)
    if not held and any(condition.measure == "weight" for condition in chosen.conditions):
        # No condition may be passed over.
        raise Unclear(
            "비중 조건은 그 종목과 함께 적어 주세요. 예: 삼성전자를 5% 이상 담은 ETF", "The weight of which stock?"
        )
    if not counts and any(condition.measure in ("holdings", "concentration") for condition in chosen.conditions):
        raise Unclear(
            "종목 수 조건은 ETF 목록을 물을 때만 쓸 수 있습니다. 예: 종목 수가 50개 이상인 ETF",
            "A condition on the number of stocks works in lists of ETFs alone.",
        )
    for condition in chosen.conditions:
        expression = PROPERTIES.get(condition.measure)
        if expression:
            chosen.wheres.append(condition.cypher(expression))
            chosen.words.insert(0, _condition_words(condition, chosen.english))
    return chosen


def _found_before(reader: Reader, chosen: Selection) -> None:
    """ETFs that an earlier answer found, to choose among or to leave out."""
    for subject in reader.subjects("etf_set"):
        chosen.wheres.append(f"e.code IN {literals(subject.keys)}")
        chosen.within = subject.name
    for subject in reader.subjects("etf_left_out"):
        chosen.wheres.append(f"NOT e.code IN {literals(subject.keys)}")
        chosen.words.append(subject.name)


def _condition_words(condition: Condition, english: bool) -> str:
    name = _MEASURE_NAMES[condition.measure][english]
    money = condition.measure in ("aum", "close", "nav")
    if english:
        value = wording.amount(condition.value, True) if money else f"{condition.value:g}%"
        upper = (
            f" and <= {wording.amount(condition.high, True) if money else f'{condition.high:g}%'}"
            if condition.high
            else ""
        )
        return f"{name} {condition.operator} {value}{upper}"
    if not money:
        return f"{name} {condition.words('%')}"
    if condition.high is not None:
        return f"{name} {wording.krw(condition.value)} 이상 {wording.krw(condition.high)} 이하"
    sign = condition.words("").rpartition(" ")[2] if condition.operator != "=" else ""
    return f"{name} {wording.krw(condition.value)} {sign}".strip()


def _companies(reader: Reader, chosen: Selection) -> None:
    wanted, denied = reader.subjects("company"), reader.subjects("company", negative=True)
    if wanted:
        names = [key for subject in wanted for key in subject.keys]
        chosen.match(f"({chosen.start})-[:MANAGED_BY]->(m:Company)", f"m.name IN {literals(names)}")
        joined = "·".join(names)
        chosen.words.append(joined if chosen.english else f"{joined}의")
    if denied:
        names = [key for subject in denied for key in subject.keys]
        inner = f"MATCH (e)-[:MANAGED_BY]->(dm:Company) WHERE dm.name IN {literals(names)}"
        chosen.wheres.append(f"NOT EXISTS {{ {inner} }}")
        chosen.words.append(f"non-{'/'.join(names)}" if chosen.english else f"{'·'.join(names)} 제외")
    if wanted or denied:
        reader.take("manage", "manager")
    if len(wanted) > 1:
        # An ETF has one manager: two of them are alternatives, however they are joined.
        reader.take("either")


def _indexes(reader: Reader, chosen: Selection) -> None:
    for subject in reader.subjects("index"):
        chosen.match(f"({chosen.start})-[:TRACKS]->(i:Index)", f"i.name IN {literals(subject.keys)}")
        chosen.words.append(f"{subject.mention}-tracking" if chosen.english else f"{subject.mention} 지수를 추종하는")
        reader.take("index_word", "track")


def _tags(reader: Reader, chosen: Selection) -> None:
    wanted, denied = reader.subjects("tag"), reader.subjects("tag", negative=True)
    if wanted or denied or reader.has("domestic", "overseas"):
        reader.take("tag_word", "duplicate_company")
    if len(wanted) > 1 and (reader.take("either") or listed_together(reader)):
        names = [subject.key for subject in wanted]
        chosen.match(f"({chosen.start})-[:TAGGED]->(t:Tag)", f"t.name IN {literals(names)}")
        chosen.words.append((" or " if chosen.english else " 또는 ").join(names))
    else:
        for subject in wanted:
            chosen.tag(subject.key, subject.key)
    for subject in denied:
        chosen.without_tag(subject.key, subject.key)


def listed_together(reader: Reader) -> bool:
    """`방산이랑 조선 ETF`: both themes' ETFs are wanted, and not those of both at once (`방산이면서 조선인`)."""
    tags = [token for token in reader.find("tag") if not token.negative]
    joined = len(tags) > 1 and all(token.particle in _JOINTS for token in tags[:-1])
    return joined and not reader.question.english and not reader.has("both", "together", "overlap")


_JOINTS = ("이랑", "랑", "하고", "와", "과", "나", "이나")


def _filters(reader: Reader, chosen: Selection) -> None:
    tokens: list[Token] = reader.find(*FILTERS)
    for kind in dict.fromkeys(token.kind for token in tokens):
        same = [token for token in tokens if token.kind == kind]
        negative = any(token.negative for token in same)
        for token in same:
            token.used = True
        word = _NAMES[kind][chosen.english]
        if kind in _CLASSES and any(_as_asset_class(reader, token) for token in same):
            asset_class = f"e.asset_class = '{_CLASSES[kind]}'"
            chosen.wheres.append(f"NOT coalesce({asset_class}, false)" if negative else asset_class)
            chosen.words.append(f"자산 유형 {_CLASSES[kind]}{' 제외' if negative else ''}")
        elif kind in _TAGS:
            (chosen.without_tag if negative else chosen.tag)(_TAGS[kind], word)
        elif kind == "unhedged":
            (chosen.tag if negative else chosen.without_tag)("환헤지", "환헤지")
        else:
            chosen.wheres.append(f"NOT ({_PROPERTIES[kind]})" if negative else _PROPERTIES[kind])
            chosen.words.append(f"{word} 제외" if negative else word)


def _as_asset_class(reader: Reader, token: Token) -> bool:
    """`부동산 자산군`, `자산 유형이 원자재인`: the asset class that the market gives, and no theme."""
    before, after = reader.before(token), reader.after(token)
    if after is not None and after.kind == "asset_class" and not token.particle:
        return True
    return before is not None and before.kind == "asset_class" and bool(before.particle)


def _listing(reader: Reader, chosen: Selection) -> None:
    if not reader.has("listed"):
        return
    if ages := reader.quantities("years"):
        _age(reader, chosen, ages[0])
        return
    periods = reader.periods()
    if not periods:
        return
    reader.take("listed", "new", "newest")
    if len(periods) != 1:
        raise Unclear("상장 시기는 기간 하나로 물어봐 주세요. 예: 2026년에 상장한 ETF", "Please give one period.")
    period = periods[0]
    last = min(period.last, reader.question.as_of)
    if not period.open_start:
        chosen.wheres.append(f"e.listed >= {literal(period.first.isoformat())}")
    if not period.open_end:
        chosen.wheres.append(f"e.listed <= {literal(last.isoformat())}")
    chosen.by_listing = True
    span = (
        f"{period.first}~" if period.open_end else f"~{last}" if period.open_start else wording.span(period.first, last)
    )
    chosen.words.insert(0, f"listed {span}" if chosen.english else f"{span} 상장한")


def _age(reader: Reader, chosen: Selection, token: Token) -> None:
    """`상장한 지 3년 넘은`."""
    years = int(token.value.value)
    token.used = True
    reader.take("listed", "oldest", "exceed")
    today = reader.question.as_of
    since = date(today.year - years, today.month, min(today.day, 28))
    within = token.value.operator in ("<", "<=") or "안" in token.text
    chosen.wheres.append(f"e.listed {'>=' if within else '<='} {literal(since.isoformat())}")
    chosen.by_listing = True
    old = f"상장한 지 {years}년 {'이내' if within else '이상'}인"
    chosen.words.insert(0, f"{'at most' if within else 'at least'} {years} years old" if chosen.english else old)
