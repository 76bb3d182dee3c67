"""Two questions in one sentence: `KODEX 200 보수는 얼마고 상위 종목은 뭐야?`. Each is answered, the later ones about the same names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.composition.parts import Part, answered_names
from agent.composition.sub_questions import SubQuestions
from agent.follow_up.words import is_names_only, reference
from agent.given_names import GivenText
from agent.reading.plan import Plan, Reply, Steps
from agent.reading.question import Question, Subject

_POINTING = re.compile(r"[,.?]\s*(?:그리고\s*)?(?:그중|그 중|이 중|이중|걔네|그것들)")
_NAMES = ("etf", "stock", "company", "tag", "index", "etf_set")
# A clause ends with what it asks: `얼마고`, `뭐고`. `담고`, `없고` join two conditions on one thing.
_ASKED = (
    r"(?:(?<=얼마)|(?<=뭐)|(?<=무엇)|(?<=어디)|(?<=누구)|(?<=언제)|(?<=개)|(?<=곳)|(?<=알려주)|(?<=보여주)|(?<=몇))"
)
_BETWEEN = re.compile(
    rf"{_ASKED}(?:이고|고|이며|며|인데|인지)(?=\s)[\s,]*(?:그리고\s*)?"
    r"|[?.]\s+(?:그리고\s*)?|,\s*(?:그리고\s*)?|\s+(?:그리고|및|하고|and|&)\s+"
    r"|(?<=[가-힣A-Za-z])(?:와|과|이랑|랑|하고)\s+"
)


def sequence(asking: SubQuestions, question: Question) -> Plan | None:
    """The plan that answers the parts of a sentence one after the other; None where a part is not clear by itself."""
    for left, right in _halves(question):
        plan = _both(asking, question, left, right)
        if plan is not None:
            return plan
    return None


def _halves(question: Question) -> Iterator[tuple[GivenText, GivenText]]:
    text = GivenText(question.text)
    names = [(token.start, token.end) for token in question.tokens if token.is_entity]
    for found in _BETWEEN.finditer(question.text):
        if any(start < found.end() and found.start() < end for start, end in names):
            continue
        left, right = text.cut(0, found.start()), text.cut(found.end(), len(question.text))
        if left.text and right.text:
            yield left, right


def _both(asking: SubQuestions, question: Question, left: GivenText, right: GivenText) -> Plan | None:
    inner = asking.inner
    first = None if is_names_only(inner.understand(left)) else inner.plan(left)
    if first is None or is_names_only(inner.understand(right)):
        # `KODEX 200, TIGER 200의 보수`: names side by side are no two questions.
        return None
    pointing = reference(inner.understand(right))
    if pointing is not None:
        second = _pointing_back(inner, left, right, first)
        return one_after_the_other(first, second) if second else None
    names = [token for token in inner.understand(left).tokens if token.kind in _NAMES]
    if any(token.kind in _NAMES for token in inner.understand(right).tokens):
        second = inner.plan(right)
        return one_after_the_other(first, second) if second else None
    etfs: list[Subject] = [token.value for token in names if token.kind == "etf" and not token.negative]
    if etfs and len(etfs) == len(names):
        second = inner.plan(_about(right, etfs, question.english))
        return one_after_the_other(first, second) if second else None
    return _about_the_answer(asking, question, left, right, first)


def _pointing_back(asking: SubQuestions, left: GivenText, right: GivenText, first: Plan) -> Plan | None:
    """`반도체 ETF 5개, 그중 순자산이 가장 큰 것은?`: the second part is a follow-up to the first."""
    from agent.follow_up.resolution import resolved
    from agent.follow_up.resolved import Resolved
    from agent.follow_up.turns import Turn

    turn = Turn(asking, left, asking.understand(left), first, lambda: None)
    found = resolved(asking, asking.understand(right), lambda: turn)
    return found.plan if isinstance(found, Resolved) else None


def pointing_back(asking: SubQuestions, question: Question) -> Plan | None:
    """The plan of a sentence whose second part says outright that it is about the first."""
    if question.english or not _POINTING.search(question.text):
        return None
    return sequence(asking, question)


# `… 몇 개고 …` and `… 갖고 있고 그중 …` end a question of their own, whatever a reading of the whole makes of the words.
_COUNT_JOINT = re.compile(
    r"(?<=개|곳|수)(?:이고|고|이며|며|인지랑|인지하고),?\s+(?:그리고\s*)?|(?<=있)(?:고|으며),?\s+(?=(?:그|이)\s?중)"
)
_COUNTS = re.compile(r"몇\s*(?:개|곳|종목|종)")


def at_a_count(asking: SubQuestions, question: Question) -> Plan | None:
    """The plan of `삼성전자 10% 이상 담은 ETF는 몇 개이고 20% 이상은 몇 개야?`: a number and what is asked beside it."""
    for found in _COUNT_JOINT.finditer(question.text):
        left = question.text[: found.start()]
        if not _COUNTS.search(left):
            continue
        right = re.sub(r"^(?:그|이)\s?중(?:에서?|에는?|엔)?\s*", "", question.text[found.end() :])
        first = GivenText(left + ("는지" if left.endswith("있") else "야"))
        inner = asking.inner
        one = inner.plan(first)
        if one is None:
            return None
        other = _pointing_back(inner, first, GivenText(right), one) or _of_the_same(inner, first, right)
        return one_after_the_other(one, other) if other else _unclear_half(left, right)
    return None


def _of_the_same(asking: SubQuestions, first: GivenText, right: str) -> Plan | None:
    """`5% 넘는 건 몇 개야` of the ETFs that hold a stock."""
    stocks = [token for token in asking.understand(first).tokens if token.kind == "stock"]
    tokens = asking.understand(right).tokens
    if len(stocks) != 1 or any(token.kind in _NAMES for token in tokens):
        return None
    held = "" if any(token.kind == "hold" for token in tokens) else "담은 "
    own = (
        re.sub(r"(?:넘는|넘게|초과인|이상인|미만인|이하인)\s*(?:건|것은|거는|것|거)?", _bound, right) if held else right
    )
    subject = stocks[0].value
    name = Subject(subject.kind, subject.keys, subject.name, subject.name, subject.source)
    return asking.plan(GivenText(f"□을 {own}").replaced(0, 1, [name]))


def _bound(found: re.Match[str]) -> str:
    word = found[0].split()[0].removesuffix("인")
    return f"{'초과' if word.startswith('넘') else word} 담은 ETF는"


def _unclear_half(left: str, right: str) -> Plan:
    def steps() -> Steps:
        yield from ()
        text = "두 가지를 함께 물으셨는데, 뒤의 것이 분명하지 않습니다. 하나씩 나누어 물어봐 주세요."
        return Reply(text, status="clarify", suggestions=[left, right])

    return Plan("clarify_halves", steps)


def _about(text: GivenText, subjects: list[Subject], english: bool) -> GivenText:
    joint = "'s " if english else " "
    return GivenText(f"□{joint}{text.text}").replaced(
        0, 1, [Subject(s.kind, s.keys, s.name, s.name, s.source) for s in subjects]
    )


def one_after_the_other(first: Plan, second: Plan) -> Plan:
    """The plan that answers two questions and gives both answers."""

    def steps() -> Steps:
        one = yield from first.steps()
        other = yield from second.steps()
        status = one.status if one.status == other.status else "answered"
        return Reply(f"{one.text}\n\n{other.text}", [*one.tables, *other.tables], status)

    return Plan("sequence", steps)


def _about_the_answer(
    asking: SubQuestions, question: Question, left: GivenText, right: GivenText, first: Plan
) -> Plan | None:
    """`삼성전자를 가장 많이 담은 ETF는 뭐고 보수는 얼마야?`: the second part is about what the first one found."""
    kinds = {token.kind for token in asking.understand(left).tokens}
    if not kinds & {"most", "rank_one", "best_word", "newest", "oldest"} or "etf_word" not in kinds:
        return None
    if kinds & {"stock_word", "holdings", "manager", "quantity"}:
        return None
    if asking.inner.plan(_about(right, Part(0, 0, "etf", 1, 0).placeholders(), question.english)) is None:
        return None

    def steps() -> Steps:
        one = yield from first.steps()
        if one.status != "answered":
            return one
        found = answered_names(asking, Part(0, len(left.text), "etf", 1, 0), left.text, one)
        if isinstance(found, Reply):
            return found
        second = asking.inner.plan(_about(right, found, question.english))
        if second is None:
            return one
        other = yield from second.steps()
        return Reply(f"{one.text}\n\n{other.text}", [*one.tables, *other.tables])

    return Plan("sequence", steps)
