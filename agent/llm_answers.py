"""Answers by a language model that works with the agent's tools, the linked names and the nearest verified examples."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jiter
import yaml
from smolagents import LogLevel, ToolCallingAgent
from smolagents.models import ChatMessageStreamDelta

from agent.answer import Answer, Message
from agent.events import AnswerDelta, StepFinished, StepStarted
from agent.models.openai import ModelUnavailable, StreamedModel
from agent.offline_answers import Near, sure_answer
from agent.reading.question import Question
from agent.run_context import RunContext
from agent.tools import tools
from agent.verified_example import Example
from backend.errors import QueryFailed
from backend.graph.labels import schema_text

PROMPT_FILE = Path(__file__).parent / "prompts" / "graph_agent.yaml"
MOST_STEPS = 8
MOST_MESSAGES = 10
SHOWN_EXAMPLES = 3


@cache
def _prompt() -> dict[str, Any]:
    return yaml.safe_load(PROMPT_FILE.read_text(encoding="utf-8"))


class _AnswerStream:
    """Reads the growing argument of the `final_answer` call and tells what is new in it."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._arguments: dict[int, str] = {}
        self._names: dict[int, str] = {}
        self.text = ""

    def start(self) -> None:
        """Forget the calls of the message before."""
        self._arguments, self._names = {}, {}

    def __call__(self, delta: ChatMessageStreamDelta) -> None:
        for call in delta.tool_calls or []:
            if call.index is None or call.function is None:
                continue
            if call.id:
                self._arguments.pop(call.index, None)
            self._names[call.index] = call.function.name or self._names.get(call.index, "")
            self._arguments[call.index] = self._arguments.get(call.index, "") + (call.function.arguments or "")
            if self._names[call.index] == "final_answer":
                self._tell(self._arguments[call.index])

    def _tell(self, arguments: str) -> None:
        try:
            known = jiter.from_json(arguments.encode(), partial_mode="trailing-strings")
        except ValueError:
            return
        answer = known.get("answer") if isinstance(known, dict) else None
        if isinstance(answer, str) and answer.startswith(self.text) and len(answer) > len(self.text):
            piece, self.text = answer[len(self.text) :], answer
            self._context.emit(AnswerDelta(piece))


def answer_with_model(context: RunContext, question: Question, nearest: Near, history: Sequence[Message]) -> Answer:
    """Let the model of the settings answer, with the nearest examples before its eyes.

    When it cannot be reached, a verified example or reading answers where there is one.
    """
    near = [example for example, _ in nearest[:SHOWN_EXAMPLES]]
    stream = _AnswerStream(context)
    context.emit(StepStarted("think", "think", "언어 모델이 생각하는 중"))
    agent = ToolCallingAgent(
        tools(context), StreamedModel(context.settings, context, stream), prompt_templates=_templates(),
        instructions=_instructions(context, question, near), max_steps=MOST_STEPS, verbosity_level=LogLevel.OFF,
    )  # fmt: skip
    try:
        with context.stage("think"):
            text = str(agent.run(_task(question, history)))
    except Exception as error:
        fallen_back = _verified(context, question, nearest, error, told=bool(stream.text))
        if fallen_back is None:
            raise
        return fallen_back
    context.check()
    if getattr(agent.memory.steps[-1], "error", None) is not None:
        raise QueryFailed("the model did not finish", ko="언어 모델이 정해진 단계 안에 답을 마치지 못했습니다.")
    context.emit(StepFinished("think", "think", "답을 마쳤습니다"))
    answer = Answer(text, context.status, list(context.tables), list(context.cypher), model=context.settings.model)
    answer.source = "model"
    answer.streamed = stream.text == text
    return answer


def _verified(context: RunContext, question: Question, nearest: Near, error: Exception, *, told: bool) -> Answer | None:
    """The offline answer in place of a model that is down; None when there is none, or when a part was already told."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ModelUnavailable):
        cause = cause.__cause__ or cause.__context__
    if told or cause is None:
        return None
    context.error = None
    context.tables.clear()
    context.cypher.clear()
    answer = sure_answer(context, question, nearest)
    if answer is None:
        return None
    answer.answer = f"{answer.answer}\n\n_{cause.ko} 검증된 질의로 답했습니다._"
    return answer


def _templates() -> dict[str, Any]:
    """Templates without any logic in them: what people wrote must never be read as a template."""
    return {
        "system_prompt": "{{custom_instructions}}",
        "planning": {"initial_plan": "", "update_plan_pre_messages": "", "update_plan_post_messages": ""},
        "managed_agent": {"task": "", "report": ""},
        "final_answer": {"pre_messages": "Answer the task from what is known so far.", "post_messages": "{{task}}"},
    }


def _instructions(context: RunContext, question: Question, near: Sequence[Example]) -> str:
    prompt = _prompt()
    sample = "This is the sample market: its figures are invented. Say so."
    return prompt["system"].format(
        dataset_note=sample if context.dataset == "sample" else "",
        as_of=context.as_of.isoformat(),
        rules=prompt["rules"].strip(),
        schema=schema_text(),
        dialect=prompt["dialect"].strip(),
        names=_names(question),
        examples="\n".join(_shown(example) for example in near) or "none",
    )


def _names(question: Question) -> str:
    lines = []
    for token in question.tokens:
        if token.is_entity and hasattr(token.value, "keys"):
            lines.append(f"- “{token.text}” = {token.value.kind} {token.value.name} ({', '.join(token.value.keys)})")
        elif token.kind == "ambiguous":
            options = ", ".join(f"{named.kind} {named.name} ({named.key})" for named in token.value.options[:5])
            lines.append(f"- “{token.text}” is ambiguous: {options}")
        elif token.kind == "date" and not token.value.problem:
            lines.append(f"- “{token.text}” = {token.value.first.isoformat()} to {token.value.last.isoformat()}")
    return "\n".join(dict.fromkeys(lines)) or "none"


def _shown(example: Example) -> str:
    if not example.cypher:
        return f"Question: {example.question}\nNot answerable: refuse kindly."
    return f"Question: {example.question}\nGraph: {example.graph}\nCypher:\n{example.cypher}"


def _task(question: Question, history: Sequence[Message]) -> str:
    earlier = "\n".join(f"{message.role}: {message.content}" for message in history[-MOST_MESSAGES:])
    return f"Earlier in this conversation:\n{earlier}\n\nQuestion: {question.text}" if earlier else question.text
