"""The worker that embeds waiting examples: a thread of the web server, and `./atlas embed run`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from agent.embedding.queue import MOST_REFUSALS, choose, make_known, work_batch
from agent.embedding.serving import chosen_model, embedder_of, offline_embedder
from backend.db.engine import Database
from backend.settings import Settings

# How often the queue is looked into when it was empty.
LOOK_EVERY_S = 2.0
# Below the 60 s after which the database gives up on a transaction that does nothing.
REQUEST_S = 20.0
_OPEN = text("SELECT model FROM embedding_models WHERE retired_at IS NULL ORDER BY chosen_at DESC NULLS LAST, model")
_LEFT = text("""
    SELECT count(*) FROM embedding_queue WHERE model = ANY(:models) AND NOT (alone AND attempts >= :refusals)
""")
log = structlog.get_logger(__name__)


class EmbeddingWorker:
    """Embeds what waits, for the chosen model and every other one that is still known; call `start` and `stop`.

    The chosen model comes first. Any number of workers may run, also in other processes. A service that fails is left alone
    for as long as its jobs are put off; the database may come and go.
    """

    def __init__(self, database: Database, settings: Settings, *, look_every_s: float = LOOK_EVERY_S) -> None:
        self._database = database
        self._settings = settings
        self._look_every_s = look_every_s
        self._stopped = threading.Event()
        self._back_at: dict[str, float] = {}
        self._thread = threading.Thread(target=self._run, name="embedding-worker", daemon=True)

    def start(self) -> None:
        """Begin to work in a thread."""
        self._thread.start()

    def stop(self, timeout_s: float = 3.0) -> None:
        """End after the batch at hand; what is not finished by then is rolled back and stays in the queue."""
        self._stopped.set()
        self._thread.join(timeout_s)

    def choose(self) -> None:
        """Let the settings' model serve as soon as it is ready."""
        with self._database.engine("atlas_app").begin() as connection:
            make_known(connection, offline_embedder().name)
            choose(connection, chosen_model(self._settings))

    def drain(self, progress: Callable[[int, int], None] = lambda _done, _left: None) -> int:
        """Work until nothing waits but what is refused for good, also through failures; `progress` is told jobs done and left. Returns the jobs done."""
        done = 0
        while not self._stopped.is_set():
            worked = self.work_round()
            done += worked
            left = self._left()
            progress(done, left)
            if not left:
                break
            if not worked:
                self._stopped.wait(min(self._look_every_s, 0.5))
        return done

    def work_round(self) -> int:
        """Do one batch for each model that is not being left alone; returns how many jobs were done."""
        done = 0
        for model in self._models():
            if self._stopped.is_set() or time.monotonic() < self._back_at.get(model, 0):
                continue
            batch = work_batch(self._database, embedder_of(model, self._settings, timeout_s=REQUEST_S))
            self._back_at[model] = time.monotonic() + batch.pause_s
            done += batch.done
        return done

    def _models(self) -> list[str]:
        """The models that this process can embed with."""
        with self._database.engine("atlas_app").connect() as connection:
            known = connection.execute(_OPEN).scalars().all()
        offline = offline_embedder().name
        return [model for model in known if model == offline or not model.startswith("offline-")]

    def _left(self) -> int:
        with self._database.engine("atlas_app").connect() as connection:
            return connection.execute(_LEFT, {"models": self._models(), "refusals": MOST_REFUSALS}).scalar_one()

    def _run(self) -> None:
        chosen = False
        while not self._stopped.is_set():
            worked = 0
            try:
                if not chosen:
                    self.choose()
                    chosen = True
                worked = self.work_round()
            except SQLAlchemyError as error:
                log.warning("the embedding queue cannot be worked on", error=type(error).__name__)
                self._stopped.wait(5 * self._look_every_s)
            except Exception:
                # A defect here must not end the thread: promoted examples would never be found.
                log.exception("embedding_worker_failed")
            if not worked:
                self._stopped.wait(self._look_every_s)
