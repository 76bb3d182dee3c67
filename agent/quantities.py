"""Numbers of a question with their unit and the comparison they stand in: 상위 5개, 5퍼 넘게, 0.1% 미만, 1조 2천억 원, top 3."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["count", "places", "percent", "amount", "multiple", "years", "days", "rank", "number"]
Operator = Literal[">=", ">", "<=", "<", "="]

_NATIVE = {
    "하나": 1, "한": 1, "둘": 2, "두": 2, "셋": 3, "세": 3, "넷": 4, "네": 4, "다섯": 5, "여섯": 6, "일곱": 7,
    "여덟": 8, "아홉": 9, "열": 10, "열다섯": 15, "스무": 20, "스물": 20, "서른": 30, "쉰": 50,
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
}  # fmt: skip
_DIGIT = {"일": 1, "이": 2, "삼": 3, "사": 4, "오": 5, "육": 6, "칠": 7, "팔": 8, "구": 9}
_SMALL = {"십": 10, "백": 100, "천": 1000}
_LARGE = {"만": 10**4, "억": 10**8, "조": 10**12}

_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_NATIVE_WORD = "|".join(sorted(_NATIVE, key=len, reverse=True))
# An amount of money: parts that each end in 만, 억 or 조, or a number before 원.
_SINO = "[일이삼사오육칠팔구]?[십백천]|[일이삼사오육칠팔구]"
_LARGE_PART = rf"(?:(?:{_DIGITS})\s*[십백천]?|(?:{_SINO}){{1,4}})?\s*[만억조]"
_AMOUNT = re.compile(
    rf"(?P<number>(?:{_LARGE_PART})(?:\s*{_LARGE_PART})*(?:\s*(?:{_DIGITS})\s*[십백천]?)?|(?:{_DIGITS})\s*[십백천]?(?=\s*원)|(?:{_SINO}){{1,4}}(?=\s*원))"
    r"\s*(?P<won>원)?(?:어치|짜리|씩)?"
)
_DOLLARS = re.compile(rf"(?:\$\s*({_DIGITS})|({_DIGITS})\s*(?:달러|불|usd|dollars?))", re.IGNORECASE)
_ENGLISH_WON = re.compile(
    rf"(?P<number>{_DIGITS})\s*(?P<unit>thousand|million|billion|trillion)?\s*(?:korean\s+)?(?:won|krw)\b",
    re.IGNORECASE,
)
_ENGLISH_UNITS = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_PERCENT = re.compile(
    rf"(?P<low>{_DIGITS}|{_NATIVE_WORD}|[일이삼사오육칠팔구]?십[일이삼사오육칠팔구]?|[일이삼사오육칠팔구])\s*"
    r"(?P<unit>%\s*p|%\s*포인트|퍼센트\s*포인트|%|％|퍼센트|프로(?!그|젝|세)|퍼(?![가-힣])|퍼(?=이|가|는|넘|대|로|짜|미|초)|per\s*cent|percent)",
    re.IGNORECASE,
)
_BASIS_POINTS = re.compile(rf"(?P<low>{_DIGITS})\s*(?:bps?(?![a-z])|베이시스\s*포인트)", re.IGNORECASE)
_ENGLISH_RANGE = re.compile(
    rf"between\s+(?P<low>{_DIGITS})\s*(?:%|percent)?\s*(?:and|to)\s*(?P<high>{_DIGITS})\s*(?:%|percent)", re.IGNORECASE
)
_RANGE = re.compile(
    rf"(?P<low>{_DIGITS})\s*%?\s*(?:~|-|–|에서)\s*(?P<high>{_DIGITS})\s*(?:%|퍼센트|프로|퍼)(?:\s*사이)?"
)
_SIGNED_RANGE = re.compile(
    rf"(?P<low>[-−]\s?(?:{_DIGITS}))\s*%?\s*(?:~|에서)\s*(?P<high>[-−+]?\s?(?:{_DIGITS}))\s*(?:%|퍼센트|프로|퍼)(?:\s*사이)?"
)
# `1천억~5천억`, `1,000억에서 5,000억 사이`, `1~5천억 원`: a range of amounts, with the unit behind both numbers or behind the last.
_AMOUNT_RANGE = re.compile(
    rf"(?P<low>(?:{_LARGE_PART})+|{_DIGITS}|{_SINO})\s*원?\s*(?:~|-|–|에서|부터)\s*(?P<high>(?:{_LARGE_PART})+)\s*원?(?:\s*(?:사이|까지))?"
)
_COUNT_RANGE = re.compile(
    rf"(?P<low>{_DIGITS})\s*(?:개|종목)?\s*(?:~|-|–|에서|부터)\s*(?P<high>{_DIGITS})\s*(?:개|(?=종목))(?:\s*사이)?"
)
# `1위부터 5위까지`, `2~4위`: places of an order.
_PLACES = re.compile(
    rf"(?:상위\s*)?(?P<low>{_DIGITS})\s*[위등]?\s*(?:부터|에서|~|-|–)\s*(?P<high>{_DIGITS})\s*[위등](?![가-힣]*[험권])(?:\s*까지)?"
)
# `0.3에서 0.5 사이`: without a unit only where both ends are plain.
_BARE_RANGE = re.compile(rf"(?P<low>{_DIGITS})\s*(?:~|-|–|에서|부터)\s*(?P<high>{_DIGITS})\s*사이")
_MINUS = re.compile(r"(?:[-−]|마이너스|minus)\s?(?=[\d일이삼사오육칠팔구십])", re.IGNORECASE)
_COUNTED = (
    r"개(?!월|인|수)|가지|(?=종목)|곳|군데|위(?:권|까지|안)|위(?=\s*까지)|등(?=\s*(?:까지|안|이내))|건|종(?![가-힣목])|종류|대(?=\s*(?:종목|보유|구성))|놈"
    r"|(?=(?:largest|biggest|smallest|cheapest|highest|lowest|oldest|newest|best|worst|most|top|active|leveraged)\b)"
    r"|(?=etfs?\b|stocks?\b|holdings?\b|funds?\b|names?\b|constituents?\b|companies\b)"
)
_COUNT = re.compile(rf"(?P<number>{_DIGITS}|{_NATIVE_WORD})\s*(?:{_COUNTED})", re.IGNORECASE)
_TOP = re.compile(
    rf"(?:(?P<top>상위|하위|top|톱|탑|최상위|bottom|largest|biggest|first|best)\s*-?\s*)(?P<number>{_DIGITS}|{_NATIVE_WORD}|텐)"
    rf"\s*(?:{_COUNTED})?(?!\s*(?:%|퍼센트|프로|번째|년|월|일))",
    re.IGNORECASE,
)
_RANK = re.compile(
    rf"(?P<number>{_DIGITS}|첫|두|세|네|다섯|여섯|일곱|여덟|아홉|열)\s*(?:번째(?:로)?|위(?![가-힣]*\s*까지|권|험|안)|등(?!\s*(?:까지|안|이내|급|락)|[가-힣]*률))|(?P<english>\d+)(?:st|nd|rd|th)\b|"
    r"(?P<ordinal>second|third)(?=\s+(?:largest|biggest|highest))",
    re.IGNORECASE,
)
_MULTIPLE = re.compile(rf"(?P<number>{_DIGITS}|두|세)\s*(?:배|x(?![a-z]))", re.IGNORECASE)
_YEARS = re.compile(
    rf"(?P<number>{_DIGITS}|일|한|두|세|네|다섯|십|이십|삼십|열)\s*(?:년|해|years?|yrs?)\s*(?:동안|간|치)?",
    re.IGNORECASE,
)
_DAYS = re.compile(rf"(?P<number>{_DIGITS})\s*(?:거래일|영업일|일|days?)\s*(?:이상|동안|연속|간)?", re.IGNORECASE)
_NUMBER = re.compile(rf"(?P<number>{_DIGITS})")

_AFTER: list[tuple[re.Pattern[str], Operator]] = [
    (re.compile(pattern, re.IGNORECASE), operator)
    for pattern, operator in (
        (r"\s*(?:을|를|이|가|도|은|는)?\s*(?:안\s*[되된돼됐]|채\s*안|안\s*넘|못\s*미치|못\s*넘|못\s*되|미치지\s*못|넘지\s*않|넘지\s*못|되지\s*않)[가-힣]*", "<"),
        (r"\s*(?:이상|or\s+more|or\s+higher|and\s+above|and\s+over)(?:을|를|씩|으로|로)?", ">="),
        (r"\s*(?:이하|이내|안쪽|까지|or\s+less|or\s+lower|or\s+under)(?:를|로|으로|만)?", "<="),
        (r"\s*(?:초과|상회)(?:이면서|인데|[가-힣]{0,2})", ">"),
        (r"\s*(?:미만|하회)(?:이면서|인데|[가-힣]{0,2})", "<"),
        (r"\s*(?:을|를|이|가|도|은|는)?\s*(?:넘[가-힣]{1,2}|웃도[가-힣]*|웃돌[가-힣]*|뛰어넘[가-힣]*)", ">"),
        (r"\s*(?:을|를)?\s*(?:밑도[가-힣]*|밑돌[가-힣]*)", "<"),
        (r"\s*(?:보다|이상|에\s*비해)\s*(?:더\s*)?(?:크[가-힣]*|큰|높[가-힣]{1,2}|많[가-힣]{1,2}|비싼|비싸[가-힣]*|위(?:인)?)", ">"),
        (r"\s*(?:보다)\s*(?:더\s*)?(?:작[가-힣]{1,2}|낮[가-힣]{1,2}|적[가-힣]{1,2}|싼|싸[가-힣]*|저렴[가-힣]*|밑|아래)", "<"),
        (r"\s*(?:밑|아래|언더)(?:으로|로|인)?", "<"),
        (r"\s*(?:보다)(?=\s)", ">"),
    )
]  # fmt: skip
_BEFORE: list[tuple[re.Pattern[str], Operator]] = [
    (re.compile(rf"(?:{words})\s+(?:of\s+)?$", re.IGNORECASE), operator)
    for words, operator in (
        ("at least|no less than|minimum", ">="),
        ("at most|no more than|maximum|up to", "<="),
        ("more than|over|above|exceeding|greater than|higher than|larger than", ">"),
        ("less than|under|below|lower than|cheaper than|smaller than|fewer than", "<"),
    )
]
_ABOUT = re.compile(r"\s*(?:정도|쯤|가량|안팎|내외|남짓|언저리)")
_BAND = re.compile(r"\s*대(?=의|인|로|에|\s|$)")


@dataclass(frozen=True)
class Quantity:
    """A number at `start`..`end` of the text, its unit, and the comparison around it ("" where there is none).

    Amounts are KRW, percentages as written (5 for 5 %). `high` closes a range, inclusive. `about`: only roughly that number.
    `bottom`: the last so many (하위 5개). `foreign`: an amount in another currency.
    """

    start: int
    end: int
    text: str
    kind: Kind
    value: float
    operator: Operator | Literal[""] = ""
    high: float | None = None
    about: bool = False
    bottom: bool = False
    foreign: bool = False


def _value(text: str) -> float:
    """The number that digits, native or Sino-Korean words say; ValueError when they say none."""
    text = re.sub(r"[\s,]", "", text.lower())
    if text in _NATIVE:
        return _NATIVE[text]
    if text == "텐":
        return 10
    if text == "첫":
        return 1
    total = section = 0.0
    current: float | None = None
    for token in re.findall(r"\d+(?:\.\d+)?|[일이삼사오육칠팔구십백천만억조]", text):
        if token in _SMALL:
            section += (1 if current is None else current) * _SMALL[token]
            current = None
        elif token in _LARGE:
            section += current or 0
            total += (section or 1) * _LARGE[token]
            section, current = 0.0, None
        else:
            current = _DIGIT[token] if token in _DIGIT else float(token)
    return total + section + (current or 0)


def find_quantities(text: str) -> list[Quantity]:
    """Every quantity of a question, in order. Names and dates have to be blanked out first: their digits are no quantities."""
    found: list[Quantity] = []
    position = 0
    while position < len(text):
        quantity = _at(text, position)
        if quantity is None:
            position += 1
        else:
            found.append(quantity)
            position = quantity.end
    return found


_DIGITS_WRITTEN = re.compile(r"(?P<digits>한|두|세)\s*자릿?리?\s*(?:수|숫자)?(?:의|로|대)?")


def _at(text: str, position: int) -> Quantity | None:
    if found := _DIGITS_WRITTEN.match(text, position):
        # `두 자릿수 비중`: 10 % or more, below 100 %.
        digits = _value(found["digits"])
        low, high = (0.0, 9.999999) if digits == 1 else (10.0 ** (digits - 1), 10.0**digits - 1e-6)
        return Quantity(found.start(), found.end(), found[0], "percent", low, ">=", high)
    if position and text[position].isdigit() and (text[position - 1].isdigit() or text[position - 1] in ".,"):
        return None
    if (found := _PLACES.match(text, position)) and _value(found["low"]) <= _value(found["high"]):
        low, high = _value(found["low"]), _value(found["high"])
        if low == 1:
            return Quantity(found.start(), found.end(), found[0], "count", high)
        return Quantity(found.start(), found.end(), found[0], "places", low, high=high)
    glued = position and text[position - 1].isalpha() and text[position - 1].isascii() and text[position].isascii()
    if found := _BASIS_POINTS.match(text, position):
        size = _compared(text, found, "percent", _value(found["low"]) / 100)
        return size
    if glued and not re.search(r"(?<![a-z])etfs?$", text[:position], re.IGNORECASE):
        return None
    word_start = position == 0 or not ("가" <= text[position - 1] <= "힣")
    if signed := _signed(text, position):
        return signed
    # `KODEX 200에서 20%` is a name and a percentage.
    if (found := _ENGLISH_RANGE.match(text, position) or _RANGE.match(text, position)) and _value(
        found["low"]
    ) <= _value(found["high"]):
        quantity = Quantity(found.start(), found.end(), found[0], "percent", _value(found["low"]), ">=")
        return Quantity(**{**vars(quantity), "high": _value(found["high"])})
    if (found := _PERCENT.match(text, position)) and (word_start or text[position].isdigit()):
        return _compared(text, found, "percent", _value(found["low"]))
    if ranged := _ranged(text, position, word_start):
        return ranged
    if found := _ENGLISH_WON.match(text, position):
        return _compared(
            text, found, "amount", _value(found["number"]) * _ENGLISH_UNITS.get((found["unit"] or "").lower(), 1)
        )
    if found := _DOLLARS.match(text, position):
        return Quantity(found.start(), found.end(), found[0], "amount", _value(found[1] or found[2]), foreign=True)
    if (found := _TOP.match(text, position)) and word_start:
        bottom = found["top"].lower() in ("하위", "bottom")
        return Quantity(found.start(), found.end(), found[0], "count", _value(found["number"]), bottom=bottom)
    if not word_start and not text[position].isdigit():
        return None
    for pattern, kind in ((_RANK, "rank"), (_MULTIPLE, "multiple"), (_COUNT, "count")):
        if found := pattern.match(text, position):
            return _compared(text, found, kind, _ordinal(found) if kind == "rank" else _value(found["number"]))
    if (found := _AMOUNT.match(text, position)) and _is_amount(found):
        foreign = re.compile(r"\s*(?:달러|불|usd|dollars?)", re.IGNORECASE).match(text, found.end())
        if foreign:
            return Quantity(
                position, foreign.end(), text[position : foreign.end()], "amount", _value(found["number"]), foreign=True
            )
        return _compared(text, found, "amount", _value(found["number"]))
    for pattern, kind in ((_YEARS, "years"), (_DAYS, "days"), (_NUMBER, "number")):
        if found := pattern.match(text, position):
            return _compared(text, found, kind, _value(found["number"]))
    return None


def _ranged(text: str, position: int, word_start: bool) -> Quantity | None:
    """A range of amounts or of counts."""
    if not word_start and not text[position].isdigit():
        return None
    if (found := _BARE_RANGE.match(text, position)) and _value(found["low"]) < _value(found["high"]):
        return Quantity(
            found.start(), found.end(), found[0], "number", _value(found["low"]), ">=", _value(found["high"])
        )
    if found := _AMOUNT_RANGE.match(text, position):
        low, high = _value(found["low"]), _value(found["high"])
        if not re.search("[만억조]", found["low"]):
            # `1~5천억`: the unit of the last number holds for both.
            unit = re.sub(r"^[\d.,\s일이삼사오육칠팔구]+", "", found["high"])
            low = _value(found["low"] + unit)
        if low < high:
            return Quantity(found.start(), found.end(), found[0], "amount", low, ">=", high)
    if (found := _COUNT_RANGE.match(text, position)) and _value(found["low"]) < _value(found["high"]):
        return Quantity(
            found.start(), found.end(), found[0], "count", _value(found["low"]), ">=", _value(found["high"])
        )
    return None


def _signed(text: str, position: int) -> Quantity | None:
    """A percentage, or a range of them, below zero; a hyphen behind a letter or digit joins and is no sign."""
    if position and (text[position - 1].isalnum() or text[position - 1] in "%-."):
        return None
    if found := _SIGNED_RANGE.match(text, position):
        low, high = sorted(_signed_value(found[name]) for name in ("low", "high"))
        return Quantity(found.start(), found.end(), found[0], "percent", low, ">=", high)
    minus = _MINUS.match(text, position)
    found = _PERCENT.match(text, minus.end()) if minus else None
    if found is None:
        return None
    size = _compared(text, found, "percent", _value(found["low"]))
    if size.high is not None:
        return None
    start = min(position, size.start)
    return replace(size, start=start, text=text[start : size.end], value=-size.value)


def _signed_value(text: str) -> float:
    number = _value(text.lstrip("-−+ "))
    return -number if text[0] in "-−" else number


def _ordinal(found: re.Match[str]) -> float:
    if found["ordinal"]:
        return {"second": 2, "third": 3}[found["ordinal"].lower()]
    return _value(found["number"] or found["english"])


def _is_amount(found: re.Match[str]) -> bool:
    number = found["number"]
    if found["won"]:
        return any(c.isdigit() or c in "만억조천백" for c in number)
    return bool(re.search(r"[만억조]\s*$|[만억조]\s*\d", number)) and bool(
        re.search(r"[\d일이삼사오육칠팔구십백천]", number)
    )


def _compared(text: str, found: re.Match[str], kind: str, value: float) -> Quantity:
    start, end = found.start(), found.start() + len(found[0].rstrip())
    operator: str = ""
    for pattern, sign in _AFTER:
        if tail := pattern.match(text, end):
            operator, end = sign, tail.end()
            break
    else:
        for pattern, sign in _BEFORE:
            if head := pattern.search(text, 0, start):
                operator, start = sign, head.start()
                break
    high, about = None, False
    if not operator and kind in ("percent", "amount") and (band := _BAND.match(text, end)):
        decimals = len(re.findall(r"\.(\d+)", found[0])[0]) if kind == "percent" and "." in found[0] else 0
        step = 10 ** int(math.log10(value)) if value >= 10 and value % 10 == 0 else 10**-decimals
        operator, high, end = ">=", value + step - (1e-9 if kind == "percent" else 1), band.end()
    if tail := _ABOUT.match(text, end):
        about, end = True, tail.end()
    return Quantity(start, end, text[start:end], kind, value, operator, high, about)  # type: ignore[arg-type]
