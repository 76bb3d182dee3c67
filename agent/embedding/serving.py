"""Which embedding model serves a question: the chosen one once it is ready, the one before it until then, the offline one in need."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from functools import cache

import structlog
from openai import OpenAIError
from sqlalchemy import Connection, text

from agent.embedding.embedders import Embedder, OfflineEmbedder, OpenAIEmbedder
from agent.example_file import load_examples
from backend.settings import Settings

OFFLINE = "offline"
# How long a service that did not answer is left alone, so that only one question in that time waits for it.
PAUSE_S = 30.0
_REMEMBERED = 4_096
log = structlog.get_logger(__name__)

_SERVING = text("""
    SELECT model
    FROM embedding_models
    WHERE ready_at IS NOT NULL AND retired_at IS NULL AND (model = :offline OR model NOT LIKE 'offline-%')
    ORDER BY model = :chosen DESC, chosen_at DESC NULLS LAST
    LIMIT 1
""")


@cache
def offline_embedder() -> OfflineEmbedder:
    """The embedder whose word weights come from the seeds file; the same on every machine."""
    return OfflineEmbedder(wording for example in load_examples() for wording in example.masked)


def embedder_of(model: str, settings: Settings, *, timeout_s: float = 20) -> Embedder:
    """Return the embedder of a stored model: the offline one by its name, or the settings' service."""
    if model == offline_embedder().name:
        return offline_embedder()
    return _service(model, *_address(settings), timeout_s)


def chosen_model(settings: Settings) -> str:
    """The name under which the vectors of the settings' model are stored."""
    return offline_embedder().name if settings.embedding_model == OFFLINE else settings.embedding_model


def serving_model(connection: Connection, settings: Settings) -> str:
    """Return the model whose vectors answer now: the chosen one if it is ready, else the one that was before it."""
    offline = offline_embedder().name
    if settings.embedding_model == OFFLINE:
        return offline
    return (
        connection.execute(_SERVING, {"chosen": settings.embedding_model, "offline": offline}).scalar_one_or_none()
        or offline
    )


def question_vector(connection: Connection, masked_question: str, settings: Settings) -> tuple[str, list[float]]:
    """Embed a question with the model that serves, and return the model's name with the vector.

    Where its service is slower than `embedding_timeout_s` or fails, the offline model serves; that is logged.
    """
    model = serving_model(connection, settings)
    offline = offline_embedder()
    if model != offline.name:
        vector = _questions(model, *_address(settings), settings.embedding_timeout_s).vector(masked_question)
        if vector is not None:
            return model, vector
    [vector] = offline.embed([masked_question])
    return offline.name, vector


class QuestionService:
    """A remote embedder for questions: remembers the latest, keeps to a deadline, and leaves a failing service alone."""

    def __init__(self, embedder: Embedder, timeout_s: float, pause_s: float = PAUSE_S) -> None:
        self._embedder = embedder
        self._timeout_s = timeout_s
        self._pause_s = pause_s
        self._known: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = threading.Lock()
        self._back_at = 0.0
        # The client's own time limit is one of silence: a service that sends a byte now and then would hold a question up.
        self._threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="question-embedding")

    def vector(self, masked_question: str) -> list[float] | None:
        """The vector; None where the service does not give it in time."""
        with self._lock:
            if masked_question in self._known:
                self._known.move_to_end(masked_question)
                return self._known[masked_question]
            if time.monotonic() < self._back_at:
                return None
        try:
            [vector] = self._threads.submit(self._embedder.embed, [masked_question]).result(self._timeout_s)
        except (OpenAIError, ValueError, Late) as error:
            log.warning(
                "the embedding service fails; the offline vectors serve",
                model=self._embedder.name,
                error=type(error).__name__,
                again_in_s=self._pause_s,
            )
            with self._lock:
                self._back_at = time.monotonic() + self._pause_s
            return None
        with self._lock:
            self._known[masked_question] = vector
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return vector


def _address(settings: Settings) -> tuple[str | None, str, str | None]:
    """The service's base URL, key and Azure API version; the language model's, unless it has its own."""
    own = settings.embedding_base_url is not None
    # A key is never sent to an address that it was not set for.
    key = settings.embedding_api_key or (None if own else settings.openai_api_key)
    return (
        settings.embedding_base_url or settings.openai_base_url,
        key.get_secret_value() if key else "",
        None if own else settings.openai_api_version,
    )


@cache
def _service(
    model: str, base_url: str | None, api_key: str, api_version: str | None, timeout_s: float
) -> OpenAIEmbedder:
    return OpenAIEmbedder(api_key, base_url, model, api_version=api_version, timeout_s=timeout_s)


@cache
def _questions(
    model: str, base_url: str | None, api_key: str, api_version: str | None, timeout_s: float
) -> QuestionService:
    return QuestionService(_service(model, base_url, api_key, api_version, timeout_s), timeout_s)
