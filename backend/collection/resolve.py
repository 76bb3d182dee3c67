"""Which codes mean the same security.

Managers name one security differently (`NVDA US`, `US67066G1040`), tickers change (`ABC US` became `COR US`), and one
code can stand for securities of different kinds. Rules:

- Kind first: a bond is never joined to a stock. Only stocks and ETFs are joined across codes.
- Stocks are joined by `ticker_equivalents.csv` and by the ISINs of `stocks.csv`, ETFs by the ISINs of `etfs.csv`.
- Two codes that one basket lists beside each other are two securities (share classes such as GOOG US and GOOGL US),
  whatever an equivalence says: the equivalence that would join them is left out.
- The canonical code is a listing's code rather than an ISIN, and the newer of two tickers (`code_b` replaces `code_a`).
- What has no code of its own (`0`) goes by its name.
- A code that several kinds share belongs to the stock, else to the first of bond, derivative, cash, other; the others
  carry their kind in brackets.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

import polars as pl

from backend.collection.validate import NOTIONAL

ISIN = re.compile(r"^[A-Z]{2}[0-9A-Z]{9}[0-9A-Z]$")
ETF_CODE = re.compile(r"^[0-9A-Z]{6}$")
PLACEHOLDERS = ("0", "-")
KIND_ORDER = ("stock", "bond", "derivative", "cash", "other")
LONGEST_CODE = 120


def resolve(
    holdings: pl.DataFrame,
    etfs: pl.DataFrame,
    stocks: pl.DataFrame,
    equivalents: pl.DataFrame,
    known: Iterable[tuple[str, str, str]] = (),
) -> pl.DataFrame:
    """Return code, kind, name → canonical, label, canonical_kind for every distinct code, kind and name of the
    holdings.

    `label` is the node label: Stock, ETF or Asset. `known` are (code, kind, canonical) of earlier loads; they stay as
    they are unless an equivalence says otherwise.
    """
    codes = holdings.filter(pl.col("code") != NOTIONAL).select("code", "kind", "name").unique(maintain_order=True)
    known = list(known)
    etf_isins = dict(etfs.filter(pl.col("isin").is_not_null()).select("isin", "code").iter_rows())
    etf_codes = set(etfs["code"]) | {canonical for _, kind, canonical in known if kind == "etf"}
    stock_codes = stock_canonicals(holdings, stocks, equivalents, known)
    taken = {canonical: _kind_of(kind) for _, kind, canonical in known if kind != "etf"}
    taken |= dict.fromkeys(stock_codes.values(), "stock")
    taken |= dict.fromkeys(stocks["code"].replace(stock_codes), "stock")

    resolved = []
    rank = {kind: n for n, kind in enumerate(("etf", *KIND_ORDER))}
    for code, kind, name in sorted(codes.iter_rows(), key=lambda row: (rank[row[1]], row[0], row[2])):
        plain = etf_isins.get(code, code)
        if plain in etf_codes or (kind == "etf" and ETF_CODE.match(plain)):
            resolved.append((code, kind, name, plain, "ETF", "etf"))
        elif kind in ("stock", "etf"):
            canonical = stock_codes.get(code, code)
            taken[canonical] = "stock"
            resolved.append((code, kind, name, canonical, "Stock", "stock"))
        else:
            canonical = name[:LONGEST_CODE] if code in PLACEHOLDERS else code
            if taken.setdefault(canonical, kind) != kind:
                canonical = f"{canonical} ({kind})"
                taken[canonical] = kind
            resolved.append((code, kind, name, canonical, "Asset", kind))
    schema = dict.fromkeys(("code", "kind", "name", "canonical", "label", "canonical_kind"), pl.String)
    return pl.DataFrame(resolved, schema=schema, orient="row")


def stock_canonicals(
    holdings: pl.DataFrame, stocks: pl.DataFrame, equivalents: pl.DataFrame, known: Iterable[tuple[str, str, str]] = ()
) -> dict[str, str]:
    """Return the canonical code of every stock code that an ISIN or an equivalence joins to another."""
    pairs = [(old, new) for old, new in equivalents.select("code_a", "code_b").iter_rows()]
    pairs += [
        (isin, code)
        for code, isins in stocks.filter(pl.col("isin").is_not_null()).select("code", "isin").iter_rows()
        for isin in isins.split(";")
        if isin != code
    ]
    pairs += [(code, canonical) for code, kind, canonical in known if kind == "stock" and code != canonical]
    apart = _listed_apart(holdings, pairs)
    groups = _Groups(apart)
    replaced = {old for old, new in pairs if groups.join(old, new)}
    rows = Counter(dict(holdings.filter(kind="stock").group_by("code").len().iter_rows()))
    return {
        code: canonical
        for members in groups.members()
        if (canonical := min(members, key=lambda code: (bool(ISIN.match(code)), code in replaced, -rows[code], code)))
        for code in members
    }


def _listed_apart(holdings: pl.DataFrame, pairs: list[tuple[str, str]]) -> set[frozenset[str]]:
    """Return the pairs of codes that the equivalences would join and that stand side by side in one basket."""
    groups = _Groups(set())
    for old, new in pairs:
        groups.join(old, new)
    group_of = {code: n for n, members in enumerate(groups.members()) for code in members}
    joined = holdings.filter(pl.col("kind") == "stock", pl.col("code").is_in(list(group_of)))
    together = (
        joined.with_columns(pl.col("code").replace_strict(group_of, return_dtype=pl.Int64).alias("group"))
        .group_by("file", "date", "etf", "group")
        .agg(pl.col("code").unique().sort())
        .filter(pl.col("code").list.len() > 1)
    )
    return {
        frozenset((one, other))
        for codes in together["code"].unique().to_list()
        for n, one in enumerate(codes)
        for other in codes[n + 1 :]
    }


class _Groups:
    """Codes joined into groups, never two that are listed apart."""

    def __init__(self, apart: set[frozenset[str]]) -> None:
        self._group: dict[str, set[str]] = {}
        self._apart: dict[str, set[str]] = defaultdict(set)
        for pair in apart:
            for code in pair:
                self._apart[code] |= pair - {code}

    def join(self, one: str, other: str) -> bool:
        """Join the groups of two codes; False if that would join two codes that are listed apart."""
        left, right = self._group.get(one, {one}), self._group.get(other, {other})
        if any(self._apart[code] & right for code in left if code in self._apart):
            return False
        merged = left | right
        for code in merged:
            self._group[code] = merged
        return True

    def members(self) -> list[set[str]]:
        """Return the groups, each once."""
        return list({id(group): group for group in self._group.values()}.values())


def _kind_of(kind: str) -> str:
    return "stock" if kind == "etf" else kind
