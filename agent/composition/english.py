"""An answer inside an English question: `the manager of the ETF that holds the most Samsung Electronics`."""

from __future__ import annotations

import re

from agent.composition.parts import Part, answered_names
from agent.composition.sub_questions import SubQuestions
from agent.given_names import GivenText
from agent.reading.plan import Plan, Reply, Steps
from agent.reading.question import Question
from agent.reading.tokens import Token
from agent.reading.vocabulary import load_vocabulary

_OPENING = re.compile(r"\b(?:of|manages|runs|issues|does|in|by|holds|hold|by)\s+(?=the\s)", re.IGNORECASE)
_CLOSING = re.compile(r"\s+(?:hold|own|charge|cost|track|follow|contain|invest in)\s*\??$", re.IGNORECASE)
_MEASURES = ("fee", "aum", "market_cap", "listed", "premium", "return", "rise", "fall", "weight", "volume", "cost")
_SUPERLATIVES = ("big", "small", "most", "rank_one", "best_word", "newest", "oldest")


def nested_in_english(asking: SubQuestions, question: Question) -> Plan | None:
    """The plan of the outer question around the answer of `the … ETF …` behind `of`, `manages`, `does`; None where there is none."""
    text = GivenText(question.text)
    for found in _OPENING.finditer(question.text):
        start = found.end()
        closing = _CLOSING.search(question.text) if found[0].lower().startswith("does") else None
        end = closing.start() if closing else len(question.text.rstrip("?. "))
        if not _is_whole(question, start, end):
            continue
        part = Part(start, end, "etf", 1, 0)
        inner = asking.inner.plan(text.cut(start, end))
        outer = asking.inner.plan(text.replaced(start, end, part.placeholders()))
        if inner is not None and outer is not None:
            return Plan("nested", lambda part=part, inner=inner: _steps(asking, text, part, inner))
    return None


def _is_whole(question: Question, start: int, end: int) -> bool:
    """Whether one ETF is meant inside, and something is asked outside."""
    inside = [token for token in question.tokens if start <= token.start and token.end <= end]
    outside = [token for token in question.tokens if token.end <= start or token.start >= end]
    content = [token for token in outside if token.kind not in load_vocabulary().light]
    kinds = {token.kind for token in inside}
    if any(token.kind == "quantity" for token in inside) or not content or _counts_etfs(question, inside):
        return False
    return (
        "etf_word" in kinds and bool(kinds & set(_SUPERLATIVES)) and not kinds & {"stock_word", "holdings", "manager"}
    )


def _counts_etfs(question: Question, inside: list[Token]) -> bool:
    """`runs the most active ETFs`: the greatest number of them, and not the ETF that is most so."""
    kinds = [token.kind for token in inside]
    if "most" not in kinds or set(kinds) & ({*_SUPERLATIVES, *_MEASURES} - {"most"}):
        return False
    behind = kinds[kinds.index("most") + 1 :]
    plural = any(token.kind == "etf_word" and token.text.lower().endswith("s") for token in inside)
    return plural and not set(behind) & {"hold", "stock"}


def _steps(asking: SubQuestions, text: GivenText, part: Part, inner: Plan) -> Steps:
    reply = yield from inner.steps()
    if reply.status != "answered":
        return reply
    phrase = text.text[part.start : part.end]
    found = answered_names(asking, part, phrase, reply, text.text)
    if isinstance(found, Reply):
        return found
    outer = asking.inner.plan(text.replaced(part.start, part.end, found))
    if outer is None:
        return Reply("I am not sure what is asked of it.", status="clarify")
    answer = yield from outer.steps()
    said = f"{phrase[0].upper()}{phrase[1:]}: **{found[0].name}**."
    return Reply(f"{said} {answer.text}", [*answer.tables, *reply.tables], answer.status, answer.suggestions)
