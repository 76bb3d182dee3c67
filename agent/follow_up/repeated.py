"""The last question asked again of something else, in words that say little: `하이닉스는 몇 개?`, `TIGER 꺼는 얼마야?`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from agent.composition.sub_questions import SubQuestions
from agent.follow_up.ellipsis import replacing
from agent.follow_up.resolved import AskBack, Resolved, resolved_as
from agent.follow_up.turns import Turn
from agent.follow_up.words import content, opening
from agent.given_names import GivenText
from agent.reading.question import Question, Subject
from agent.reading.tokens import Token

_MEASURES = (
    "fee", "cost", "aum", "market_cap", "listed", "premium", "price", "nav", "weight", "return", "volume", "stock_count", "concentration",
)  # fmt: skip
_NAMES = ("etf", "stock", "company")
# What a question that repeats the last one may say beside its names.
_ASKING = ("how_much", "count", "what", "filler", "pronoun", "how_is", *_MEASURES)


def by_repeating(
    asking: SubQuestions, question: Question, before: Callable[[], Turn | None]
) -> Resolved | AskBack | None:
    """The last question with this one's name for its own; None where this one asks something by itself."""
    start = opening(question.text)
    spoken = [token for token in question.tokens if token.start >= start]
    names = [token for token in spoken if token.kind in _NAMES]
    others = {token.kind for token in content(question) if token.kind not in (*_NAMES, "date")}
    asked = {token.kind for token in spoken if token.kind in _ASKING}
    if question.english or len(names) != 1 or others - {*_ASKING} or names[0].negative:
        return None
    name = names[0]
    if name.kind == "company":
        return _by_another_brand(asking, question, name, asked, before())
    if not asked & {"how_much", "count"} or asked & {*_MEASURES} or not _is_topic(question, name):
        return None
    turn = before()
    if turn is None or len(turn.named(name.kind)) != 1:
        return None
    theirs = {token.kind for token in turn.question.tokens}
    if not ("count" in asked & theirs or ("how_much" in asked and theirs & {*_MEASURES})):
        return None
    return replacing(asking, replace(question, tokens=[t for t in question.tokens if t.kind not in _ASKING]), turn)


def _is_topic(question: Question, name: Token) -> bool:
    return name.particle.startswith(("은", "는", "도")) or opening(question.text) > 0 or _is_owned(question, name)


def _is_owned(question: Question, name: Token) -> bool:
    """`TIGER 꺼`: the one of that brand."""
    return question.text[name.end :].lstrip().startswith(("꺼", "거", "것", "껀", "건"))


def _by_another_brand(
    asking: SubQuestions, question: Question, brand: Token, asked: set[str], turn: Turn | None
) -> Resolved | AskBack | None:
    """The ETF of the same name under another brand; asked back where there is none."""
    if turn is None or brand.value.source != "brand" or turn.named("company") or not _is_topic(question, brand):
        return None
    etfs = [token for token in turn.question.tokens if token.kind == "etf" and not token.negative]
    theirs = {token.kind for token in turn.question.tokens}
    if (
        len(etfs) != 1
        or (asked - {"how_much", "what", "filler", "pronoun", "how_is"}) - theirs
        or " " not in etfs[0].value.name
    ):
        return None
    rest = etfs[0].value.name.split(" ", 1)[1]
    found = [named for named in asking.names.find(f"{brand.text} {rest}") if named.kind == "etf"]
    if len({named.key for named in found}) == 1:
        other = Subject("etf", (found[0].key,), found[0].name, found[0].name)
        return resolved_as(asking, turn.text.replaced(etfs[0].start, etfs[0].end, [other]))
    if not asked & {"how_much", *_MEASURES} and not _is_owned(question, brand):
        return None
    behind = turn.text.text[etfs[0].end :]
    offered = [f"{brand.text} ETF 중 이름에 {rest} 들어간 것", f"{etfs[0].value.name}{behind}"]
    plans = tuple(text for text in offered if asking.plan(GivenText(text)) is not None)
    return AskBack(
        f"‘{brand.text} {rest}’라는 이름의 ETF는 자료에 없습니다. 어느 ETF를 말하는지 이름으로 물어봐 주세요.", plans
    )
