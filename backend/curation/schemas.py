"""What the curation interface takes and gives."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

from agent.templates import Branch
from agent.verified_example import Example, Slot
from backend.curation.examples import Curated

_PLAIN = r"^[^\x00]*$"
Words = Annotated[str, Field(min_length=1, max_length=1_000, pattern=_PLAIN)]
MaybeWords = Annotated[str, Field(max_length=1_000, pattern=_PLAIN)]
Cypher = Annotated[str, Field(max_length=20_000, pattern=_PLAIN)]
GraphName = Literal["etf_graph", "etf_history"]
SlotType = Literal[
    "etf", "stock", "company", "tag", "index", "industry", "date", "period", "n", "percent", "amount_krw"
]


class SlotForm(BaseModel):
    """A slot: what stands in braces in the question and is a parameter of the query."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,30}$", description="Its name, also its parameter's")
    type: SlotType = Field(description="What may stand there")
    default: Annotated[str, Field(max_length=200, pattern=_PLAIN)] | float | None = Field(
        None, description="Taken when a question has none"
    )
    minimum: float | None = Field(None, description="Least number that is accepted")
    maximum: float | None = Field(None, description="Largest number that is accepted")
    operator: Literal["", ">=", ">", "<=", "<", "="] = Field("", description="The comparison that a bare number means")

    def slot(self) -> Slot:
        """The slot as the agent knows it."""
        default = self.default
        if self.type == "n" and isinstance(default, float):
            default = int(default)
        return Slot(self.name, self.type, default, self.minimum, self.maximum, self.operator)


class BranchForm(BaseModel):
    """An answer's text and when it is said."""

    text: MaybeWords = Field(description="A template: {etf|은는} … {count} … {rows[0].이름}")
    when: MaybeWords = Field("", description="A comparison such as `count == 1`; empty: always")


class ExampleForm(BaseModel):
    """An edited example."""

    question: Words = Field(description="The question with slots in braces")
    paraphrases: list[Words] = Field(default_factory=list, max_length=50, description="Other ways to say it")
    graph: GraphName = Field("etf_graph", description="The market now, or its history")
    cypher: Cypher = Field(description="The query; slots are its $parameters")
    slots: list[SlotForm] = Field(default_factory=list, max_length=20)
    title: MaybeWords = Field("", description="The table's title; made from the question where it is empty")
    answer: list[BranchForm] = Field(default_factory=list, max_length=20, description="Made where it is empty")
    answer_empty: list[BranchForm] = Field(default_factory=list, max_length=20, description="Said when there is no row")
    suggestions: list[Words] = Field(default_factory=list, max_length=10)
    trial: MaybeWords = Field("", description="A real question to try it with; empty keeps the one it has")

    def example(self, stored: Example) -> Example:
        """The stored example with what was edited."""
        return Example(
            stored.id, stored.kind, stored.lang, self.question.strip(), tuple(self.paraphrases), self.graph,
            tuple(slot.slot() for slot in self.slots), self.cypher.strip(), stored.lookups, self.title.strip(),
            tuple(Branch(one.text, one.when) for one in self.answer),
            tuple(Branch(one.text, one.when) for one in self.answer_empty), tuple(self.suggestions),
        )  # fmt: skip


class NewCandidate(BaseModel):
    """Where a candidate comes from: a stored turn, or a question with a query."""

    run_id: Annotated[str, Field(max_length=200, pattern=_PLAIN)] | None = Field(
        None, description="A stored turn's run"
    )
    question: Words | None = Field(None, description="The question as people ask it")
    graph: GraphName = "etf_graph"
    cypher: Cypher = ""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.run_id is None) == (self.question is None):
            raise ValueError("give either run_id or question")
        return self


class ToGeneralise(BaseModel):
    """A question with its query."""

    question: Words = Field(description="The question as people ask it")
    graph: GraphName = "etf_graph"
    cypher: Cypher


class TrialQuestion(BaseModel):
    """A question to try an example with."""

    question: Words | None = Field(None, description="A real question; by default the one that the example came from")


class UnplacedForm(BaseModel):
    """What the question says and the query does not hold."""

    text: str
    type: str


class GeneralisedForm(BaseModel):
    """A question with slots and its query with their parameters."""

    question: str
    graph: GraphName
    cypher: str
    slots: list[SlotForm]
    unplaced: list[UnplacedForm] = Field(description="Every one must go, or be put into the query, before promoting")


class ExampleEntry(BaseModel):
    """A stored example."""

    id: str
    kind: str
    lang: str
    question: str
    paraphrases: list[str]
    graph: GraphName
    cypher: str
    slots: list[dict[str, Any]] = Field(description="As they are sent when editing")
    title: str
    answer: list[BranchForm]
    answer_empty: list[BranchForm]
    suggestions: list[str]
    status: Literal["candidate", "verified", "retired"]
    source: Literal["seed", "feedback"]
    trial: str = Field(description="The question it is tried with")
    turn_id: int | None = Field(description="The stored turn that it came from")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, curated: Curated) -> Self:
        """The entry of a stored example."""
        known = {
            name: getattr(curated, name)
            for name in ("status", "source", "trial", "turn_id", "created_at", "updated_at")
        }
        example = {
            name: getattr(curated.example, name)
            for name in ("id", "kind", "lang", "question", "graph", "cypher", "title")
        }
        return cls(
            **example, **known,
            paraphrases=list(curated.example.paraphrases), suggestions=list(curated.example.suggestions),
            slots=[vars(slot) for slot in curated.example.slots],
            answer=[BranchForm(text=one.text, when=one.when) for one in curated.example.answer],
            answer_empty=[BranchForm(text=one.text, when=one.when) for one in curated.example.answer_empty],
        )  # fmt: skip


class ExampleList(BaseModel):
    """Stored examples."""

    examples: list[ExampleEntry] = Field(description="The latest edited first")


class TrialResult(BaseModel):
    """What came of trying an example."""

    parameters: dict[str, Any]
    columns: list[str]
    rows: list[list[Any]] = Field(description="At most 200")
    truncated: bool
    elapsed_ms: int = Field(description="Time of the query and the answer, milliseconds")
    answer: str = Field(description="The answer in words")
    title: str
    matches: bool = Field(description="Whether the question would be answered by this example")


class Promoted(BaseModel):
    """A promoted example and what it showed."""

    example: ExampleEntry
    trial: TrialResult


class TurnEntry(BaseModel):
    """A stored turn."""

    id: int
    run_id: str
    question: str = Field(description="Personal data masked")
    masked: str = Field(description="With names as their kinds")
    status: str
    source: str | None
    answer: str
    cypher: list[str]
    example: str | None
    examples: list[dict[str, Any]] = Field(description="The nearest examples: id, similarity")
    dataset: str | None
    as_of: date | None
    model: str
    prompt_version: int | None
    elapsed_ms: int
    stages_ms: dict[str, float] = Field(description="Milliseconds of each stage")
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float
    tries: int
    errors: list[str]
    created_at: datetime
    made_into: list[str] = Field(description="Examples that were made of it")
    feedback: dict[str, str | None] | None = Field(description="verdict and reason")


class TurnList(BaseModel):
    """Stored turns."""

    turns: list[TurnEntry] = Field(description="Newest first; `before` the last one's id gives the next page")
