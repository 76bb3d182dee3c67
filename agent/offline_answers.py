"""Answers without a language model: a reading that explains the whole question is carried out; anything less is asked back or refused."""

from __future__ import annotations

from functools import cache
from typing import Any

from smolagents import LogLevel, ToolCallingAgent
from sqlalchemy import Connection

from agent.answer import Answer
from agent.events import StepFinished, StepStarted, ToolFinished, ToolStarted
from agent.examples import nearest
from agent.masking import masked
from agent.models.offline import NAME, OfflineModel
from agent.reading.asking_back import ask_back
from agent.reading.plan import Plan, Reply
from agent.reading.question import Question
from agent.reading.reading import read
from agent.run_context import RunContext
from agent.tools import tools
from agent.verified_example import Example
from backend.errors import AtlasError, QueryFailed

_MOST_STEPS = 12


@cache
def _prompts() -> dict[str, Any]:
    """Empty prompts: nobody reads them."""
    return {
        "system_prompt": "",
        "planning": {"initial_plan": "", "update_plan_pre_messages": "", "update_plan_post_messages": ""},
        "managed_agent": {"task": "", "report": ""},
        "final_answer": {"pre_messages": "", "post_messages": ""},
    }


def answer_offline(context: RunContext, connection: Connection, question: Question) -> Answer:
    """Answer by the question's reading; where it is not read completely, ask back or refuse with questions that can be answered."""
    near = _nearest(context, connection, question)
    outcome = read(question)
    if outcome.plan is None:
        reply = ask_back(connection, question, outcome, [example for example, _ in near])
        return Answer(reply.text, reply.status, model=NAME, suggestions=reply.suggestions)
    reply = _carry_out(context, outcome.plan)
    if reply.status == "refused" and not reply.suggestions:
        reply.suggestions = ask_back(connection, question, outcome, [example for example, _ in near]).suggestions
    example = next(
        (example.question for example, similarity in near if similarity >= 0.6 and example.outcome == "answered"), None
    )
    return Answer(
        reply.text, reply.status, reply.tables, list(context.cypher), model=NAME, suggestions=reply.suggestions,
        example=example if reply.status == "answered" else None,
    )  # fmt: skip


def _nearest(context: RunContext, connection: Connection, question: Question) -> list[tuple[Example, float]]:
    context.emit(StepStarted("examples", "examples", "비슷한 검증된 질문을 찾는 중"))
    near = nearest(connection, masked(question), k=3)
    text = f"가장 비슷한 질문: {near[0][0].question}" if near else "비슷한 질문 없음"
    context.emit(StepFinished("examples", "examples", text))
    return near


def _carry_out(context: RunContext, plan: Plan) -> Reply:
    """Run the plan as the agent it is: a model that calls tools."""
    context.show_tables = False
    model = OfflineModel(plan, context)
    agent = ToolCallingAgent(
        tools(context), model, prompt_templates=_prompts(), max_steps=_MOST_STEPS, verbosity_level=LogLevel.OFF
    )
    context.emit(StepStarted("query", "query", "그래프에 질의하는 중"))
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


__all__ = ["AtlasError", "ToolFinished", "ToolStarted", "answer_offline"]
