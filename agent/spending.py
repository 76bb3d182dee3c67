"""How many tokens and dollars the language model may use, for each asker and for everybody, by the day in Seoul.

A request is counted with an estimate before it is sent and put right afterwards, so that many requests at once cannot slip past a limit.
The counting itself is done by functions of the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text

from agent.run_context import RunContext
from backend.errors import Unavailable
from backend.settings import Settings

SEOUL = ZoneInfo("Asia/Seoul")
_RESERVE = text(
    """
    SELECT *
    FROM reserve_model_usage(
        :asker, :day, :tokens, CAST(:cost AS numeric),
        CAST(:own_token_limit AS bigint), CAST(:token_limit AS bigint),
        CAST(:own_cost_limit AS numeric), CAST(:cost_limit AS numeric)
    )
    """
)
_COUNT = text("SELECT count_model_usage(:asker, :day, 0, :prompt, :completion, CAST(:cost AS numeric))")


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


def estimated_tokens(written: str) -> float:
    """About how many tokens a text has: four characters each of ASCII, one and a half of Korean."""
    plain = len(written.encode("ascii", "ignore"))
    return plain / 4 + (len(written) - plain) / 1.5


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
        settings = self._context.settings
        self._day, self._reserved = today(), tokens
        used = self._run(
            _RESERVE, tokens=tokens, cost=cost_usd(settings, tokens, 0),
            own_token_limit=settings.model_daily_tokens_per_user, token_limit=settings.model_daily_tokens,
            own_cost_limit=settings.model_daily_cost_usd_per_user, cost_limit=settings.model_daily_cost_usd,
        )  # fmt: skip
        if not used.granted:
            raise _reached(settings, used, self._day + timedelta(days=1))

    def settle(self, prompt: int, completion: int) -> None:
        """Put right what was reserved: the tokens that were really read and written."""
        settings, usage = self._context.settings, self._context.trace.usage
        usage.prompt_tokens += prompt
        usage.completion_tokens += completion
        usage.cost_usd = round(usage.cost_usd + cost_usd(settings, prompt, completion), 8)
        too_few = prompt - self._reserved
        self._run(_COUNT, prompt=too_few, completion=completion, cost=cost_usd(settings, too_few, completion))

    def _run(self, statement: Any, **parameters: Any) -> Row:
        with self._context.database.engine("atlas_app").connect() as connection:
            # Each statement is a transaction: no round trips to begin and end one.
            counting = connection.execution_options(isolation_level="AUTOCOMMIT")
            return counting.execute(statement, {"asker": self._context.asker, "day": self._day, **parameters}).one()


def _reached(settings: Settings, used: Row, reset: date) -> SpendingLimit:
    """The limit that was reached first in this order: the asker's own, then everybody's."""
    own, everybody = ("한 사람이 하루에", "for one person a day"), ("모두가 하루에", "for everybody a day")
    limits = (
        _tokens(used.own_tokens, settings.model_daily_tokens_per_user, *own),
        _dollars(used.own_cost, settings.model_daily_cost_usd_per_user, *own),
        _tokens(used.tokens, settings.model_daily_tokens, *everybody),
        _dollars(used.cost, settings.model_daily_cost_usd, *everybody),
    )
    limit = next(limit for limit in limits if limit.most is not None and limit.used >= limit.most)
    ko = (
        f"언어 모델을 {limit.whose_ko} 쓸 수 있는 양({limit.amount_ko})을 오늘은 다 썼습니다. "
        f"{reset.month}월 {reset.day}일 0시(한국 시각)에 다시 쓸 수 있습니다."
    )
    en = f"The language model has been used up {limit.whose_en} ({limit.amount_en}). It resets on {reset} at 00:00 KST."
    return SpendingLimit(f"{limit.used:,g} used, {limit.amount_en} allowed {limit.whose_en}", ko=ko, en=en)


def _tokens(used: int, most: int | None, whose_ko: str, whose_en: str) -> _Limit:
    return _Limit(used, most, f"{most or 0:,}토큰", f"{most or 0:,} tokens", whose_ko, whose_en)


def _dollars(used: float, most: float | None, whose_ko: str, whose_en: str) -> _Limit:
    return _Limit(float(used), most, f"{most or 0:,g}달러", f"${most or 0:,g}", whose_ko, whose_en)
