"""How many tokens and dollars the language model may use, for each asker and for everybody, by the day in Seoul.

A request is counted with an estimate before it is sent and put right afterwards, so that many requests at once cannot slip past a limit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, text

from agent.run_context import RunContext
from backend.errors import Unavailable
from backend.settings import Settings

SEOUL = ZoneInfo("Asia/Seoul")
# One request after the other looks and counts; the number is this table's alone.
_LOCK = text("SELECT pg_advisory_xact_lock(84030008)")
_USED = text(
    """
    SELECT
        coalesce(sum(prompt_tokens + completion_tokens), 0)::bigint AS tokens,
        coalesce(sum(prompt_tokens + completion_tokens) FILTER (WHERE asker = :asker), 0)::bigint AS own_tokens,
        coalesce(sum(cost_usd), 0)::float8 AS cost,
        coalesce(sum(cost_usd) FILTER (WHERE asker = :asker), 0)::float8 AS own_cost
    FROM model_usage
    WHERE day = :day
    """
)
_COUNT = text(
    """
    INSERT INTO model_usage AS used (asker, day, requests, prompt_tokens, completion_tokens, cost_usd)
    VALUES (:asker, :day, :requests, greatest(:prompt, 0), greatest(:completion, 0), greatest(:cost, 0))
    ON CONFLICT (day, asker) DO UPDATE SET
        requests = used.requests + :requests,
        prompt_tokens = greatest(used.prompt_tokens + :prompt, 0),
        completion_tokens = greatest(used.completion_tokens + :completion, 0),
        cost_usd = greatest(used.cost_usd + :cost, 0)
    """
)


class SpendingLimit(Unavailable):
    """The language model has been used as much as it may be today."""

    slug = "model-limit"
    title_ko = "언어 모델 사용 한도"

    def __init__(self, message: str, *, ko: str, en: str) -> None:
        super().__init__(message, ko=ko)
        self.en = en


@dataclass(frozen=True)
class _Limit:
    used: float
    most: float | None
    amount_ko: str
    amount_en: str
    whose_ko: str
    whose_en: str


def estimated_tokens(written: str) -> int:
    """About how many tokens a text has: four characters each of ASCII, one and a half of Korean."""
    plain = len(written.encode("ascii", "ignore"))
    return math.ceil(plain / 4 + (len(written) - plain) / 1.5)


def cost_usd(settings: Settings, prompt: int, completion: int) -> float:
    """What tokens cost by the settings' prices; 0 without prices."""
    price_in, price_out = settings.model_price_input_usd_per_mtok, settings.model_price_output_usd_per_mtok
    return (prompt * (price_in or 0) + completion * (price_out or 0)) / 1_000_000


def today() -> date:
    """The day in Seoul, by which is counted."""
    return datetime.now(SEOUL).date()


class Spending:
    """Counts what one run asks of the language model, in the database and in the run's trace."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._reserved = 0
        self._day = today()

    def reserve(self, tokens: int) -> None:
        """Count a request that is about to be sent with so many tokens. Raises SpendingLimit when a limit is reached already."""
        context = self._context
        self._day, self._reserved = today(), tokens
        with context.database.engine("atlas_app").begin() as connection:
            if _is_limited(context.settings):
                connection.execute(_LOCK)
                used = connection.execute(_USED, {"asker": context.asker, "day": self._day}).one()
                _check(context.settings, used, self._day)
            self._add(connection, 1, tokens, 0)

    def settle(self, prompt: int, completion: int) -> None:
        """Put right what was reserved: the tokens that were really read and written."""
        usage = self._context.trace.usage
        usage.prompt_tokens += prompt
        usage.completion_tokens += completion
        usage.cost_usd = round(usage.cost_usd + cost_usd(self._context.settings, prompt, completion), 8)
        with self._context.database.engine("atlas_app").begin() as connection:
            self._add(connection, 0, prompt - self._reserved, completion)
        self._reserved = 0

    def _add(self, connection: Connection, requests: int, prompt: int, completion: int) -> None:
        cost = cost_usd(self._context.settings, prompt, completion)
        counted = {"requests": requests, "prompt": prompt, "completion": completion, "cost": cost}
        connection.execute(_COUNT, {"asker": self._context.asker, "day": self._day, **counted})


def _is_limited(settings: Settings) -> bool:
    limits = (
        settings.model_daily_tokens, settings.model_daily_tokens_per_user,
        settings.model_daily_cost_usd, settings.model_daily_cost_usd_per_user,
    )  # fmt: skip
    return any(limit is not None for limit in limits)


def _check(settings: Settings, used: Row, day: date) -> None:
    own, everybody = ("한 사람이 하루에", "for one person a day"), ("모두가 하루에", "for everybody a day")
    own_tokens, tokens = settings.model_daily_tokens_per_user, settings.model_daily_tokens
    own_cost, cost = settings.model_daily_cost_usd_per_user, settings.model_daily_cost_usd
    limits = (
        _Limit(used.own_tokens, own_tokens, f"{own_tokens or 0:,}토큰", f"{own_tokens or 0:,} tokens", *own),
        _Limit(used.own_cost, own_cost, f"{own_cost or 0:,g}달러", f"${own_cost or 0:,g}", *own),
        _Limit(used.tokens, tokens, f"{tokens or 0:,}토큰", f"{tokens or 0:,} tokens", *everybody),
        _Limit(used.cost, cost, f"{cost or 0:,g}달러", f"${cost or 0:,g}", *everybody),
    )
    for limit in limits:
        if limit.most is not None and limit.used >= limit.most:
            raise _reached(limit, day + timedelta(days=1))


def _reached(limit: _Limit, reset: date) -> SpendingLimit:
    ko = (
        f"언어 모델을 {limit.whose_ko} 쓸 수 있는 양({limit.amount_ko})을 오늘은 다 썼습니다. "
        f"{reset.month}월 {reset.day}일 0시(한국 시각)에 다시 쓸 수 있습니다."
    )
    en = f"The language model has been used up {limit.whose_en} ({limit.amount_en}). It resets on {reset} at 00:00 KST."
    return SpendingLimit(f"{limit.used:g} of {limit.amount_en} used {limit.whose_en}", ko=ko, en=en)
