"""The ways in which a name in `search_names` matches a query: whole, by its beginning, inside, by initials, nearly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA
from sqlalchemy import Connection, Row, text

from backend.market import hangul, spelling
from backend.market.hangul import particle
from backend.market.readings import Reading, by_brand_initials, words

_LIMIT = 60  # candidates of one way of matching
_END = "\U0010ffff"

# How sure a whole match is, by where the matched spelling comes from.
_SURE = {
    "name": 1.0, "code": 1.0, "english": 0.98, "other_code": 0.98, "alias": 0.97, "brand": 0.96,
    "issuer": 0.95, "former": 0.95, "ticker": 0.94,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found. `code` is its key: a code, or the name of a company, tag or index. `score` is 0 … 1.

    `reason` says in Korean why it was found; `matched` is the spelling that matched; `how` is the way of matching:
    exact, prefix, contains, words, initials or fuzzy.
    """

    kind: str
    code: str
    name: str
    score: float
    reason: str
    matched: str
    how: str = "exact"
    source: str = "name"


def exact(connection: Connection, forms: Sequence[str], kinds: Sequence[str]) -> Sequence[Row]:
    """Return the rows of `search_names` whose form is one of `forms`, the largest things first."""
    return connection.execute(
        text(
            """
            SELECT kind, key, name, source, spelling, form, size
            FROM search_names
            WHERE form = ANY(:forms)
              AND kind = ANY(:kinds)
            ORDER BY size DESC, key
            """
        ),
        {"forms": list(forms), "kinds": list(kinds)},
    ).all()


def exact_hits(rows: Iterable[Row], meant: Sequence[Reading]) -> dict[tuple[str, str], Hit]:
    """Turn rows that match a reading whole into hits, one a thing."""
    by_form = {reading.form: reading for reading in reversed(meant)}
    found: dict[tuple[str, str], Hit] = {}
    for row in rows:
        reading = by_form[row.form]
        score = _SURE[row.source] - reading.cost + row.size * 1e-5
        keep(found, [_hit(row, min(score, 1.0), _exact_reason(row, reading), "exact")])
    return found


def literal(connection: Connection, q: str, meant: Sequence[Reading], kinds: list[str]) -> list[Hit]:
    """Find names that are, begin with, or contain a reading, or contain all of the query's words."""
    hits = list(exact_hits(exact(connection, [reading.form for reading in meant], kinds), meant).values())
    parts = words(q)
    for row in connection.execute(text(_LITERAL), _literal_parameters(meant, parts, kinds)):
        reading = next((r for r in meant if r.form in row.form), None)
        whole = reading.form if reading else meant[0].form
        ratio = min(len(whole) / len(row.form), 1.0)
        cost = (reading.cost if reading else 0.0) + (0.04 if row.source not in ("name",) else 0.0)
        base = {"prefix": 0.80, "contains": 0.62, "words": 0.58}[row.how]
        score = base + 0.0009 * row.size + 0.06 * ratio - cost
        hits.append(_hit(row, score, _partial_reason(row, reading, q), row.how))
    return hits


# Branches whose pattern is NULL find nothing. A prefix is a range, so that a plan for any parameter uses the index.
_LITERAL = f"""
    (
        SELECT 'prefix' AS how, kind, key, name, source, spelling, form, size
        FROM search_names
        WHERE letters >= :prefix
          AND letters < :prefix_end
          AND kind = ANY(:kinds)
        ORDER BY size DESC, length(form), key
        LIMIT {_LIMIT}
    )
    UNION ALL
    (
        SELECT 'prefix', kind, key, name, source, spelling, form, size
        FROM search_names
        WHERE letters >= :other_prefix
          AND letters < :other_prefix_end
          AND kind = ANY(:kinds)
        ORDER BY size DESC, length(form), key
        LIMIT {_LIMIT}
    )
    UNION ALL
    (
        SELECT 'prefix', kind, key, name, source, spelling, form, size
        FROM search_names
        WHERE form >= :code
          AND form < :code_end
          AND source = ANY(ARRAY['code', 'other_code', 'ticker'])
          AND kind = ANY(:kinds)
        ORDER BY size DESC, key
        LIMIT {_LIMIT}
    )
    UNION ALL
    (
        SELECT 'contains', kind, key, name, source, spelling, form, size
        FROM search_names
        WHERE bigrams @> :bigrams
          AND form LIKE :inside
          AND kind = ANY(:kinds)
        ORDER BY size DESC, length(form), key
        LIMIT {_LIMIT}
    )
    UNION ALL
    (
        SELECT 'words', kind, key, name, source, spelling, form, size
        FROM search_names
        WHERE bigrams @> :word_bigrams
          AND form LIKE ALL (:word_patterns)
          AND kind = ANY(:kinds)
        ORDER BY size DESC, length(form), key
        LIMIT {_LIMIT}
    )
"""


def _literal_parameters(meant: Sequence[Reading], parts: list[str], kinds: list[str]) -> dict[str, object]:
    first = meant[0].form
    prefix = hangul.letters(first)
    others = [reading.form for reading in meant[1:] if reading.form != first]
    other = hangul.letters(others[-1]) if others else None
    code = first if first.isascii() and any(c.isdigit() for c in first) and len(first) >= 3 else None
    inside = first if len(first) >= 2 else None
    grams = sorted({gram for part in parts for gram in spelling.bigrams(part)})
    several = len(parts) > 1 and bool(grams)
    return {
        "kinds": kinds,
        "prefix": prefix,
        "prefix_end": prefix + _END,
        "other_prefix": other,
        "other_prefix_end": other + _END if other else None,
        "code": code,
        "code_end": code + _END if code else None,
        "bigrams": spelling.bigrams(first) if inside else None,
        "inside": f"%{inside}%" if inside else None,
        "word_bigrams": grams if several else None,
        "word_patterns": [f"%{part}%" for part in parts] if several else None,
    }


def fuzzy(connection: Connection, meant: Sequence[Reading], kinds: Sequence[str]) -> list[Hit]:
    """Find names whose key strokes are nearly those of a reading: optimal string alignment over Hangul letters."""
    hits = list(_swapped(connection, meant[0], kinds))
    for reading in [r for r in meant if len(r.form) >= 2][:3]:
        typed = hangul.letters(reading.form)
        rows = connection.execute(text(_SIMILAR), {"typed": typed, "kinds": list(kinds)})
        for row in rows:
            alike = OSA.normalized_similarity(typed, hangul.letters(row.form))
            if alike >= 0.6:
                score = 0.8 * alike - 0.1 + 0.0003 * row.size - reading.cost
                alike_to = f"‘{row.spelling}’{particle(row.spelling, '과', '와')}"
                hits.append(_hit(row, score, f"{alike_to} 비슷하게 적힘", "fuzzy"))
    return hits


def _swapped(connection: Connection, reading: Reading, kinds: Sequence[str]) -> Iterator[Hit]:
    """Find names of which two neighbouring syllables were swapped: 엔비아디. Their letters have little in common."""
    form = reading.form
    swaps = {form[:i] + form[i + 1] + form[i] + form[i + 2 :] for i in range(len(form) - 1)} - {form}
    if len(form) >= 3:
        for row in exact(connection, sorted(swaps), kinds):
            yield _hit(row, 0.6 + 0.0003 * row.size, f"‘{row.spelling}’의 글자 순서가 바뀜", "fuzzy")


_SIMILAR = """
    SELECT kind, key, name, source, spelling, form, size
    FROM search_names
    WHERE letters % :typed
      AND bigrams IS NOT NULL
      AND kind = ANY(:kinds)
    ORDER BY similarity(letters, :typed) DESC, size DESC
    LIMIT 40
"""


def asks_by_initials(q: str) -> bool:
    plain = spelling.normalise(q)
    return len(plain) >= 2 and any(c in hangul.INITIALS for c in plain)


def by_initials(connection: Connection, q: str, kinds: list[str]) -> dict[tuple[str, str], Hit]:
    """Find names by initial consonants; a query may mix them with syllables, as 삼ㅅㅈㅈ does.

    A brand's initials are those of its spoken name: ㅋㄷㅅ ㅂㄷㅊ finds KODEX 반도체.
    """
    typed = spelling.normalise(q)
    found = _by_initials(connection, q, typed, kinds)
    if branded := by_brand_initials(typed):
        keep(found, _by_initials(connection, q, branded, kinds).values())
    return found


def _by_initials(connection: Connection, q: str, typed: str, kinds: list[str]) -> dict[tuple[str, str], Hit]:
    wanted = hangul.initials(typed)
    rows = connection.execute(
        text(_BY_INITIALS), {"typed": wanted, "end": wanted + _END, "inside": f"%{wanted}%", "kinds": kinds}
    )
    found: dict[tuple[str, str], Hit] = {}
    for row in rows:
        at = row.initials.find(wanted)
        span = row.form[at : at + len(typed)]
        if not all(t in (s, hangul.initials(s)) for t, s in zip(typed, span, strict=True)):
            continue
        ratio = len(wanted) / len(row.form)
        base = 0.86 if ratio == 1 else 0.76 if at == 0 else 0.6
        keep(found, [_hit(row, base + 0.0009 * row.size + 0.04 * ratio, f"초성 ‘{q.strip()}’", "initials")])
    return found


_BY_INITIALS = f"""
    (
        SELECT kind, key, name, source, spelling, form, size, initials
        FROM search_names
        WHERE initials >= :typed
          AND initials < :end
          AND kind = ANY(:kinds)
        ORDER BY initials = :typed DESC, size DESC, key
        LIMIT {_LIMIT}
    )
    UNION ALL
    (
        SELECT kind, key, name, source, spelling, form, size, initials
        FROM search_names
        WHERE length(:typed) >= 3
          AND initials LIKE :inside
          AND kind = ANY(:kinds)
        ORDER BY size DESC, key
        LIMIT {_LIMIT}
    )
"""


def keep(found: dict[tuple[str, str], Hit], hits: Iterable[Hit]) -> None:
    """Keep the best hit of each thing."""
    for hit in hits:
        kept = found.get((hit.kind, hit.code))
        if kept is None or hit.score > kept.score:
            found[hit.kind, hit.code] = hit


def _hit(row: Row, score: float, reason: str, how: str) -> Hit:
    bounded = round(max(0.0, min(1.0, score)), 4)
    return Hit(row.kind, row.key, row.name, bounded, reason, row.spelling, how, row.source)


def _exact_reason(row: Row, reading: Reading) -> str:
    because = {
        "name": "이름이 같음",
        "code": "코드가 같음",
        "english": "영문 이름이 같음",
        "alias": f"별칭 ‘{row.spelling}’",
        "brand": f"브랜드 ‘{row.spelling}’의 운용사",
        "issuer": f"회사 이름 ‘{row.spelling}’",
        "former": f"옛 이름 ‘{row.spelling}’",
        "ticker": f"티커 ‘{row.spelling}’",
        "other_code": f"다른 코드 ‘{row.spelling}’",
    }[row.source]
    return f"{because} ({reading.note})" if reading.note else because


def _partial_reason(row: Row, reading: Reading | None, q: str) -> str:
    asked = f"‘{q.strip()}’"
    whose = {
        "code": "코드",
        "other_code": "다른 코드",
        "ticker": "티커",
        "former": f"옛 이름 ‘{row.spelling}’",
        "alias": f"별칭 ‘{row.spelling}’",
    }.get(row.source, "이름")
    subject = whose + particle(whose, "이", "가")
    because = {
        "prefix": f"{subject} {asked}{particle(q, '으로', '로')} 시작",
        "contains": f"{whose}에 {asked}{particle(q, '이', '가')} 들어 있음",
        "words": f"{whose}에 {asked}의 낱말이 모두 들어 있음",
    }[row.how]
    return f"{because} ({reading.note})" if reading and reading.note else because
