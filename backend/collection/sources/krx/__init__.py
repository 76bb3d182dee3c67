"""The Korea Exchange: prices, net assets and baskets of every ETF.

`Krx` fetches rows as KRX writes them, `feed` makes the tidy tables of them that are loaded.
"""

from backend.collection.sources.krx.budget import Budget
from backend.collection.sources.krx.connection import Patience
from backend.collection.sources.krx.errors import KrxBudgetSpent, KrxMissing, KrxRefused, KrxUnavailable
from backend.collection.sources.krx.krx import Krx
from backend.collection.sources.krx.rows import Holiday, isin_of
from backend.collection.sources.krx.tables import feed

__all__ = [
    "Budget",
    "Holiday",
    "Krx",
    "KrxBudgetSpent",
    "KrxMissing",
    "KrxRefused",
    "KrxUnavailable",
    "Patience",
    "feed",
    "isin_of",
]
