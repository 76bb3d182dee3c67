"""Further spellings of ETFs in memory: English names without the issuer in front, names without (H) or (합성) behind."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

# kind, key, name, source, form, size, as `search_names` keeps them.
Row = tuple[str, str, str, str, str, int]
# 차이나H is an index, and 차이나(H) a hedge: only what stands in brackets may be left out.
_BRACKETED = re.compile(r"\((?:합성\s*H?|H)\)$")
_BRACKETS = re.compile(r"(?:합성h?|h)$")
# Indexes that say themselves that they are of the US.
_AMERICAN = re.compile(r"us(?=나스닥|nasdaq|sp500|다우|dow)")
_ABBREVIATED = (("artificialintelligence", "ai"),)


def variants(rows: Iterable[Row]) -> list[Row]:
    """The spellings that follow from those given, where only one ETF has them and nothing else is spelled so."""
    rows = list(rows)
    taken = {row[4] for row in rows}
    brands = sorted({row[4] for row in rows if row[0] == "company"}, key=len, reverse=True)
    official = {row[1]: row[4] for row in rows if row[0] == "etf" and row[3] == "name"}
    found: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in rows:
        kind, key, name, source, form, size = row
        if kind != "etf":
            continue
        brand = next((one for one in brands if official.get(key, "").startswith(one)), "")
        for spelled in _spellings(name, source, form, brand):
            if spelled not in taken and (source != "english" or _is_telling(spelled.removeprefix(brand), taken)):
                found[spelled][key] = (kind, key, name, source, spelled, size)
    return [next(iter(by_key.values())) for by_key in found.values() if len(by_key) == 1]


def _is_telling(behind: str, taken: set[str]) -> bool:
    """Whether what stands behind a brand is a name, and no theme of which the brand has several: `TIGER China`."""
    width = sum(1 if character.isascii() else 2 for character in behind)
    particular = behind.endswith("active") or any(map(str.isdigit, behind)) or width >= 20
    return behind not in taken and width >= 12 and particular


def _spellings(name: str, source: str, form: str, brand: str) -> Iterator[str]:
    if source in ("name", "former") and _BRACKETED.search(name):
        yield _BRACKETS.sub("", form)
    if source != "english" or not brand:
        return
    start = form.find(brand, 1)
    if start < 0 and form.startswith(brand):
        start = 0
    if start < 0:
        return
    whole = form[start:]
    behind = whole[len(brand) :]
    for spelled in (whole, brand + _AMERICAN.sub("", behind, count=1)):
        yield spelled
        for long, short in _ABBREVIATED:
            yield spelled.replace(long, short)
