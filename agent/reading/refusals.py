"""Questions that the data cannot answer, and what is said to them."""

from __future__ import annotations

import re

from agent.reading import wording
from agent.reading.days import future
from agent.reading.plan import Plan, Reply
from agent.reading.question import Reader
from agent.reading.vocabulary import load_vocabulary

# Concept → (kind, Korean, English). The first that occurs decides.
_TOPICS: tuple[tuple[str, str, str, str], ...] = (
    (
        "ask_other", "small_talk",
        "저는 국내 ETF의 구성종목, 보수, 가격, 매매 내역 같은 자료만 답할 수 있습니다.",
        "I can only answer from data on Korean ETFs: holdings, fees, prices and trades.",
    ),
    (
        "ask_forecast", "forecast",
        "앞으로의 가격이나 수익률은 예측하지 않습니다. 과거의 가격, 수익률, 구성종목 변화는 알려 드릴 수 있습니다.",
        "I do not forecast prices or returns. I can tell past prices, returns and changes of holdings.",
    ),
    (
        "ask_live", "live",
        "실시간 시세는 자료에 없습니다. 데이터 기준일까지의 종가와 NAV는 알려 드릴 수 있습니다.",
        "There are no live prices in the data. I can tell closing prices and NAV up to the data date.",
    ),
    (
        "ask_tax", "tax",
        "세금은 계좌와 사람에 따라 달라서 답하지 않습니다. 세무사나 증권사, 국세청에 확인해 주세요.",
        "Taxes depend on the account and the person, so I do not answer that. Please ask your broker or a tax adviser.",
    ),
    (
        "ask_account", "account",
        "계좌나 주문, 매매 방법은 다루지 않습니다. ETF의 구성종목, 보수, 가격 자료를 물어봐 주세요.",
        "I do not deal with accounts or orders. Ask me about holdings, fees and prices of ETFs.",
    ),
    (
        "ask_dividend", "dividend",
        "분배금과 배당률은 자료에 없습니다. 월배당·고배당 같은 테마의 ETF 목록은 보여 드릴 수 있습니다.",
        "There are no distributions or yields in the data. I can list ETFs of dividend themes.",
    ),
    (
        "ask_figure", "missing_figure",
        "그 지표는 자료에 없습니다. 구성종목, 비중, 총보수, 순자산, 가격, NAV, 괴리율은 답할 수 있습니다.",
        "That figure is not in the data. I know holdings, weights, fees, net assets, prices, NAV and premiums.",
    ),
    (
        "ask_news", "news",
        "뉴스나 이유, 사람에 관한 자료는 없습니다. 구성종목과 가격이 어떻게 바뀌었는지는 보여 드릴 수 있습니다.",
        "There is no news and no reasons in the data. I can show how holdings and prices changed.",
    ),
    (
        "ask_advice", "advice",
        "어떤 상품을 사고팔지는 권하지 않습니다. 비교에 필요한 보수, 순자산, 구성종목, 수익률은 알려 드릴 수 있습니다.",
        "I give no investment advice. I can tell fees, size, holdings and returns, so that you can compare.",
    ),
)  # fmt: skip


def read(reader: Reader) -> Plan | None:
    """A kind refusal for forecasts, live prices, taxes, accounts, missing figures, news and advice; None for other questions."""
    if _is_just_ahead(reader):
        for token in reader.tokens:
            token.used = True
        return Plan.saying("refuse_future", future(reader.question.as_of, reader.question.english))
    measured = reader.has("return", "fee", "aum", "premium", "rise", "fall") and reader.has(
        "date", "compare", "small", "big"
    )
    for concept, kind, ko, en in _TOPICS:
        if concept == "ask_advice" and measured and _only_compares(reader):
            reader.take("ask_advice")
            continue
        if reader.has(concept):
            for token in reader.tokens:
                token.used = True
            return Plan.saying(f"refuse_{kind}", Reply(en if reader.question.english else ko, status="refused"))
    return _small_talk(reader) or _praise(reader)


def _small_talk(reader: Reader) -> Plan | None:
    """A greeting and nothing else."""
    if not reader.has("greeting") or any(token.kind not in load_vocabulary().light for token in reader.tokens):
        return None
    _, kind, ko, en = _TOPICS[0]
    return Plan.saying(f"refuse_{kind}", Reply(en if reader.question.english else ko, status="refused"))


def _is_just_ahead(reader: Reader) -> bool:
    """Whether a day is asked for that the data has not reached yet."""
    return any(token.value.is_day and token.value.after(reader.question.as_of) for token in reader.find("date"))


def _only_compares(reader: Reader) -> bool:
    """`A가 나아 B가 나아` beside a measure compares the measure."""
    return all(
        token.text.startswith(("나아", "나은", "나을", "낫", "좋", "better")) for token in reader.find("ask_advice")
    )


_MEASURED = (
    "return",
    "rise",
    "fall",
    "earn",
    "date",
    "fee",
    "aum",
    "premium",
    "price",
    "weight",
    "hold",
    "trade",
    "similar",
    "listed",
)


def _praise(reader: Reader) -> Plan | None:
    """`좋은 ETF`: good by which measure is nobody's to say but the asker's."""
    if not reader.has("good", "bad") or not reader.has("etf_word") or reader.has(*_MEASURED):
        return None
    for token in reader.tokens:
        token.used = True
    _, kind, ko, en = _TOPICS[-1]
    return Plan.saying(f"refuse_{kind}", Reply(en if reader.question.english else ko, status="refused"))


# A fund abroad that ETFs hold: `VOO ETF`.
_FUND = re.compile(r"\b(?:ETF|Trust|Fund)\b", re.IGNORECASE)
_OF_STOCKS = (
    "price",
    "nav",
    "premium",
    "return",
    "rise",
    "fall",
    "market_cap",
    "volume",
    "open_price",
    "high_price",
    "low_price",
)
_OF_ETFS = ("fee", "aum", "cost", "listed", "leverage_type", "replication")


def stock_prices(reader: Reader) -> Plan | None:
    """Figures of single stocks, and of funds abroad, are not in the data, only what ETFs hold of them."""
    if not reader.find("stock") or reader.find("etf") or reader.has("hold"):
        return None
    if reader.has("etf_word") and not any(_FUND.search(token.value.name) for token in reader.find("stock")):
        return None
    asked = {token.kind for token in reader.tokens} <= {"stock", "how_much", "how_is", "now", "filler", "exist"}
    measured = (asked and reader.has("how_much", "how_is")) or reader.has(*_OF_STOCKS, "turnover")
    if reader.has("fee", "aum", "weight") or reader.has("big", "small", "most"):
        measured = False
    lacking = reader.has(*_OF_ETFS) and not reader.has(
        "big", "small", "most", "oldest", "newest", "list", "active", "weight", "count", "new", "both", "together"
    )
    if not measured and (not lacking or reader.find("company", "tag", "index", "quantity")):
        return None
    for token in reader.tokens:
        token.used = True
    name = reader.find("stock")[0].value.name
    english = reader.question.english
    if not measured:
        text = f"{wording.with_particle(name, '은는')} 국내 상장 ETF가 아니라서 보수, 규모, 상장일 같은 자료가 없습니다. 어느 ETF가 담고 있는지는 알려 드릴 수 있습니다."
        said = f"{name} is no ETF listed in Korea, so its fee, size and listing date are not in the data."
    else:
        text = f"{name} 같은 개별 종목의 주가와 수익률은 자료에 없습니다. 어느 ETF가 얼마나 담고 있는지는 알려 드릴 수 있습니다."
        said = f"There are no prices of single stocks such as {name} in the data."
    suggestions = (
        [f"Which ETFs hold {name}?"] if english else [f"{wording.with_particle(name, '을를')} 가장 많이 담은 ETF는?"]
    )
    return Plan.saying(
        "refuse_stock_price", Reply(said if english else text, status="refused", suggestions=suggestions)
    )


def index_levels(reader: Reader) -> Plan | None:
    """`코스피 지수 지금 몇이야`: levels of indexes are not in the data; None for ETFs that track one."""
    if not reader.find("index", "kospi", "kosdaq") and not reader.has("index_word"):
        return None
    if reader.find("etf", "stock", "company") or reader.has(
        "etf_word", "track", "hold", "fee", "aum", "list", "exist", "cost", "manager", "by_group", "listed"
    ):
        return None
    kinds = {token.kind for token in reader.tokens}
    if not kinds & {"how_much", "count", "price", "now", "rise", "fall", "return"} or kinds & {"most", "big", "small"}:
        return None
    for token in reader.tokens:
        token.used = True
    text = "지수 자체의 값은 자료에 없습니다. 그 지수를 추종하는 ETF와 그 시세는 알려 드릴 수 있습니다."
    en = "Levels of indexes are not in the data. I can list the ETFs that track one, and their prices."
    return Plan.saying("refuse_index_level", Reply(en if reader.question.english else text, status="refused"))
