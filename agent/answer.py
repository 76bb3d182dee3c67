"""What a question gets back: one answer with its tables, its Cypher and the date its data stands on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Status = Literal["answered", "refused", "clarify", "failed"]


@dataclass(frozen=True)
class Message:
    """One earlier turn of a conversation, as people saw it."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True)
class Table:
    """Rows that stand beside an answer; every row has one value per column, already plain Python."""

    title: str
    columns: list[str]
    rows: list[list[Any]]
    truncated: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object that the command line and the browser receive."""
        return {"title": self.title, "columns": self.columns, "rows": self.rows, "truncated": self.truncated}


@dataclass
class Answer:
    """The whole answer to one question.

    `answer` is Markdown in the question's language. `status` is `answered`; `clarify` when a name or a slot has to be
    asked back; `refused` when the data cannot answer; `failed` when something broke. `as_of` is the data date (ISO).
    `suggestions` are questions to ask next, ready to be clicked. `example` is the verified question nearest to it.
    `streamed` says that the text has been told as AnswerDelta already.
    """

    answer: str
    status: Status
    tables: list[Table] = field(default_factory=list)
    cypher: list[str] = field(default_factory=list)
    as_of: str | None = None
    model: str = "offline"
    elapsed_ms: int = 0
    dataset: str | None = None
    suggestions: list[str] = field(default_factory=list)
    example: str | None = None
    streamed: bool = field(default=False, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object of `ask --json`, which is also the last object of a chat stream."""
        fields = {name: value for name, value in asdict(self).items() if name != "streamed"}
        return {**fields, "tables": [table.as_dict() for table in self.tables]}
