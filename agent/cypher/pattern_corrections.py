"""How a pattern should read that asks for what the graph does not have: the nearest name, the other direction, one label."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping

from agent.cypher.text import CypherText
from backend.graph.labels import EdgeType

# What models and people call things that have another name here.
LABEL_WORDS = {"Fund": "ETF", "Etf": "ETF", "ETFs": "ETF", "Security": "Stock", "Equity": "Stock", "Manager": "Company",
               "AssetManager": "Company", "Theme": "Tag", "Sector": "Industry", "Benchmark": "Index", "Bond": "Asset"}  # fmt: skip
EDGE_WORDS = {"CONTAINS": "HOLDS", "OWNS": "HOLDS", "HAS": "HOLDS", "HOLD": "HOLDS", "HAS_HOLDING": "HOLDS", "INCLUDES": "HOLDS",
              "MANAGES": "MANAGED_BY", "MANAGER": "MANAGED_BY", "HAS_TAG": "TAGGED", "HAS_THEME": "TAGGED", "BOUGHT": "TRADED",
              "SOLD": "TRADED", "FOLLOWS": "TRACKS", "BELONGS_TO": "IN_INDUSTRY"}  # fmt: skip
PROPERTY_WORDS = {"expense_ratio": "fee", "expenseRatio": "fee", "ter": "fee", "total_fee": "fee", "price": "close",
                  "close_price": "close", "ticker": "code", "symbol": "code", "id": "code", "quantity": "shares", "qty": "shares",
                  "percentage": "weight", "ratio": "weight", "pct": "weight", "title": "name", "label": "name", "net_assets": "aum",
                  "total_assets": "aum", "marketCap": "aum", "listing_date": "listed", "listed_date": "listed", "as_of": "date",
                  "is_active": "active", "isActive": "active", "type": "kind"}  # fmt: skip


def nearest_correction(name: str, known: Collection[str], words: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the name and the known one that is meant by it: another word for it, or the most similar."""
    meant = words.get(name)
    if meant in known:
        return name, str(meant)
    folded = {other.lower(): other for other in known}
    close = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
    return (name, folded[close[0]]) if close else None


def choice_correction(text: CypherText, opener: int) -> tuple[str, str] | None:
    """Return `[h:HOLDS|TRADED]` or `(n:ETF|Stock)` and the same without labels, where the bracket holds nothing else.

    The condition that takes the labels' place is in the advice, because it stands elsewhere in the query.
    """
    last = text.closing.get(opener)
    if last is None or any(text.is_symbol(i, "{", "*") for i in range(opener, last)):
        return None
    piece = text.piece(opener, last)
    name = text.tokens[opener + 1].text if text.is_name(opener + 1) else ""
    return piece, f"{piece[0]}{name}{piece[-1]}"


def arrow_correction(text: CypherText, index: int, rightward: bool) -> tuple[str, str]:
    """Return the edge whose bracket opens at `index` with its dashes and arrow, and the same pointing the way it runs."""
    first = index - 2 if text.is_symbol(index - 2, "<") else index - 1
    end = text.closing[index]
    last = end + 2 if text.is_symbol(end + 2, ">") else end + 1
    edge = text.piece(index, end)
    return text.piece(first, last), f"-{edge}->" if rightward else f"<-{edge}-"


def edge_runs(edge: EdgeType, starts: set[str], ends: set[str]) -> bool:
    """Say whether such an edge can run from a node with one of the labels `starts` to one of `ends`; empty means any."""
    return (not starts or edge.start in starts) and (not ends or bool(ends & set(edge.ends)))
