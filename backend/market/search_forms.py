"""The forms that something of the market is found by: one row of `search_names` each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from backend.market import hangul, spelling

# Where one form of one thing comes from several sources, the first of these is kept as its reason.
SOURCES = ("name", "code", "english", "alias", "brand", "issuer", "former", "ticker", "other_code")
_RANK = {source: rank for rank, source in enumerate(SOURCES)}
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


def rows(subject: Subject, spelled: Iterable[tuple[str, str]]) -> Iterator[tuple]:
    """Yield a row for each form of a subject, which is written as `spelled` says: pairs of source and spelling.

    A row is kind, key, form, name, source, spelling, letters, initials, bigrams, size.
    """
    kind, key = subject.kind, subject.key
    best: dict[str, tuple[str, str]] = {}
    for source, written in spelled:
        for form, origin in _forms(kind, source, written):
            kept = best.get(form)
            if form and (kept is None or _RANK[origin] < _RANK[kept[0]]):
                best[form] = (origin, written)
    for form, (source, written) in best.items():
        if kind == "group":
            # A group's name is what the folded names of its members begin with.
            yield kind, key, form, spelling.fold(key), source, written, None, None, None, 0
        elif source in _CODES:
            yield kind, key, form, subject.name, source, written, None, None, None, subject.size
        else:
            grams = None if _has_core(kind, source, written, form) else spelling.bigrams(form)
            initials = None if form.isascii() else hangul.initials(form)
            letters = hangul.letters(form)
            yield kind, key, form, subject.name, source, written, letters, initials, grams, subject.size


def _has_core(kind: str, source: str, written: str, form: str) -> bool:
    """Tell whether a form's core is a row of its own: a company's name less its legal form, an ETF's Korean name."""
    if kind == "stock" and source in ("name", "english") and form.isascii():
        return form != spelling.issuer(written)
    return kind == "etf" and source == "english"


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
