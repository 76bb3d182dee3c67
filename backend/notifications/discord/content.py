"""What a post tells, read from its row: the content of a notification, or why a collection failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from backend.notifications.discord.markdown import one_line

# Beyond this no count is one; it also keeps a number short.
MOST = 10**12


class Unreadable(ValueError):
    """The content of this post does not tell what it should."""


@dataclass(frozen=True)
class Named:
    """A stock or an ETF, with how many ETFs (of them active ones) did something with it, or the reason why it is missing."""

    code: str
    name: str
    etfs: int = 0
    active: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Collection:
    """A date that was collected; the totals count distinct stocks, of which the lists hold the first."""

    source: str
    label: str
    date: date
    compared_with: date | None
    etfs: int
    holdings: int
    prices: int
    trades: int
    gaps: int
    new: tuple[Named, ...]
    out: tuple[Named, ...]
    bought: tuple[Named, ...]
    sold: tuple[Named, ...]
    missing: tuple[Named, ...]
    new_total: int
    out_total: int


@dataclass(frozen=True)
class Failure:
    """A date that could not be collected, and why."""

    source: str
    date: date
    reason: str


def collection(content: Mapping[str, Any]) -> Collection:
    """Read a post of kind `collection`; counts that are not told are 0 and lists are empty. Raises Unreadable."""
    new, out = _list(content, "new"), _list(content, "out")
    return Collection(
        source=_word(content, "source"),
        label=_word(content, "label") or _word(content, "source"),
        date=_date(content, "date"),
        compared_with=_date(content, "compared_with") if content.get("compared_with") else None,
        **{name: _count(content, name) for name in ("etfs", "holdings", "prices", "trades", "gaps")},
        new=new,
        out=out,
        bought=_list(content, "bought"),
        sold=_list(content, "sold"),
        missing=_list(content, "missing"),
        new_total=max(_count(content, "new_total"), len(new)),
        out_total=max(_count(content, "out_total"), len(out)),
    )


def failure(content: Mapping[str, Any]) -> Failure:
    """Read a post of kind `collection_failed`. Raises Unreadable."""
    return Failure(_word(content, "source"), _date(content, "date"), _word(content, "reason"))


def _list(content: Mapping[str, Any], name: str) -> tuple[Named, ...]:
    rows = content.get(name) or []
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise Unreadable(f"{name} is not a list of objects")
    return tuple(
        Named(
            code=_word(row, "code"),
            name=_word(row, "name") or _word(row, "code"),
            etfs=_count(row, "etfs"),
            active=_count(row, "active"),
            reason=_word(row, "reason"),
        )
        for row in rows
    )


def _count(content: Mapping[str, Any], name: str) -> int:
    value = content.get(name) or 0
    if not isinstance(value, int):
        raise Unreadable(f"{name} is not a whole number")
    return max(0, min(value, MOST))


def _word(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name)
    return "" if value is None else one_line(str(value))


def _date(content: Mapping[str, Any], name: str) -> date:
    try:
        return date.fromisoformat(str(content.get(name)))
    except ValueError as error:
        raise Unreadable(f"{name} is not a date") from error
