"""What the integration tests share: asking a scripted language model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
from pydantic import SecretStr

from agent.answer import Answer, Message
from agent.events import Event
from agent.runner import ask
from backend.db.engine import Database
from backend.settings import Settings
from tests.stub_llm import StubLlm, Turn

QUESTION = "KODEX 200에 대해 아무 얘기나 들려줘 제발요"
SECRET = "sk-very-secret-key-0123456789"

Asking = Callable[..., tuple[Answer, list[Event], StubLlm]]


@pytest.fixture
def asking(sample_database: Database, settings: Settings) -> Iterator[Asking]:
    """A function that asks with a scripted model and gives the answer, the events and the stub.

    `stub` takes a stub that is there already, `refuses` the parameters that it does not want, `with_settings` other settings.
    """
    stubs: list[StubLlm] = []

    def run(
        turns: Sequence[Turn] = (),
        question: str = QUESTION,
        *,
        history: Sequence[Message] = (),
        stub: StubLlm | None = None,
        refuses: Sequence[str] = (),
        with_settings: dict[str, object] | None = None,
        **options: object,
    ) -> tuple[Answer, list[Event], StubLlm]:
        if stub is None:
            stub = StubLlm(turns, refuses=refuses)
            stubs.append(stub)
        chosen = settings.model_copy(
            update={
                "model": "stub-model", "openai_base_url": stub.url, "openai_api_key": SecretStr(SECRET),
                "model_daily_tokens": None, "model_daily_tokens_per_user": None, **(with_settings or {}),
            }
        )  # fmt: skip
        events: list[Event] = []
        answer = ask(
            sample_database, question, settings=chosen, emit=events.append, verified_first=False, history=history, **options
        )  # fmt: skip
        return answer, events, stub

    yield run
    for stub in stubs:
        stub.close()
