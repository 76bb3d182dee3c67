"""How often KRX may be asked: so many calls a day for each service, counted in the database, and so many a second.

A call is counted, and given its turn, in one statement before it is sent, whatever comes of it; so processes and threads
side by side go over neither limit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from datetime import time as time_of_day
from zoneinfo import ZoneInfo

from sqlalchemy import text

from backend.collection.sources.krx.errors import KrxBudgetSpent
from backend.db.engine import Database

SEOUL = ZoneInfo("Asia/Seoul")
ROLE = "atlas_loader"
TAKE = text(
    """
    INSERT INTO source_calls AS c (service, day, calls, free_at)
    VALUES (:service, :day, 1, clock_timestamp() + make_interval(secs => :interval_s))
    ON CONFLICT (service, day) DO UPDATE
    SET calls = c.calls + 1,
        free_at = greatest(c.free_at, clock_timestamp()) + make_interval(secs => :interval_s)
    WHERE c.calls < :most
    RETURNING calls, extract(epoch FROM free_at - clock_timestamp())::float8 - :interval_s
    """
)
USED = text("SELECT calls FROM source_calls WHERE service = :service AND day = :day")


def in_seoul() -> datetime:
    """Return the time in Seoul, where KRX's day begins and ends."""
    return datetime.now(SEOUL)


class Budget:
    """The calls that each service may still be sent. `daily_calls` and `calls_per_s` hold for every service on its own."""

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

    def take(self, service: str) -> int:
        """Count one call, wait for its turn and return how many calls that makes today.

        Raises KrxBudgetSpent, without counting, when the day's calls are used up.
        """
        now = self._clock()
        values = {"service": service, "day": now.date(), "most": self.daily_calls, "interval_s": self._interval_s}
        with self._database.engine(ROLE).begin() as connection:
            taken = connection.execute(TAKE, values).first()
        if taken is None:
            midnight = datetime.combine(now.date() + timedelta(days=1), time_of_day.min, now.tzinfo)
            raise KrxBudgetSpent(
                f"All {self.daily_calls:,} calls of {now.date()} to {service} are used up; the count begins again at "
                f"{midnight:%Y-%m-%d %H:%M} in Seoul. Collect the rest then, or raise ATLAS_KRX_DAILY_CALLS if KRX "
                "allows you more.",
                ko=f"오늘({now.date()}) KRX에 보낼 수 있는 호출 {self.daily_calls:,}회를 모두 썼습니다. "
                f"{midnight:%Y-%m-%d %H:%M}(서울 시각) 이후에 나머지를 수집해 주세요.",
                resets_at=midnight,
            )
        calls, wait_s = taken
        time.sleep(max(0.0, wait_s))
        return calls

    def used(self, service: str) -> int:
        """Return how many calls the service was sent today."""
        with self._database.engine(ROLE).connect() as connection:
            return connection.scalar(USED, {"service": service, "day": self._clock().date()}) or 0
