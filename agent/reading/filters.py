"""The filters of a question, as a selection of ETFs: what they hold, who manages them, themes, indexes, properties, age."""

from __future__ import annotations

from datetime import date

from agent.reading import wording
from agent.reading.conditions import Condition, Unclear, conditions
from agent.reading.plan import literal, literals
from agent.reading.question import Reader, Subject
from agent.reading.selection import PROPERTIES, Selection
from agent.reading.settling import FILTERS
from agent.reading.surpassing import surpassed_etf
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
        _holdings(reader, chosen)
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


def _holdings(reader: Reader, chosen: Selection) -> None:
    surpassed = surpassed_etf(reader)
    tokens = [token for token in reader.find("stock", "etf") if token is not surpassed]
    chosen.weights = [condition for condition in chosen.conditions if condition.measure == "weight"]
    wanted = [token for token in tokens if not token.negative]
    for number, token in enumerate(wanted):
        # A stock that is named twice is still one.
        token.used = token.used or any(token.value.keys == other.value.keys for other in wanted[:number])
    wanted = [token for token in wanted if not token.used]
    tokens = [token for token in tokens if not token.used]
    if _names_its_stock(reader, wanted):
        wanted[0].used = True
        name = wanted[0].value.name
        chosen.wheres.append(f"e.name CONTAINS {literal(name)}")
        chosen.words.append(f"이름에 {wording.with_particle(name, '이가')} 들어간")
        return
    for number, token in enumerate(tokens):
        token.used = True
        if token.negative and token.kind == "etf" and not reader.has("hold"):
            # `KODEX 200 말고`: without that ETF itself.
            chosen.wheres.append(f"NOT e.code IN {literals(token.value.keys)}")
            chosen.words.append(f"other than {token.value.name}" if chosen.english else f"{token.value.name} 말고")
        elif token.negative:
            _lacking(chosen, token.value, number)
    chosen.either = len(wanted) > 1 and reader.take("either")
    if len(wanted) == 2 and not chosen.weights and _outweigh(reader, chosen, wanted):
        return
    if len(wanted) > 1 and chosen.weights and reader.take("sum"):
        _either(chosen, [token.value for token in wanted])
        chosen.wheres += [condition.cypher("w0") for condition in chosen.weights]
        chosen.holds = [f"{'+'.join(token.value.name for token in wanted)} {'together' if chosen.english else '합'}"]
        return
    if chosen.either and not chosen.weights:
        _either(chosen, [token.value for token in wanted])
        return
    if chosen.either:
        _each_by_itself(chosen, [token.value for token in wanted])
    else:
        for number, token in enumerate(wanted):
            _holding(chosen, token.value, number)
    _limit_weights(chosen, wanted)


def _names_its_stock(reader: Reader, wanted: list[Token]) -> bool:
    """`삼성전자 2배 레버리지 ETF`: a leveraged ETF on one stock bears its name; many others merely hold it."""
    if reader.question.english or len(wanted) != 1 or wanted[0].kind != "stock" or wanted[0].particle:
        return False
    behind = reader.after(wanted[0])
    return (
        behind is not None
        and behind.kind in ("leverage", "inverse", "inverse2")
        and not behind.negative
        and not reader.has("hold", "weight", "percent_word", "without", "buy")
    )


def _label(subject: Subject) -> str:
    return "Stock" if subject.kind == "stock" else "ETF"


def _lacking(chosen: Selection, subject: Subject, number: int) -> None:
    inner = f"MATCH (e)-[:HOLDS]->(n{number}:{_label(subject)}) WHERE n{number}.code IN {literals(subject.keys)}"
    # An ETF whose holdings are unknown is no ETF without the stock.
    chosen.wheres.append(f"e.holdings_date IS NOT NULL AND NOT EXISTS {{ {inner} }}")
    chosen.lacks.append(subject.name)


def _holding(chosen: Selection, subject: Subject, number: int) -> None:
    column = f"{subject.name} weight (%)" if chosen.english else f"{subject.name} 비중(%)"
    pattern = f"({chosen.start})-[h:HOLDS]->(s{number}:{_label(subject)})"
    chosen.weigh(f"w{number}", column, pattern, f"s{number}.code IN {literals(subject.keys)}")
    chosen.held.append(subject)
    chosen.holds.append(subject.name)


def _outweigh(reader: Reader, chosen: Selection, wanted: list[Token]) -> bool:
    """`삼성전자 비중이 SK하이닉스 비중보다 높은`: keep the ETFs in which one stock outweighs the other."""
    surpassed = [number for number, token in enumerate(wanted) if "보다" in _particles(reader, token)]
    adjective = next((token for token in reader.find("big", "small") if token.start > wanted[-1].start), None)
    if reader.question.english or len(surpassed) != 1 or adjective is None:
        return False
    _each_by_itself(chosen, [token.value for token in wanted])
    other = surpassed[0]
    sign = ">" if adjective.kind == "big" else "<"
    chosen.wheres.append(f"coalesce(w{1 - other}, 0) {sign} coalesce(w{other}, 0)")
    chosen.either = True
    more = "많이" if adjective.kind == "big" else "적게"
    one, two = wanted[1 - other].value.name, wanted[other].value.name
    chosen.holds = []
    chosen.words.insert(0, f"{wording.with_particle(one, '을를')} {two}보다 {more} 담은")
    for token in reader.tokens:
        if token is adjective or token.kind == "compare":
            token.kind = "filler"
    reader.take("weight", "hold", "percent_word")
    return True


def _particles(reader: Reader, stock: Token) -> str:
    """The particle of a stock, or of the word for its weight behind it."""
    behind = reader.after(stock)
    return stock.particle + (
        behind.particle if behind is not None and behind.kind in ("weight", "percent_word") else ""
    )


def _either(chosen: Selection, subjects: list[Subject]) -> None:
    codes = [code for subject in subjects for code in subject.keys]
    column = "total weight (%)" if chosen.english else "비중 합(%)"
    pattern = f"({chosen.start})-[h:HOLDS]->(s:{_label(subjects[0])})"
    chosen.weigh("w0", column, pattern, f"s.code IN {literals(codes)}")
    chosen.held = subjects[:1]
    chosen.holds = [subject.name for subject in subjects]


def _each_by_itself(chosen: Selection, subjects: list[Subject]) -> None:
    """`A나 B를 10% 넘게 담은`: the weight of each stands by itself, so that either can meet its condition."""
    codes = [code for subject in subjects for code in subject.keys]
    weights = {}
    for number, subject in enumerate(subjects):
        column = f"{subject.name} weight (%)" if chosen.english else f"{subject.name} 비중(%)"
        weights[f"w{number}"] = (column, f"s.code IN {literals(subject.keys)}")
    pattern = f"({chosen.start})-[h:HOLDS]->(s:{_label(subjects[0])})"
    chosen.weigh_each(weights, pattern, f"s.code IN {literals(codes)}")
    chosen.held = list(subjects)
    chosen.holds = [subject.name for subject in subjects]


def _limit_weights(chosen: Selection, wanted: list[Token]) -> None:
    weights = chosen.weights
    if not weights:
        return
    variables = list(chosen.columns)
    if not variables:
        raise Unclear(
            "어느 종목의 비중인지 알려 주세요. 예: 삼성전자 비중이 5% 이상인 ETF", "The weight of which stock?"
        )
    applied = _assigned(chosen, variables, wanted)
    tests = [
        " AND ".join(condition.cypher(variable) for condition in applied[variable])
        for variable in variables
        if applied[variable]
    ]
    if chosen.either:
        # Whoever has no condition of its own is held in any amount.
        tests += [f"{variable} >= 0" for variable in variables if not applied[variable]]
        chosen.wheres.append("(" + " OR ".join(f"({test})" for test in tests) + ")")
    else:
        chosen.wheres += tests
    said = [applied[variable] for variable in variables]
    if any(limits != said[0] for limits in said):
        chosen.limits = said


def _assigned(chosen: Selection, variables: list[str], wanted: list[Token]) -> dict[str, list[Condition]]:
    """The conditions of each stock: a condition belongs to the names between it and the condition before it."""
    weights = chosen.weights
    applied: dict[str, list[Condition]] = {variable: [] for variable in variables}
    if len(variables) == 1 or chosen.english or min(token.start for token in wanted) > weights[0].at:
        if len(variables) > 1 and len(weights) not in (1, len(variables)):
            raise Unclear("종목마다 비중 조건을 하나씩 적어 주세요.", "Please give one condition for each stock.")
        for number, variable in enumerate(variables):
            applied[variable] = weights if len(variables) == 1 else [weights[min(number, len(weights) - 1)]]
        return applied
    group: list[str] = []
    last = -1
    for condition in weights:
        between = [
            variable for variable, token in zip(variables, wanted, strict=True) if last < token.start < condition.at
        ]
        group = between or group
        for variable in group:
            applied[variable].append(condition)
        last = condition.at
    return applied


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
        if kind in _TAGS:
            (chosen.without_tag if negative else chosen.tag)(_TAGS[kind], word)
        elif kind == "unhedged":
            (chosen.tag if negative else chosen.without_tag)("환헤지", "환헤지")
        else:
            chosen.wheres.append(f"NOT ({_PROPERTIES[kind]})" if negative else _PROPERTIES[kind])
            chosen.words.append(f"{word} 제외" if negative else word)


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
