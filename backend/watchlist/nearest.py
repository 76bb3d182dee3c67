"""The ETFs whose names are nearly what was written, for many names at once.

It judges as `backend.market.search.resolve` does, but reads the names of all ETFs once and compares in memory: three
hundred searches for typing errors take four seconds in the database.
"""

from __future__ import annotations

from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA
from sqlalchemy import Connection, Row, text

from backend.market import hangul, spelling
from backend.market.matching import asks_by_initials
from backend.market.readings import readings, words
from backend.market.search import resolve

Etf = tuple[str, str]
"""Code and name."""


@dataclass(frozen=True, slots=True)
class Near:
    """The ETFs that a name may mean, the likeliest first; `sure` where there is one and no doubt."""

    etfs: tuple[Etf, ...] = ()
    sure: bool = False


NOTHING = Near()
LIKELY, SURE, APART = 0.52, 0.58, 0.06
"""From which score on a slip is believed, and taken for the name without asking back where no other is as near."""
_READINGS = 2
_LITERAL = 0.03
"""Slips are looked for in what was written, not in what it would be on another keyboard."""
_MOST_SEARCHES = 20
"""Names by their initials are searched for one by one; more of them than this in one list are not looked up."""


class NearestNames:
    """Every spelling of every ETF."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._searches = 0
        self._rows = connection.execute(
            text(
                """
                SELECT key, name, form, letters, size::float8 AS size
                FROM search_names
                WHERE kind = 'etf' AND letters IS NOT NULL
                ORDER BY size DESC, length(form), key
                """
            )
        ).all()
        self._letters = [row.letters for row in self._rows]
        self._forms = [row.form for row in self._rows]
        self._all_forms = "\n".join(self._forms)
        self._by_form: dict[str, list[Row]] = {}
        for row in self._rows:
            self._by_form.setdefault(row.form, []).append(row)

    def near(self, name: str) -> Near:
        """Return the ETFs that a name may mean."""
        meant = readings(name)
        if not meant or len(meant[0].form) < 2 or meant[0].form in spelling.NOISE:
            return NOTHING
        if asks_by_initials(name):
            return self._search(name)
        for parts in (*([reading.form] for reading in meant), words(name)):
            if parts and (found := self._containing(parts)):
                return Near(found, sure=len(found) == 1)
        return self._slips(name)

    def _containing(self, parts: list[str]) -> tuple[Etf, ...]:
        # Most parts are in no name at all, which one look at all names together tells.
        if not all(part in self._all_forms for part in parts):
            return ()
        places = range(len(self._forms))
        for part in parts:
            places = [place for place in places if part in self._forms[place]]
        rows = sorted((self._rows[place] for place in places), key=lambda row: not row.form.startswith(parts[0]))
        return tuple(dict.fromkeys((row.key, row.name) for row in rows))

    def _slips(self, name: str) -> Near:
        meant = [reading for reading in readings(name) if len(reading.form) >= 3 and reading.cost <= _LITERAL][
            :_READINGS
        ]
        scores: dict[Etf, float] = {}
        for reading in meant:
            form = reading.form
            for swapped in (form[:i] + form[i + 1] + form[i] + form[i + 2 :] for i in range(len(form) - 1)):
                for row in self._by_form.get(swapped, ()):
                    _keep(scores, row, 0.6)
            near = process.extract(
                hangul.letters(form), self._letters, scorer=OSA.normalized_similarity, score_cutoff=0.75, limit=10
            )
            for _, alike, place in near:
                row = self._rows[place]
                _keep(scores, row, 0.8 * alike - 0.1 + 0.0003 * row.size - reading.cost)
        best = max(scores.values(), default=0.0)
        if best < LIKELY:
            return NOTHING
        likely = sorted((etf for etf in scores if scores[etf] >= best - APART), key=lambda etf: (-scores[etf], etf))
        return Near(tuple(likely), sure=len(likely) == 1 and best >= SURE)

    def _search(self, name: str) -> Near:
        self._searches += 1
        if self._searches > _MOST_SEARCHES:
            return NOTHING
        meant = resolve(self._connection, name, ["etf"])
        return Near(tuple((hit.code, hit.name) for hit in meant.hits), sure=meant.status == "one")


def _keep(scores: dict[Etf, float], row: Row, score: float) -> None:
    etf = (row.key, row.name)
    scores[etf] = max(score, scores.get(etf, 0.0))
