"""What a question gets back: one answer with its tables, its Cypher and the date its data stands on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from agent.alert_wishes.proposal import AlertProposal

Status = Literal["answered", "refused", "clarify", "failed"]
Source = Literal["verified", "reading", "model"]


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
class Usage:
    """What the language model of a run was sent and returned, in tokens, and what that cost in US dollars where prices are set."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0


@dataclass
class Trace:
    """How an answer came about, for storage and measuring; people are shown only parts of it.

    `masked` is the question with its names replaced by their kinds, `examples` the ids of the nearest examples with their cosine
    similarity, best first, `stages_ms` the milliseconds of each stage by its event's name, `tries` how many queries were run or refused,
    `errors` what the database or the guard said of those that failed.
    """

    masked: str = ""
    examples: list[tuple[str, float]] = field(default_factory=list)
    stages_ms: dict[str, float] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    tries: int = 0
    errors: list[str] = field(default_factory=list)
    prompt_version: int | None = None

    def add_time(self, stage: str, seconds: float) -> None:
        """Add to the time of a stage, which may come more than once."""
        self.stages_ms[stage] = round(self.stages_ms.get(stage, 0.0) + seconds * 1000, 2)


@dataclass
class Answer:
    """The whole answer to one question.

    `answer` is Markdown in the question's language. `status` is `answered`; `clarify` when a name or a slot has to be
    asked back; `refused` when the data cannot answer; `failed` when something broke. `as_of` is the data date (ISO).
    `suggestions` are questions to ask next, ready to be clicked. `source` says what answered: a `verified` example,
    whose question is `example`, a `reading` of the question, or the `model`. `proposal` is an alert that was wished for and
    that a person still has to confirm. `trace` says how it came about.
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
    source: Source | None = None
    proposal: AlertProposal | None = None
    trace: Trace = field(default_factory=Trace)
    streamed: bool = field(default=False, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON object of `ask --json`, which is also the last object of a chat stream."""
        fields = {name: value for name, value in asdict(self).items() if name not in ("streamed", "trace")}
        proposal = None if self.proposal is None else self.proposal.as_dict()
        return {**fields, "tables": [table.as_dict() for table in self.tables], "proposal": proposal}
