"""Questions that name nothing to answer about: `보수가 얼마야?`. They are asked back."""

from __future__ import annotations

import re

from agent.reading.conditions import Unclear
from agent.reading.question import Question
from agent.reading.vocabulary import load_vocabulary

# `그중 제일 큰 건?` speaks of something said before.
_AMONG_THEM = re.compile(r"(?:그|이|저)(?:것들?)?\s*(?:중|가운데)(?!\s*레버|배)")
_OF_ETF = (
    "fee", "aum", "market_cap", "listed", "manager", "manage", "index_word", "track", "holdings", "stock_word", "price", "nav", "premium", "return",
    "volume", "concentration", "leverage_type", "replication", "isin", "asset_class", "stock_count", "weight", "cost", "pronoun",
    "open_price", "high_price", "low_price", "attribute_all",
)  # fmt: skip
_TRADES = ("buy", "sell", "new", "out", "increase", "decrease", "trade")
_BESIDE = (
    "date", "when", "where", "most", "big", "small", "count", "percent_word", "hold", "name", "rank", "all", "quantity", "main", "recent", "compare",
    "rise", "fall", "how_is", "average", "sum", "exist", "code", "day", "first_time", "best_word", "cost", "tag_word",
)  # fmt: skip
_NAMES = ("etf", "stock", "company", "tag", "index", "industry", "etf_set", "ambiguous", "unknown_code", "unknown")


def missing(question: Question) -> Unclear | None:
    """What to ask back when a question names no ETF, stock, manager or theme although it needs one; None otherwise."""
    if _AMONG_THEM.match(question.text):
        return Unclear("무엇 가운데서인지 이름으로 물어봐 주세요.", "Please name what you mean.", _SUGGESTED)
    kinds = {token.kind for token in question.tokens} - load_vocabulary().light
    if any(token.kind in _NAMES for token in question.tokens):
        return None
    spoken = {token.kind for token in question.tokens}
    if "pronoun" in kinds and spoken & {"hold", "etf_word", *_OF_ETF, *_TRADES}:
        return Unclear("무엇을 말하는지 이름으로 물어봐 주세요.", "Please name what you mean.", _SUGGESTED)
    if "etf_word" in spoken or not kinds:
        return _missing_stock(question, kinds) if "etf_word" in spoken else None
    if "manager" in kinds and kinds & {"most", "big", "small", "count", "rank", "sum", "quantity"}:
        return None
    if kinds & {"stock_word", "holdings"} and "hold" in kinds and kinds & {"most", "big", "rank"}:
        return None
    if _lists_by_itself(question, kinds):
        return None
    asked = kinds & {*_OF_ETF, *_TRADES}
    if asked and kinds <= {*_OF_ETF, *_TRADES, *_BESIDE} and not spoken & {"active", "data", "by_group", "list"}:
        return Unclear("어느 ETF를 말하는지 알려 주세요. 예: KODEX 200 보수는?", "Which ETF do you mean?", _SUGGESTED)
    return None


def _lists_by_itself(question: Question, kinds: set[str]) -> bool:
    """A threshold on a figure, or groups to rank: `총보수 1% 이상`, `테마별 순자산 합계`."""
    limits = [token for token in question.tokens if token.kind == "quantity" and token.value.operator]
    if limits and kinds <= {"fee", "aum", "premium", "quantity", "count", "big", "small", "most"}:
        return True
    ranked = any(token.kind == "quantity" and token.value.kind in ("count", "rank") for token in question.tokens)
    if (
        ranked
        and kinds <= {"date", "premium", "volume", "nav", "quantity", "big", "small", "most"}
        and kinds & {"premium", "volume", "nav"}
    ):
        return True
    return bool(kinds & {"tag_word", "index_word", "manager"} and kinds & {"sum", "average", "by_group", "quantity"})


_SUGGESTED = ("KODEX 200 보수는?", "KODEX 200 상위 종목은?", "삼성전자를 가장 많이 담은 ETF는?")


def _missing_stock(question: Question, kinds: set[str]) -> Unclear | None:
    """`비중이 가장 높은 ETF는?`: the weight of which stock?"""
    if "weight" in kinds and kinds <= {
        "weight",
        "big",
        "small",
        "most",
        "quantity",
        "rank",
        "percent_word",
        "compare",
        "best_word",
    }:
        counts = [token for token in question.tokens if token.kind == "quantity" and token.value.kind != "count"]
        if not counts:
            return Unclear(
                "어느 종목의 비중인지 알려 주세요. 예: 삼성전자 비중이 가장 높은 ETF는?",
                "The weight of which stock?",
                _SUGGESTED,
            )
    return None
