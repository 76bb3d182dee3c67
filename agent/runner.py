"""Answers one question: links its names, finds verified examples near it, lets a model work with tools, and puts the answer together."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from agent.answer import Answer, Message
from agent.events import AnswerDelta, Event, StepFinished, StepStarted, TableReady
from agent.models.offline import NAME as OFFLINE
from agent.offline_answers import answer_offline
from agent.reading.question import Question
from agent.reading.understanding import understand
from agent.run_context import RunCancelled, RunContext
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
) -> Answer:
    """Answer a question from the loaded market.

    `history` are the messages before it, `emit` receives the events as they happen, and `cancelled` stops the run. The
    model is `settings.model`. Every failure comes back as an answer with status `failed` and a sentence that says so;
    only a cancelled run raises, RunCancelled.
    """
    started = time.perf_counter()
    settings = settings or get_settings()
    answer = _guarded(database, question, history, settings, emit, cancelled)
    answer.elapsed_ms = round((time.perf_counter() - started) * 1000)
    return answer


def _guarded(
    database: Database,
    question: str,
    history: Sequence[Message],
    settings: Settings,
    emit: Callable[[Event], None] | None,
    cancelled: threading.Event | None,
) -> Answer:
    try:
        return _answer(database, question, history, settings, emit, cancelled)
    except RunCancelled:
        raise
    except Exception as error:
        if (cancelled is not None and cancelled.is_set()) or _caused_by(error, RunCancelled):
            raise RunCancelled from error
        known = _caused_by(error, AtlasError)
        if known is None:
            log.exception("ask_failed")
            sorry = "답을 만드는 중에 문제가 생겼습니다. 잠시 뒤에 다시 물어봐 주세요."
            return Answer(sorry, "failed", model=settings.model)
        log.warning("ask_failed", error=known.message, slug=known.slug)
        # What the data lacks is no failure of ours.
        return Answer(known.ko, "refused" if isinstance(known, NotFound) else "failed", model=settings.model)


def _caused_by(error: BaseException | None, kind: type[_E]) -> _E | None:
    """The error of a kind that is behind another, however deep the agent framework has wrapped it."""
    while error is not None and not isinstance(error, kind):
        error = error.__cause__ or error.__context__
    return error


def _answer(
    database: Database,
    text: str,
    history: Sequence[Message],
    settings: Settings,
    emit: Callable[[Event], None] | None,
    cancelled: threading.Event | None,
) -> Answer:
    text = text.strip()
    if not text:
        raise InvalidInput("the question is empty", ko="질문을 적어 주세요.")
    if len(text) > LONGEST_QUESTION:
        raise InvalidInput("the question is too long", ko=f"질문은 {LONGEST_QUESTION:,}자까지 쓸 수 있습니다.")
    with database.engine("atlas_app").connect() as connection:
        dated = get_dataset(connection)
        context = RunContext(database, settings, dated.as_of, dated.dataset, emit, cancelled)
        question = _linked(context, connection, text, dated)
        if settings.model == OFFLINE:
            answer = answer_offline(context, connection, question)
        else:
            from agent.llm_answers import answer_with_model

            answer = answer_with_model(context, connection, question, history)
    return _finished(context, answer, question)


def _linked(context: RunContext, connection: Connection, text: str, dated: Dated) -> Question:
    context.emit(StepStarted("link", "link", "질문에서 이름과 날짜를 찾는 중"))
    question = understand(connection, text, dated.as_of, dated.dataset)
    names = [token.value.name for token in question.tokens if token.is_entity and hasattr(token.value, "name")]
    found = ", ".join(dict.fromkeys(names)) if names else "이름 없음"
    context.emit(StepFinished("link", "link", f"찾은 이름: {found}" if names else "이름 없이 물은 질문"))
    return question


def _finished(context: RunContext, answer: Answer, question: Question) -> Answer:
    """The answer with the date its data stands on and, for the sample market, the notice that its figures are invented."""
    answer.as_of, answer.dataset = context.as_of.isoformat(), context.dataset
    note = _note(context, question) if answer.status == "answered" else ""
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
            if context.dataset == "files"
            else f"_Data date {day}. Sample data: the figures are invented._"
        )
    return (
        f"_데이터 기준일 {day}_"
        if context.dataset == "files"
        else f"_데이터 기준일 {day} · 예시 데이터라 수치는 실제와 다릅니다_"
    )
