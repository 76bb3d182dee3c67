"""Fetching many baskets: a few at a time, each once, whatever other processes do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

from backend.collection.daily.staging import Claims, Staging
from backend.collection.sources import krx
from backend.errors import AtlasError, Unavailable

# Requests under way at once; how many there are in a second is the source's own limit.
THREADS = 4
# After so many baskets in a row without an answer, each after several tries, the service is down.
MOST_UNANSWERED = 10


@dataclass
class Fetched:
    """How many baskets came and how many were there, and by ETF why others are missing or failed."""

    fetched: int = 0
    already: int = 0
    missing: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the counts, and the ETFs that did not come with the reason, as JSON values."""
        return {
            "fetched": self.fetched,
            "already": self.already,
            "missing": [{"code": code, "reason": reason} for code, reason in sorted(self.missing.items())],
            "failed": [{"code": code, "reason": reason} for code, reason in sorted(self.failed.items())],
        }

    def __str__(self) -> str:
        return (
            f"{self.fetched:,} baskets fetched, {self.already:,} were there, {len(self.missing)} missing, "
            f"{len(self.failed)} failed"
        )


def fetch(
    staged: Staging,
    source: krx.Krx,
    etfs: Sequence[str],
    *,
    again: bool,
    progress: Callable[[str, int, int], None],
) -> Fetched:
    """Fetch and keep the baskets of some ETFs.

    What is there is not fetched, unless `again`. Raises the source's errors that concern every ETF, and Unavailable
    where it does not answer at all.
    """
    answers = {} if again else staged.answers(etfs)
    there = {code for code in etfs if code in answers and answers[code].status == "fetched"}
    result = Fetched(already=len(there))
    due = [code for code in etfs if code not in there]
    if not due:
        return result
    with staged.fetching() as claims:
        work = _Work(staged, source, claims, again, result)
        done = len(there)
        progress("fetching baskets", done, len(etfs))
        with ThreadPoolExecutor(THREADS, thread_name_prefix="basket") as pool:
            pending = [pool.submit(work.try_one, code) for code in due]
            try:
                for future in as_completed(pending):
                    done += future.result()
                    progress("fetching baskets", done, len(etfs))
            finally:
                work.stopped.set()
                pool.shutdown(cancel_futures=True)
        work.stopped.clear()
        for code in sorted(work.elsewhere):
            progress("waiting for another collection", done, len(etfs))
            work.wait_for_one(code)
            done += 1
    return result


class _Work:
    """One process's share of the fetching. Safe for threads."""

    def __init__(
        self,
        staged: Staging,
        source: krx.Krx,
        claims: Claims,
        again: bool,
        result: Fetched,
    ) -> None:
        self._staged, self._source = staged, source
        self._claims, self._again, self._result = claims, again, result
        self._lock = threading.Lock()
        self._unanswered = 0
        self.stopped = threading.Event()
        self.elsewhere: list[str] = []

    def try_one(self, code: str) -> bool:
        """Fetch a basket unless another process does so right now; return whether it is settled."""
        if self.stopped.is_set():
            return False
        if not self._claims.take(code):
            with self._lock:
                self.elsewhere.append(code)
            return False
        self._fetch_claimed(code)
        return True

    def wait_for_one(self, code: str) -> None:
        """Fetch a basket that another process was fetching, if it did not get it."""
        self._claims.wait(code)
        self._fetch_claimed(code)

    def _fetch_claimed(self, code: str) -> None:
        try:
            self._fetch(code)
        except AtlasError:
            self.stopped.set()
            raise
        finally:
            self._claims.give_back(code)

    def _fetch(self, code: str) -> None:
        if not self._again and self._staged.has(code):
            with self._lock:
                self._result.already += 1
            return
        try:
            rows = self._source.basket(code, self._staged.day)
        except krx.KrxMissing as error:
            self._staged.put_absent(code, "missing", error.message)
            with self._lock:
                self._unanswered = 0
                self._result.missing[code] = error.message
        except krx.KrxUnavailable as error:
            self._staged.put_absent(code, "failed", error.message)
            self._count_unanswered(code, error)
        else:
            self._staged.put(code, rows)
            with self._lock:
                self._unanswered = 0
                self._result.fetched += 1

    def _count_unanswered(self, code: str, error: AtlasError) -> None:
        with self._lock:
            self._result.failed[code] = error.message
            self._unanswered += 1
            if self._unanswered < MOST_UNANSWERED:
                return
        raise Unavailable(
            f"KRX left {MOST_UNANSWERED} baskets in a row unanswered ({error.message}). What came is kept; "
            f"collect the date again to go on.",
            ko=f"KRX가 연속 {MOST_UNANSWERED}번 응답하지 않아 멈췄습니다. 다시 수집하면 이어집니다.",
        ) from error
