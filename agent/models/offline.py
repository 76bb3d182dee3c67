"""The offline model: no language model, no key. It carries out the plan that reading the question made, through the agent's tools."""

from __future__ import annotations

from typing import Any

from smolagents.models import ChatMessage, ChatMessageToolCall, ChatMessageToolCallFunction, MessageRole, Model

from agent.reading.plan import Call, Plan, Reply
from agent.run_context import RunContext

NAME = "offline"


class OfflineModel(Model):
    """A smolagents model that calls `query_graph` for each query of a plan and `final_answer` with the reply.

    `reply` holds the finished reply with its tables. A step that fails ends the run with its error.
    """

    def __init__(self, plan: Plan, context: RunContext) -> None:
        super().__init__(model_id=NAME)
        self._steps = plan.steps()
        self._context = context
        self._asked = 0
        self.reply: Reply | None = None

    def generate(
        self,
        messages: list[ChatMessage],
        stop_sequences: list[str] | None = None,
        response_format: dict[str, str] | None = None,
        tools_to_call_from: list[Any] | None = None,
        **_options: Any,
    ) -> ChatMessage:
        """The next step of the plan as a tool call."""
        self._context.check()
        if self._context.error is not None:
            raise self._context.error
        try:
            step = next(self._steps) if not self._asked else self._steps.send(self._context.found)
        except StopIteration as finished:
            self.reply = finished.value
            return self._call("final_answer", {"answer": self.reply.text})
        self._asked += 1
        if isinstance(step, Call):
            return self._call(step.tool, step.arguments)
        return self._call("query_graph", {"cypher": step.cypher, "graph": step.graph})

    def _call(self, name: str, arguments: dict[str, Any]) -> ChatMessage:
        function = ChatMessageToolCallFunction(name=name, arguments=arguments)
        call = ChatMessageToolCall(id=f"offline-{self._asked}-{name}", type="function", function=function)
        return ChatMessage(role=MessageRole.ASSISTANT, content=None, tool_calls=[call])
