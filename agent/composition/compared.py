"""Two answers compared: `삼성자산운용과 미래에셋 중 ETF가 더 많은 곳은?` asks the same of each name and sets the answers side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.answer import Table
from agent.composition.sub_questions import SubQuestions
from agent.given_names import GivenText
from agent.reading import wording
from agent.reading.plan import Plan, Reply, Steps
from agent.reading.question import Question, Subject
from agent.reading.settling import FILTERS
from agent.reading.tokens import Token
from agent.reading.vocabulary import load_vocabulary

_KINDS = ("company", "tag", "stock", "index")
_TOGETHER = re.compile(r"(?:과|와|이랑|랑|하고|이나|나)$")
_EXPLAINED = (
    "compare", "big", "small", "most", "where", "etf_word", "count", "manage", "manager", "tag_word", "index_word", "average", "sum", "fee", "aum",
    "market_cap", "hold", "stock_word", "either", "what", "exist", "track", "cost", "together", *FILTERS,
)  # fmt: skip


@dataclass(frozen=True)
class _Measure:
    """What is asked of each name: the question's words, the column of its answer, and how the figure is said."""

    asked: str
    column: str
    title: str
    more: str
    less: str

    def said(self, value: float) -> str:
        if self.column == "평균":
            return wording.fee(value)
        return wording.krw(value) if self.column == "합" else f"{value:,.0f}개"


_COUNT = _Measure("ETF는 몇 개야?", "ETF 수", "ETF 수", "ETF가 더 많은", "ETF가 더 적은")
_HELD = _Measure("담은 ETF는 몇 개야?", "ETF 수", "담은 ETF 수", "더 많은 ETF가 담은", "더 적은 ETF가 담은")
_FEE = _Measure("ETF의 평균 보수는?", "평균", "평균 총보수(연 %)", "평균 보수가 더 높은", "평균 보수가 더 낮은")
_AUM = _Measure("ETF의 순자산 합계는?", "합", "순자산 합계(원)", "순자산 합계가 더 큰", "순자산 합계가 더 작은")


def compared(asking: SubQuestions, question: Question) -> Plan | None:
    """The plan of a comparison of managers, themes, indexes or stocks; None for other questions."""
    names = _compared_names(question)
    if question.english or len(names) < 2:
        return None
    kinds = {token.kind for token in question.tokens}
    up, down = "big" in kinds, "small" in kinds
    if up == down or _unexplained(question, names) or not _compares(question, names) or _asks_for_etfs(question):
        return None
    measure = _measure(kinds, names[0].kind)
    if measure is None or (measure in (_FEE, _AUM) and not _asks_for_a_group(question)):
        return None
    subjects = [token.value for token in names]
    plans = [asking.inner.plan(_asked_of(question, subject, names, measure)) for subject in subjects]
    if any(plan is None for plan in plans):
        return None
    return Plan("compared", lambda: _steps(subjects, [plan for plan in plans if plan], measure, up))


_AMONG = re.compile(r"\s*(?:ETF\s*)?(?:중|가운데|중에서?)", re.IGNORECASE)


def _compares(question: Question, names: Sequence[Token]) -> bool:
    """`A와 B 중 더 …`, `A, B, C 중 제일 …`, `A가 많아 B가 많아?`."""
    kinds = {token.kind for token in question.tokens}
    if "compare" in kinds or _is_asked_of_each(question):
        return True
    last = max(token.end for token in names)
    return "most" in kinds and _asks_for_a_group(question) and _AMONG.match(question.text, last) is not None


def _asks_for_a_group(question: Question) -> bool:
    """`… 가장 싼 쪽은?` asks for one of the groups, `… 가장 싼 것은?` for one of their ETFs."""
    kinds = {token.kind for token in question.tokens}
    spoken = kinds & {"where", "manager", "tag_word", "index_word", "stock_word", "average", "sum"}
    return bool(spoken) or re.search(r"(?:쪽|곳)(?:은|이|을|의)?\s*[가-힣\s]*\?*$", question.text) is not None


def _is_asked_of_each(question: Question) -> bool:
    said = [token.kind for token in question.tokens if token.kind != "compare"]
    half = len(said) // 2
    return half > 1 and said[:half] == said[half:] and said[-1] in ("big", "small")


def _asks_for_etfs(question: Question) -> bool:
    """`… 중 보수가 더 싼 ETF는?` asks for an ETF of either."""
    said = [token for token in question.tokens if token.kind not in ("what", "exist", "list", "filler")]
    return said[-1].kind == "etf_word"


def _compared_names(question: Question) -> list[Token]:
    """The names of one kind that stand together at the beginning."""
    tokens = question.tokens
    if not tokens or tokens[0].kind not in _KINDS or any(token.kind in ("etf", "date", "quantity") for token in tokens):
        return []
    if _is_asked_of_each(question):
        return [token for token in tokens if token.kind == tokens[0].kind]
    found = [tokens[0]]
    for token in tokens[1:]:
        if token.kind == "etf_word" and not _TOGETHER.search(found[-1].particle):
            # `반도체 ETF와 2차전지 ETF 중`
            found[-1] = found[-1] if not _TOGETHER.search(token.particle) else _with_particle(found[-1], token.particle)
            continue
        joined = _TOGETHER.search(found[-1].particle) or question.text[found[-1].end : token.start].strip() in (
            ",",
            "vs",
            "vs.",
        )
        if token.kind != tokens[0].kind or not joined or token.negative:
            break
        found.append(token)
    return found


def _with_particle(token: Token, particle: str) -> Token:
    return Token(token.start, token.end, token.kind, token.text, token.value, particle)


def _unexplained(question: Question, names: Sequence[Token]) -> bool:
    light = load_vocabulary().light
    places = {token.start for token in names}
    others = [token for token in question.tokens if token.start not in places]
    if any(token.negative for token in others):
        return True
    explained = (*_EXPLAINED, *(("tag",) if names[0].kind != "tag" else ()))
    return any(token.kind not in light and token.kind not in explained for token in others)


def _measure(kinds: set[str], kind: str) -> _Measure | None:
    if kind == "stock":
        return _HELD if "hold" in kinds and not kinds & {"fee", "aum", "average", "sum"} else None
    if kinds & {"fee", "cost"}:
        return _FEE
    if kinds & {"aum", "market_cap"}:
        return _AUM
    return _COUNT if kinds & {"etf_word", "count"} else None


def _asked_of(question: Question, subject: Subject, names: Sequence[Token], measure: _Measure) -> GivenText:
    """The question about one of the names, with the filters of the whole."""
    places = {token.start for token in names}
    filters = [token.text for token in question.tokens if token.start not in places and token.kind in ("tag", *FILTERS)]
    name = Subject(subject.kind, subject.keys, subject.name, subject.mention, subject.source)
    suffix = {"stock": "을", "company": "의", "tag": "", "index": " 추종"}[subject.kind]
    start = GivenText(f"□{suffix} {' '.join([*filters, measure.asked])}")
    return start.replaced(0, 1, [name])


def _steps(subjects: Sequence[Subject], plans: Sequence[Plan], measure: _Measure, up: bool) -> Steps:
    rows: list[list] = []
    for subject, plan in zip(subjects, plans, strict=True):
        reply = yield from plan.steps()
        value = _value(reply, measure)
        if value is None:
            return Reply(f"{subject.name}: {reply.text}", reply.tables, "refused")
        rows.append([subject.name, value])
    rows.sort(key=lambda row: -row[1] if up else row[1])
    said = ", ".join(f"{name} {measure.said(value)}" for name, value in rows)
    table = Table(measure.title, ["이름", measure.title], rows)
    if rows[0][1] == rows[1][1]:
        return Reply(f"{measure.title}가 같습니다: {said}.", [table])
    lead = measure.more if up else measure.less
    return Reply(f"{lead} 쪽은 **{rows[0][0]}**입니다: {said}.", [table])


def _value(reply: Reply, measure: _Measure) -> float | None:
    if reply.status != "answered" or not reply.tables:
        return None
    table = reply.tables[0]
    if measure in (_COUNT, _HELD) and "ETF" in table.columns and not table.truncated:
        return len(table.rows)
    if len(table.rows) != 1:
        return None
    for column, cell in zip(table.columns, table.rows[0], strict=True):
        if measure.column in column and isinstance(cell, int | float):
            return cell
    return None
