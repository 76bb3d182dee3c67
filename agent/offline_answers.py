"""Answers without a language model.

A verified example that says what the question says is run first. Otherwise a reading that explains the whole question
is carried out; anything less is asked back or refused.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from smolagents import LogLevel, ToolCallingAgent
from sqlalchemy import Connection

from agent.answer import Answer, Source
from agent.composition.composed import compose
from agent.embedding.serving import OFFLINE, offline_embedder
from agent.events import StepFinished, StepStarted
from agent.examples import nearest
from agent.few_shots import examples_for
from agent.masking import masked
from agent.models.offline import NAME, OfflineModel
from agent.reading.asking_back import ask_back
from agent.reading.conditions import Unclear
from agent.reading.plan import Plan, Reply, Steps
from agent.reading.question import Question
from agent.reading.reading import read
from agent.reading.subjects import missing
from agent.run_context import RunContext
from agent.tools import tools
from agent.verified_answers import match
from agent.verified_answers import plan as verified_plan
from agent.verified_example import Example
from backend.errors import QueryFailed

_MOST_STEPS = 12
# How many examples are held against the question, and how many of them are offered as what can be asked.
_NEIGHBOURS = 8
_OFFERED = 3

Near = list[tuple[Example, float]]


@cache
def _prompts() -> dict[str, Any]:
    """Empty prompts: nobody reads them."""
    return {
        "system_prompt": "",
        "planning": {"initial_plan": "", "update_plan_pre_messages": "", "update_plan_post_messages": ""},
        "managed_agent": {"task": "", "report": ""},
        "final_answer": {"pre_messages": "", "post_messages": ""},
    }


def nearest_examples(context: RunContext, connection: Connection, question: Question) -> Near:
    """The verified examples nearest to the question, best first; those that are not near enough to be run are there too."""
    context.emit(StepStarted("examples", "examples", "비슷한 검증된 질문을 찾는 중"))
    with context.stage("examples"):
        near = examples_for(
            connection, question.text, context.trace.masked, context.options, _NEIGHBOURS, context.settings
        )
    context.trace.examples = [(example.id, round(similarity, 4)) for example, similarity in near]
    text = f"가장 비슷한 질문: {near[0][0].question}" if near else "비슷한 질문 없음"
    context.emit(StepFinished("examples", "examples", text))
    return near


def answer_offline(context: RunContext, connection: Connection, question: Question, near: Near) -> Answer:
    """The sure answer; where there is none, ask back or refuse with questions that can be answered."""
    sure = sure_answer(context, question, near)
    if sure is None:
        reply = ask_back(connection, question, read(question), [example for example, _ in near[:_OFFERED]])
        return Answer(reply.text, reply.status, model=NAME, suggestions=reply.suggestions)
    if sure.status == "refused" and not sure.suggestions:
        offered = [example for example, _ in near[:_OFFERED]]
        sure.suggestions = ask_back(connection, question, read(question), offered).suggestions
    return sure


def sure_answer(context: RunContext, question: Question, near: Near) -> Answer | None:
    """Answer by a verified example that says what the question says, else by a reading of all its words, else None."""
    unclear = missing(question)
    if unclear is not None:
        text = unclear.en if question.english else unclear.ko
        return Answer(text, "clarify", model=NAME, suggestions=list(unclear.suggestions))
    composed = compose(context, question) if context.options.readings else None
    if composed is not None:
        return answer_plan(context, composed, question)
    found = match(question, _to_match(context, question, near))
    if found is not None:
        reply = carry_out(context, verified_plan(found, context.as_of.isoformat()))
        if reply.status == found.example.outcome or read(question).plan is None:
            example = found.example.question if reply.status == "answered" else None
            return _answered(context, reply, "verified", example)
        # The example found nothing; a reading may look further.
        context.cypher.clear()
    plan = (read(question).plan or compose(context, question, at_last=True)) if context.options.readings else None
    return None if plan is None else answer_plan(context, plan, question)


def _to_match(context: RunContext, question: Question, near: Near) -> Near:
    """The nearest by the offline vectors, by whose scale examples are matched, whichever model's serve."""
    if context.settings.embedding_model == OFFLINE or context.options.examples != "retrieved_masked":
        return near
    with context.database.reading() as connection:
        return nearest(connection, masked(question), k=_NEIGHBOURS, embedder=offline_embedder())


def answer_plan(context: RunContext, plan: Plan, question: Question) -> Answer:
    """Carry out a plan that reading made."""
    return _answered(context, carry_out(context, asking_back(plan, question.english)), "reading")


def _answered(context: RunContext, reply: Reply, source: Source, example: str | None = None) -> Answer:
    return Answer(
        reply.text, reply.status, reply.tables, list(context.cypher), model=NAME, suggestions=reply.suggestions,
        example=example, source=source,
    )  # fmt: skip


def asking_back(plan: Plan, english: bool) -> Plan:
    """The plan, except that what turns out unclear while it is carried out is asked back."""

    def steps() -> Steps:
        try:
            return (yield from plan.steps())
        except Unclear as unclear:
            text = unclear.en if english else unclear.ko
            return Reply(text, status="clarify", suggestions=list(unclear.suggestions))

    return Plan(plan.kind, steps)


def carry_out(context: RunContext, plan: Plan) -> Reply:
    """Run the plan as the agent it is: a model that calls tools."""
    context.show_tables = False
    model = OfflineModel(plan, context)
    agent = ToolCallingAgent(
        tools(context, planned=False),
        model,
        prompt_templates=_prompts(),
        max_steps=_MOST_STEPS,
        verbosity_level=LogLevel.OFF,
    )
    context.emit(StepStarted("query", "query", "그래프에 질의하는 중"))
    with context.stage("query"):
        agent.run(question_of(plan))
    context.check()
    rows = sum(len(table.rows) for table in model.reply.tables) if model.reply else 0
    context.emit(StepFinished("query", "query", f"{rows:,}행을 찾았습니다"))
    if model.reply is None:
        raise QueryFailed("the plan did not come to its end", ko="질의를 끝까지 실행하지 못했습니다.")
    return model.reply


def question_of(plan: Plan) -> str:
    """What the agent is told its task is."""
    return f"Carry out the verified reading {plan.kind}."
