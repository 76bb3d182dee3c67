"""Stocks by where they are listed: `RISE 글로벌원자력에 들어 있는 미국 주식`, `TIGER 200에서 코스닥 종목만`. The stocks are qualified, not the ETFs."""

from __future__ import annotations

from dataclasses import dataclass

from agent.reading.plan import literals
from agent.reading.question import Reader
from agent.reading.tokens import Token

_KOREAN = ("KOSPI", "KOSDAQ", "KOSDAQ GLOBAL", "KONEX", "KR")
# Theme → what its stocks are called in English, and their markets: Bloomberg's codes of exchanges, or a country's code.
_MARKETS: dict[str, tuple[str, tuple[str, ...]]] = {
    "국내": ("Korean", _KOREAN),
    "한국": ("Korean", _KOREAN),
    "코스피": ("KOSPI", ("KOSPI",)),
    "코스닥": ("KOSDAQ", ("KOSDAQ", "KOSDAQ GLOBAL")),
    "미국": ("US", ("US",)),
    "일본": ("Japanese", ("JP",)),
    "중국": ("Chinese", ("CH", "C1", "C2")),
    "홍콩": ("Hong Kong", ("HK",)),
    "인도": ("Indian", ("IN",)),
    "대만": ("Taiwanese", ("TT", "TW")),
}
_WORDS = {
    "korean_stock": "국내", "domestic": "국내", "foreign_stock": "해외", "overseas": "해외", "kospi": "코스피", "kosdaq": "코스닥",
}  # fmt: skip
_STOCKS = ("종목", "주식", "기업", "개별주", "stock", "compan", "equities")
_JOINED = ("", "의", "에", "에서")


@dataclass(frozen=True)
class StockMarket:
    """Where stocks have to be listed; `markets` is None for everywhere but Korea."""

    name: str
    english_name: str
    markets: tuple[str, ...] | None

    def cypher(self, stock: str) -> str:
        """The condition on a stock, as Cypher."""
        if self.markets is None:
            return f"NOT {stock}.market IN {literals(_KOREAN)}"
        return f"{stock}.market IN {literals(self.markets)}"

    def noun(self, english: bool = False) -> str:
        """What such stocks are called."""
        return f"{self.english_name} stocks" if english else f"{self.name} 상장 주식"


def stock_market(reader: Reader) -> StockMarket | None:
    """The one market that the stocks of a question have to be listed on; explains its words. None where there are none, or two."""
    found = [(token, place) for token in reader.tokens if (place := _place(reader, token))]
    if len(found) != 1 or found[0][0].negative:
        return None
    token, place = found[0]
    behind = reader.after(token)
    if behind is not None and behind.kind == "listed":
        behind.kind = "filler"
    if token.kind in ("tag", "domestic", "overseas"):
        # What qualifies the stocks selects no ETFs.
        token.kind = "filler"
    token.used = True
    if place == "해외":
        return StockMarket(place, "foreign", None)
    english, markets = _MARKETS[place]
    return StockMarket(place, english, markets)


def _place(reader: Reader, token: Token) -> str:
    """The place that a token says of stocks; empty where it says none."""
    if token.kind in ("korean_stock", "foreign_stock"):
        return _WORDS[token.kind]
    if token.kind in ("kospi", "kosdaq", "domestic", "overseas"):
        place = _WORDS[token.kind]
    elif token.kind == "tag" and token.value.key in _MARKETS:
        place = token.value.key
    else:
        return ""
    if any(word in token.text.lower() for word in _STOCKS):
        return place
    return place if token.particle in _JOINED and _is_of_stocks(reader, token) else ""


def _is_of_stocks(reader: Reader, token: Token) -> bool:
    """Whether a word for stocks stands right behind: `미국 종목`, `미국에 상장된 주식`."""
    behind = reader.after(token)
    if behind is not None and behind.kind == "listed":
        behind = reader.after(behind)
    return (
        behind is not None
        and behind.kind in ("stock_word", "equity_class")
        and (behind.text.lower().startswith(_STOCKS) and not behind.text.endswith("형"))
    )
