"""The parts of a composed question, and the names that answer them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.answer import Table
from agent.answer_names import Row, named_in
from agent.given_names import named
from agent.reading.plan import Reply
from agent.reading.question import Subject
from agent.sub_questions import SubQuestions

_MOST_NAMED = 5
# Names that nothing bears, with syllables for particles to agree with.
_PLACEHOLDERS = ("뷁가", "뷁나", "뷁다", "뷁라", "뷁마")
# Which column ranks, by what a phrase speaks of.
_RANKED_BY = (
    (r"수익률|오른|올랐|내린|떨어|상승|하락|return", r"수익률|등락|return"), (r"괴리|premium", r"괴리|premium"),
    (r"상장|최근|오래|먼저|신상|listed|newest|oldest", r"상장일|listed"), (r"보수|수수료|싼|비싼|저렴|비용|fee|expens|cheap", r"보수|fee"),
    (r"순자산|규모|시총|시가총액|assets|aum", r"순자산|assets"), (r"비중|담은|들고|보유|편입|집중|weight|holds?\b", r"비중|합\(%\)|weight|중복도|겹치"),
    (r"큰|작은|larg|big|small", r"순자산|assets"), (r"많|적", r"수$|ETFs"),
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """An inner question: its place in the text, the kind of thing it asks for, how many, and its last token's number."""

    start: int
    end: int
    kind: str
    count: int
    last: int

    def placeholders(self) -> list[Subject]:
        """What stands for the answer until it is known."""
        if self.kind == "etf" and self.count > 1:
            return [etf_set(["000000", "000001"])]
        return [named(self.kind, f"00000{number}", _PLACEHOLDERS[number]) for number in range(self.count)]


def etf_set(codes: Sequence[str], english: bool = False) -> Subject:
    """ETFs that were found, as one name of a question."""
    words = f"those {len(codes)}" if english else f"앞의 {len(codes)}개"
    return Subject("etf_set", tuple(codes), words, words + (" ETFs" if english else " ETF"), "given")


def answered_names(asking: SubQuestions, part: Part, phrase: str, reply: Reply) -> list[Subject] | Reply:
    """What an inner question's answer names: one thing, a set of ETFs or a few stocks; a Reply where it is not one thing."""
    table, rows = named_in(reply.tables, part.kind, asking.names)
    if table is None or not rows:
        return Reply(reply.text, reply.tables, "clarify" if reply.tables else reply.status)
    if part.count == 1:
        alike = _equal_to_the_first(table, rows, phrase)
        if alike:
            return _which(phrase, rows[: alike + 1])
        return [_given(rows[0].subject)]
    subjects = [_given(row.subject) for row in rows[: part.count]]
    if part.kind == "etf":
        return [etf_set([subject.key for subject in subjects])]
    return subjects


def _given(subject: Subject) -> Subject:
    return Subject(subject.kind, subject.keys, subject.name, subject.name, "given")


def _equal_to_the_first(table: Table, rows: Sequence[Row], phrase: str) -> int:
    """How many rows behind the first rank as it does, so that there is no one answer; 0 where the first stands alone."""
    column = next((found for found in _ranking_columns(table, phrase)), None)
    if column is None:
        return 0
    best = rows[0].cells[column]
    return 0 if best is None else sum(row.cells[column] == best for row in rows[1:])


def _ranking_columns(table: Table, phrase: str) -> list[str]:
    for spoken, column in _RANKED_BY:
        if re.search(spoken, phrase):
            return [name for name in table.columns if re.search(column, name)]
    return []


def _which(phrase: str, rows: Sequence[Row]) -> Reply:
    names = [row.subject.name for row in rows]
    listed = ", ".join(names[:_MOST_NAMED]) + (f" 외 {len(names) - _MOST_NAMED}개" if len(names) > _MOST_NAMED else "")
    text = (
        f"‘{phrase}’에 맞는 것이 {len(names)}개로 값이 같습니다: {listed}. 어느 것을 말하는지 이름으로 물어봐 주세요."
    )
    return Reply(text, status="clarify")
