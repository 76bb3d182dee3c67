"""How often KRX may be asked: so many calls a day for each service, counted in the database, and so many a second.

A call is counted before it is sent, whatever comes of it, so that processes and threads side by side never go over.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from datetime import time as time_of_day
from zoneinfo import ZoneInfo

from sqlalchemy import text

from backend.collection.sources.krx.errors import KrxBudgetSpent
from backend.db.engine import Database

SEOUL = ZoneInfo("Asia/Seoul")
ROLE = "atlas_loader"
COUNT = text(
    """
    INSERT INTO source_calls AS c (service, day, calls)
    VALUES (:service, :day, 1)
    ON CONFLICT (service, day) DO UPDATE SET calls = c.calls + 1 WHERE c.calls < :most
    RETURNING calls
    """
)
USED = text("SELECT calls FROM source_calls WHERE service = :service AND day = :day")


def in_seoul() -> datetime:
    """Return the time in Seoul, where KRX's day begins and ends."""
    return datetime.now(SEOUL)


class Budget:
    """The calls that each service may still be sent.

    `daily_calls` and `calls_per_s` hold for every service on its own; the second only within this process.
    """

    def __init__(
        self,
        database: Database,
        *,
        daily_calls: int = 10_000,
        calls_per_s: float = 4,
        clock: Callable[[], datetime] = in_seoul,
    ) -> None:
        self._database = database
        self.daily_calls = daily_calls
        self._interval_s = 1 / calls_per_s
        self._clock = clock
        self._lock = threading.Lock()
        self._free_at: dict[str, float] = defaultdict(float)

    def take(self, service: str) -> int:
        """Wait for the service's turn, count one call and return how many that makes today.

        Raises KrxBudgetSpent, without counting, when the day's calls are used up.
        """
        self._await_turn(service)
        now = self._clock()
        with self._database.engine(ROLE).begin() as connection:
            values = {"service": service, "day": now.date(), "most": self.daily_calls}
            calls = connection.scalar(COUNT, values)
        if calls is None:
            midnight = datetime.combine(now.date() + timedelta(days=1), time_of_day.min, now.tzinfo)
            raise KrxBudgetSpent(
                f"All {self.daily_calls:,} calls of {now.date()} to {service} are used up; the count begins again at "
                f"{midnight:%Y-%m-%d %H:%M} in Seoul. Collect the rest then, or raise ATLAS_KRX_DAILY_CALLS if KRX "
                "allows you more.",
                ko=f"오늘({now.date()}) KRX에 보낼 수 있는 호출 {self.daily_calls:,}회를 모두 썼습니다. "
                f"{midnight:%Y-%m-%d %H:%M}(서울 시각) 이후에 나머지를 수집해 주세요.",
                resets_at=midnight,
            )
        return calls

    def used(self, service: str) -> int:
        """Return how many calls the service was sent today."""
        with self._database.engine(ROLE).connect() as connection:
            return connection.scalar(USED, {"service": service, "day": self._clock().date()}) or 0

    def _await_turn(self, service: str) -> None:
        with self._lock:
            turn = max(time.monotonic(), self._free_at[service])
            self._free_at[service] = turn + self._interval_s
        time.sleep(max(0.0, turn - time.monotonic()))
