"""Reads a file of questions with what each should be answered: one JSON object a line.

Every field but `question` may be left out, as long as something is expected:

    question   what is asked
    id, kind, lang            for the report; by default the line's number, `all`, and `ko` where Hangul is in the question
    status     answered, refused, clarify, failed, or not_answered (refused or asked back); also `expected_status`,
               and ["refused", "clarify"]
    rows       the rows of the right answer: lists, objects or single values; also `expected_rows`, `expected`
    columns    names for the cells of a row
    ranked     true where the order counts; also `ordered`
    history    earlier questions as strings (they are asked first), or {"role": …, "content": …} as they were said
    check      rows, top, value or text (see judging.py)

Other fields (`sql`, notes) are left alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from agent.answer import Message
from backend.errors import InvalidInput

ExpectedStatus = Literal["answered", "refused", "clarify", "failed", "not_answered"]
Check = Literal["rows", "top", "value", "text"]
Row = tuple[Any, ...]

_ALIASES = {"expected_status": "status", "expected_rows": "rows", "expected": "rows", "ordered": "ranked"}
_STATUS_WORDS = {
    "asked_back": "clarify", "clarified": "clarify", "refuse": "refused", "answer": "answered", "unanswered": "not_answered",
}  # fmt: skip
_HANGUL = re.compile("[가-힣ㄱ-ㅎ]")
_MOST_BAD_LINES = 20


class BadEvaluationFile(InvalidInput):
    """The file of questions cannot be used."""

    slug = "bad-evaluation-file"
    title_ko = "잘못된 평가 파일"


class _BadLine(Exception):
    """One line is not as it should be; the message says what to write."""


@dataclass(frozen=True)
class Asked:
    """One question and what it should be answered. `rows` is None where only the status counts."""

    id: str
    question: str
    kind: str = "all"
    lang: str = "ko"
    status: ExpectedStatus = "answered"
    rows: tuple[Row, ...] | None = None
    columns: tuple[str, ...] = ()
    ranked: bool = False
    check: Check | None = None
    history: tuple[str | Message, ...] = ()


def read_questions(path: Path) -> list[Asked]:
    """The questions of a file, in its order. Raises BadEvaluationFile, which names every bad line and what to write instead."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise BadEvaluationFile(f"{path}: cannot be read: {reason}", ko="평가 파일을 읽을 수 없습니다.") from error
    questions: list[Asked] = []
    bad: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            questions.append(_question(line, number))
        except _BadLine as error:
            bad.append(f"{path}:{number}: {error}")
    if not questions and not bad:
        bad.append(
            f'{path}: no questions; write one JSON object a line, such as {{"question": "…", "rows": [["…", 1.5]]}}'
        )
    if bad:
        more = [f"… and {len(bad) - _MOST_BAD_LINES} more"] if len(bad) > _MOST_BAD_LINES else []
        message = "\n".join([*bad[:_MOST_BAD_LINES], *more])
        raise BadEvaluationFile(message, ko="평가 파일에 잘못된 줄이 있습니다.")
    return questions


def _question(line: str, number: int) -> Asked:
    try:
        given = json.loads(line)
    except ValueError as error:
        raise _BadLine(f"no JSON ({error}); write one JSON object on a line") from error
    if not isinstance(given, dict):
        raise _BadLine('no JSON object; write {"question": "…", …}')
    fields = _with_known_names(given)
    question = fields.get("question")
    if not isinstance(question, str) or not question.strip():
        raise _BadLine("`question` is missing; it is the text that is asked")
    rows, columns = _rows(fields)
    status = _status(fields, rows)
    check = fields.get("check")
    if check is not None and check not in get_args(Check):
        raise _BadLine(f"`check` is {check!r}; write one of {', '.join(get_args(Check))}")
    ranked = fields.get("ranked", False)
    if not isinstance(ranked, bool):
        raise _BadLine("`ranked` must be true or false")
    return Asked(
        id=str(fields.get("id") or f"line-{number}"),
        question=question.strip(),
        kind=str(fields.get("kind") or "all"),
        lang=str(fields.get("lang") or ("ko" if _HANGUL.search(question) else "en")),
        status=status,
        rows=rows,
        columns=columns,
        ranked=ranked,
        check=check,
        history=_history(fields.get("history")),
    )


def _with_known_names(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields under their own names; a field that stands twice under two names is refused."""
    fields: dict[str, Any] = {}
    for name, value in given.items():
        known = _ALIASES.get(name, name)
        if value is None:
            continue
        if known in fields:
            raise _BadLine(f"`{name}` says what another field says already; keep one of them")
        fields[known] = value
    return fields


def _status(fields: Mapping[str, Any], rows: tuple[Row, ...] | None) -> ExpectedStatus:
    if "status" not in fields:
        if rows is None:
            raise _BadLine("nothing is expected; write `rows`, or `status` refused, clarify or not_answered")
        return "answered"
    given = fields["status"]
    if isinstance(given, list) and sorted(map(str, given)) == ["clarify", "refused"]:
        given = "not_answered"
    status = _STATUS_WORDS.get(given, given) if isinstance(given, str) else None
    if status not in get_args(ExpectedStatus):
        raise _BadLine(f"`status` is {fields['status']!r}; write one of {', '.join(get_args(ExpectedStatus))}")
    if status != "answered" and rows:
        raise _BadLine(f"`rows` are expected of a question whose `status` is {status}; keep one of them")
    return status


def _rows(fields: Mapping[str, Any]) -> tuple[tuple[Row, ...] | None, tuple[str, ...]]:
    """The rows as tuples of one width, and the names of their cells."""
    columns = fields.get("columns", [])
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise _BadLine("`columns` must be a list of names")
    if "rows" not in fields:
        return None, tuple(columns)
    given = fields["rows"] if isinstance(fields["rows"], list) else [fields["rows"]]
    if given and all(isinstance(row, dict) for row in given):
        columns = columns or list(given[0])
        if not all(set(columns) <= set(row) for row in given):
            raise _BadLine(f"every object of `rows` must have {', '.join(columns)}")
        given = [[row[name] for name in columns] for row in given]
    rows = tuple(tuple(row) if isinstance(row, list) else (row,) for row in given)
    if len({len(row) for row in rows}) > 1:
        raise _BadLine("the rows of `rows` must be of one length")
    if any(isinstance(cell, list | dict) for row in rows for cell in row):
        raise _BadLine("a cell of `rows` must be a text, a number, true, false or null")
    if columns and rows and len(columns) != len(rows[0]):
        raise _BadLine(f"there are {len(columns)} `columns` for rows of {len(rows[0])}")
    return rows, tuple(columns)


def _history(given: Any) -> tuple[str | Message, ...]:
    if given is None:
        return ()
    if not isinstance(given, list):
        raise _BadLine('`history` must be a list of earlier questions, or of {"role": "user", "content": "…"}')
    return tuple(_earlier(one) for one in given)


def _earlier(given: Any) -> str | Message:
    if isinstance(given, str) and given.strip():
        return given.strip()
    if isinstance(given, dict) and given.get("role") in ("user", "assistant") and isinstance(given.get("content"), str):
        return Message(given["role"], given["content"])
    raise _BadLine('an entry of `history` must be a question, or {"role": "user" or "assistant", "content": "…"}')
