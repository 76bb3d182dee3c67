"""Questions that the data cannot answer, and what is said to them."""

from __future__ import annotations

from agent.reading.days import future
from agent.reading.plan import Plan, Reply
from agent.reading.question import Reader

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
    return None


def _is_just_ahead(reader: Reader) -> bool:
    """Whether a day is asked for that the data has not reached yet."""
    return any(token.value.is_day and token.value.after(reader.question.as_of) for token in reader.find("date"))


def _only_compares(reader: Reader) -> bool:
    """`A가 나아 B가 나아` beside a measure compares the measure."""
    return all(
        token.text.startswith(("나아", "나은", "나을", "낫", "좋", "better")) for token in reader.find("ask_advice")
    )


def stock_prices(reader: Reader) -> Plan | None:
    """Prices of single stocks are not in the data, only what ETFs hold of them."""
    asked = {token.kind for token in reader.tokens} <= {"stock", "how_much", "how_is", "now", "filler", "exist"}
    measured = (asked and reader.has("how_much", "how_is")) or reader.has("price", "nav", "premium", "return", "rise", "fall", "market_cap", "volume", "open_price", "high_price", "low_price",
                          "turnover")  # fmt: skip
    if not measured or not reader.find("stock") or reader.find("etf") or reader.has("etf_word", "hold", "fee", "aum"):
        return None
    for token in reader.tokens:
        token.used = True
    name = reader.find("stock")[0].value.name
    if reader.question.english:
        return Plan.saying(
            "refuse_stock_price",
            Reply(f"There are no prices of single stocks such as {name} in the data.", status="refused"),
        )
    text = f"{name} 같은 개별 종목의 주가와 수익률은 자료에 없습니다. 어느 ETF가 얼마나 담고 있는지는 알려 드릴 수 있습니다."
    return Plan.saying("refuse_stock_price", Reply(text, status="refused"))
