"""Answering by a verified example: only where one of its wordings says what the question says.

A wording and a question say the same when they are cut into the same meaningful words, names and numbers. That is
stricter than being near in the embedding's space, so an example that merely resembles the question is never run.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from agent.answer import Table
from agent.example_query import ExampleAnswer, ExampleQuery, answering
from agent.periods import Period
from agent.quantities import Quantity
from agent.reading.days import closed
from agent.reading.filters import listed_together
from agent.reading.plan import Plan, Query, Reply, Steps, literal, literals
from agent.reading.question import Question, Reader, Subject
from agent.reading.settling import settle
from agent.reading.tokens import Piece, Token, tokenise
from agent.reading.understanding import find_dates_and_quantities
from agent.reading.vocabulary import load_vocabulary
from agent.reading.wording import filled as filled_slots
from agent.verified_example import CURATED, Example, Slot, SlotValue
from backend.graph.client import Result

# Examples below this cosine similarity are not even looked at; saying the same is the stricter test.
NEAR = 0.6
_NAMES = ("etf", "stock", "company", "tag", "index", "industry")
_BRACED = re.compile(r"\{(\w+)\}")
# What stands in a wording for a number, so that it is read as people's numbers are.
_SPOKEN = {"n": "7", "percent": "5%", "date": "7월 6일", "period": "지난달", "amount_krw": "1,000만원"}
_COUNTS = ("count", "number", "days")
_ORDERS = ("big", "small", "newest", "oldest")
_ALL = 1_000
_ONE_NUMBER: Counter[tuple[str, ...]] = Counter({("number",): 1})
_FIXED = ("years", "multiple")
_SUBJECT_OR_OBJECT = {"이": "subject", "가": "subject", "을": "object", "를": "object"}


@dataclass(frozen=True)
class Match:
    """An example one of whose wordings says what the question says, with the question's values for its slots."""

    example: Example
    similarity: float
    values: Mapping[str, SlotValue]


def match(question: Question, near: Sequence[tuple[Example, float]]) -> Match | None:
    """Return the example that the question is a wording of; None where there is none, or where two differ in kind."""
    if question.ambiguous or any(_says_more(token.value) for token in question.tokens):
        return None
    if any(isinstance(token.value, Period) and token.value.after(question.as_of) for token in question.tokens):
        return None
    if _is_exact(question) or _asks_for_a_difference(question) or listed_together(Reader(question)):
        return None
    said = signature(question.tokens)
    if sum(said.values()) == 1 and next(iter(said))[0] in _NAMES:
        # A bare name says too little to be the wording of anything.
        return None
    language = "en" if question.english else "ko"
    found: list[Match] = []
    for example, similarity in near:
        if example.outcome == "clarify" and any(token.kind == "etf_word" for token in question.tokens):
            # `ETF 총 몇 개야?` asks for ETFs, and no ETF is missing in it.
            continue
        if similarity < NEAR or example.lang != language or _asks_for_the_former(example, question):
            continue
        for wording in example.wordings:
            if _says(wording, example, language, said):
                values = slot_values(example, wording, question)
                if values is not None:
                    found.append(Match(example, similarity, values))
                    break
    curated = [one for one in found if one.example.kind == CURATED]
    if curated:
        # Somebody wrote it for this very question, after what else says the same had not helped.
        return curated[0]
    if len({one.example.kind for one in found}) > 1 and found[0].similarity - found[1].similarity < 0.02:
        return None
    return found[0] if found else None


def _says(wording: str, example: Example, language: str, said: Counter[tuple[str, ...]]) -> bool:
    """Whether a wording says it: to the word, or but for a number where the example takes one that the wording leaves out."""
    signed = wording_signature(wording, example.slots, language)
    if signed == said:
        return True
    left_out = {slot.name for slot in example.slots if slot.type == "n"} - set(_BRACED.findall(wording))
    return len(left_out) == 1 and signed + _ONE_NUMBER == said


def _asks_for_the_former(example: Example, question: Question) -> bool:
    """`ACE 200의 옛 이름`: a name that is the current one already is asked for what it was before."""
    etfs = [token.value for token in question.tokens if token.kind == "etf"]
    return example.kind == "current_name" and not any(etf.source == "former" for etf in etfs)


def _is_exact(question: Question) -> bool:
    """`보수가 0.8%인`: a fee that is that very figure, which no example compares with."""
    return any(token.kind == "fee" for token in question.tokens) and any(
        token.kind == "quantity"
        and token.value.kind == "percent"
        and not token.value.operator
        and token.value.high is None
        for token in question.tokens
    )


def _asks_for_a_difference(question: Question) -> bool:
    """`순자산 차이가 얼마나 나`: how far two figures are apart, which no example tells."""
    apart = any(
        token.kind == "compare" and token.text.startswith(("차이", "격차", "difference")) for token in question.tokens
    )
    return apart and sum(token.kind == "etf" for token in question.tokens) == 2


def _says_more(value: Any) -> bool:
    """Whether a date or number says something that no slot can hold."""
    if isinstance(value, Period):
        if value.is_day and closed(value.first):
            # Nothing happens on such a day: a reading says why.
            return True
        return bool(value.problem or value.around or value.between or value.nearest or value.trading_days)
    return isinstance(value, Quantity) and (value.about or value.bottom or value.foreign or value.value < 0)


def signature(tokens: Sequence[Token]) -> Counter[tuple[str, ...]]:
    """What a text says, whatever its order: its meaningful words, its names by kind, its numbers by what they count."""
    ignored = {*load_vocabulary().light, "filler"}
    if any(token.kind in _ORDERS for token in tokens):
        # `가장 큰` and `큰 순으로` ask for the same order.
        ignored.add("most")
    named: Counter[str] = Counter()
    senses: list[tuple[str, ...]] = []
    for token in tokens:
        if token.kind in ignored:
            continue
        sense = _sense(token)
        if len(sense) > 1 and token.kind in _NAMES:
            # Which of two names is denied or surpassed: the first or the second.
            sense = (*sense, str(named[token.kind]))
        named[token.kind] += 1
        senses.append(sense)
    return Counter(senses)


def _sense(token: Token) -> tuple[str, ...]:
    role = [mark for mark, is_so in (("denied", token.negative), ("than", "보다" in token.particle)) if is_so]
    if token.kind == "etf":
        # Who holds and who is held differ by nothing but a particle.
        held = _SUBJECT_OR_OBJECT.get(token.particle[-1:])
        return ("etf", *([held] if held else []), *role)
    if token.kind == "unknown":
        # Two words that nobody has explained say the same only where they are the same.
        return ("unknown", token.text)
    if token.kind == "date":
        return ("day" if token.value.is_day else "period",)
    if token.kind == "quantity":
        kind = token.value.kind
        # Years and multiples are never slots: one year of fees is another question than two.
        if kind == "rank":
            # The n-th is another question than the first n.
            return ("nth",)
        return ("number",) if kind in _COUNTS else (kind, *([str(token.value.value)] if kind in _FIXED else []))
    return (token.kind, *role)


@cache
def wording_signature(wording: str, slots: tuple[Slot, ...], language: str) -> Counter[tuple[str, ...]]:
    """Return the signature of an example's wording, read with the same eyes as a question."""
    types = {slot.name: slot.type for slot in slots}
    text, names = "", []
    for part in re.split(r"(\{\w+\})", wording):
        kind = types.get(part[1:-1]) if part.startswith("{") else None
        if kind in _NAMES:
            subject = Subject(kind, ("",), "", "□")
            names.append(Piece(len(text), len(text) + 1, kind, subject, 0.1))
            text += "□"
        else:
            text += _SPOKEN[kind] if kind else part
    pieces = [*names, *find_dates_and_quantities(text, date(2026, 7, 8))]
    return signature(settle(text, tokenise(text, pieces), date(2026, 7, 8), "files").tokens)


def slot_values(example: Example, wording: str, question: Question) -> dict[str, SlotValue] | None:
    """Return the question's values for the slots of a wording, in the order in which both name them.

    None where a slot without a default has no value, or a value lies outside what the slot allows.
    """
    waiting: dict[str, list[SlotValue]] = {}
    for token in question.tokens:
        for kind, value in slot_readings(token):
            waiting.setdefault(kind, []).append(value)
    types = {slot.name: slot.type for slot in example.slots}
    values: dict[str, SlotValue] = {}
    for name in dict.fromkeys(_BRACED.findall(wording)):
        offered = waiting.get(types[name])
        if not offered:
            return None
        values[name] = offered.pop(0)
    unnamed = [slot.name for slot in example.slots if slot.type == "n" and slot.name not in values]
    if len(unnamed) == 1 and waiting.get("n"):
        values[unnamed[0]] = waiting["n"].pop(0)
    if any(waiting.values()):
        return None
    if _asks_for_all(question):
        for slot in example.slots:
            if slot.type == "n" and slot.name not in values and slot.default is not None:
                values[slot.name] = SlotValue("n", int(slot.maximum or _ALL))
    try:
        example.parameters(values)
    except (KeyError, ValueError):
        return None
    return values


def _asks_for_all(question: Question) -> bool:
    """Whether the holders or holdings are asked for that meet a condition, and not the first of an order."""
    kinds = {token.kind for token in question.tokens}
    return "hold" in kinds and not kinds & {*_ORDERS, "most", "together", "similar", "date"}


def slot_readings(token: Token) -> list[tuple[str, SlotValue]]:
    """Return what a token can be the value of, by slot type."""
    value: Any = token.value
    if isinstance(value, Subject):
        codes = value.keys if value.kind in ("etf", "stock") else ()
        return [(value.kind, SlotValue(value.kind, value.key, codes, value.name, value.mention))]
    if isinstance(value, Period):
        first, last = value.first.isoformat(), value.last.isoformat()
        if value.is_day:
            return [("date", SlotValue("date", first, mention=token.text))]
        return [("period", SlotValue("period", (first, last), mention=token.text))]
    if isinstance(value, Quantity):
        if value.kind in _FIXED:
            return []
        kind = {"percent": "percent", "amount": "amount_krw"}.get(value.kind, "n")
        number = int(value.value) if kind == "n" else value.value
        return [(kind, SlotValue(kind, number, mention=token.text, operator=value.operator or "", high=value.high))]
    return []


def plan(found: Match, as_of: str) -> Plan:
    """Return the plan that runs the example: its lookups, its query, its answer in words."""

    def steps() -> Steps:
        example = found.example
        answer = yield from _carried_out(answering(example, found.values, as_of))
        rows = [list(row) for row in answer.rows]
        tables = [Table(answer.title, list(answer.columns), rows, answer.truncated)] if rows else []
        status = "refused" if _is_unknown(found, answer) else example.outcome
        text = answer.text + _ended_early(answer, found, as_of)
        return Reply(text, tables, status, [_filled(suggestion, found.values) for suggestion in example.suggestions])

    return Plan(found.example.kind, steps)


# What stands in a suggestion for a name that the question does not give.
_OFFERED = {
    "etf": "KODEX 200", "etf2": "TIGER 200", "stock": "삼성전자", "stock2": "SK하이닉스", "company": "삼성자산운용", "tag": "반도체",
    "index": "코스피 200", "period": "최근 한 달", "date": "어제", "n": "5", "percent": "5%",
}  # fmt: skip


def _filled(suggestion: str, values: Mapping[str, SlotValue]) -> str:
    """A suggestion with the question's names in its braces, or others where it has none."""

    def name(slot: str) -> str:
        given = values.get(slot)
        return (given.name or given.mention) if given is not None else _OFFERED.get(slot, "")

    return filled_slots(suggestion, name)


_UNKNOWN = re.compile(r"자료[가에] (?:없|부족)|알 수 없|no (?:data|figure)|not in the data", re.IGNORECASE)


def _is_unknown(found: Match, answer: ExampleAnswer) -> bool:
    """Whether the data lacks what was asked of an ETF or a period, no row or one without its figure, and the answer says so."""
    types = {slot.type for slot in found.example.slots}
    if not _UNKNOWN.search(re.sub(r"\([^()]*\)", "", answer.text)):
        return False
    if not answer.rows:
        return bool(types & {"etf", "period"})
    return "etf" in types and len(answer.rows) == 1 and None in answer.rows[0]


# Calendar days without a price that holidays explain.
_NO_GAP = timedelta(days=7)


def _ended_early(answer: ExampleAnswer, found: Match, as_of: str) -> str:
    """A sentence where the prices of one ETF end well before the period that was asked for."""
    column = "to" if found.example.lang == "en" else "마지막일"
    periods = [value.value for value in found.values.values() if value.type == "period"]
    if len(answer.rows) != 1 or len(periods) != 1 or column not in answer.columns:
        return ""
    last = answer.rows[0][list(answer.columns).index(column)]
    if last is None or date.fromisoformat(last) + _NO_GAP >= date.fromisoformat(min(periods[0][1], as_of)):
        return ""
    return (
        f" The prices of this ETF end on {last}."
        if column == "to"
        else f" 이 ETF의 시세는 {last}까지만 자료에 있습니다."
    )


def _carried_out(steps: Generator[ExampleQuery, Result, ExampleAnswer]) -> Generator[Query, Result, ExampleAnswer]:
    """Yield an example's queries with their parameters written out, and return its answer."""
    try:
        asked = next(steps)
        while True:
            asked = steps.send((yield Query(filled(asked.cypher, asked.parameters), asked.graph)))
    except StopIteration as finished:
        return finished.value


def filled(cypher: str, parameters: Mapping[str, Any]) -> str:
    """Return the Cypher with its parameters written out, so that the query that is shown can be run as it stands."""

    def value(name: re.Match[str]) -> str:
        given = parameters[name[1]]
        if given is None:
            return "null"
        return literals(given) if isinstance(given, list | tuple) else literal(given)

    return re.sub(r"\$(\w+)", value, cypher)
