"""The small language of answer templates: `{etf|을를} 담은 …`, `{rows[0].비중(%)|pct}%`, `{count}`.

A reference is a slot (`etf`, `etf.code`, `etf.mention`, `date`, `from`, `to`), what a lookup found, `as_of`, `count` (number
of rows), a cell (`rows[0].컬럼`, `rows[-1].컬럼`), or an aggregate over a column: `sum.컬럼`, `min.컬럼`, `max.컬럼`,
`list[3].컬럼` (the first 3 joined by commas). Filters follow after `|`: a number format (`pct` 2 decimals, `fee` 3 decimals,
`int`, `krw` in 조 and 억, `signed` 2 decimals with sign), or a Korean particle (`은는`, `이가`, `을를`, `과와`, `으로`, `이라`)
that fits the sound of the value's end. An answer is one template or a list of branches whose `when` compares two references
(`rows[0].날짜 != date`, `count == 1`); the first branch that holds is taken.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_PLACEHOLDER = re.compile(r"\{([^{}|]+)((?:\|[^{}|]+)*)\}")
# Where a value is missing its unit goes with it: "연 {fee}%" becomes "알 수 없음".
_MISSING = "\0"
_MISSING_WITH_UNIT = re.compile(r"(?:연 )?\0(?:%p|%|원|주| KRW)?")
_CONDITION = re.compile(r"^(?P<left>.+?)\s*(?P<operator>==|!=|>=|<=|>|<)\s*(?P<right>.+)$")
_CELL = re.compile(r"^rows\[(-?\d+)\]\.(.+)$")
_LISTED = re.compile(r"^list(?:\[(\d+)\])?\.(.+)$")
_PARTICLES = {
    "은는": ("은", "는"),
    "이가": ("이", "가"),
    "을를": ("을", "를"),
    "과와": ("과", "와"),
    "으로": ("으로", "로"),
    "이라": ("이라", "라"),
    "이에요": ("이에요", "예요"),
}
UNKNOWN = "알 수 없음"
# The final consonants of letters and digits as Koreans read them aloud: "L" is 엘, "M" 엠, "3" 삼.
_FINAL_BY_CHARACTER = {
    **dict.fromkeys("lrLR178", "ㄹ"), **dict.fromkeys("mnMN036", "ㅁ"), **dict.fromkeys("abcdefghijkopqstuvwxyz2459", ""),
    **dict.fromkeys("ABCDEFGHIJKOPQSTUVWXYZ", ""), "%": "",
}  # fmt: skip


@dataclass(frozen=True)
class Branch:
    """One answer text and the condition under which it is given (empty: always)."""

    text: str
    when: str = ""


def branches(answer: str | Sequence[Mapping[str, str]]) -> tuple[Branch, ...]:
    """The branches of an answer as the examples file writes it: one text, or a list of {when, text}."""
    if isinstance(answer, str):
        return (Branch(answer.strip()),)
    return tuple(Branch(branch["text"].strip(), branch.get("when", "")) for branch in answer)


@dataclass(frozen=True)
class Context:
    """What a template can refer to: slot texts by reference, and the rows of the result."""

    slots: Mapping[str, Any]
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    unknown: str = UNKNOWN

    def value(self, reference: str) -> Any:
        """The value of a reference; KeyError when there is none."""
        reference = reference.strip()
        if reference == "count":
            return len(self.rows)
        if cell := _CELL.match(reference):
            return self.rows[int(cell[1])][self._position(cell[2])]
        if listed := _LISTED.match(reference):
            values = [str(value) for value in self._column(listed[2]) if value is not None]
            return ", ".join(values[: int(listed[1])] if listed[1] else values)
        name, _, column = reference.partition(".")
        if name in ("sum", "min", "max") and column:
            values = [value for value in self._column(column) if value is not None]
            return {"sum": sum, "min": min, "max": max}[name](values) if values else None
        return self.slots[reference]

    def _position(self, column: str) -> int:
        if column not in self.columns:
            raise KeyError(f"the result has no column {column}")
        return list(self.columns).index(column)

    def _column(self, column: str) -> list[Any]:
        position = self._position(column)
        return [row[position] for row in self.rows]


def render(template: str, context: Context) -> str:
    """The template with every placeholder replaced; KeyError names a reference that leads nowhere."""

    def replace(found: re.Match[str]) -> str:
        value, text = context.value(found[1]), None
        if value is None:
            return _MISSING
        for name in found[2].split("|")[1:]:
            formatted = _text(value) if text is None else text
            text = with_particle(formatted, name) if name in _PARTICLES else _format(value, name)
        return _text(value) if text is None else text

    return _MISSING_WITH_UNIT.sub(context.unknown, _PLACEHOLDER.sub(replace, template))


def choose(answer: Sequence[Branch], context: Context) -> str:
    """The rendered text of the first branch whose condition holds; LookupError when none does."""
    for branch in answer:
        if holds(branch.when, context):
            return render(branch.text, context)
    raise LookupError("no branch of the answer fits the result")


def holds(condition: str, context: Context) -> bool:
    """Whether every comparison of a condition (joined by ` and `) is true; the empty condition is."""
    return all(_compare(part, context) for part in condition.split(" and ")) if condition else True


def _compare(comparison: str, context: Context) -> bool:
    found = _CONDITION.match(comparison.strip())
    if not found:
        raise ValueError(f"not a comparison: {comparison}")
    left, right = context.value(found["left"]), _literal(found["right"].strip(), context)
    if found["operator"] in ("==", "!="):
        return (left == right) == (found["operator"] == "==")
    if left is None or right is None:
        return False
    return {">": left > right, "<": left < right, ">=": left >= right, "<=": left <= right}[found["operator"]]


def _literal(text: str, context: Context) -> Any:
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text)
    if text in ("null", "true", "false"):
        return {"null": None, "true": True, "false": False}[text]
    if text.startswith("'") and text.endswith("'"):
        return text[1:-1]
    return context.value(text)


def with_particle(text: str, particle: str) -> str:
    """The text with the Korean particle that fits its last sound: 삼성전자를, 애플을, KODEX 200으로; both forms where unsure."""
    closed, opened = _PARTICLES[particle]
    bare = re.sub(r"\([^()]*\)$", "", text).rstrip(" ’'\")") or text
    last = bare[-1:]
    if "가" <= last <= "힣":
        final = (ord(last) - ord("가")) % 28
        if particle == "으로" and final == 8:
            return text + opened
        return text + (closed if final else opened)
    if last not in _FINAL_BY_CHARACTER:
        return f"{text}{closed}({opened})"
    final_letter = _FINAL_BY_CHARACTER[last]
    if particle == "으로" and final_letter == "ㄹ":
        return text + opened
    return text + (closed if final_letter else opened)


def _format(value: Any, name: str) -> str:
    formats = {"pct": "{:,.2f}", "fee": "{:.3f}", "int": "{:,.0f}", "signed": "{:+,.2f}"}
    if name == "krw":
        return krw(value)
    return formats[name].format(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "예" if value else "아니오"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return str(value)


def krw(amount: float) -> str:
    """An amount of KRW for people: 1조 2,345억 원, 678억 원, 1,000만 원, 12,300원."""
    hundred_millions = round(abs(amount) / 10**8)
    sign = "-" if amount < 0 else ""
    if hundred_millions >= 10_000:
        trillions, rest = divmod(hundred_millions, 10_000)
        return f"{sign}{trillions:,}조 {rest:,}억 원" if rest else f"{sign}{trillions:,}조 원"
    if abs(amount) >= 10**8:
        return f"{sign}{hundred_millions:,}억 원"
    if amount and amount % 10_000 == 0:
        return f"{sign}{abs(amount) / 10_000:,.0f}만 원"
    return f"{sign}{abs(amount):,.0f}원"
