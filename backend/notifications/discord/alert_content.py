"""What an alert tells, read from its row: trades apart from drift, and whatever else changed in one ETF."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from backend.notifications.discord.content import MOST, Unreadable
from backend.notifications.discord.markdown import one_line

ACTIONS = ("new", "out", "more", "less")
MOST_ROWS = 10


@dataclass(frozen=True)
class Trade:
    """A position that was bought or sold; weights and the change are in %, None where they are not known."""

    name: str
    code: str
    action: str
    shares_change_pct: float | None
    weight_before: float | None
    weight_after: float | None


@dataclass(frozen=True)
class Drift:
    """A position whose weight moved although nothing was traded; weights in %, the change in percentage points."""

    name: str
    code: str
    weight_before: float | None
    weight_after: float | None
    change_pp: float | None


@dataclass(frozen=True)
class Alert:
    """What changed in a watched ETF on a date; the totals count rows, of which the lists hold the largest."""

    code: str
    name: str
    date: date
    compared_with: date | None
    gap: tuple[date, ...]
    gap_total: int | None
    trades: tuple[Trade, ...]
    trades_total: int
    drift: tuple[Drift, ...]
    drift_total: int
    premium: tuple[float | None, float, float | None] | None
    fee: tuple[float | None, float | None] | None
    renamed: tuple[str, str] | None
    threshold_pp: float | None
    weights_comparable: bool
    sample: bool


def alert(content: Mapping[str, Any]) -> Alert:
    """Read a post of kind `alert`; what is not told is None, empty or 0. Raises Unreadable."""
    etf = content.get("etf")
    if not isinstance(etf, Mapping) or not _word(etf, "code"):
        raise Unreadable("etf does not name an ETF")
    trades = tuple(_trade(row) for row in _rows(content, "trades"))
    drift = tuple(_drift(row) for row in _rows(content, "drift"))
    premium, fee, renamed = (_object(content, name) for name in ("premium", "fee", "name"))
    after = premium and _number(premium, "after")
    return Alert(
        code=_word(etf, "code"),
        name=_word(etf, "name") or _word(etf, "code"),
        date=_date(content.get("date"), "date"),
        compared_with=_date(content["compared_with"], "compared_with") if content.get("compared_with") else None,
        gap=_dates(content.get("gap")),
        gap_total=_total(content, "gap_total", 0) or None,
        trades=trades,
        trades_total=_total(content, "trades_total", len(trades)),
        drift=drift,
        drift_total=_total(content, "drift_total", len(drift)),
        premium=(_number(premium, "before"), after, _number(premium, "limit")) if after is not None else None,
        fee=(_number(fee, "before"), _number(fee, "after")) if fee else None,
        renamed=(_word(renamed, "before"), _word(renamed, "after")) if renamed else None,
        threshold_pp=_number(content, "threshold_pp"),
        weights_comparable=content.get("weights_comparable") is not False,
        sample=content.get("sample") is True,
    )


def _trade(row: Mapping[str, Any]) -> Trade:
    action = row.get("action")
    if action not in ACTIONS:
        raise Unreadable("a trade has an unknown action")
    weights = (_number(row, "weight_before"), _number(row, "weight_after"))
    return Trade(*_named(row), action, _number(row, "shares_change_pct"), *weights)


def _drift(row: Mapping[str, Any]) -> Drift:
    return Drift(*_named(row), _number(row, "weight_before"), _number(row, "weight_after"), _number(row, "change_pp"))


def _named(row: Mapping[str, Any]) -> tuple[str, str]:
    return _word(row, "name") or _word(row, "code"), _word(row, "code")


def _rows(content: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = content.get(name) or []
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise Unreadable(f"{name} is not a list of objects")
    return rows[:MOST_ROWS]


def _object(content: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    found = content.get(name)
    if found is not None and not isinstance(found, Mapping):
        raise Unreadable(f"{name} is not an object")
    return found


def _number(content: Mapping[str, Any], name: str) -> float | None:
    value = content.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise Unreadable(f"{name} is not a number")
    return float(max(-MOST, min(value, MOST)))


def _total(content: Mapping[str, Any], name: str, least: int) -> int:
    value = content.get(name) or 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unreadable(f"{name} is not a whole number")
    return max(least, min(value, MOST))


def _word(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name)
    return "" if value is None else one_line(str(value))


def _date(value: Any, name: str) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise Unreadable(f"{name} is not a date") from error


def _dates(values: Any) -> tuple[date, ...]:
    if not isinstance(values, list | None):
        raise Unreadable("gap is not a list")
    return tuple(_date(value, "gap") for value in (values or [])[:MOST_ROWS])
