"""An answer inside a question: `삼성전자를 가장 많이 담은 ETF의 운용사는?` asks for the manager of another question's answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agent.composition.parts import Part, answered_names
from agent.composition.phrases import parts, starts
from agent.composition.sub_questions import SubQuestions
from agent.given_names import GivenText
from agent.reading import wording
from agent.reading.plan import Plan, Reply, Steps
from agent.reading.question import Question, Subject
from agent.reading.tokens import Piece

_JOINT = re.compile(r"(?:들)?(?:과|와|이랑|랑|하고)\s|\s*,\s*|\s+vs\.?\s+")
_OTHERS = re.compile(r"다른\s*(?:ETF|이티에프|상품)(?:들)?", re.IGNORECASE)
_NAMES = ("etf", "stock", "company", "tag", "index")
_OWN = (
    *_NAMES,
    "fee",
    "aum",
    "market_cap",
    "listed",
    "premium",
    "return",
    "weight",
    "concentration",
    "rise",
    "fall",
    "hold",
)
_FEW = 3


def nested(asking: SubQuestions, question: Question) -> Plan | None:
    """The plan of a question around the answer of another, where a particle joins them."""
    if question.english:
        from agent.composition.english import nested_in_english

        return nested_in_english(asking, question)
    return _nested(asking, question, loosely=False)


def nested_loosely(asking: SubQuestions, question: Question) -> Plan | None:
    """The same where the inner question is the topic of the outer one: `가장 비싼 ETF는 어디 거야?`."""
    return None if question.english else _nested(asking, question, loosely=True)


def _nested(asking: SubQuestions, question: Question, *, loosely: bool) -> Plan | None:
    for start in starts(question):
        for part in parts(question, start, loosely):
            plan = _around(asking, question, [part])
            if plan is not None:
                return plan
    return None


def _around(asking: SubQuestions, question: Question, inner: list[Part]) -> Plan | None:
    """The plan of the outer question, once the inner ones are read and the outer one is readable with any name for theirs."""
    part = inner[-1]
    if _JOINT.match(question.text, part.end):
        for other in parts(question, part.last + 1, False):
            plan = _around(asking, question, [*inner, other])
            if plan is not None:
                return plan
    text = _without_itself(_given(question), question, inner)
    plans = [asking.inner.plan(_asked(text, question, inner, one)) for one in inner]
    if any(plan is None for plan in plans):
        return None
    for wanted in _ways(inner):
        if asking.inner.plan(_filled(text, wanted, [one.placeholders() for one in wanted])) is not None:
            return _plan(asking, text, wanted, [plan for plan in plans if plan])
    return None


def _plan(asking: SubQuestions, text: GivenText, inner: list[Part], plans: list[Plan]) -> Plan:
    return Plan("nested", lambda: _steps(asking, text, inner, plans))


def _ways(inner: list[Part]) -> list[list[Part]]:
    """A few ETFs are one set to choose from, or so many names: `… ETF 2개는 얼마나 겹쳐?`."""
    if len(inner) == 1 and inner[0].kind == "etf" and 1 < inner[0].count <= _FEW:
        return [inner, [replace(inner[0], by_name=True)]]
    return [inner]


def _asked(text: GivenText, question: Question, inner: Sequence[Part], part: Part) -> GivenText:
    """An inner question; `두 번째로 큰 ETF` beside `순자산이 가장 큰 ETF` is asked with the words of the first."""
    own = text.cut(part.start, part.end)
    if part is inner[0]:
        return own
    tokens = [token for token in question.tokens if part.start <= token.start and token.end <= part.end]
    first = [token for token in question.tokens if inner[0].start <= token.start and token.end <= inner[0].end]
    place = next((token for token in tokens if token.kind == "quantity" and token.value.kind == "rank"), None)
    most = next((token for token in first if token.kind == "most"), None)
    if place is None or most is None or any(token.kind in (*_NAMES, *_OWN[5:-1]) for token in tokens):
        return own
    start = inner[0].start
    return text.cut(start, inner[0].end).replaced(most.start - start, most.end - start, place.text + place.particle)


def _given(question: Question) -> GivenText:
    """The question's text; names that were given to it stay given."""
    given = [
        Piece(token.start, token.end, token.kind, token.value, 0.02)
        for token in question.tokens
        if isinstance(token.value, Subject) and token.value.source == "given"
    ]
    return GivenText(question.text, tuple(given))


def _without_itself(text: GivenText, question: Question, inner: Sequence[Part]) -> GivenText:
    """`KODEX 200의 운용사의 다른 ETF`: all but the ETF by which the manager is named."""
    found = _OTHERS.search(text.text, inner[-1].end)
    named = [token.value for token in question.tokens if token.kind == "etf" and token.end <= inner[-1].end]
    if found is None or len(named) != 1 or inner[-1].kind == "etf":
        return text
    words = f"{named[0].name} 아닌"
    left_out = Subject("etf_left_out", named[0].keys, f"{named[0].name} 제외", words, "given")
    text = text.replaced(found.start(), found.end(), "□ ETF")
    return text.replaced(found.start(), found.start() + 1, [left_out])


def _filled(text: GivenText, inner: Sequence[Part], found: Sequence[Sequence[Subject]]) -> GivenText:
    for part, subjects in sorted(zip(inner, found, strict=True), key=lambda pair: -pair[0].start):
        text = text.replaced(part.start, part.end, subjects)
    return text


def _steps(asking: SubQuestions, text: GivenText, inner: list[Part], plans: list[Plan]) -> Steps:
    found, tables, said = [], [], []
    for part, plan in zip(inner, plans, strict=True):
        phrase = text.text[part.start : part.end]
        reply = yield from plan.steps()
        if reply.status != "answered":
            return reply
        subjects = answered_names(asking, part, phrase, reply, text.text)
        if isinstance(subjects, Reply):
            return subjects
        found.append(subjects)
        tables += reply.tables
        said.append(_told(phrase, subjects))
    outer = asking.inner.plan(_filled(text, inner, found))
    if outer is None:
        return Reply(f"{' '.join(said)} 그다음 질문은 이해하지 못했습니다. 나누어서 물어봐 주세요.", status="clarify")
    reply = yield from outer.steps()
    return Reply(" ".join([*said, reply.text]), [*reply.tables, *tables], reply.status, reply.suggestions)


def _told(phrase: str, subjects: Sequence[Subject]) -> str:
    if subjects[0].kind == "etf_set":
        return f"‘{phrase}’ {len(subjects[0].keys)}개를 찾았습니다."
    names = ", ".join(subject.name for subject in subjects)
    return f"‘{phrase}’{wording.with_particle(phrase, '은는')[len(phrase) :]} **{names}**입니다."
