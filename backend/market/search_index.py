"""Builds the table `search_names` from what is loaded: names, codes, former names and seeds/aliases.csv."""

from __future__ import annotations

import csv
import hashlib
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, text

from backend.market import hangul, spelling

ALIASES = Path(__file__).resolve().parents[2] / "seeds" / "aliases.csv"

# Where one form of one thing comes from several sources, the first of these is kept as its reason.
SOURCES = ("name", "code", "english", "alias", "brand", "issuer", "former", "ticker", "other_code")
_RANK = {source: rank for rank, source in enumerate(SOURCES)}
# What counts as small: KRW of net assets for ETFs and what is made of them, one ETF for stocks and tags.
_UNITS = {"etf": 1e9, "company": 1e9, "index": 1e9}
# Codes are looked up whole or by their beginning; a typo in a code is another code.
_CODES = frozenset({"code", "ticker", "other_code"})

_INDEX_TAIL = re.compile(
    r"(?i)\s*(?:\(?(?:price return|total return|net total return|gross total return|excess return|시장가격|총수익|"
    r"p\.?r|t\.?r|n\.?t\.?r|e\.?r)\)?|price|index|지수)\s*$"
)


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that can be found: its kind, its key (a code, or a name where there is no code) and its shown name."""

    kind: str
    key: str
    name: str
    size: float


SUBJECTS = """
    SELECT 'etf', code, name, coalesce(aum_krw, 0)::float8
    FROM etfs
    UNION ALL
    SELECT 'stock', s.code, coalesce(s.name_ko, s.name), coalesce(h.holders, 0)::float8
    FROM securities AS s
    LEFT JOIN (
        SELECT v.properties ->> 'code'::text AS code, count(*) AS holders
        FROM etf_graph."HOLDS" AS h
        JOIN etf_graph."Stock" AS v ON v.id = h.end_id
        GROUP BY v.properties ->> 'code'::text
    ) AS h ON h.code = s.code
    WHERE s.kind = 'stock'
    UNION ALL
    SELECT 'company', company, company, coalesce(sum(aum_krw), 0)::float8
    FROM etfs
    WHERE company IS NOT NULL
    GROUP BY company
    UNION ALL
    SELECT 'index', index_name, index_name, coalesce(sum(aum_krw), 0)::float8
    FROM etfs
    WHERE index_name IS NOT NULL
    GROUP BY index_name
    UNION ALL
    SELECT 'tag', t.properties ->> 'name'::text, t.properties ->> 'name'::text, count(e.id)::float8
    FROM etf_graph."Tag" AS t
    LEFT JOIN etf_graph."TAGGED" AS e ON e.end_id = t.id
    GROUP BY t.properties ->> 'name'::text
    ORDER BY 1, 2
"""

SPELLINGS = """
    SELECT 'etf', code, 'code', code FROM etfs
    UNION ALL
    SELECT 'etf', code, 'other_code', isin FROM etfs WHERE isin IS NOT NULL
    UNION ALL
    SELECT 'etf', code, 'english', name_en FROM etfs WHERE name_en IS NOT NULL
    UNION ALL
    SELECT 'etf', f.code, 'former', f.name FROM etf_former_names AS f JOIN etfs USING (code)
    UNION ALL
    SELECT 'stock', code, 'code', code FROM securities WHERE kind = 'stock'
    UNION ALL
    SELECT 'stock', code, 'other_code', isin FROM securities WHERE kind = 'stock' AND isin IS NOT NULL
    UNION ALL
    SELECT 'stock', code, 'name', name FROM securities WHERE kind = 'stock'
    UNION ALL
    SELECT 'stock', code, 'english', name_en FROM securities WHERE kind = 'stock' AND name_en IS NOT NULL
    UNION ALL
    SELECT 'stock', c.canonical, 'other_code', c.code
    FROM security_codes AS c
    JOIN securities AS s ON s.code = c.canonical AND s.kind = 'stock'
    WHERE c.kind = 'stock' AND c.code <> c.canonical
    UNION ALL
    SELECT 'company', company, 'brand', brand
    FROM etfs
    WHERE company IS NOT NULL AND brand IS NOT NULL
    GROUP BY company, brand
    ORDER BY 1, 2, 3, 4
"""


@lru_cache(maxsize=1)
def aliases() -> tuple[tuple[str, str, str], ...]:
    """Read seeds/aliases.csv as (kind, key, alias) rows."""
    with ALIASES.open(encoding="utf-8", newline="") as file:
        return tuple((row["kind"], row["key"], row["alias"]) for row in csv.DictReader(file))


def rebuild(connection: Connection) -> int:
    """Bring `search_names` in line with the market that this transaction sees, and return the number of names.

    Runs as `atlas_loader` inside the caller's transaction. Nothing is written when the market's names, sizes and the
    aliases are what they were.
    """
    subjects = [Subject(*row) for row in connection.execute(text(SUBJECTS))]
    spellings = [tuple(row) for row in connection.execute(text(SPELLINGS))]
    sizes = _relative_sizes(subjects)
    content = _content_hash([(s.kind, s.key, s.name, sizes[s.kind, s.key]) for s in subjects], spellings)
    built = connection.execute(text("SELECT content_hash, names FROM search_builds")).one_or_none()
    if built and built.content_hash == content:
        return built.names
    rows = list(_rows(subjects, spellings, sizes))
    _write(connection, rows)
    connection.execute(
        text(
            """
            INSERT INTO search_builds (content_hash, names)
            VALUES (:content, :names)
            ON CONFLICT (singleton) DO UPDATE
            SET content_hash = excluded.content_hash, names = excluded.names, built_at = now()
            """
        ),
        {"content": content, "names": len(rows)},
    )
    return len(rows)


def _relative_sizes(subjects: list[Subject]) -> dict[tuple[str, str], float]:
    """Give each subject 0 … 100 by the logarithm of its size within its kind, in halves, so that it seldom changes."""
    largest: dict[str, float] = {}
    for subject in subjects:
        largest[subject.kind] = max(largest.get(subject.kind, 0.0), subject.size)

    def relative(subject: Subject) -> float:
        unit = _UNITS.get(subject.kind, 1.0)
        most = math.log1p(largest[subject.kind] / unit)
        return round(200 * math.log1p(subject.size / unit) / most) / 2 if most else 0.0

    return {(s.kind, s.key): relative(s) for s in subjects}


def _content_hash(*parts: Iterable[tuple]) -> str:
    digest = hashlib.sha256()
    for part in (*parts, aliases(), sorted(spelling.TRANSLITERATIONS.items())):
        for row in part:
            digest.update("\x1f".join(map(str, row)).encode())
            digest.update(b"\x1e")
    digest.update(Path(spelling.__file__).read_bytes())
    digest.update(Path(__file__).read_bytes())
    return digest.hexdigest()


def _rows(
    subjects: list[Subject], spellings: list[tuple[str, str, str, str]], sizes: dict[tuple[str, str], float]
) -> Iterator[tuple]:
    """Make one row of each form of each subject."""
    known = {(s.kind, s.key): s for s in subjects}
    best: dict[tuple[str, str, str], tuple[str, str]] = {}
    for kind, key, source, written in _all_spellings(subjects, spellings, known):
        for form, origin in _forms(kind, source, written):
            kept = best.get((kind, key, form))
            if form and (kept is None or _RANK[origin] < _RANK[kept[0]]):
                best[kind, key, form] = (origin, written)
    for (kind, key, form), (source, written) in best.items():
        name, size = (known[kind, key].name, sizes[kind, key]) if kind != "group" else (written, 0)
        if kind == "group":
            # A group's name is what the folded names of its members begin with.
            yield kind, key, form, spelling.fold(key), source, written, None, None, None, size
        elif source in _CODES:
            yield kind, key, form, name, source, written, None, None, None, size
        else:
            grams = None if _has_core(kind, source, written, form) else spelling.bigrams(form)
            initials = None if form.isascii() else hangul.initials(form)
            yield kind, key, form, name, source, written, hangul.letters(form), initials, grams, size


def _has_core(kind: str, source: str, written: str, form: str) -> bool:
    """Tell whether a form's core is a row of its own: a company's name less its legal form, an ETF's Korean name."""
    if kind == "stock" and source in ("name", "english") and form.isascii():
        return form != spelling.issuer(written)
    return kind == "etf" and source == "english"


def _all_spellings(
    subjects: list[Subject], spellings: list[tuple[str, str, str, str]], known: dict[tuple[str, str], Subject]
) -> Iterator[tuple[str, str, str, str]]:
    for subject in subjects:
        yield subject.kind, subject.key, "name", subject.name
    yield from spellings
    # An alias may name a code that was resolved into another one.
    canonical = {written: key for kind, key, source, written in spellings if kind == "stock" and source == "other_code"}
    for kind, key, alias in aliases():
        if kind == "group":
            yield kind, key, "alias", alias
            continue
        for candidate in (key, canonical.get(key)):
            if (kind, candidate) in known:
                yield kind, candidate, "alias", alias
                break


def _forms(kind: str, source: str, written: str) -> Iterator[tuple[str, str]]:
    """Yield each form that a written name is found by, with the source to give as its reason."""
    plain, folded = spelling.normalise(written), spelling.fold(written)
    if kind == "etf" and source == "english":
        yield folded.removesuffix("etf"), source
        return
    yield folded, source
    if source in _CODES:
        ticker, _, market = written.rpartition(" ")
        if kind == "stock" and market == "US" and ticker.replace("/", "").isalpha():
            yield spelling.normalise(ticker), "ticker"
        return
    if plain != folded:
        yield plain, source
    if kind == "stock" and source in ("name", "english") and folded.isascii():
        yield spelling.issuer(written), "issuer"
    if kind == "index":
        short = written
        while (shorter := _INDEX_TAIL.sub("", short)) != short:
            short = shorter
        yield spelling.fold(short), "issuer"
    if kind == "company":
        yield spelling.fold(written).removesuffix("자산운용"), "issuer"


CHANGING = "name, source, spelling, letters, initials, bigrams, size"
COLUMNS = f"kind, key, form, {CHANGING}"


def _write(connection: Connection, rows: list[tuple]) -> None:
    """Make the table equal to `rows`, touching only rows that differ, so that readers go on undisturbed."""
    connection.execute(text("DROP TABLE IF EXISTS pg_temp.search_staging"))
    connection.execute(
        text(f"CREATE TEMPORARY TABLE search_staging ON COMMIT DROP AS SELECT {COLUMNS} FROM search_names WITH NO DATA")
    )
    cursor = connection.connection.cursor()
    with cursor.copy(f"COPY search_staging ({COLUMNS}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    connection.execute(text("ANALYZE search_staging"))
    connection.execute(
        text(
            """
            DELETE FROM search_names AS n
            WHERE NOT EXISTS (
                SELECT FROM search_staging AS s
                WHERE s.kind = n.kind AND s.key = n.key AND s.form = n.form
            )
            """
        )
    )
    connection.execute(
        text(
            f"""
            INSERT INTO search_names AS n ({COLUMNS})
            SELECT {COLUMNS} FROM search_staging
            ON CONFLICT (kind, key, form) DO UPDATE
            SET ({CHANGING}) = (SELECT {", ".join(f"excluded.{column}" for column in CHANGING.split(", "))})
            WHERE ({", ".join(f"n.{column}" for column in CHANGING.split(", "))})
                IS DISTINCT FROM ({", ".join(f"excluded.{column}" for column in CHANGING.split(", "))})
            """
        )
    )
    connection.execute(text("ANALYZE search_names"))
