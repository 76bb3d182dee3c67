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

from backend.collection.sources.krx.errors import KrxBudgetSpent, KrxUnavailable
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
    WHERE c.calls < :most AND c.free_at <= clock_timestamp() + make_interval(secs => :longest_s)
    RETURNING calls, extract(epoch FROM free_at - clock_timestamp())::float8 - :interval_s
    """
)
STATE = text("SELECT calls, free_at FROM source_calls WHERE service = :service AND day = :day")
POSTPONE = text(
    """
    UPDATE source_calls
    SET free_at = greatest(free_at, clock_timestamp() + make_interval(secs => :seconds))
    WHERE service = :service AND day = :day
    """
)
# Whoever would have to wait longer for a turn is told so instead.
LONGEST_WAIT_S = 60.0
DAY_S = 86_400.0


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

        Without counting it raises KrxBudgetSpent when the day's calls are used up, and KrxUnavailable while the service
        wants to be left alone.
        """
        now = self._clock()
        values = {
            "service": service,
            "day": now.date(),
            "most": self.daily_calls,
            "interval_s": self._interval_s,
            # So many threads may queue up, however slow the pace.
            "longest_s": max(LONGEST_WAIT_S, 100 * self._interval_s),
        }
        with self._database.engine(ROLE).begin() as connection:
            taken = connection.execute(TAKE, values).first()
        if taken is None:
            raise self._refusal(service, now)
        calls, wait_s = taken
        time.sleep(max(0.0, wait_s))
        return calls

    def postpone(self, service: str, seconds: float) -> None:
        """Let nobody send the service anything for so long, since it asked for that; at most until the day ends."""
        values = {"service": service, "day": self._clock().date(), "seconds": min(seconds, DAY_S)}
        with self._database.engine(ROLE).begin() as connection:
            connection.execute(POSTPONE, values)

    def used(self, service: str) -> int:
        """Return how many calls the service was sent today."""
        state = self._state(service, self._clock())
        return state[0] if state else 0

    def _state(self, service: str, now: datetime) -> tuple[int, datetime] | None:
        with self._database.engine(ROLE).connect() as connection:
            row = connection.execute(STATE, {"service": service, "day": now.date()}).first()
        return (row[0], row[1]) if row else None

    def _refusal(self, service: str, now: datetime) -> KrxBudgetSpent | KrxUnavailable:
        state = self._state(service, now)
        if state and state[0] < self.daily_calls:
            until = f"{state[1].astimezone(SEOUL):%H:%M}"
            return KrxUnavailable(
                f"{service} asked to be left alone until {until} in Seoul; nothing is sent before.",
                ko=f"{service}가 {until}(서울 시각)까지 요청하지 말라고 했습니다. 그 뒤에 다시 시도해 주세요.",
            )
        midnight = datetime.combine(now.date() + timedelta(days=1), time_of_day.min, now.tzinfo)
        return KrxBudgetSpent(
            f"All {self.daily_calls:,} calls of {now.date()} to {service} are used up; the count begins again at "
            f"{midnight:%Y-%m-%d %H:%M} in Seoul. Collect the rest then, or raise ATLAS_KRX_DAILY_CALLS if KRX "
            "allows you more.",
            ko=f"오늘({now.date()}) KRX에 보낼 수 있는 호출 {self.daily_calls:,}회를 모두 썼습니다. "
            f"{midnight:%Y-%m-%d %H:%M}(서울 시각) 이후에 나머지를 수집해 주세요.",
            resets_at=midnight,
        )
