"""ETFs that surpass another one: `KODEX 200보다 보수가 싼 코스피200 ETF`. The other ETF's figure becomes a condition."""

from __future__ import annotations

from agent.reading.conditions import Unclear
from agent.reading.plan import literal
from agent.reading.question import Reader
from agent.reading.selection import PROPERTIES, Selection
from agent.reading.tokens import Token

_MEASURES = {
    "fee": "fee", "cost": "fee", "aum": "aum", "market_cap": "aum", "listed": "listed", "premium": "premium", "price": "close", "nav": "nav",
}  # fmt: skip
_CHEAP = ("싼", "싸", "저렴", "비싸", "비싼", "쌌", "착한", "cheap", "more expensive", "expensive")
# (measure, more) → how the ETFs are called, behind the other ETF's name.
_WORDS = {
    ("fee", False): ("보수가 낮은", "cheaper than"), ("fee", True): ("보수가 높은", "dearer than"),
    ("aum", True): ("순자산이 큰", "larger than"), ("aum", False): ("순자산이 작은", "smaller than"),
    ("listed", True): ("늦게 상장한", "younger than"), ("listed", False): ("먼저 상장한", "older than"),
    ("premium", True): ("괴리율이 높은", "with a higher premium than"), ("premium", False): ("괴리율이 낮은", "with a lower premium than"),
    ("close", True): ("종가가 높은", "with a higher price than"), ("close", False): ("종가가 낮은", "with a lower price than"),
    ("nav", True): ("NAV가 높은", "with a higher NAV than"), ("nav", False): ("NAV가 낮은", "with a lower NAV than"),
}  # fmt: skip


def surpassed_etf(reader: Reader) -> Token | None:
    """The ETF that others are to surpass; None where the question sets none beside a list of ETFs."""
    etfs = reader.find("etf")
    if len(etfs) != 1 or etfs[0].negative or not reader.has("etf_word"):
        return None
    if reader.question.english:
        before = reader.before(etfs[0])
        than = before is not None and before.kind == "compare" and before.text == "than"
        return etfs[0] if than else None
    return etfs[0] if "보다" in etfs[0].particle else None


def surpass(reader: Reader, chosen: Selection, other: Token) -> None:
    """Keep the ETFs that surpass another; explains its words, which then order nothing else."""
    adjective = _adjective(reader, other)
    if adjective is None:
        raise Unclear(
            f"{other.value.name}보다 무엇이 어떤 ETF인지 알려 주세요. 예: {other.value.name}보다 보수가 싼 ETF",
            "Surpassing it in what?",
        )
    measure = _measure(reader, other, adjective)
    more = adjective.kind in ("big", "newest")
    sign = ">" if more else "<"
    expression = PROPERTIES.get(measure, f"e.{measure}")
    pattern = "(r:ETF)" if chosen.lines else "(e:ETF), (r:ETF)"
    chosen.match(
        pattern, f"r.code = {literal(other.value.key)} AND {expression} {sign} {expression.replace('e.', 'r.')}"
    )
    ko, en = _WORDS[measure, more]
    name = other.value.name
    chosen.words.insert(0, f"{en} {name}" if chosen.english else f"{name}보다 {ko}")
    chosen.surpassed = measure
    other.used = True
    for token in reader.tokens:
        # What compares with the other ETF is no order of the list.
        if token is adjective or token.kind == "compare":
            token.kind = "filler"
    chosen.by_listing = chosen.by_listing or measure == "listed"


def _adjective(reader: Reader, other: Token) -> Token | None:
    kinds = ("big", "small", "newest", "oldest")
    place = next(i for i, token in enumerate(reader.tokens) if token is other)
    if reader.question.english:
        return next((token for token in reversed(reader.tokens[:place]) if token.kind in kinds), None)
    return next((token for token in reader.tokens[place + 1 : place + 6] if token.kind in kinds), None)


def _measure(reader: Reader, other: Token, adjective: Token) -> str:
    """The measure between the other ETF and the adjective; by the adjective where none is named."""
    if adjective.kind in ("newest", "oldest"):
        return "listed"
    first, last = sorted((other.start, adjective.start))
    for token in reader.tokens:
        if first < token.start < last and token.kind in _MEASURES:
            return _MEASURES[token.kind]
    return "fee" if adjective.text.startswith(_CHEAP) else "aum"
