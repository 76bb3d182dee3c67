"""Two questions side by side in one sentence: `A를 가장 많이 담은 ETF와 B를 가장 많이 담은 ETF`, `… 몇 개고 그중 … 몇 개야?`.

Each half is answered by itself. Where the shape is certain and a half is not clear, that is asked back: no half is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce

from agent.composition.sequence import at_a_count, one_after_the_other
from agent.composition.sub_questions import SubQuestions
from agent.given_names import GivenText
from agent.reading.plan import Plan, Reply, Steps
from agent.reading.question import Question, Subject
from agent.reading.settling import FILTERS
from agent.reading.tokens import Token
from agent.reading.vocabulary import load_vocabulary

_JOINT = re.compile(r"(?:들)?(?:와|과|이랑|랑|하고)\s+|(?:들)?\s*,\s*(?:그리고\s*)?|\s+(?:그리고|및)\s+")
_THING = re.compile(r"(?:\s+(?:것|거|건|상품))(?:와|과|이랑|랑|하고)\s+")
_AMONG = re.compile(r"(?:중에서?|중에|중|가운데에?서?)\s")
_NAMES = ("etf", "stock", "company", "tag", "index")
_MEASURES = (
    "fee", "aum", "market_cap", "listed", "manager", "index_word", "price", "nav", "premium", "return", "volume", "stock_count",
)  # fmt: skip
_SUPERLATIVES = ("most", "rank_one", "best_word")
# Words behind the last half that ask of neither.
_ENDINGS = ("what", "list", "where", "exist", "both", "how_much", "greeting")


def parallel(asking: SubQuestions, question: Question) -> Plan | None:
    """The plan that answers both halves; None where the sentence is no such pair."""
    if question.english:
        return None
    return at_a_count(asking, question) or _side_by_side(asking, question) or _of_each(asking, question)


def _side_by_side(asking: SubQuestions, question: Question) -> Plan | None:
    """Two superlatives, each with its own head, and nothing asked of both."""
    if sum(map(_is_superlative, question.tokens)) < 2:
        return None
    for index, token in enumerate(question.tokens[:-1]):
        end = _joint_end(question, token)
        left, right = question.tokens[: index + 1], question.tokens[index + 1 :]
        if end is None or not any(map(_is_superlative, left)) or not any(map(_is_superlative, right)):
            continue
        if _ends_alike(token, right):
            return _halves(asking, question, left, right, end)
    return None


_EACH = re.compile(r"각각\s*|각기\s*|따로따로\s*")


def _of_each(asking: SubQuestions, question: Question) -> Plan | None:
    """`삼성전자와 현대차를 각각 가장 많이 담은 ETF`: one ETF for each of the stocks, and none that holds both."""
    stocks = [token for token in question.tokens if token.kind == "stock" and not token.negative]
    each = _EACH.search(question.text)
    if each is None or not 1 < len(stocks) <= _MOST_HALVES or not any(map(_is_superlative, question.tokens)):
        return None
    between = [t for t in question.tokens if stocks[0].start < t.start < stocks[-1].start and t.kind != "stock"]
    if between or each.start() < stocks[-1].end or any(t.kind in ("etf", "overlap") for t in question.tokens):
        return None
    text = GivenText(question.text[: each.start()] + question.text[each.end() :])
    plans = []
    for stock in stocks:
        value = stock.value
        own = Subject(value.kind, value.keys, value.name, value.name, value.source)
        plan = asking.inner.plan(text.replaced(stocks[0].start, stocks[-1].end, [own]))
        if plan is None:
            return None
        plans.append(plan)
    return reduce(one_after_the_other, plans)


# Stocks that are asked of one by one.
_MOST_HALVES = 5


def _is_superlative(token: Token) -> bool:
    place = token.kind == "quantity" and token.value.kind == "rank"
    return token.kind in _SUPERLATIVES or place or (token.kind == "recent" and token.text.startswith(("가장", "제일")))


def _joint_end(question: Question, token: Token) -> int | None:
    """Where the second half begins, if a token ends the first."""
    thing = _THING.match(question.text, token.end)
    if thing is not None:
        return thing.end()
    joint = _JOINT.match(question.text, token.end) if token.kind in ("etf_word", *_MEASURES) else None
    return None if joint is None else joint.end()


def _ends_alike(head: Token, right: Sequence[Token]) -> bool:
    """Whether the second half ends as the first: with ETFs, or with the same kind of figure of them."""
    light = load_vocabulary().light
    said = [token for token in right if token.kind not in (*light, "filler", *_ENDINGS) or token.kind == "etf_word"]
    if not said or any(token.kind == "compare" for token in said):
        return False
    if head.kind in _MEASURES and any(token.kind == "etf_word" for token in right) and said[-1].kind in _MEASURES:
        return True
    if head.kind == "etf_word" and said[-1].kind != "etf_word":
        return False
    return said[-1].kind in ("etf_word", "newest", "oldest", "big", "small", "hold", "listed")


def _halves(
    asking: SubQuestions, question: Question, left: Sequence[Token], right: Sequence[Token], end: int
) -> Plan | None:
    text = GivenText(question.text)
    first = text.cut(0, left[-1].end)
    thing = _THING.match(question.text, left[-1].end)
    if thing is not None:
        first = GivenText(f"{first.text} 것")
    second = _second(question, left, right, end)
    if second is None:
        return _asked_back(first.text, question.text[end:])
    plans = [asking.inner.plan(first), asking.inner.plan(GivenText(second))]
    if plans[0] is None or plans[1] is None:
        return _asked_back(first.text, second)
    return one_after_the_other(plans[0], plans[1])


def _second(question: Question, left: Sequence[Token], right: Sequence[Token], end: int) -> str | None:
    """The second half with what it shares with the first; None where it is not clear whether it shares anything."""
    own = question.text[end:]
    among = _AMONG.search(question.text, 0, left[-1].end)
    named = any(token.kind in _NAMES for token in right)
    if among is not None and not _AMONG.search(own):
        return question.text[: among.end()] + own
    if named:
        return own
    if any(token.kind in _MEASURES for token in right):
        return None if any(token.kind in (*_NAMES, *FILTERS) for token in left) else own
    start = next(token.start for token in left if _is_superlative(token))
    return question.text[:start] + own


def _asked_back(first: str, second: str) -> Plan:
    """Say that two things were asked, and offer each."""

    def steps() -> Steps:
        yield from ()
        return Reply(
            "두 가지를 함께 물으셨는데, 한쪽의 뜻이 분명하지 않습니다. 하나씩 나누어 물어봐 주세요.",
            status="clarify",
            suggestions=[first, second],
        )

    return Plan("clarify_halves", steps)
