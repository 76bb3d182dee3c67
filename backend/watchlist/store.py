"""One person's rows of the watchlist, inside a transaction of `as_person`: the database shows no others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date  # noqa: N812
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, Row, text

from backend.errors import Conflict
from backend.watchlist.schemas import KINDS, MOST_WATCHED, Kind, WatchSettings


class WatchlistFull(Conflict):
    """There are as many ETFs on the list as one list may have."""

    slug = "watchlist-full"
    title_ko = "관심 목록이 가득 참"


@dataclass(frozen=True, slots=True)
class WatchRow:
    """An ETF on a list and what to tell of it; thresholds in percentage points and %."""

    etf: str
    kinds: list[Kind]
    threshold_pp: float
    premium_pct: float
    discord: bool
    muted: bool
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """When the last visit to the list ended, and the data date that it showed."""

    at: datetime | None
    date: Date | None


_COLUMNS = (
    "etf, kinds, threshold_pp::float8 AS threshold_pp, premium_pct::float8 AS premium_pct, discord, muted, added_at"
)
_SETTINGS = ("kinds", "threshold_pp", "premium_pct", "discord", "muted")
_CHANGE = """
    kinds = coalesce(CAST(:kinds AS text[]), kinds),
    threshold_pp = coalesce(CAST(:threshold_pp AS numeric), threshold_pp),
    premium_pct = coalesce(CAST(:premium_pct AS numeric), premium_pct),
    discord = coalesce(CAST(:discord AS boolean), discord),
    muted = coalesce(CAST(:muted AS boolean), muted)
"""


def watched(connection: Connection) -> list[WatchRow]:
    """Return the list, in the order in which the ETFs were added."""
    rows = connection.execute(text(f"SELECT {_COLUMNS} FROM watchlist ORDER BY added_at, etf"))
    return [_row(row) for row in rows]


def watched_codes(connection: Connection) -> list[str]:
    """Return the codes of the ETFs on the list, in the order in which they were added."""
    return list(connection.scalars(text("SELECT etf FROM watchlist ORDER BY added_at, etf")))


def find_watch(connection: Connection, etf: str) -> WatchRow | None:
    """Return an ETF's place on the list, None where it is not on it."""
    row = connection.execute(text(f"SELECT {_COLUMNS} FROM watchlist WHERE etf = :etf"), {"etf": etf}).one_or_none()
    return row and _row(row)


def put_watch(connection: Connection, person: UUID, etf: str, settings: WatchSettings) -> tuple[WatchRow, bool]:
    """Put an ETF on the list or change what is told of it; tell whether it is new there.

    What `settings` leaves out stays as it is, or is the default. Raises WatchlistFull.
    """
    changed = change_watches(connection, [etf], settings)
    if not changed:
        added = add_watches(connection, person, [etf])
        return change_watches(connection, [etf], settings)[0], bool(added)
    return changed[0], False


def change_watches(connection: Connection, etfs: Sequence[str], settings: WatchSettings) -> list[WatchRow]:
    """Change what is told of ETFs; those not on the list are passed over. Returns those that are."""
    wish = {name: getattr(settings, name) for name in _SETTINGS}
    rows = connection.execute(
        text(f"UPDATE watchlist SET {_CHANGE} WHERE etf = ANY(:etfs) RETURNING {_COLUMNS}"),
        {**wish, "etfs": list(etfs)},
    )
    return [_row(row) for row in rows]


def add_watches(connection: Connection, person: UUID, etfs: Sequence[str]) -> list[str]:
    """Put ETFs on the list in this order, with the default settings; return those that are new there.

    Raises WatchlistFull when the list would become too long; then none is put on it.
    """
    # Whoever adds to one person's list queues here, so that two at once cannot both find the last free place.
    connection.execute(text("SELECT FROM users WHERE id = :person FOR NO KEY UPDATE"), {"person": person})
    added = connection.scalars(
        text(
            """
            INSERT INTO watchlist (person, etf, added_at)
            SELECT :person, asked.etf, now() + asked.place * interval '1 microsecond'
            FROM unnest(CAST(:etfs AS text[])) WITH ORDINALITY AS asked (etf, place)
            ORDER BY asked.etf
            ON CONFLICT DO NOTHING
            RETURNING etf
            """
        ),
        {"person": person, "etfs": list(dict.fromkeys(etfs))},
    ).all()
    count = connection.scalar(text("SELECT count(*) FROM watchlist"))
    if added and count > MOST_WATCHED:
        raise WatchlistFull(
            f"a watchlist has at most {MOST_WATCHED} ETFs; this would make {count}",
            ko=f"관심 목록에는 ETF를 {MOST_WATCHED}개까지 담을 수 있습니다. 추가하면 {count}개가 됩니다.",
            most=MOST_WATCHED,
        )
    new = set(added)
    return [etf for etf in dict.fromkeys(etfs) if etf in new]


def remove_watch(connection: Connection, etf: str) -> None:
    """Take an ETF off the list; it is no error if it is not on it."""
    connection.execute(text("DELETE FROM watchlist WHERE etf = :etf"), {"etf": etf})


def last_visit(connection: Connection) -> Seen:
    """Return when the last visit ended, and the data date that it showed."""
    row = connection.execute(text("SELECT watchlist_seen_at, watchlist_seen_date FROM users")).one_or_none()
    # Whoever has just deleted their account has seen nothing.
    return Seen(row.watchlist_seen_at, row.watchlist_seen_date) if row else Seen(None, None)


def end_visit(connection: Connection, shown: Date, newest: Date) -> None:
    """Record that the list has been seen with the data of the date `shown`; `newest` is the market's data date.

    An older page that is closed later takes nothing back, unless what had been seen was another, later market.
    """
    connection.execute(
        text(
            """
            UPDATE users
            SET watchlist_seen_at = now(),
                watchlist_seen_date = CASE
                    WHEN watchlist_seen_date BETWEEN :shown AND :newest THEN watchlist_seen_date
                    ELSE CAST(:shown AS date)
                END
            """
        ),
        {"shown": shown, "newest": newest},
    )


def _row(row: Row) -> WatchRow:
    chosen = set(row.kinds)
    return WatchRow(
        row.etf,
        [kind for kind in KINDS if kind in chosen],
        row.threshold_pp,
        row.premium_pct,
        row.discord,
        row.muted,
        row.added_at,
    )
