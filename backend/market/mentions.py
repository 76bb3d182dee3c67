"""Finds what a whole Korean question names: each ETF, stock, manager, tag and index, with its place in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Row

from backend.market import hangul, spelling
from backend.market.matching import exact, exact_hits
from backend.market.mention_words import (
    AFTER_BRAND,
    COMPOUND,
    EVIDENCE_AFTER,
    EVIDENCE_AGAINST,
    EVIDENCE_HELD,
    MANAGES,
    ORDINARY,
    ORDINARY_LATIN,
    QUESTION,
    TAIL,
)
from backend.market.readings import BRANDS, Reading, words
from backend.market.search import KINDS, Resolution, resolve, settle

LONGEST_TEXT = 1_000  # characters of a question that are looked at
_MOST_RUNS = 8  # words that a name may have
_MOST_LETTERS = 48

_RUN = re.compile(r"[^\W_]+")
_HANGUL = re.compile("[가-힣]+ [가-힣]+")
# Spellings that are too short or too common to be taken out of the middle of a word.
_LOOSE = ("ticker", "issuer")
_CODE_TOKEN = re.compile(r"(?i)a?[0-9][0-9a-z]{5}|[a-z]{2}[0-9a-z]{9}[0-9]")


@dataclass(frozen=True, slots=True)
class Mention:
    """A stretch of a question that names something: text[start:end], and what it resolves to (one or ambiguous)."""

    start: int
    end: int
    text: str
    resolution: Resolution


@dataclass(frozen=True, slots=True)
class _Window:
    """A stretch that might be a name: from the start of a word to a place where only particles are left of a word."""

    start: int
    end: int
    form: str
    runs: int
    whole: bool  # ends where a word ends
    inner: bool  # starts or ends inside a word, where Hangul and Latin meet: 삼성전자|SK하이닉스


def mentions(connection: Connection, text: str) -> list[Mention]:
    """Find what the question names, in the order of the text; stretches never overlap.

    Names win by length. Ordinary words that are also names (대상, 동서, on) count only with evidence beside them.
    """
    text = text[:LONGEST_TEXT]
    windows = list(_windows(text))
    readings_of = {window: _readings(window) for window in windows}
    forms = {reading.form for meant in readings_of.values() for reading in meant}
    rows_of: dict[str, list[Row]] = {}
    for row in exact(connection, sorted(forms), [*KINDS, "group"]):
        rows_of.setdefault(row.form, []).append(row)
    taken: list[Mention] = []
    for window in sorted(windows, key=lambda w: (-len(w.form), -w.runs, w.start)):
        rows = [row for reading in readings_of[window] for row in rows_of.get(reading.form, [])]
        if rows and _free(window, taken) and (kept := _believable(text, window, rows)):
            resolution = _resolve(connection, text, window, kept, readings_of[window])
            if resolution.status != "none":
                taken.append(Mention(window.start, window.end, text[window.start : window.end], resolution))
    taken = _extend_brands(connection, text, windows, taken)
    taken += _correct_typos(connection, text, windows, taken)
    return sorted(taken, key=lambda mention: mention.start)


def _windows(text: str) -> Iterator[_Window]:
    runs = list(_RUN.finditer(text))
    for first, run in enumerate(runs):
        for start in (0, *_seams(run[0])):
            for last in range(first, min(first + _MOST_RUNS, len(runs))):
                begin, word = run.start() + start, runs[last]
                if word.end() - begin > _MOST_LETTERS:
                    break
                if last > first and len(text[runs[last - 1].end() : word.start()].strip()) > 2:
                    break  # a name does not reach over punctuation such as ", (" or "..."
                skipped = start if last == first else 0
                cuts = list(_cuts(word[0][skipped:], alone=last == first))
                seams = [seam - skipped for seam in _seams(word[0]) if seam > skipped]
                for cut in dict.fromkeys((*cuts, *seams)):
                    end = word.start() + skipped + cut
                    inner = bool(start) or cut not in cuts
                    yield from _window(text, begin, end, last - first + 1, word.end(), inner=inner)


def _window(text: str, start: int, end: int, runs: int, word_end: int, *, inner: bool) -> Iterator[_Window]:
    whole = end == word_end
    # The bracket of "TIGER 미국S&P500(H)" belongs to the name.
    if whole and text[end : end + 1] == ")" and "(" in text[start:end]:
        end += 1
    if form := spelling.fold(text[start:end]):
        yield _Window(start, end, form, runs, whole, inner)


def _seams(run: str) -> list[int]:
    """Give the places in a word where Hangul and other letters meet."""
    return [i for i in range(1, len(run)) if hangul.is_syllable(run[i - 1]) != hangul.is_syllable(run[i])]


def _cuts(run: str, *, alone: bool) -> Iterator[int]:
    """Yield where a name may end in a run of letters: before particles and words such as 비중, and at its end."""
    yield len(run)
    # In a name of several words, one syllable before a particle is too little: 현대 차|이.
    for cut in range(len(run) - 1, 1 if not alone or len(run) > 2 else 0, -1):
        if TAIL.fullmatch(run[cut:]):
            yield cut


def _readings(window: _Window) -> list[Reading]:
    meant = [Reading(window.form)]
    if window.form.startswith("a") and _CODE_TOKEN.fullmatch(window.form) and len(window.form) == 7:
        meant.append(Reading(window.form[1:]))
    for old, new, form in spelling.current_brands(window.form):
        meant.append(Reading(form, f"옛 브랜드 {old.upper()}는 지금 {new.upper()}", 0.03))
    return meant


def _free(window: _Window, taken: list[Mention]) -> bool:
    return all(window.end <= mention.start or window.start >= mention.end for mention in taken)


def _believable(text: str, window: _Window, rows: list[Row]) -> list[Row]:
    """Keep the rows that the text supports; names that are ordinary words need evidence beside them."""
    written = text[window.start : window.end]
    form = window.form
    if len(form) < 2 or (form.isdigit() and len(form) != 6):
        return []
    if window.runs > 1 and not window.whole and _last_part(text, window) < 2:
        return []
    kept = []
    for row in rows:
        if window.inner and row.kind != "tag" and (row.kind != "stock" or row.source in _LOOSE or len(form) < 3):
            continue
        if row.kind == "tag" and COMPOUND.match(text, window.start):
            continue
        if written.isascii() and written.islower() and row.source not in ("alias", "brand", "code", "other_code"):
            continue
        if row.source == "ticker" and not (written.isupper() and len(form) >= 2 and form not in ORDINARY_LATIN):
            continue
        if row.source in ("code", "other_code") and form.isascii() and form.isalpha() and not written.isupper():
            continue
        if row.kind in ("stock", "company") and _ordinary(written) and not _evidence(text, window):
            continue
        if row.kind == "stock" and form.isascii() and len(form) <= 3 and not written[0].isupper():
            continue
        kept.append(row)
    return kept


def _last_part(text: str, window: _Window) -> int:
    return len(_RUN.findall(text[window.start : window.end])[-1])


def _ordinary(written: str) -> bool:
    plain = spelling.normalise(written)
    return plain in ORDINARY or plain in ORDINARY_LATIN


def _evidence(text: str, window: _Window) -> bool:
    after = text[window.end :]
    if EVIDENCE_AGAINST.search(text[: window.start]):
        return False
    return bool(EVIDENCE_AFTER.match(after) or (not window.form.isascii() and EVIDENCE_HELD.match(after)))


def _resolve(connection: Connection, text: str, window: _Window, rows: list[Row], meant: list[Reading]) -> Resolution:
    written = text[window.start : window.end]
    if any(row.kind == "company" for row in rows) and MANAGES.match(text[window.end :]):
        rows = [row for row in rows if row.kind == "company"]
    elif any(row.kind == "group" for row in rows):
        return resolve(connection, written)
    rows = [row for row in rows if row.kind != "group"]
    return settle(list(exact_hits(rows, meant).values())) if rows else Resolution("none")


def _extend_brands(connection: Connection, text: str, windows: list[_Window], taken: list[Mention]) -> list[Mention]:
    """Read on after a brand: "TIGER 2차전지" names some ETFs even though none is called just that."""
    result = list(taken)
    starts = {w.start for w in windows if w.runs == 1 and not w.inner and _starts_with_brand(text[w.start : w.end])}
    for start in sorted(starts):
        known = next((m for m in result if m.start == start), None)
        if known and any(hit.kind == "etf" for hit in known.resolution.hits):
            continue
        longer = [w for w in windows if w.start == start and len(w.form) > len(_brand(w.form)) + 1]
        for window in sorted(longer, key=lambda w: -len(w.form)):
            written = text[start : window.end]
            if not all(_part_of_name(word) for word in _RUN.findall(written)[1:]) or not words(written)[1:]:
                continue
            resolution = resolve(connection, written, ["etf"])
            if resolution.status != "none" and resolution.hits[0].how in ("exact", "prefix", "contains", "words"):
                result = [m for m in result if m.end <= start or m.start >= window.end]
                result.append(Mention(start, window.end, written, resolution))
                break
    return result


def _starts_with_brand(word: str) -> bool:
    """Tell whether a word is a brand or has one stuck to what follows; short ones (쏠, 타임) begin too many words."""
    form = spelling.fold(word)
    brand = _brand(form)
    if not brand or form == brand:
        return bool(brand)
    if word[0].isascii():
        return not form[len(brand)].isascii() or form[len(brand)].isdigit()
    return not _brand(spelling.fold(word[:2]))


def _part_of_name(word: str) -> bool:
    return not (TAIL.fullmatch(word) or AFTER_BRAND.match(word))


def _brand(form: str) -> str:
    return next((brand for brand in (*BRANDS, *spelling.OLD_BRANDS) if form.startswith(brand)), "")


def _correct_typos(connection: Connection, text: str, windows: list[_Window], taken: list[Mention]) -> list[Mention]:
    """Look once more at words that nothing explains: each may be a name with a slip in it."""
    found: list[Mention] = []
    stems: dict[int, _Window] = {}
    for window in windows:
        if window.runs == 1 and not window.inner:
            stems[window.start] = min(window, stems.get(window.start, window), key=lambda w: w.end)
    for window in stems.values():
        word = text[window.start : window.end]
        least = 5 if window.form.isascii() else 3
        if len(window.form) < least or not window.form.isalpha() or QUESTION.search(word) or _ordinary(word):
            continue
        if not _free(window, taken) or (word.isascii() and word.islower() and not _HANGUL.search(text)):
            continue
        resolution = resolve(connection, word)
        if resolution.status == "one" and resolution.hits[0].how == "fuzzy":
            found.append(Mention(window.start, window.end, word, resolution))
    return found
