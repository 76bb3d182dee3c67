"""An answer inside a question: `삼성전자를 가장 많이 담은 ETF의 운용사는?` asks for the manager of another question's answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from agent.compositions_parts import Part, answered_names
from agent.given_names import GivenText
from agent.reading import wording
from agent.reading.holdings import TOP
from agent.reading.plan import Plan, Reply, Steps
from agent.reading.question import Question, Subject
from agent.reading.tokens import Token
from agent.reading.vocabulary import load_vocabulary
from agent.sub_questions import SubQuestions

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
_THING = re.compile(r"(?<=[가-힣]) (?:것|거|상품)(?=의|이 |가 |을 |를 )")
_MOST_NAMED = 5


def nested(asking: SubQuestions, question: Question) -> Plan | None:
    """The plan of a question around the answer of another, where a particle joins them."""
    if question.english:
        from agent.compositions_english import nested_in_english

        return nested_in_english(asking, question)
    return _nested(asking, question, loosely=False)


def nested_loosely(asking: SubQuestions, question: Question) -> Plan | None:
    """The same where the inner question is the topic of the outer one: `가장 비싼 ETF는 어디 거야?`."""
    return None if question.english else _nested(asking, question, loosely=True)


def _nested(asking: SubQuestions, question: Question, *, loosely: bool) -> Plan | None:
    for start in _starts(question):
        for part in _parts(question, start, loosely):
            plan = _around(asking, question, [part])
            if plan is not None:
                return plan
    return None


def _starts(question: Question) -> Iterator[int]:
    """Where an inner question may begin: with the sentence, or behind a name that it is compared with."""
    yield 0
    first = question.tokens[0] if question.tokens else None
    if first is not None and first.kind in _NAMES and _TOGETHER.search(first.particle):
        yield 1


def _parts(question: Question, start: int, loosely: bool) -> Iterator[Part]:
    tokens = question.tokens
    for index in range(start, len(tokens)):
        kind = _HEADS.get(tokens[index].kind)
        if kind is None:
            kind = "etf" if _ends_with_thing(question, index) else None
            end = _thing_end(question, index) if kind else 0
        else:
            end = tokens[index].end
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
    return token.kind in ("big", "small", "newest", "oldest") and _THING.match(question.text, token.end) is not None


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
    if not content:
        return None
    counts = [token for token in inner if _is_count(token) and token is not question.tokens[start]]
    counts += [token for token in inner[:1] if _is_count(token)]
    head = inner[-1] if not _is_count(inner[-1]) else inner[-2]
    before = inner[inner.index(head) - 1] if inner.index(head) else None
    if head.kind in _HEADS and before is not None and before.kind in ("big", "small") and before.text[0] in "많적":
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
    return Part(question.tokens[start].start, end, kind, 1 if related and not asked else count or 1, last)


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
        return loosely or question.tokens[part.last].kind in ("manager", "index_word")
    following = question.tokens[part.last + 1]
    return not loosely and part.kind in ("etf", "company") and following.kind in _MEASURES


def _around(asking: SubQuestions, question: Question, parts: list[Part]) -> Plan | None:
    """The plan of the outer question, once the inner ones are read and the outer one is readable with any name for theirs."""
    part = parts[-1]
    behind = question.text[part.end :]
    joint = re.match(r"(?:들)?(?:과|와|이랑|랑|하고)\s|\s*,\s*|\s+vs\.?\s+", behind)
    if joint:
        for other in _parts(question, part.last + 1, False):
            plan = _around(asking, question, [*parts, other])
            if plan is not None:
                return plan
    text = _given(asking, question)
    inner = [asking.inner.plan(text.cut(one.start, one.end)) for one in parts]
    if any(plan is None for plan in inner):
        return None
    if asking.inner.plan(_filled(text, parts, [one.placeholders() for one in parts])) is None:
        return None
    words = [question.text[one.start : one.end] for one in parts]
    return Plan("nested", lambda: _steps(asking, text, parts, words, [plan for plan in inner if plan]))


def _given(asking: SubQuestions, question: Question) -> GivenText:
    """The question's text; names that were given to it stay given."""
    from agent.reading.tokens import Piece

    given = [
        Piece(token.start, token.end, token.kind, token.value, 0.02)
        for token in question.tokens
        if isinstance(token.value, Subject) and token.value.source == "given"
    ]
    return GivenText(question.text, tuple(given))


def _filled(text: GivenText, parts: Sequence[Part], found: Sequence[Sequence[Subject]]) -> GivenText:
    for part, subjects in sorted(zip(parts, found, strict=True), key=lambda pair: -pair[0].start):
        text = text.replaced(part.start, part.end, subjects)
    return text


def _steps(asking: SubQuestions, text: GivenText, parts: list[Part], words: list[str], inner: list[Plan]) -> Steps:
    found, tables, said = [], [], []
    for part, phrase, plan in zip(parts, words, inner, strict=True):
        reply = yield from plan.steps()
        if reply.status != "answered":
            return reply
        subjects = answered_names(asking, part, phrase, reply)
        if isinstance(subjects, Reply):
            return subjects
        found.append(subjects)
        tables += reply.tables
        said.append(_told(phrase, subjects))
    outer = asking.inner.plan(_filled(text, parts, found))
    if outer is None:
        return Reply(f"{' '.join(said)} 그다음 질문은 이해하지 못했습니다. 나누어서 물어봐 주세요.", status="clarify")
    reply = yield from outer.steps()
    return Reply(" ".join([*said, reply.text]), [*reply.tables, *tables], reply.status, reply.suggestions)


def _told(phrase: str, subjects: Sequence[Subject]) -> str:
    if subjects[0].kind == "etf_set":
        return f"‘{phrase}’ {len(subjects[0].keys)}개를 찾았습니다."
    names = ", ".join(subject.name for subject in subjects)
    return f"‘{phrase}’{wording.with_particle(phrase, '은는')[len(phrase) :]} **{names}**입니다."
