"""Trying an example on the loaded market, and what it must show before it is promoted."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from agent.cypher.guard import check
from agent.example_query import ExampleAnswer, run_example
from agent.reading.question import Question
from agent.reading.understanding import understand
from agent.sandbox import run_guarded
from agent.templates import Branch
from agent.verified_answers import match, slot_values
from agent.verified_example import SLOT_MASKS, Example, SlotValue
from backend.curation.generalise import offered
from backend.db.engine import Database
from backend.errors import InvalidInput
from backend.graph.client import Result
from backend.graph.columns import column_names
from backend.graph.tokens import Kind, tokenize
from backend.market.dataset import get_dataset
from backend.settings import Settings

_BRACED = re.compile(r"\{(\w+)\}")
_FEW_COLUMNS = 6
_GENERIC = {
    "ko": ("결과 {count}건입니다.", "조건에 맞는 결과가 없습니다."),
    "en": ("{count} results.", "Nothing in the data fits."),
}


@dataclass(frozen=True)
class Trial:
    """What came of trying an example with a question; `matches` says whether the question would be answered by it."""

    answer: ExampleAnswer
    parameters: Mapping[str, Any]
    matches: bool
    elapsed_ms: int


def read_question(connection: Connection, text: str) -> Question:
    """Read a question against the loaded market, as the agent does."""
    dated = get_dataset(connection)
    return understand(connection, text, dated.as_of, dated.dataset)


def try_out(database: Database, settings: Settings, connection: Connection, example: Example, text: str) -> Trial:
    """Run an example for a question, guarded and as the reader.

    Raises InvalidInput with `advice` where the example or the question cannot be used, QueryRefused or QueryFailed where
    its query cannot.
    """
    check_form(example)
    question = read_question(connection, text)
    found = match(question, [(example, 1.0)])
    values = found.values if found else _values(example, question)
    complete = with_generic_answer(example)

    def run(graph: str, cypher: str, parameters: Mapping[str, Any]) -> Result:
        return run_guarded(
            database, graph, cypher, parameters,
            timeout_ms=settings.query_timeout_ms, row_limit=settings.query_row_limit,
        )  # fmt: skip

    started = time.perf_counter()
    try:
        answer = run_example(complete, values, run, question.as_of.isoformat())
    except (LookupError, ValueError, TypeError) as error:
        raise InvalidInput(
            f"the answer's template does not fit the result: {error}",
            ko=f"답 문구가 결과와 맞지 않습니다: {error}",
            advice="Refer to slots, {count}, and columns that the query returns, such as {rows[0].이름}.",
        ) from error
    elapsed_ms = round((time.perf_counter() - started) * 1000)
    return Trial(answer, example.parameters(values), found is not None, elapsed_ms)


def check_form(example: Example) -> None:
    """Raise InvalidInput with `advice`, or QueryRefused, where wordings, slots and query do not fit each other."""
    names = [slot.name for slot in example.slots]
    if len(set(names)) < len(names):
        raise _unfit("two slots have one name", "자리 이름이 겹칩니다.", "Give every slot a name of its own.")
    if example.lookups:
        return
    check(example.cypher, example.graph)
    asked = {token.value for token in tokenize(example.cypher) if token.kind is Kind.PARAMETER}
    given = {name for slot in example.slots for name in offered(slot)}
    for name in sorted(asked - given):
        raise _unfit(
            f"no slot offers ${name}",
            f"Cypher의 ${name} 값을 줄 자리가 없습니다.",
            f"The slots offer {', '.join(f'${name}' for name in sorted(given)) or 'nothing'}.",
        )
    for slot in example.slots:
        if slot.type not in SLOT_MASKS:
            raise _unfit(
                f"unknown slot type {slot.type}",
                f"없는 자리 종류입니다: {slot.type}",
                f"Types: {', '.join(SLOT_MASKS)}.",
            )
        if not asked & set(offered(slot)):
            raise _unfit(
                f"the query does not use the slot {slot.name}",
                f"Cypher가 {{{slot.name}}} 자리를 쓰지 않습니다.",
                f"Use {' or '.join(f'${name}' for name in offered(slot))} in the query, or write the name out.",
            )
    for wording in example.wordings:
        for name in _BRACED.findall(wording):
            if name not in names:
                raise _unfit(
                    f"there is no slot {name}", f"없는 자리입니다: {{{name}}}", f"Slots: {', '.join(names) or 'none'}."
                )


def with_generic_answer(example: Example) -> Example:
    """The example with a title and answers where it has none: the number of rows, and one row's values."""
    many, none = _GENERIC[example.lang]
    title = example.title or example.question.rstrip(" ?？.")
    answer = example.answer or (*_one_row(example), Branch(many))
    return replace(example, title=title, answer=answer, answer_empty=example.answer_empty or (Branch(none),))


def _one_row(example: Example) -> tuple[Branch, ...]:
    columns = column_names(example.cypher, tokenize(example.cypher))
    usable = [column for column in columns if not set(column) & set("{}|")]
    if not usable or len(columns) > _FEW_COLUMNS:
        return ()
    told = ", ".join(f"{column} **{{rows[0].{column}}}**" for column in usable)
    return (Branch(f"{told}입니다." if example.lang == "ko" else f"{told}.", "count == 1"),)


def _values(example: Example, question: Question) -> Mapping[str, SlotValue]:
    """The question's values for the slots, even where it is put in other words than the example's."""
    for wording in example.wordings:
        values = slot_values(example, wording, question)
        if values is not None:
            return values
    wanted = ", ".join(f"{{{slot.name}}}({slot.type})" for slot in example.slots) or "nothing"
    named = ", ".join(_told(question)) or "nothing"
    raise _unfit(
        f"the question's names and numbers do not fill the slots: wanted {wanted}, found {named}",
        f"질문의 이름·날짜·수가 자리와 맞지 않습니다. 필요한 자리: {wanted}, 찾은 것: {named}",
        "Try a question that names one thing for each slot and nothing else.",
    )


def _told(question: Question) -> Sequence[str]:
    kinds = (*SLOT_MASKS, "quantity", "ambiguous", "unknown_code")
    return [f"{token.text}({token.kind})" for token in question.tokens if token.kind in kinds]


def _unfit(message: str, ko: str, advice: str) -> InvalidInput:
    return InvalidInput(message, ko=ko, advice=advice)
