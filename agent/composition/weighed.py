"""Weights that are set against another ETF's or said exactly: `KODEX 200보다 삼성전자를 더 많이 담은 ETF`, `비중이 딱 5%인 ETF`."""

from __future__ import annotations

import re

from agent.composition.sub_questions import SubQuestions
from agent.given_names import GivenText
from agent.reading import wording
from agent.reading.plan import Plan, Query, Reply, Steps, literal, literals
from agent.reading.question import Question
from agent.reading.tokens import Token
from agent.reading.vocabulary import load_vocabulary

_SAID = (
    "etf",
    "stock",
    "etf_word",
    "compare",
    "big",
    "small",
    "hold",
    "weight",
    "percent_word",
    "count",
    "list",
    "what",
    "exist",
)
_PROBE = "12.34"


def weighed(asking: SubQuestions, question: Question) -> Plan | None:
    """The plan of a question whose bound is another ETF's weight, or of one that gives a weight without `이상`."""
    return None if question.english else _surpassing(asking, question) or _exactly(asking, question)


def _surpassing(asking: SubQuestions, question: Question) -> Plan | None:
    """ETFs that hold more, or less, of a stock than a named one does."""
    tokens = question.tokens
    etfs = [token for token in tokens if token.kind == "etf"]
    stocks = [token for token in tokens if token.kind == "stock"]
    order = next((token for token in tokens if token.kind in ("big", "small")), None)
    light = load_vocabulary().light
    if len(etfs) != 1 or len(stocks) != 1 or order is None or "보다" not in etfs[0].particle:
        return None
    kinds = {token.kind for token in tokens}
    if "etf_word" not in kinds or not kinds & {"hold", "weight"} or order.start < etfs[0].end:
        return None
    if any((token.kind not in light and token.kind not in (*_SAID, "filler")) or token.negative for token in tokens):
        return None
    if asking.inner.plan(_bounded(question, etfs[0], order, _PROBE)) is None:
        return None
    return Plan("weighed", lambda: _surpassing_steps(asking, question, etfs[0], stocks[0], order))


def _bounded(question: Question, etf: Token, order: Token, weight: str) -> GivenText:
    """The question with a bound in the place of the comparison."""
    bound = f"{weight}% {'초과' if order.kind == 'big' else '미만'}"
    behind = question.text[order.end :].lstrip()
    attribute = "" if behind.startswith(("담", "들", "보유", "가지", "갖", "편입", "투자", "실")) else "인"
    front = re.sub(r"(?:더|덜|훨씬)\s*$", "", question.text[etf.end + len(etf.particle) : order.start])
    return GivenText(re.sub(r"\s+", " ", f"{question.text[: etf.start]} {front} {bound}{attribute} {behind}").strip())


def _surpassing_steps(asking: SubQuestions, question: Question, etf: Token, stock: Token, order: Token) -> Steps:
    other, held = etf.value, stock.value
    result = yield Query(
        f"MATCH (e:ETF)-[h:HOLDS]->(s:Stock)\nWHERE e.code = {literal(other.key)} AND s.code IN {literals(held.keys)}\n"
        "RETURN sum(h.weight) AS `비중(%)`, count(h.weight) AS `종목 수`"
    )
    weight, count = result.rows[0] if result.rows else (None, 0)
    if not count or weight is None:
        named = wording.with_particle(held.name, "을를")
        return Reply(
            f"{wording.with_particle(other.name, '은는')} 최신 구성종목에 {named} 담고 있지 않아 비교할 비중이 없습니다.",
            status="clarify",
            suggestions=[f"{held.name}{wording.with_particle(held.name, '을를')[len(held.name) :]} 가장 많이 담은 ETF"],
        )
    plan = asking.inner.plan(_bounded(question, etf, order, f"{weight:.4f}".rstrip("0").rstrip(".")))
    if plan is None:
        return Reply(
            "두 ETF의 비중을 비교하는 질문을 이해하지 못했습니다. 비중을 숫자로 물어봐 주세요.", status="clarify"
        )
    reply = yield from plan.steps()
    lead = f"{other.name}의 {held.name} 비중은 **{weight:.2f}%**입니다."
    return Reply(f"{lead} {reply.text}", reply.tables, reply.status, reply.suggestions)


_EXACT = re.compile(r"(?:딱|정확히|꼭)\s*$")
_FIGURE = re.compile(r"\d+(?:\.(\d+))?")


def _exactly(asking: SubQuestions, question: Question) -> Plan | None:
    """`비중이 5%인 ETF`: the weights that round to it, which is said."""
    tokens = question.tokens
    given = [token for token in tokens if token.kind == "quantity" and token.value.kind == "percent"]
    kinds = {token.kind for token in tokens}
    if len(given) != 1 or given[0].value.operator or "stock" not in kinds or not kinds & {"hold", "weight", "etf_word"}:
        return None
    amount = given[0]
    behind, before = question.text[amount.end :], question.text[: amount.start]
    exact = _EXACT.search(before)
    if kinds & {"fee", "return", "etf", "rise", "fall"} or not (exact or re.match(r"인\s", behind)):
        return None
    figure = _FIGURE.search(amount.text)
    if figure is None:
        return None
    decimals = len(figure[1] or "")
    half = 0.5 * 10**-decimals
    low, high = (f"{float(figure[0]) + side:.{decimals + 1}f}" for side in (-half, half))
    start = exact.start() if exact else amount.start
    tail = re.sub(r"^(?:만|만큼|씩|정도)(?=\s)", "", behind)
    plan = asking.inner.plan(GivenText(f"{question.text[:start]}{low}% 이상 {high}% 미만{tail}"))
    if plan is None:
        return None

    def steps() -> Steps:
        reply = yield from plan.steps()
        lead = f"비중 {figure[0]}%는 반올림해서 {figure[0]}%가 되는 {low}% 이상 {high}% 미만으로 보았습니다."
        return Reply(f"{lead} {reply.text}", reply.tables, reply.status, reply.suggestions)

    return Plan("weighed", steps)


def holders_by_weight(asking: SubQuestions, question: Question) -> Plan | None:
    """`테슬라 비중 높은 순 5개`: the ETFs that hold the stock, though the word is left out."""
    light = load_vocabulary().light
    said = [token for token in question.tokens if token.kind not in light and token.kind != "filler"]
    if question.english or [token.kind for token in said][:3] not in (
        ["stock", "weight", "big"],
        ["stock", "weight", "small"],
    ):
        return None
    counts = said[3:]
    if len(counts) != 1 or counts[0].kind != "quantity" or counts[0].value.kind != "count" or counts[0].value.operator:
        return None
    if "종목" in counts[0].text or any(token.kind in ("etf_word", "stock_word") for token in question.tokens):
        return None
    end = said[0].end
    return asking.inner.plan(GivenText(question.text).replaced(end, said[1].start, " 담은 ETF 중 "))
