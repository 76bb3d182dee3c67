"""Where a question names another question's answer: `삼성전자를 가장 많이 담은 ETF` in `삼성전자를 가장 많이 담은 ETF의 운용사는?`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from agent.composition.parts import Part, ranked_by
from agent.reading.holdings import TOP
from agent.reading.question import Question
from agent.reading.tokens import Token
from agent.reading.vocabulary import load_vocabulary

_HEADS = {
    "etf_word": "etf", "stock_word": "stock", "holdings": "stock", "manager": "company", "tag_word": "tag", "index_word": "index",
}  # fmt: skip
_SUPERLATIVES = ("most", "rank_one", "best_word", "newest", "oldest")
_MEASURES = (
    "fee", "aum", "market_cap", "listed", "manager", "index_word", "price", "nav", "premium", "return", "volume", "isin", "code",
    "replication", "asset_class", "leverage_type", "stock_count", "holdings", "concentration",
)  # fmt: skip
_STRONG = re.compile(r"(?:들)?(?:의|을|를|이|가|에서|에|과|와|이랑|랑|하고)(?=\s|$|도|만|의)")
_TOGETHER = re.compile(r"(?:들)?(?:과|와|이랑|랑|하고)$")
_AMONG = re.compile(r"\s*(?:들)?\s*(?:중|가운데)")
_NAMES = ("etf", "stock", "company", "tag", "index")
_THING = re.compile(r"(?<=[가-힣]) (?:것|거|상품)(?=의|이 |가 |을 |를 | )")
_MOST_NAMED = 5


def starts(question: Question) -> Iterator[int]:
    """Where an inner question may begin: with the sentence, or behind a name that it is compared with."""
    yield 0
    first = question.tokens[0] if question.tokens else None
    if first is not None and first.kind in _NAMES and _TOGETHER.search(first.particle):
        yield 1


def parts(question: Question, start: int, loosely: bool) -> Iterator[Part]:
    tokens = question.tokens
    for index in range(start, len(tokens)):
        kind, end = _HEADS.get(tokens[index].kind), tokens[index].end
        if kind is None and _ends_with_thing(question, index):
            kind, end = "etf", _thing_end(question, index)
        elif kind is None and _ends_with_a_count(question, start, index):
            kind = "etf"
        if kind is None:
            continue
        last = index
        if index + 1 < len(tokens) and not tokens[index].particle and _is_count(tokens[index + 1]):
            last, end = index + 1, tokens[index + 1].end
        part = _part(question, start, last, end, kind)
        if part is not None and _joins(question, part, loosely, compared=start > 0):
            yield part


def _ends_with_thing(question: Question, index: int) -> bool:
    token = question.tokens[index]
    return (
        token.kind in ("big", "small", "newest", "oldest", "hold", "listed")
        and _THING.match(question.text, token.end) is not None
    )


def _ends_with_a_count(question: Question, start: int, index: int) -> bool:
    """`… ETF 중 순자산 상위 3개의`: the number stands for so many of the ETFs."""
    token, before = question.tokens[index], question.tokens[start:index]
    kinds = {other.kind for other in before}
    if not _is_count(token) or "종목" in token.text or "etf_word" not in kinds or before[-1].kind == "etf_word":
        return False
    among = next(other for other in before if other.kind == "etf_word")
    return _AMONG.match(question.text, among.end) is not None and not kinds & {"stock_word", "holdings"}


def _thing_end(question: Question, index: int) -> int:
    found = _THING.match(question.text, question.tokens[index].end)
    assert found is not None
    return found.end()


def _is_count(token: Token) -> bool:
    return token.kind == "quantity" and token.value.kind in ("count", "number") and not token.value.operator


def _part(question: Question, start: int, last: int, end: int, kind: str) -> Part | None:
    inner = question.tokens[start : last + 1]
    rest = question.tokens[last + 1 :]
    content = [token for token in rest if token.kind not in load_vocabulary().light and token.kind != "filler"]
    kinds = {token.kind for token in inner}
    if not content or (kinds & {"good", "bad", "ask_advice"} and not kinds & {"return", "rise", "fall"}):
        # The best of what is a matter of opinion.
        return None
    if "similar" in kinds and all(token.kind in ("overlap", "together") for token in content):
        # `비슷한 ETF 3개를 중복도와 함께`: how similar they are belongs to the list itself.
        return None
    counts = [token for token in inner if _is_count(token) and token is not question.tokens[start]]
    counts += [token for token in inner[:1] if _is_count(token)]
    head = inner[-1] if not _is_count(inner[-1]) or len(inner) < 2 else inner[-2]
    before = inner[inner.index(head) - 1] if inner.index(head) else None
    counted = before is not None and before.kind in ("big", "small") and before.text[0] in "많적"
    if head.kind in _HEADS and counted and not any(token.kind == "etf_word" for token in inner[:-1]):
        # `가장 많은 ETF가 담은 종목`: a number of ETFs, and no ETF.
        return None
    count = (
        int(counts[-1].value.value) if counts and kind == "etf" and not _counts_holdings(inner, counts[-1]) else None
    )
    asked = any(token.kind in _SUPERLATIVES or _is_place(token) or _is_latest(token) for token in inner)
    if kind == "stock" and counts:
        count = int(counts[-1].value.value)
    related = _is_related(inner, head, rest)
    if kind == "etf" and count is None and not asked and any(token.kind == "similar" for token in inner):
        count = TOP
    if not (asked or count or related) or ((count or 0) > _MOST_NAMED and kind != "etf"):
        return None
    number = 1 if related and not asked else count or 1
    return Part(question.tokens[start].start, end, kind, number, last, ranked_by(inner))


def _counts_holdings(inner: Sequence[Token], count: Token) -> bool:
    """`상위 10종목 비중 합이 큰 ETF`: the number counts stocks."""
    position = inner.index(count)
    behind = inner[position + 1] if position + 1 < len(inner) else None
    return "종목" in count.text or (behind is not None and behind.kind in ("stock_word", "holdings"))


def _is_place(token: Token) -> bool:
    return token.kind == "quantity" and token.value.kind == "rank"


def _is_latest(token: Token) -> bool:
    return token.kind == "recent" and token.text.startswith(("가장", "제일"))


def _is_related(inner: Sequence[Token], head: Token, rest: Sequence[Token]) -> bool:
    """`KODEX 200의 운용사`: the one manager or index of one ETF, of which more ETFs are asked for."""
    names = [token for token in inner if token.kind in _NAMES]
    if head.kind not in ("manager", "index_word") or [token.kind for token in names] != ["etf"] or len(inner) > 3:
        return False
    return any(token.kind in ("etf_word", "etf_held") for token in rest)


def _joins(question: Question, part: Part, loosely: bool, *, compared: bool) -> bool:
    behind = question.text[part.end :]
    if _AMONG.match(behind):
        return (part.count > 1 or compared) and not loosely
    found = _STRONG.match(behind)
    if found:
        return not loosely
    if re.match(r"(?:들)?(?:은|는|도)(?=\s)", behind):
        return loosely or compared or question.tokens[part.last].kind in ("manager", "index_word")
    following = [token.kind for token in question.tokens[part.last + 1 : part.last + 3]]
    first_of = following[0] in ("most", "main") and following[-1] in ("stock_word", "holdings")
    return not loosely and part.kind in ("etf", "company") and (following[0] in _MEASURES or first_of)
