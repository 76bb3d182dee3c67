"""HTTP for whoever curates: stored turns, and the examples that come of them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Depends, Path, Query, Request

from agent.personal_data import masked_personal_data
from backend import problems
from backend.accounts.audit import record
from backend.chat.conversation_routes import Stored
from backend.curation import examples, schemas
from backend.curation.access import PROBLEMS, Administrator, administrator
from backend.curation.generalise import generalise
from backend.curation.promotion import promote
from backend.curation.trial import Trial, read_question, try_out
from backend.curation.turn_list import list_turns
from backend.errors import InvalidInput

MOST_ROWS = 200
_PLAIN = r"^[^\x00]*$"

router = APIRouter(
    prefix="/api/admin",
    tags=["curation"],
    dependencies=[Depends(administrator)],
    responses=PROBLEMS,
)
_REFUSED = {400: problems.response("The query was refused or failed; `advice` says how to repair it")}
_UNKNOWN = {404: problems.response("There is no such example or turn")}
_FROM_SEEDS = {409: problems.response("The example comes from the seeds file")}
ExampleId = Annotated[str, Path(max_length=100, pattern=_PLAIN, description="The example's id")]
Words = Annotated[str | None, Query(max_length=200, pattern=_PLAIN, description="Text to be found in it")]
Limit = Annotated[int, Query(ge=1, le=200, description="Most entries to return")]


@router.get("/turns", summary="Look through stored turns")
def turns(
    connection: Stored,
    verdict: Annotated[Literal["up", "down"] | None, Query(description="What people thought of it")] = None,
    status: Annotated[
        Literal["answered", "refused", "clarify", "failed", "cancelled"] | None, Query(description="How it ended")
    ] = None,
    source: Annotated[Literal["verified", "reading", "model"] | None, Query(description="What answered")] = None,
    q: Words = None,
    limit: Limit = 50,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="Only turns with a smaller id")] = None,
) -> schemas.TurnList:
    """Return the newest stored turns that meet the conditions, with how each answer came about."""
    found = list_turns(connection, limit, verdict=verdict, status=status, source=source, q=q, before=before)
    return schemas.TurnList.model_validate({"turns": found})


@router.get("/examples", summary="List examples")
def listed(
    connection: Stored,
    status: Annotated[Literal["candidate", "verified", "retired"] | None, Query(description="Their status")] = None,
    q: Words = None,
    limit: Limit = 50,
) -> schemas.ExampleList:
    """Return examples, the latest edited first: candidates, verified ones (seeds too) and retired ones."""
    found = examples.list_examples(connection, limit, status, q)
    return schemas.ExampleList(examples=[schemas.ExampleEntry.of(one) for one in found])


@router.get("/examples/{example_id}", summary="Read an example", responses=_UNKNOWN)
def read(example_id: ExampleId, connection: Stored) -> schemas.ExampleEntry:
    """Return one example."""
    return schemas.ExampleEntry.of(examples.get_example(connection, example_id))


@router.post("/examples", status_code=201, summary="Make a candidate", responses=_UNKNOWN)
def make(
    given: Annotated[schemas.NewCandidate, Body()], connection: Stored, administrator: Administrator
) -> schemas.ExampleEntry:
    """Make a candidate of a stored turn (its question and last query), or of a question and a query."""
    if given.run_id is not None:
        made = examples.candidate_of_turn(connection, given.run_id)
    else:
        made = examples.add_candidate(connection, given.question or "", given.cypher, given.graph)
    record(connection, administrator, "example.create", made.example.id, {"turn": made.turn_id})
    return schemas.ExampleEntry.of(made)


@router.post("/examples/generalise", summary="Turn names into slots")
def generalised(given: Annotated[schemas.ToGeneralise, Body()], connection: Stored) -> schemas.GeneralisedForm:
    """Turn the names, dates and numbers that the query holds as literals into slots; nothing is stored."""
    question = read_question(connection, masked_personal_data(given.question))
    result = generalise(question, given.cypher)
    return schemas.GeneralisedForm(
        question=result.question,
        graph=given.graph,
        cypher=result.cypher,
        slots=[schemas.SlotForm(**vars(slot)) for slot in result.slots],
        unplaced=[schemas.UnplacedForm(**vars(one)) for one in result.unplaced],
    )


@router.put("/examples/{example_id}", summary="Edit an example", responses={**_UNKNOWN, **_FROM_SEEDS})
def edit(
    example_id: ExampleId,
    given: Annotated[schemas.ExampleForm, Body()],
    connection: Stored,
    administrator: Administrator,
) -> schemas.ExampleEntry:
    """Store an edited example. A verified one becomes a candidate again and answers nothing until it is promoted."""
    stored = examples.get_example(connection, example_id)
    edited = given.example(stored.example)
    changed = examples.change(connection, stored, edited, status="candidate", trial=given.trial or stored.trial)
    record(connection, administrator, "example.edit", example_id, {"was": stored.status})
    return schemas.ExampleEntry.of(changed)


@router.post("/examples/{example_id}/run", summary="Try an example", responses={**_UNKNOWN, **_REFUSED})
def run(
    example_id: ExampleId,
    given: Annotated[schemas.TrialQuestion, Body()],
    connection: Stored,
    request: Request,
) -> schemas.TrialResult:
    """Run the example for a question, guarded and as the reader; nothing is stored."""
    stored = examples.get_example(connection, example_id)
    state = request.app.state
    return _result(try_out(state.database, state.settings, connection, stored.example, _trial(given, stored)))


@router.post("/examples/{example_id}/promote", summary="Promote an example", responses={**_UNKNOWN, **_REFUSED})
def promoted(
    example_id: ExampleId,
    connection: Stored,
    request: Request,
    administrator: Administrator,
    given: Annotated[schemas.TrialQuestion | None, Body()] = None,
) -> schemas.Promoted:
    """Run the example for a question; where that goes well, it answers the next such questions."""
    stored = examples.get_example(connection, example_id)
    state = request.app.state
    question = _trial(given or schemas.TrialQuestion(), stored)
    curated, trial = promote(state.database, state.settings, connection, stored, question)
    record(connection, administrator, "example.promote", example_id, {"was": stored.status})
    return schemas.Promoted(example=schemas.ExampleEntry.of(curated), trial=_result(trial))


@router.post("/examples/{example_id}/retire", summary="Retire an example", responses=_UNKNOWN)
def retire(example_id: ExampleId, connection: Stored, administrator: Administrator) -> schemas.ExampleEntry:
    """Let an example answer nothing any more."""
    stored = examples.get_example(connection, example_id)
    retired = examples.set_status(connection, example_id, "retired")
    record(connection, administrator, "example.retire", example_id, {"was": stored.status})
    return schemas.ExampleEntry.of(retired)


def _trial(given: schemas.TrialQuestion, stored: examples.Curated) -> str:
    question = masked_personal_data(given.question or stored.trial or stored.example.question)
    if "{" in question:
        raise InvalidInput(
            "a question with names in place of the slots is needed",
            ko="자리에 실제 이름을 넣은 시험 질문을 적어 주세요.",
            advice="Send {question: …} with real names, dates and numbers.",
        )
    return question


def _result(trial: Trial) -> schemas.TrialResult:
    answer = trial.answer
    return schemas.TrialResult(
        parameters=dict(trial.parameters),
        columns=list(answer.columns),
        rows=[list(row) for row in answer.rows[:MOST_ROWS]],
        truncated=answer.truncated or len(answer.rows) > MOST_ROWS,
        elapsed_ms=trial.elapsed_ms,
        answer=answer.text,
        title=answer.title,
        matches=trial.matches,
    )
