"""The parts of a composed question, and the names that answer them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.answer import Table
from agent.answer_names import Row, named_in
from agent.composition.sub_questions import SubQuestions
from agent.given_names import named
from agent.reading.plan import Reply
from agent.reading.question import Subject
from agent.reading.tokens import Token

_MOST_NAMED = 5
# Names that nothing bears, with syllables for particles to agree with.
_PLACEHOLDERS = ("뷁가", "뷁나", "뷁다", "뷁라", "뷁마")
# Measures, and the column that ranks by them.
_COLUMNS = {
    "return": r"수익률|등락|return", "premium": r"괴리|premium", "listed": r"상장일|listed", "fee": r"보수|fee", "aum": r"순자산|assets",
    "weight": r"비중|합\(%\)|weight", "similar": r"중복도|겹치|overlap",
}  # fmt: skip
_MEASURE_OF = {
    "rise": "return", "fall": "return", "market_cap": "aum", "cost": "fee", "newest": "listed", "oldest": "listed", "recent": "listed",
    "hold": "weight", "concentration": "weight", "overlap": "similar",
}  # fmt: skip
_CHEAP = re.compile(r"싼|싸|저렴|비싼|비싸|cheap|expens")
_ORDERS = ("big", "small", "newest", "oldest", "most", "similar")


@dataclass(frozen=True)
class Part:
    """An inner question: its place in the text, the kind of thing it asks for, how many, and its last token's number."""

    start: int
    end: int
    kind: str
    count: int
    last: int
    measure: str = ""
    by_name: bool = False

    def placeholders(self) -> list[Subject]:
        """What stands for the answer until it is known."""
        if self.kind == "etf" and self.count > 1 and not self.by_name:
            return [etf_set(["000000", "000001"])]
        return [named(self.kind, f"00000{number}", _PLACEHOLDERS[number]) for number in range(self.count)]


def etf_set(codes: Sequence[str], english: bool = False) -> Subject:
    """ETFs that were found, as one name of a question."""
    words = f"those {len(codes)}" if english else f"앞의 {len(codes)}개"
    return Subject("etf_set", tuple(codes), words, words + (" ETFs" if english else " ETF"), "given")


def answered_names(
    asking: SubQuestions, part: Part, phrase: str, reply: Reply, question: str = ""
) -> list[Subject] | Reply:
    """What an inner question's answer names: one thing, a set of ETFs or a few stocks; a Reply where it is not one thing.

    `question` is the whole text around the phrase; the Reply offers it with each of the things that are equal.
    """
    table, rows = named_in(reply.tables, part.kind, asking.names)
    if table is None or not rows:
        return Reply(reply.text, reply.tables, "clarify" if reply.tables else reply.status)
    if part.count == 1:
        alike = _equal_to_the_first(table, rows, part.measure)
        if alike:
            return _which(question, phrase, rows[: alike + 1])
        return [_given(rows[0].subject)]
    subjects = [_given(row.subject) for row in rows[: part.count]]
    if part.kind == "etf" and not part.by_name:
        return [etf_set([subject.key for subject in subjects])]
    return subjects


def _given(subject: Subject) -> Subject:
    return Subject(subject.kind, subject.keys, subject.name, subject.name, "given")


def _equal_to_the_first(table: Table, rows: Sequence[Row], measure: str) -> int:
    """How many rows behind the first rank as it does, so that there is no one answer; 0 where the first stands alone."""
    pattern = _COLUMNS.get(measure)
    columns = [name for name in table.columns if pattern and re.search(pattern, name)]
    best = rows[0].cells[columns[0]] if columns else None
    return 0 if best is None else sum(row.cells[columns[0]] == best for row in rows[1:])


def ranked_by(tokens: Sequence[Token]) -> str:
    """The measure that the last order of a phrase ranks by; empty where it is not said."""
    orders = [index for index, token in enumerate(tokens) if token.kind in _ORDERS]
    if not orders:
        return "listed" if any(token.kind == "recent" for token in tokens) else ""
    last = tokens[orders[-1]]
    if _CHEAP.search(last.text):
        return "fee"
    if last.kind in _MEASURE_OF or last.kind in _COLUMNS:
        return _MEASURE_OF.get(last.kind, last.kind)
    # Behind `많이` stands the verb, before `큰` the noun.
    for token in [*tokens[orders[-1] + 1 : orders[-1] + 2], *reversed(tokens[: orders[-1]])]:
        measure = _MEASURE_OF.get(token.kind, token.kind)
        if measure in _COLUMNS:
            return measure
    return "aum"


def _which(question: str, phrase: str, rows: Sequence[Row]) -> Reply:
    """Ask which of several equals is meant; each can be clicked."""
    names = [row.subject.name for row in rows]
    listed = ", ".join(names[:_MOST_NAMED]) + (f" 외 {len(names) - _MOST_NAMED}개" if len(names) > _MOST_NAMED else "")
    text = (
        f"‘{phrase}’에 맞는 것이 {len(names)}개로 값이 같습니다: {listed}. 어느 것을 말하는지 이름으로 물어봐 주세요."
    )
    asked = [question.replace(phrase, name, 1) for name in names[:_MOST_NAMED] if phrase in question]
    return Reply(text, status="clarify", suggestions=asked)
