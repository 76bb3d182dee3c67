"""What a question demands of figures: which measure a number belongs to, what is ranked by what, and how many are wanted."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass

from agent.quantities import Quantity
from agent.reading.plan import literal
from agent.reading.question import Reader
from agent.reading.tokens import Token

UPWARD = ("big", "newest", "rank_one", "best_word", "above_word")
DOWNWARD = ("small", "oldest", "below_word")
SUPERLATIVE = ("most", "best_word", "rank_one")


@dataclass(frozen=True)
class Condition:
    """A comparison of a measure with a number; `high` closes a range. `at` is where the question says it."""

    measure: str
    operator: str
    value: float
    high: float | None = None
    at: int = -1

    def cypher(self, expression: str) -> str:
        """The condition as Cypher over an expression; an unknown (null) measure never meets it."""
        number = int(self.value) if float(self.value).is_integer() else self.value
        text = f"{expression} {self.operator} {literal(number)}"
        if self.high is not None:
            text += f" AND {expression} <= {literal(self.high)}"
        return text

    def words(self, unit: str) -> str:
        """The condition in Korean, without its measure: `5% 이상`."""
        if self.operator == "=":
            return f"{self.value:g}{unit}"
        sign = {">=": "이상", ">": "초과", "<=": "이하", "<": "미만"}[self.operator]
        upper = f" {self.high:g}{unit} 이하" if self.high is not None else ""
        return f"{self.value:g}{unit} {sign}{upper}"


@dataclass(frozen=True)
class Order:
    """What is ranked, by which measure and in which direction."""

    measure: str
    descending: bool
    asked: bool = True


class Unclear(Exception):
    """The question can be read in more than one way, or lacks a part; `ko` and `en` ask for it."""

    def __init__(self, ko: str, en: str = "", suggestions: tuple[str, ...] = ()) -> None:
        self.ko, self.en, self.suggestions = ko, en or ko, suggestions
        super().__init__(ko)


def conditions(reader: Reader, measures: dict[str, str], defaults: dict[str, str]) -> list[Condition]:
    """The comparisons of a question. Explains their numbers.

    `measures` gives the measure of each token kind (fee → fee); `defaults` the measure of a unit (percent → weight) where no
    measure stands near. Raises Unclear for a rough number (`5% 정도`) and for a bare percentage that compares nothing.
    """
    found = []
    for token in reader.quantities("percent", "amount", "number", "count", "days"):
        quantity: Quantity = token.value
        sign = quantity.operator or _operator_beside(reader, token)
        if token.used or (quantity.kind in ("count", "days", "number") and not sign):
            continue
        measure = _measure_of(reader, token, measures) or defaults.get(quantity.kind)
        if measure is None or not _fits(measure, quantity):
            continue
        if quantity.about:
            raise Unclear(f"‘{quantity.text.strip()}’가 어디부터 어디까지인지 정해 주세요. 예: 5% 이상, 5% 미만")
        if quantity.value < 0 and (not sign or (sign == ">" and "넘" in quantity.text)):
            # `-1%를 넘은`: beyond it, or above it?
            raise Unclear(f"‘{quantity.text.strip()}’가 어느 쪽인지 정해 주세요. 예: -1% 이하, -1% 이상",
                          f"Which side of “{quantity.text.strip()}”? For example below -1%.")  # fmt: skip
        token.used = True
        if quantity.foreign:
            raise Unclear("금액은 원화로만 비교할 수 있습니다. 원화 금액으로 물어봐 주세요.")
        # A fee is written down: `보수 0.8%인` means that very figure. Weights and sizes hardly ever hit a round one.
        found.append(
            Condition(measure, sign or ("=" if measure == "fee" else ">="), quantity.value, quantity.high, token.start)
        )
    return found


_TESTS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "=": operator.eq}


def meets(value: float, limits: Sequence[Condition]) -> bool:
    """Whether a value is as the conditions demand."""
    return all(_TESTS[one.operator](value, one.value) and (one.high is None or value <= one.high) for one in limits)


_VERDICTS = {
    ">": ("을 넘습니다", "을 넘지 않습니다"), ">=": (" 이상입니다", " 이상이 아닙니다"), "<": (" 미만입니다", " 미만이 아닙니다"),
    "<=": (" 이하입니다", " 이하가 아닙니다"), "=": ("입니다", "가 아닙니다"),
}  # fmt: skip


def met(value: float, limits: Sequence[Condition]) -> str:
    """Yes or no in Korean: whether a percentage is as a question asks, one sentence for each bound."""
    sentences = []
    for one in limits:
        sure = meets(value, [one])
        if one.high is not None:
            sentences.append(f"{one.value:g}%와 {one.high:g}% 사이{'입니다' if sure else '가 아닙니다'}.")
        else:
            verdict = _VERDICTS[one.operator][not sure]
            sentences.append(f"**{one.value:g}%{verdict.replace('을', '를', 1) if one.operator == '>' else verdict}**.")
    return " ".join(sentences)


def _operator_beside(reader: Reader, token: Token) -> str:
    """`10%를 처음 넘은`: the verb of the comparison stands apart from its number. Explains the verb."""
    index = next(i for i, other in enumerate(reader.tokens) if other is token)
    for other in reader.tokens[index + 1 : index + 3]:
        if other.kind in ("exceed", "undercut"):
            other.used = True
            return ">" if other.kind == "exceed" else "<"
    return ""


def _fits(measure: str, quantity: Quantity) -> bool:
    units = {
        "fee": ("percent", "number"), "weight": ("percent", "number"), "premium": ("percent", "number"), "return": ("percent",),
        "aum": ("amount",), "price": ("amount", "number"), "close": ("amount", "number"), "nav": ("amount", "number"),
        "holdings": ("count",), "concentration": ("percent",), "holders": ("count",), "sum_weight": ("percent",),
    }  # fmt: skip
    return quantity.kind in units.get(measure, ())


def _measure_of(reader: Reader, token: Token, measures: dict[str, str]) -> str | None:
    """The nearest measure whose unit fits: in Korean the one in front is preferred, in English the one behind as well."""
    index = next(i for i, other in enumerate(reader.tokens) if other is token)
    best: tuple[float, str] | None = None
    for i, other in enumerate(reader.tokens):
        measure = measures.get(other.kind)
        if measure is None or not _fits(measure, token.value):
            continue
        distance = (index - i) if i < index else (i - index) + (0.5 if reader.question.english else 1.5)
        if best is None or distance < best[0]:
            best = (distance, measure)
    return best[1] if best else None


def limit(reader: Reader, default: int | None) -> tuple[int | None, bool]:
    """How many rows are wanted, and whether the question says so. Explains the number."""
    for token in reader.quantities("count"):
        quantity: Quantity = token.value
        if not token.used and not quantity.operator:
            token.used = True
            return max(1, int(quantity.value)), True
    return default, False


def rank(reader: Reader) -> int | None:
    """`두 번째로 큰` → 2. Explains the number."""
    for token in reader.quantities("rank"):
        if not token.used:
            token.used = True
            return int(token.value.value)
    return None


def places(reader: Reader) -> tuple[int, int] | None:
    """`2위부터 4위까지` → (2, 4). Explains the numbers."""
    found = [token for token in reader.quantities("places") if not token.used]
    if len(found) != 1:
        return None
    found[0].used = True
    return int(found[0].value.value), int(found[0].value.high)


def direction(reader: Reader) -> bool | None:
    """Whether the largest (True) or the smallest (False) comes first; None where no order is asked. Explains the words.

    Raises Unclear when both are asked.
    """
    up, down = reader.has(*UPWARD), reader.has(*DOWNWARD)
    bottom = any(token.value.bottom for token in reader.quantities("count"))
    if up and (down or bottom):
        raise Unclear("큰 쪽과 작은 쪽 가운데 어느 쪽을 먼저 볼지 하나만 골라 주세요.")
    reader.take(*UPWARD, *DOWNWARD, *SUPERLATIVE)
    if down or bottom:
        return False
    if up:
        return True
    return True if reader.has(*SUPERLATIVE) or reader.quantities("count") else None


def singular(reader: Reader) -> bool:
    """Whether one thing is asked for: `가장 …`, `제일 …`, `1위`, without a number."""
    return reader.has("most", "rank_one", "best_word") and not any(
        not token.value.operator for token in reader.quantities("count")
    )
