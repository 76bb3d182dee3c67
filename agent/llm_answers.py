"""Answers by a language model that works with the agent's tools, the linked names and the nearest verified examples."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog
from smolagents import LogLevel, ToolCallingAgent
from smolagents.models import ChatMessage, MessageRole

from agent.alert_wishes.tool import ProposeAlert, may_propose
from agent.answer import Answer, Message
from agent.events import AnswerDelta, StepFinished, StepStarted
from agent.models.answer_stream import AnswerStream
from agent.models.failures import ModelUnavailable
from agent.models.openai import StreamedModel
from agent.offline_answers import Near, sure_answer
from agent.prompt import earlier, instructions, prompt_version
from agent.reading.asking_back import suggested
from agent.reading.question import Question
from agent.run_context import RunContext
from agent.spending import SpendingLimit
from agent.tools import tools
from backend.errors import QueryFailed

MOST_STEPS = 8
# Words of a wish count for so many questions after it: the model may have asked back which ETF is meant.
_REMEMBERED = 2
_NO_TEMPLATES = {
    "system_prompt": "",
    "planning": {"initial_plan": "", "update_plan_pre_messages": "", "update_plan_post_messages": ""},
    "managed_agent": {"task": "", "report": ""},
    "final_answer": {"pre_messages": "", "post_messages": ""},
}

Absent = ModelUnavailable | SpendingLimit
log = structlog.get_logger(__name__)


class _Agent(ToolCallingAgent):
    """smolagents' agent without its templates: what people wrote must never be read as one.

    Once its steps are used up, it asks for nothing more.
    """

    def initialize_system_prompt(self) -> str:
        """The instructions as they are."""
        return self.instructions or ""

    def provide_final_answer(self, task: str) -> ChatMessage:
        """No answer: the caller says that the steps were not enough."""
        return ChatMessage(role=MessageRole.ASSISTANT, content="")


def answer_with_model(context: RunContext, question: Question, nearest: Near, history: Sequence[Message]) -> Answer:
    """Let the model of the settings answer, with the nearest examples before its eyes.

    When it cannot be reached or is used up for today, a verified example or reading answers where there is one; where there is none,
    the answer says why and offers questions that can be answered.
    """
    context.trace.prompt_version = prompt_version()
    stream = AnswerStream(lambda piece: context.emit(AnswerDelta(piece)))
    context.emit(StepStarted("think", "think", "언어 모델이 생각하는 중"))
    said = [message.content for message in history if message.role == "user"][-_REMEMBERED:]
    proposing = ProposeAlert(context, question.english) if may_propose([*said, question.text]) else None
    agent = _Agent(
        [*tools(context), *([proposing] if proposing else [])], StreamedModel(context, stream), prompt_templates=_NO_TEMPLATES,
        instructions=instructions(question, [example for example, _ in nearest]),
        max_steps=MOST_STEPS, verbosity_level=LogLevel.OFF,
    )  # fmt: skip
    agent.memory.steps.extend(earlier(history))
    try:
        with _tools_timed(context):
            text = str(agent.run(question.text, reset=False))
    except Exception as error:
        absent = _absent(error)
        if absent is None or stream.text:
            raise
        log.warning("model_absent", error=absent.message, slug=absent.slug)
        context.trace.errors.append(absent.message)
        return _without_model(context, question, nearest, absent)
    context.check()
    if context.proposal is None and getattr(agent.memory.steps[-1], "error", None) is not None:
        raise QueryFailed("the model did not finish", ko="언어 모델이 정해진 단계 안에 답을 마치지 못했습니다.")
    if proposing is not None and context.proposal is not None:
        text = proposing.answer()
        context.status = "answered"
    text = stream.finish(text)
    context.emit(StepFinished("think", "think", "답을 마쳤습니다"))
    answer = Answer(text, context.status, list(context.tables), list(context.cypher), model=context.settings.model)
    answer.source = "model"
    answer.proposal = context.proposal
    answer.streamed = True
    return answer


@contextmanager
def _tools_timed(context: RunContext) -> Iterator[None]:
    """Count as stage `query` what an agent's run takes besides waiting for the model, which counts itself as `think`."""
    started = time.perf_counter()
    try:
        yield
    finally:
        thought = context.trace.stages_ms.get("think", 0.0) / 1000
        context.trace.add_time("query", max(0.0, time.perf_counter() - started - thought))


def _absent(error: BaseException | None) -> Absent | None:
    """Why the model did not answer, however deep the framework has wrapped it; None when something else went wrong."""
    while error is not None and not isinstance(error, Absent):
        error = error.__cause__ or error.__context__
    return error


def _without_model(context: RunContext, question: Question, nearest: Near, absent: Absent) -> Answer:
    """The offline answer in place of the model's, or why there is none, with questions to ask instead."""
    context.emit(StepFinished("think", "think", absent.ko))
    context.error = None
    context.tables.clear()
    context.cypher.clear()
    why = absent.en if question.english else absent.ko
    answer = sure_answer(context, question, nearest)
    if answer is not None:
        how = "Answered by a verified query instead." if question.english else "검증된 질의로 답했습니다."
        answer.answer = f"{answer.answer}\n\n_{why} {how}_"
        return answer
    language = "en" if question.english else "ko"
    offered = suggested(question, [example for example, _ in nearest if example.lang == language])
    if offered:
        why += " These can be answered now:" if question.english else " 아래 질문에는 바로 답할 수 있습니다."
    return Answer(why, "failed", model=context.settings.model, suggestions=offered)
