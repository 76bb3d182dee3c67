"""A model that is slow, busy, broken or silent: tried again within bounds, hung up on at once, and never with the key in sight."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import date

import pytest
from pydantic import SecretStr

from agent.events import AnswerDelta
from agent.models.answer_stream import AnswerStream
from agent.models.failures import ModelUnavailable, redacted
from agent.models.openai import StreamedModel
from agent.run_context import RunCancelled, RunContext
from agent.runner import ask
from backend.db.engine import Database
from backend.settings import Settings
from tests.integration.conftest import QUESTION, SECRET
from tests.stub_llm import StubLlm, Turn

FINAL = Turn(tool="final_answer", arguments={"answer": "72개입니다."})
SILENT = Turn(silent=True)


@pytest.mark.parametrize(
    "failure",
    [
        Turn(status=429, text="busy", headers={"Retry-After": "0"}),
        Turn(status=429, text="busy", headers={"retry-after-ms": "30"}),
        Turn(status=503, text="down"),
        Turn(tool="query_graph", arguments={"cypher": "MATCH (e:ETF) RETURN e.name AS n"}, cut=2),
        Turn(cut=0),
    ],
)
def test_a_failure_in_passing_is_tried_again(asking: Callable, failure: Turn) -> None:
    answer, events, stub = asking([failure, FINAL])
    assert answer.status == "answered"
    assert len(stub.requests) == 2
    assert "".join(event.text for event in events if isinstance(event, AnswerDelta)) == answer.answer


def test_the_server_says_how_long_to_wait(asking: Callable) -> None:
    _, _, stub = asking([Turn(status=429, text="busy", headers={"Retry-After": "1"}), FINAL])
    assert stub.times[1] - stub.times[0] >= 1


def test_a_wait_beyond_the_budget_is_not_begun(asking: Callable) -> None:
    answer, _, stub = asking([Turn(status=429, text="busy", headers={"Retry-After": "3600"})])
    assert answer.status == "failed"
    assert "요청이 너무 많습니다" in answer.answer
    assert len(stub.requests) == 1


@pytest.mark.parametrize(
    ("failure", "word"),
    [
        (Turn(status=401, text="no"), "키가 올바르지"),
        (Turn(status=404, text="no"), "찾을 수 없습니다"),
        (Turn(status=429, text="no", error={"code": "insufficient_quota"}), "한도가 다 찼습니다"),
        (Turn(status=500, text="no", headers={"x-should-retry": "false"}), "처리하지 못했습니다"),
    ],
)
def test_what_will_not_pass_is_told_at_once(asking: Callable, failure: Turn, word: str) -> None:
    answer, _, stub = asking([failure])
    assert answer.status == "failed"
    assert word in answer.answer
    assert len(stub.requests) == 1


def test_a_server_that_stays_down_is_given_up(asking: Callable) -> None:
    answer, _, stub = asking([Turn(status=500, text="no")])
    assert answer.status == "failed"
    assert "처리하지 못했습니다" in answer.answer
    assert 2 <= len(stub.requests) <= 5


def test_nothing_is_tried_again_once_a_part_was_told(asking: Callable) -> None:
    text = "절반만 오는 긴 답입니다. 끝까지 오지 않습니다. " * 3
    answer, events, stub = asking([Turn(tool="final_answer", arguments={"answer": text}, cut=6)])
    assert any(isinstance(event, AnswerDelta) for event in events)
    assert answer.status == "failed"
    assert "끊겼습니다" in answer.answer
    assert len(stub.requests) == 1


def test_a_request_ends_at_its_time_limit(asking: Callable) -> None:
    answer, _, stub = asking([SILENT, FINAL], with_settings={"model_timeout_s": 0.3})
    assert answer.status == "answered"
    assert stub.hung_up == 1


def test_a_server_that_is_not_there_is_said_so(asking: Callable, free_port: Callable[[], int]) -> None:
    answer, _, _ = asking([FINAL], with_settings={"openai_base_url": f"http://127.0.0.1:{free_port()}/v1"})
    assert answer.status == "failed"
    assert "연결할 수 없거나" in answer.answer


def test_a_model_that_is_down_leaves_the_verified_answer(asking: Callable) -> None:
    answer, _, _ = asking([Turn(status=401, text="no")], "KODEX 200 보수 알려줘")
    assert answer.status == "answered"
    assert answer.model == "offline"
    assert "검증된 질의로 답했습니다" in answer.answer


def test_without_a_verified_answer_questions_are_offered(asking: Callable) -> None:
    answer, _, _ = asking([Turn(status=401, text="no")])
    assert answer.status == "failed"
    assert answer.suggestions
    assert not [question for question in answer.suggestions if question.isascii()]
    assert "바로 답할 수 있습니다" in answer.answer


@pytest.mark.parametrize(
    "turn",
    [
        SILENT,
        Turn(text="아주 긴 답 " * 400, pause=0.05),
        Turn(status=429, text="busy", headers={"Retry-After": "15"}),
    ],
    ids=["before the first byte", "while it speaks", "while waiting to try again"],
)
def test_cancelling_ends_the_request_at_once(sample_database: Database, settings: Settings, turn: Turn) -> None:
    with StubLlm([turn]) as stub:
        chosen = settings.model_copy(update={"model": "stub-model", "openai_base_url": stub.url})
        cancelled = threading.Event()
        cancelled_at: list[float] = []

        def cancel() -> None:
            cancelled_at.append(time.monotonic())
            cancelled.set()

        def once_asked() -> None:
            while not stub.requests:
                time.sleep(0.01)
            time.sleep(0.3)
            cancel()

        threading.Thread(target=once_asked).start()
        with pytest.raises(RunCancelled):
            ask(sample_database, QUESTION, settings=chosen, cancelled=cancelled, verified_first=False)
        assert time.monotonic() - cancelled_at[0] < 1
        deadline = time.monotonic() + 2
        while turn.status == 200 and not stub.hung_up and time.monotonic() < deadline:
            time.sleep(0.02)
        assert stub.hung_up == (turn.status == 200)
        assert len(stub.requests) == 1


@pytest.mark.parametrize(
    "turn",
    [
        Turn(status=401, text=f"Incorrect API key provided: {SECRET}. Authorization: Bearer {SECRET}"),
        Turn(status=400, text=f"bad key {SECRET}"),
        Turn(status=503, text=f"proxy error, headers: api-key={SECRET}", headers={"x-echo": "1"}),
        Turn(text="", finish="stop"),
        FINAL,
    ],
)
def test_the_key_is_nowhere(
    asking: Callable, turn: Turn, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture
) -> None:
    for name in ("", "openai", "httpx2", "httpcore2", "stamina", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name or None)
    answer, events, stub = asking([turn])
    assert any(SECRET in value for headers in stub.headers for value in headers.values())
    written = capfd.readouterr()
    records = [f"{record.getMessage()} {record.__dict__}" for record in caplog.records]
    seen = [str(answer), str(answer.trace), str(events), *records, written.out, written.err]
    assert len(records) > 3
    assert not [text for text in seen if SECRET in text]


def test_no_cause_of_a_failure_holds_the_key(sample_database: Database, settings: Settings) -> None:
    with StubLlm([Turn(status=401, text=f"Incorrect API key provided: {SECRET}")]) as stub:
        chosen = settings.model_copy(
            update={"model": "m", "openai_base_url": stub.url, "openai_api_key": SecretStr(SECRET)}
        )
        context = RunContext(sample_database, chosen, date(2026, 7, 31), "sample")
        model = StreamedModel(context, AnswerStream(lambda _: None))
        with pytest.raises(ModelUnavailable) as caught:
            model.generate([])
    error: BaseException | None = caught.value
    while error is not None:
        assert SECRET not in f"{error} {error.args} {error.__dict__}"
        assert "request" not in error.__dict__
        error = error.__cause__ or error.__context__
    assert SECRET not in repr(model.__dict__)


def test_keys_are_recognised_by_their_form() -> None:
    assert redacted("key sk-proj-abc***xyz refused", "") == "key [key] refused"
    assert redacted("http://user:pass@host/v1", "") == "http://[key]@host/v1"
