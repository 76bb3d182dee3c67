"""Which ETFs a question means: its filters as Cypher and in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from agent.reading.conditions import Condition, Unclear, conditions
from agent.reading.plan import literal, literals
from agent.reading.question import Reader, Subject
from agent.reading.settling import FILTERS
from agent.reading.tokens import Token

MEASURES = {
    "fee": "fee", "aum": "aum", "market_cap": "aum", "weight": "weight", "percent_word": "weight", "hold": "weight",
    "stock": "weight", "etf": "weight", "premium": "premium", "price": "close", "nav": "nav", "listed": "listed", "holdings": "holdings",
    "stock_word": "holdings", "concentration": "concentration",
}  # fmt: skip
PROPERTIES = {"fee": "e.fee", "aum": "e.aum", "premium": "e.premium", "close": "e.close", "nav": "e.nav"}

_TAG_OF_FILTER = {
    "leverage": "레버리지", "inverse": "인버스", "inverse2": "인버스2X", "synthetic": "합성", "hedged": "환헤지", "domestic": "국내",
    "overseas": "해외", "mixed_class": "혼합", "realestate_class": "리츠", "commodity_class": "원자재", "currency_class": "통화",
}  # fmt: skip
_PROPERTY_OF_FILTER = {
    "active": "e.active = true",
    "passive": "e.active = false",
    "physical": "e.replication STARTS WITH '실물'",
    "equity_class": "e.asset_class = '주식'",
    "bond_class": "e.asset_class = '채권'",
}
FILTER_NAMES = {
    "active": ("액티브", "active"), "passive": ("패시브", "passive"), "leverage": ("레버리지", "leveraged"), "inverse": ("인버스", "inverse"),
    "inverse2": ("인버스 2X", "2X inverse"), "synthetic": ("합성", "synthetic"), "physical": ("실물", "physical"),
    "hedged": ("환헤지", "currency-hedged"), "unhedged": ("환노출", "unhedged"), "equity_class": ("주식형", "equity"),
    "bond_class": ("채권형", "bond"), "mixed_class": ("혼합형", "mixed"), "commodity_class": ("원자재", "commodity"),
    "realestate_class": ("리츠·부동산", "real-estate"), "currency_class": ("통화", "currency"), "domestic": ("국내", "domestic"),
    "overseas": ("해외", "overseas"),
}  # fmt: skip


@dataclass
class Selection:
    """ETFs as `e` in Cypher. `columns` are figures that the filters bring (weights), by their variable and column name."""

    lines: list[str] = field(default_factory=list)
    carried: list[str] = field(default_factory=lambda: ["e"])
    wheres: list[str] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    holding_words: list[str] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    held: list[Subject] = field(default_factory=list)
    english: bool = False

    @property
    def is_everything(self) -> bool:
        """Whether no filter was named."""
        return not (self.words or self.holding_words)

    def cypher(self) -> str:
        """MATCH … WITH …, after which `e` and the carried figures stand for one ETF a row."""
        text = "\n".join(self.lines) if self.lines else "MATCH (e:ETF)"
        if self.wheres:
            text += f"\nWITH {', '.join(self.carried)}\nWHERE " + "\n  AND ".join(self.wheres)
        return text

    def described(self) -> str:
        """The ETFs in words: `삼성자산운용의 반도체 액티브 ETF`."""
        if self.english:
            words = " ".join([*self.words, "ETFs"])
            return f"{words} {' and '.join(self.holding_words)}" if self.holding_words else words
        words = " ".join([*self.words, "ETF"])
        return f"{', '.join(self.holding_words)} {words}" if self.holding_words else words

    def match(self, pattern: str, where: str) -> None:
        """Add a pattern every ETF must match."""
        self.lines += [f"MATCH {pattern}", f"WHERE {where}", f"WITH DISTINCT {', '.join(self.carried)}"]

    def weigh(self, variable: str, column: str, pattern: str, where: str) -> None:
        """Add a holding whose summed weight becomes a figure."""
        carried = ", ".join(self.carried)
        self.lines += [f"MATCH {pattern}", f"WHERE {where}", f"WITH {carried}, sum(h.weight) AS {variable}"]
        self.carried.append(variable)
        self.columns[variable] = column


def select(reader: Reader, *, held: bool = True) -> Selection:
    """The filters of a question as a selection of ETFs; explains their words. `held` includes stocks and ETFs held."""
    chosen = Selection(english=reader.question.english)
    chosen.conditions = conditions(reader, MEASURES, {"percent": "weight", "amount": "aum"})
    if held:
        _holdings(reader, chosen)
    _companies(reader, chosen)
    _indexes(reader, chosen)
    _tags(reader, chosen)
    _filters(reader, chosen)
    _listing(reader, chosen)
    for condition in chosen.conditions:
        expression = PROPERTIES.get(condition.measure)
        if expression:
            chosen.wheres.append(condition.cypher(expression))
            chosen.words.insert(0, _condition_words(condition, chosen.english))
    return chosen


def _condition_words(condition: Condition, english: bool) -> str:
    ko = {"fee": "총보수", "aum": "순자산", "premium": "괴리율", "close": "종가", "nav": "NAV", "weight": "비중"}
    en = {"fee": "fee", "aum": "net assets", "premium": "premium", "close": "price", "nav": "NAV", "weight": "weight"}
    value = f"{condition.value:,.0f}원" if condition.measure in ("aum", "close", "nav") else f"{condition.value:g}%"
    if english:
        return f"{en[condition.measure]} {condition.operator} {value}"
    sign = {">=": "이상", ">": "초과", "<=": "이하", "<": "미만"}[condition.operator]
    upper = f" {condition.high:g}% 이하" if condition.high is not None else ""
    return f"{ko[condition.measure]} {_krw_or(value, condition)} {sign}{upper}"


def _krw_or(value: str, condition: Condition) -> str:
    from agent.templates import krw

    return krw(condition.value) if condition.measure == "aum" else value


def _holdings(reader: Reader, chosen: Selection) -> None:
    tokens = reader.find("stock", "etf")
    weights = [condition for condition in chosen.conditions if condition.measure == "weight"]
    either = reader.has("either") and len([token for token in tokens if not token.negative]) > 1
    positive: list[tuple[int, Subject]] = []
    for number, token in enumerate(tokens):
        subject: Subject = token.value
        token.used = True
        label = "Stock" if subject.kind == "stock" else "ETF"
        keys = f"IN {literals(subject.keys)}"
        if token.negative:
            chosen.wheres.append(
                # An ETF whose holdings are unknown is no ETF without the stock.
                f"e.holdings_date IS NOT NULL AND NOT EXISTS {{ MATCH (e)-[:HOLDS]->(n{number}:{label}) WHERE n{number}.code {keys} }}"
            )
            words = f"not holding {subject.name}" if chosen.english else f"{subject.name} 없는"
            chosen.holding_words.append(words)
        elif either:
            positive.append((number, subject))
        else:
            column = f"{subject.name} weight (%)" if chosen.english else f"{subject.name} 비중(%)"
            chosen.weigh(
                f"w{number}",
                column,
                f"(e{':ETF' if not chosen.lines else ''})-[h:HOLDS]->(s{number}:{label})",
                f"s{number}.code {keys}",
            )
            chosen.held.append(subject)
            chosen.holding_words.append(f"holding {subject.name}" if chosen.english else f"{subject.name} 담은")
    if either:
        reader.take("either")
        codes = [code for _, subject in positive for code in subject.keys]
        chosen.weigh(
            "w0",
            "비중 합(%)",
            f"(e{':ETF' if not chosen.lines else ''})-[h:HOLDS]->(s:Stock)",
            f"s.code IN {literals(codes)}",
        )
        chosen.held = [positive[0][1]]
        chosen.holding_words.append(" 또는 ".join(subject.name for _, subject in positive) + " 담은")
    _weight_conditions(chosen, weights)


def _weight_conditions(chosen: Selection, weights: list[Condition]) -> None:
    if not weights:
        return
    variables = list(chosen.columns)
    if not variables:
        raise Unclear("어느 종목의 비중인지 알려 주세요. 예: 삼성전자 비중이 5% 이상인 ETF")
    if len(variables) > 1 and len(weights) not in (1, len(variables)):
        raise Unclear("종목마다 비중 조건을 하나씩 적어 주세요.")
    for number, variable in enumerate(variables):
        applied = weights if len(variables) == 1 else [weights[number] if len(weights) > 1 else weights[0]]
        for condition in applied:
            chosen.wheres.append(condition.cypher(variable))
    sign = {">=": "이상", ">": "초과", "<=": "이하", "<": "미만"}
    words = [f"{c.value:g}% {sign[c.operator]}" for c in weights]
    chosen.holding_words[-1] += (
        f" ({', '.join(words)})" if not chosen.english else f" ({weights[0].operator} {weights[0].value:g}%)"
    )


def _companies(reader: Reader, chosen: Selection) -> None:
    wanted = reader.subjects("company")
    denied = reader.subjects("company", negative=True)
    if wanted:
        names = [key for subject in wanted for key in subject.keys]
        pattern = f"(e{':ETF' if not chosen.lines else ''})-[:MANAGED_BY]->(m:Company)"
        chosen.match(pattern, f"m.name IN {literals(names)}")
        joined = "·".join(names)
        chosen.words.append(joined if chosen.english else f"{joined}의")
    if denied:
        names = [key for subject in denied for key in subject.keys]
        chosen.wheres.append(
            f"NOT EXISTS {{ MATCH (e)-[:MANAGED_BY]->(dm:Company) WHERE dm.name IN {literals(names)} }}"
        )
        chosen.words.append(f"{'·'.join(names)} 제외" if not chosen.english else f"non-{'/'.join(names)}")
    if wanted or denied:
        reader.take("manage", "manager")


def _indexes(reader: Reader, chosen: Selection) -> None:
    for subject in reader.subjects("index"):
        pattern = f"(e{':ETF' if not chosen.lines else ''})-[:TRACKS]->(i:Index)"
        chosen.match(pattern, f"i.name IN {literals(subject.keys)}")
        chosen.words.append(f"{subject.mention} tracking" if chosen.english else f"{subject.mention} 지수를 추종하는")
        reader.take("index_word", "track")


def _tags(reader: Reader, chosen: Selection) -> None:
    wanted, denied = reader.subjects("tag"), reader.subjects("tag", negative=True)
    if wanted or denied:
        reader.take("tag_word", "duplicate_company")
    if len(wanted) > 1 and reader.take("either"):
        pattern = f"(e{':ETF' if not chosen.lines else ''})-[:TAGGED]->(t:Tag)"
        chosen.match(pattern, f"t.name IN {literals(subject.key for subject in wanted)}")
        chosen.words.append((" or " if chosen.english else " 또는 ").join(subject.key for subject in wanted))
    else:
        for subject in wanted:
            _tagged(chosen, subject.key, subject.key)
    for subject in denied:
        _not_tagged(chosen, subject.key, subject.key)


def _tagged(chosen: Selection, tag: str, word: str) -> None:
    number = len(chosen.lines)
    pattern = f"(e{':ETF' if not chosen.lines else ''})-[:TAGGED]->(t{number}:Tag)"
    chosen.match(pattern, f"t{number}.name = {literal(tag)}")
    chosen.words.append(word)


def _not_tagged(chosen: Selection, tag: str, word: str) -> None:
    number = len(chosen.wheres)
    chosen.wheres.append(f"NOT EXISTS {{ MATCH (e)-[:TAGGED]->(d{number}:Tag) WHERE d{number}.name = {literal(tag)} }}")
    chosen.words.append(f"non-{word}" if chosen.english else f"{word} 제외")


def _filters(reader: Reader, chosen: Selection) -> None:
    tokens: list[Token] = reader.find(*FILTERS)
    for kind in dict.fromkeys(token.kind for token in tokens):
        negative = any(token.negative for token in tokens if token.kind == kind)
        for token in tokens:
            token.used = token.used or token.kind == kind
        word = FILTER_NAMES[kind][chosen.english]
        if kind in _TAG_OF_FILTER:
            (_not_tagged if negative else _tagged)(chosen, _TAG_OF_FILTER[kind], word)
        elif kind == "unhedged":
            (_tagged if negative else _not_tagged)(chosen, "환헤지", "환헤지")
        else:
            expression = _PROPERTY_OF_FILTER[kind]
            chosen.wheres.append(f"NOT ({expression})" if negative else expression)
            chosen.words.append(f"{word} 제외" if negative else word)


def _listing(reader: Reader, chosen: Selection) -> None:
    if not reader.has("listed"):
        return
    for token in reader.quantities("years"):
        years = int(token.value.value)
        token.used = True
        reader.take("listed", "oldest")
        start = reader.question.as_of
        since = date(start.year - years, start.month, min(start.day, 28))
        within = token.value.operator in ("<", "<=") or "안" in token.text or "이내" in token.text
        chosen.wheres.append(f"e.listed {'>=' if within else '<='} {literal(since.isoformat())}")
        chosen.words.append(
            f"상장한 지 {years}년 {'이내' if within else '이상'}인" if not chosen.english else f"listed {years} years"
        )
        return
    if not reader.has("date"):
        return
    periods = reader.periods()
    reader.take("listed", "new", "newest")
    if len(periods) != 1:
        raise Unclear("상장 시기는 기간 하나로 물어봐 주세요. 예: 2026년에 상장한 ETF")
    period = periods[0]
    last = min(period.last, reader.question.as_of)
    if not period.open_start:
        chosen.wheres.append(f"e.listed >= {literal(period.first.isoformat())}")
    if not period.open_end:
        chosen.wheres.append(f"e.listed <= {literal(last.isoformat())}")
    label = f"{period.first}~" if period.open_end else f"~{last}" if period.open_start else f"{period.first}~{last}"
    chosen.words.insert(0, f"listed {label}" if chosen.english else f"{label} 상장한")
