"""Finds ETFs, stocks, managers, tags and indexes by what people call them, and settles what a mention means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from sqlalchemy import Connection, text

from backend.market import spelling
from backend.market.matching import Hit, asks_by_initials, by_initials, exact, exact_hits, fuzzy, keep, literal
from backend.market.readings import Reading, readings, words

__all__ = ["KINDS", "Hit", "Kind", "Resolution", "resolve", "search"]

KINDS = ("etf", "stock", "company", "tag", "index")
Kind = Literal["etf", "stock", "company", "tag", "index"]

# A mention that matches several things whole means the one whose spelling is the more official.
_OFFICIAL = {"name": 0, "code": 0, "english": 1, "other_code": 1, "alias": 2, "brand": 2, "issuer": 2, "former": 2}
# Where names of several kinds are the same, people mean the earlier of these.
_KIND_ORDER = {kind: rank for rank, kind in enumerate(("etf", "stock", "company", "tag", "index"))}


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a mention means.

    `one`: a single thing; several hits are then listings of one company (TSM US and 2330 TT), all of which are meant.
    `ambiguous`: the hits are what it could mean, the likeliest first, to be asked back. `none`: nothing fits.
    """

    status: Literal["one", "ambiguous", "none"]
    hits: list[Hit] = field(default_factory=list)

    @property
    def codes(self) -> list[str]:
        """The keys of the hits: codes, or names of companies, tags and indexes."""
        return [hit.code for hit in self.hits]


def search(connection: Connection, q: str, *, kinds: Sequence[str] | None = None, limit: int = 10) -> list[Hit]:
    """Find what a query may mean, the best first. An empty list means that nothing resembles it."""
    meant = readings(q)
    if not meant or limit <= 0:
        return []
    wanted = list(kinds) if kinds else list(KINDS)
    found = by_initials(connection, q, wanted) if asks_by_initials(q) else {}
    keep(found, literal(connection, q, meant, wanted))
    if len(found) < limit and not any(hit.how in ("exact", "prefix") for hit in found.values()):
        keep(found, group_members(connection, meant, wanted))
        keep(found, fuzzy(connection, meant, wanted))
        keep(found, _by_single_words(connection, q, wanted) if not found else [])
    return _ranked(found.values())[:limit]


def _ranked(hits: Sequence[Hit] | object) -> list[Hit]:
    return sorted(hits, key=lambda hit: (-hit.score, len(hit.name), hit.code))  # type: ignore[arg-type]


def _by_single_words(connection: Connection, q: str, kinds: list[str]) -> list[Hit]:
    """Find names that contain some word of a query of which no name contains all."""
    parts = [part for part in words(q) if len(part) >= 2]
    if len(parts) < 2:
        return []
    hits = [hit for part in parts for hit in literal(connection, part, [Reading(part, cost=0.3)], kinds)]
    return [replace(hit, how="words") for hit in hits]


def group_members(connection: Connection, meant: Sequence[Reading], kinds: Sequence[str]) -> list[Hit]:
    """List the stocks of a business group that a reading names (현대, 포스코 그룹), the most held first."""
    if "stock" not in kinds:
        return []
    rows = connection.execute(
        text(
            """
            SELECT g.spelling AS asked, s.kind, s.key, s.name, s.source, s.spelling, s.form, s.size
            FROM search_names AS g
            JOIN search_names AS s ON s.form >= g.name AND s.form < g.name || :end
            WHERE g.kind = 'group'
              AND g.form = ANY(:forms)
              AND s.kind = 'stock'
              AND s.source = 'name'
            ORDER BY s.size DESC, length(s.form), s.key
            LIMIT 40
            """
        ),
        {"forms": [reading.form for reading in meant], "end": "\U0010ffff"},
    ).all()
    found: dict[tuple[str, str], Hit] = {}
    for row in rows:
        reason = f"‘{row.asked}’ 기업 집단의 종목"
        score = 0.7 + 0.0009 * row.size
        keep(found, [Hit(row.kind, row.key, row.name, round(score, 4), reason, row.spelling, "group", row.source)])
    return _ranked(found.values())


def resolve(connection: Connection, mention: str, kinds: Sequence[str] | None = None) -> Resolution:
    """Settle what a mention means among `kinds` (all by default); see Resolution for how to read the outcome."""
    meant = readings(mention)
    if not meant or len(meant[0].form) < 2 or meant[0].form in spelling.NOISE:
        return Resolution("none")
    wanted = list(kinds) if kinds else list(KINDS)
    matched = exact_hits(exact(connection, [reading.form for reading in meant], wanted), meant)
    members = group_members(connection, meant, wanted)
    if len(members) > 1:
        return _group(list(matched.values()), members)
    if matched:
        return settle(list(matched.values()))
    return _near(search(connection, mention, kinds=wanted, limit=10), spelling.fold(mention))


def _group(matched: list[Hit], members: list[Hit]) -> Resolution:
    """A group's name means any of its members, even where its holding company is called the same."""
    named = {(hit.kind, hit.code) for hit in matched}
    rest = [hit for hit in members if (hit.kind, hit.code) not in named]
    stocks = [hit for hit in matched if hit.kind == "stock"]
    others = [hit for hit in _ranked(matched) if hit.kind != "stock"]
    return Resolution("ambiguous", [*stocks, *rest[:7], *others][:10])


def settle(matched: list[Hit]) -> Resolution:
    """Choose among things whose names all match whole."""
    best = min(_OFFICIAL.get(hit.source, 3) for hit in matched)
    first = _ranked([hit for hit in matched if _OFFICIAL.get(hit.source, 3) == best])
    if len({hit.kind for hit in first}) > 1:
        kind = min((hit.kind for hit in first), key=_KIND_ORDER.__getitem__)
        first = [hit for hit in first if hit.kind == kind]
    return Resolution("one" if len(first) == 1 or _one_company(first) else "ambiguous", first)


def _one_company(hits: list[Hit]) -> bool:
    """Tell whether stocks are listings or share classes of one company.

    They are when they share an alias, which seeds/aliases.csv gives to one company only, or the name less legal form.
    """
    if any(hit.kind != "stock" for hit in hits):
        return False
    shared = {spelling.fold(hit.matched) for hit in hits} if all(hit.source == "alias" for hit in hits) else set()
    return len(shared) == 1 or len({spelling.issuer(hit.name) for hit in hits}) == 1


def _near(hits: list[Hit], form: str) -> Resolution:
    """Choose among things whose names match in part or nearly."""
    if not hits:
        return Resolution("none")
    best = hits[0]
    if best.how == "fuzzy":
        # One letter in twelve key strokes is a slip; more than that may be another name.
        likely = [hit for hit in hits if hit.how == "fuzzy" and hit.score >= best.score - 0.06]
        if best.score < 0.52 or len(form) < 3:
            return Resolution("none")
        return Resolution("one" if len(likely) == 1 and best.score >= 0.58 else "ambiguous", likely)
    alike = [hit for hit in hits if hit.how == best.how and hit.score >= best.score - 0.3]
    if len(alike) > 1 and _one_company(alike):
        return Resolution("one", alike)
    return Resolution("one" if len(alike) == 1 else "ambiguous", alike)
