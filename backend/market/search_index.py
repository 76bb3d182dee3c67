"""Builds the table `search_names` from what is loaded: names, codes, former names and seeds/aliases.csv."""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Iterable
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path

from sqlalchemy import Connection, text

from backend.market import hangul, search_forms, spelling
from backend.market.search_forms import Subject

ALIASES = Path(__file__).resolve().parents[2] / "seeds" / "aliases.csv"

# What counts as small: KRW of net assets for ETFs and what is made of them, one ETF for stocks and tags.
_UNITS = {"etf": 1e9, "company": 1e9, "index": 1e9}

# What is written how: source and spelling by kind and key.
Spelled = dict[tuple[str, str], list[tuple[str, str]]]

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

    Runs as `atlas_loader` inside the caller's transaction. Only the forms of what is new or written otherwise are
    computed, and only rows that differ are touched.
    """
    subjects = {(kind, key): Subject(kind, key, *rest) for kind, key, *rest in connection.execute(text(SUBJECTS))}
    sizes = _relative_sizes(list(subjects.values()))
    spelled = _spelled(subjects, [tuple(row) for row in connection.execute(text(SPELLINGS))])
    sized = {
        at: replace(subjects[at], size=sizes[at]) if at in subjects else Subject(*at, at[1], 0.0) for at in spelled
    }
    signatures = {at: _signature(sized[at].name, written) for at, written in spelled.items()}
    content = _content_hash(sized, signatures)
    built = connection.execute(text("SELECT content_hash, names FROM search_builds")).one_or_none()
    if built and built.content_hash == content:
        return built.names
    known = {(kind, key): known for kind, key, known in connection.execute(text("SELECT * FROM search_subjects"))}
    changed = {at for at, signature in signatures.items() if known.get(at) != signature}
    _stage(connection, sized, signatures, changed)
    _write(connection, [row for at in sorted(changed) for row in search_forms.rows(sized[at], spelled[at])])
    if 10 * len(changed) > len(spelled):
        connection.execute(text("ANALYZE search_names"))
    names = connection.scalar(text("SELECT count(*) FROM search_names"))
    connection.execute(
        text(
            """
            INSERT INTO search_builds (content_hash, names)
            VALUES (:content, :names)
            ON CONFLICT (singleton) DO UPDATE
            SET content_hash = excluded.content_hash, names = excluded.names, built_at = now()
            """
        ),
        {"content": content, "names": names},
    )
    return names


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


def _spelled(subjects: dict[tuple[str, str], Subject], spellings: list[tuple[str, str, str, str]]) -> Spelled:
    """Return how every subject is written; groups come from the aliases alone."""
    spelled: Spelled = {at: [("name", subject.name)] for at, subject in subjects.items()}
    # An alias may name a code that was resolved into another one.
    canonical: dict[str, str] = {}
    for kind, key, source, written in spellings:
        if (kind, key) in spelled:
            spelled[kind, key].append((source, written))
        if kind == "stock" and source == "other_code":
            canonical[written] = key
    for kind, key, alias in aliases():
        if kind == "group":
            spelled.setdefault((kind, key), []).append(("alias", alias))
            continue
        for candidate in (key, canonical.get(key)):
            if (kind, candidate) in subjects:
                spelled[kind, candidate].append(("alias", alias))
                break
    return spelled


@cache
def _rules() -> bytes:
    """Return a digest of what makes forms out of spellings: the rules themselves."""
    digest = hashlib.sha256()
    for module in (spelling, hangul, search_forms):
        digest.update(Path(module.__file__).read_bytes())
    for row in sorted(spelling.TRANSLITERATIONS.items()):
        digest.update("\x1f".join(map(str, row)).encode())
    return digest.digest()


def _signature(name: str, written: list[tuple[str, str]]) -> str:
    parts = "\x1e".join("\x1f".join(pair) for pair in [("", name), *written])
    return hashlib.blake2b(parts.encode(), digest_size=16, key=_rules()).hexdigest()


def _content_hash(sized: dict[tuple[str, str], Subject], signatures: dict[tuple[str, str], str]) -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for at in sorted(sized):
        digest.update(f"{at}\x1f{sized[at].size}\x1f{signatures[at]}\x1e".encode())
    return digest.hexdigest()


CHANGING = "name, source, spelling, letters, initials, bigrams, size"
COLUMNS = f"kind, key, form, {CHANGING}"


def _stage(
    connection: Connection,
    sized: dict[tuple[str, str], Subject],
    signatures: dict[tuple[str, str], str],
    changed: set[tuple[str, str]],
) -> None:
    """Fill two temporary tables: every subject with its size and whether it changed, and room for names."""
    for statement in (
        "DROP TABLE IF EXISTS pg_temp.subject_staging, pg_temp.search_staging",
        """
        CREATE TEMPORARY TABLE subject_staging (kind text, key text, size real, signature text, changed boolean)
        ON COMMIT DROP
        """,
        f"CREATE TEMPORARY TABLE search_staging ON COMMIT DROP AS SELECT {COLUMNS} FROM search_names WITH NO DATA",
    ):
        connection.execute(text(statement))
    _copy(
        connection,
        "subject_staging (kind, key, size, signature, changed)",
        ((*at, subject.size, signatures[at], at in changed) for at, subject in sized.items()),
    )


def _write(connection: Connection, rows: list[tuple]) -> None:
    """Make the names those of the staged subjects, given the rows of the changed ones, without disturbing readers."""
    _copy(connection, f"search_staging ({COLUMNS})", rows)
    values = ", ".join(f"excluded.{column}" for column in CHANGING.split(", "))
    old = ", ".join(f"n.{column}" for column in CHANGING.split(", "))
    for statement in (
        "ANALYZE subject_staging, search_staging",
        """
        DELETE FROM search_names AS n
        WHERE NOT EXISTS (SELECT FROM subject_staging AS s WHERE s.kind = n.kind AND s.key = n.key)
        """,
        """
        DELETE FROM search_names AS n
        USING subject_staging AS c
        WHERE c.changed
          AND c.kind = n.kind
          AND c.key = n.key
          AND NOT EXISTS (
            SELECT FROM search_staging AS s
            WHERE s.kind = n.kind AND s.key = n.key AND s.form = n.form
          )
        """,
        f"""
        INSERT INTO search_names AS n ({COLUMNS})
        SELECT {COLUMNS} FROM search_staging
        ON CONFLICT (kind, key, form) DO UPDATE
        SET ({CHANGING}) = (SELECT {values})
        WHERE ({old}) IS DISTINCT FROM ({values})
        """,
        """
        UPDATE search_names AS n
        SET size = s.size
        FROM subject_staging AS s
        WHERE NOT s.changed
          AND s.kind = n.kind
          AND s.key = n.key
          AND n.size <> s.size
        """,
        """
        DELETE FROM search_subjects AS n
        WHERE NOT EXISTS (SELECT FROM subject_staging AS s WHERE s.kind = n.kind AND s.key = n.key)
        """,
        """
        INSERT INTO search_subjects (kind, key, signature)
        SELECT kind, key, signature
        FROM subject_staging
        WHERE changed
        ON CONFLICT (kind, key) DO UPDATE
        SET signature = excluded.signature
        """,
    ):
        connection.execute(text(statement))


def _copy(connection: Connection, target: str, rows: Iterable[tuple]) -> None:
    cursor = connection.connection.cursor()
    with cursor.copy(f"COPY {target} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
