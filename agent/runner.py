"""Answers one question: links its names, finds verified examples near it, lets a model work with tools, and puts the answer together."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from agent.alert_wishes.answering import answer_wish
from agent.answer import Answer, Message, Status, Trace
from agent.events import AnswerDelta, Event, StepFinished, StepStarted, TableReady
from agent.follow_up.resolution import answer_follow_up
from agent.masking import masked
from agent.models.offline import NAME as OFFLINE
from agent.offline_answers import Near, answer_offline, nearest_examples, sure_answer
from agent.personal_data import masked_personal_data
from agent.reading.question import Question
from agent.reading.understanding import understand
from agent.run_context import AnswerOptions, RunCancelled, RunContext
from backend.db.engine import Database
from backend.errors import AtlasError, InvalidInput, NotFound
from backend.market.dataset import Dated, get_dataset
from backend.settings import Settings, get_settings

LONGEST_QUESTION = 1_000
_E = TypeVar("_E", bound=BaseException)
log = structlog.get_logger(__name__)


def ask(
    database: Database,
    question: str,
    *,
    history: Sequence[Message] = (),
    settings: Settings | None = None,
    emit: Callable[[Event], None] | None = None,
    cancelled: threading.Event | None = None,
    verified_first: bool = True,
    asker: str = "local",
    options: AnswerOptions | None = None,
) -> Answer:
    """Answer a question from the loaded market.

    `history` are the messages before it, `emit` receives the events as they happen, and `cancelled` stops the run. The
    model is `settings.model`; with `verified_first` it is asked only where no verified example and no complete reading
    answers. Its tokens are counted for `asker`; `options` take parts of the agent away, for measuring. Personal data in
    the question and the history is masked first. Every failure comes back as an answer with status `failed` and a
    sentence that says so; only a cancelled run raises, RunCancelled.
    """
    started = time.perf_counter()
    run = _Run(
        database,
        settings or get_settings(),
        tuple(replace(message, content=masked_personal_data(message.content)) for message in history),
        emit,
        cancelled,
        verified_first,
        asker,
        Trace(),
        options or AnswerOptions(),
    )
    answer = _guarded(run, question)
    answer.trace = run.trace
    answer.elapsed_ms = round((time.perf_counter() - started) * 1000)
    return answer


@dataclass(frozen=True)
class _Run:
    """What one call of `ask` was given, and the trace that it leaves."""

    database: Database
    settings: Settings
    history: tuple[Message, ...]
    emit: Callable[[Event], None] | None
    cancelled: threading.Event | None
    verified_first: bool
    asker: str
    trace: Trace
    options: AnswerOptions


def _guarded(run: _Run, question: str) -> Answer:
    try:
        return _answer(run, question)
    except RunCancelled:
        raise
    except Exception as error:
        if (run.cancelled is not None and run.cancelled.is_set()) or _caused_by(error, RunCancelled):
            raise RunCancelled from error
        known = _caused_by(error, AtlasError)
        if known is None:
            log.exception("ask_failed")
            sorry = "답을 만드는 중에 문제가 생겼습니다. 잠시 뒤에 다시 물어봐 주세요."
            return Answer(sorry, "failed", model=run.settings.model)
        log.warning("ask_failed", error=known.message, slug=known.slug)
        # What the data lacks is no failure of ours.
        status: Status = "refused" if isinstance(known, NotFound) else "failed"
        return Answer(known.ko, status, model=run.settings.model, suggestions=_known_days(known))


def _known_days(error: AtlasError) -> list[str]:
    """The last day whose trades are known, as a question, where an ETF has no data of the days asked for."""
    name, last = error.extra.get("name"), error.extra.get("last_date")
    return [f"{name} {last} 매매 내역은?"] if name and last else []


def _caused_by(error: BaseException | None, kind: type[_E]) -> _E | None:
    """The error of a kind that is behind another, however deep the agent framework has wrapped it."""
    while error is not None and not isinstance(error, kind):
        error = error.__cause__ or error.__context__
    return error


def _answer(run: _Run, text: str) -> Answer:
    text = masked_personal_data(text.strip())
    if not text:
        raise InvalidInput("the question is empty", ko="질문을 적어 주세요.")
    if len(text) > LONGEST_QUESTION:
        raise InvalidInput("the question is too long", ko=f"질문은 {LONGEST_QUESTION:,}자까지 쓸 수 있습니다.")
    with run.database.reading() as connection:
        dated = get_dataset(connection)
        context = RunContext(
            run.database, run.settings, dated.as_of, dated.dataset, run.emit, run.cancelled, asker=run.asker, trace=run.trace,
            options=run.options,
        )  # fmt: skip
        wished = _wished(run, context, text)
        if wished is not None:
            return _told(context, wished, "")
        question = _linked(context, connection, text, dated)
        near, answer = _found(run, context, connection, question)
    if answer is None:
        from agent.llm_answers import answer_with_model

        # A model takes its time: the connection is for others meanwhile.
        answer = answer_with_model(context, question, near, run.history)
    return _finished(context, answer, question)


def _wished(run: _Run, context: RunContext, text: str) -> Answer | None:
    """The answer to a wish for an alert. What would have to be asked back, a language model may understand."""
    offline = run.settings.model == OFFLINE
    if not (offline or run.verified_first):
        return None
    answer = answer_wish(context, text, run.history)
    return answer if answer is not None and (offline or answer.status != "clarify") else None


def _found(run: _Run, context: RunContext, connection: Connection, question: Question) -> tuple[Near, Answer | None]:
    """The nearest examples, and the answer that needs no language model; None where the model has to be asked."""
    offline = run.settings.model == OFFLINE
    if run.history and run.options.readings and (run.verified_first or offline):
        with context.stage("follow_up"):
            followed = answer_follow_up(context, connection, question, run.history)
        if followed is not None and (offline or followed.status != "clarify"):
            return [], followed
    near = nearest_examples(context, connection, question)
    if offline:
        return near, answer_offline(context, connection, question, near)
    if run.verified_first:
        sure = sure_answer(context, question, near)
        # A language model may understand what would have to be asked back.
        if sure is not None and sure.status != "clarify":
            return near, sure
        context.cypher.clear()
        context.tables.clear()
        context.error = None
    return near, None


def _linked(context: RunContext, connection: Connection, text: str, dated: Dated) -> Question:
    context.emit(StepStarted("link", "link", "질문에서 이름과 날짜를 찾는 중"))
    with context.stage("link"):
        question = understand(connection, text, dated.as_of, dated.dataset)
    context.trace.masked = masked(question)
    names = [token.value.name for token in question.tokens if token.is_entity and hasattr(token.value, "name")]
    found = ", ".join(dict.fromkeys(names)) if names else "이름 없음"
    context.emit(StepFinished("link", "link", f"찾은 이름: {found}" if names else "이름 없이 물은 질문"))
    return question


def _finished(context: RunContext, answer: Answer, question: Question) -> Answer:
    """The answer with the date its data stands on and, for the sample market, the notice that its figures are invented."""
    return _told(context, answer, _note(context, question) if answer.status == "answered" else "")


def _told(context: RunContext, answer: Answer, note: str) -> Answer:
    """The answer with its note, all of it told."""
    answer.as_of, answer.dataset = context.as_of.isoformat(), context.dataset
    if note and note not in answer.answer:
        answer.answer = f"{answer.answer}\n\n{note}"
    shown = {id(table) for table in context.tables}
    for table in answer.tables:
        if id(table) not in shown:
            context.emit(TableReady(table))
    if not answer.streamed:
        context.emit(StepStarted("answer", "answer", "답을 쓰는 중"))
        for piece in re.findall(r"\S+\s*|\s+", answer.answer):
            context.emit(AnswerDelta(piece))
        context.emit(StepFinished("answer", "answer", "답을 다 썼습니다"))
    elif note:
        context.emit(AnswerDelta(f"\n\n{note}"))
    return answer


def _note(context: RunContext, question: Question) -> str:
    day = context.as_of.isoformat()
    if question.english:
        return (
            f"_Data date {day}._"
            if context.dataset != "sample"
            else f"_Data date {day}. Sample data: the figures are invented._"
        )
    return (
        f"_데이터 기준일 {day}_"
        if context.dataset != "sample"
        else f"_데이터 기준일 {day} · 예시 데이터라 수치는 실제와 다릅니다_"
    )
