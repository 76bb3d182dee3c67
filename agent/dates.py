"""Dates and periods in Korean and English questions, read against the data date, each by itself.

A day or month without a year is the latest one that is not after the data date. Weeks run Monday to Sunday, and the
first week of a month is the one with its first Thursday. "Yesterday" is the business day before the data date.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from agent.calendar_days import (
    DateMention,
    NoSuchDay,
    business_day_before,
    day_of,
    english_month,
    last_week_of_month,
    latest_day,
    month_end,
    month_year,
    months_back,
    spoken_count,
    week_of_month,
    written_year,
)

_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december"
    r"|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec)\.?"
)
_WEEKDAYS = "월화수목금토일"
_NUMBER = r"(?:\d{1,4}|한|두|세|석|네|넉|다섯|여섯|일곱|여덟|아홉|열|삼|육|십)"
_YEAR = r"(?:(?P<year>\d{4}|'\d{2}|\d{2}(?=\s*년\s*(?:\d{1,2}\s*월|[상하]반기|[1-4]\s*분기|말|도)))\s*년도?|(?P<named_year>올해|금년|이번\s*해|작년|지난\s*해|전년|재작년|내년))"
_ORDINAL = (
    r"(?P<ordinal>첫\s*번\s*째|두\s*번\s*째|세\s*번\s*째|네\s*번\s*째|첫째|둘째|셋째|넷째|다섯째|첫|마지막|[1-5]|한|두)"
)

Found = re.Match[str]


def _year_of(found: Found, as_of: date) -> int | None:
    groups = found.groupdict()
    if groups.get("year"):
        return written_year(groups["year"].lstrip("'"))
    named = re.sub(r"\s", "", groups.get("named_year") or "")
    if not named:
        return None
    offsets = {"작년": -1, "지난해": -1, "전년": -1, "재작년": -2, "내년": 1}
    return as_of.year + offsets.get(named, 0)


def _mention(first: date, last: date | None = None, **marks: object) -> DateMention:
    return DateMention(0, 0, "", first, last or first, is_day=last is None, **marks)  # type: ignore[arg-type]


def _full_day(found: Found, as_of: date) -> DateMention:
    return _mention(day_of(written_year(found[1]), int(found[2]), int(found[3])))


def _month_day(found: Found, as_of: date) -> DateMention:
    year, month, day = _year_of(found, as_of), int(found["month"]), int(found["day"])
    if year is None:
        return _mention(latest_day(month, day, as_of), year_given=False)
    return _mention(day_of(year, month, day))


_HOLIDAYS = {
    "신정": (1, 1), "새해첫날": (1, 1), "삼일절": (3, 1), "어린이날": (5, 5), "현충일": (6, 6), "제헌절": (7, 17), "광복절": (8, 15),
    "개천절": (10, 3), "한글날": (10, 9), "크리스마스": (12, 25), "성탄절": (12, 25),
}  # fmt: skip


def _holiday(found: Found, as_of: date) -> DateMention:
    month, day = _HOLIDAYS[re.sub(r"\s", "", found["holiday"])]
    year = _year_of(found, as_of)
    if year is None:
        return _mention(latest_day(month, day, as_of), year_given=False)
    return _mention(day_of(year, month, day))


def _week_of_day(found: Found, as_of: date) -> DateMention:
    """`7월 6일 주에`: Monday to Sunday of the week that holds the day."""
    day = (_full_day if "month" not in found.groupdict() else _month_day)(found, as_of)
    monday = day.first - timedelta(days=day.first.weekday())
    return _mention(monday, monday + timedelta(days=6), year_given=day.year_given)


def _slash_day(found: Found, as_of: date) -> DateMention:
    return _mention(latest_day(int(found[1]), int(found[2]), as_of), year_given=False)


def _english_day(found: Found, as_of: date) -> DateMention:
    month, day = english_month(found["month"]), int(found["day"])
    if found["year"]:
        return _mention(day_of(int(found["year"]), month, day))
    return _mention(latest_day(month, day, as_of), year_given=False)


def _bare_day(found: Found, as_of: date) -> DateMention:
    day = int(found[1])
    if not 1 <= day <= 31:
        raise NoSuchDay(f"day {day}")
    month = as_of if day <= as_of.day else months_back(as_of.replace(day=1), 1)
    return _mention(day_of(month.year, month.month, day), year_given=False)


def _month_of(found: Found, as_of: date) -> tuple[int, int]:
    named = re.sub(r"\s", "", found.groupdict().get("named_month") or "")
    if named:
        back = {"이번달": 0, "이달": 0, "금월": 0, "당월": 0, "지지난달": 2, "저저번달": 2}.get(named, 1)
        day = months_back(as_of, back)
        return day.year, day.month
    month = int(found["month"])
    year = _year_of(found, as_of)
    inferred = month_year(month, as_of)
    return (inferred if year is None else year), month


def _month(found: Found, as_of: date) -> DateMention:
    year, month = _month_of(found, as_of)
    return _mention(date(year, month, 1), month_end(year, month), year_given=_year_of(found, as_of) is not None)


def _month_part(found: Found, as_of: date) -> DateMention:
    year, month = _month_of(found, as_of)
    part = found["part"]
    if part in ("말", "말일", "월말"):
        return _mention(month_end(year, month), nearest=True)
    first, last = {"초": (1, 10), "초순": (1, 10), "중순": (11, 20)}.get(part, (21, month_end(year, month).day))
    return _mention(date(year, month, first), date(year, month, last))


def _month_week(found: Found, as_of: date) -> DateMention:
    year, month = _month_of(found, as_of)
    ordinal = re.sub(r"\s", "", found["ordinal"])
    if ordinal == "마지막":
        return _mention(*last_week_of_month(year, month))
    return _mention(*week_of_month(year, month, spoken_count(ordinal)))


def _whole_year(found: Found, as_of: date) -> DateMention:
    year = _year_of(found, as_of)
    assert year is not None
    return _mention(date(year, 1, 1), date(year, 12, 31))


def _year_end(found: Found, as_of: date) -> DateMention:
    year = _year_of(found, as_of)
    return _mention(date(as_of.year - 1 if year is None else year, 12, 31), nearest=True)


def _part_of_year(found: Found, as_of: date) -> DateMention:
    year = _year_of(found, as_of)
    if found["half"]:
        first = 1 if found["half"] == "상" else 7
        length = 6
    else:
        first, length = int(found["quarter"]) * 3 - 2, 3
    if year is None:
        year = as_of.year if date(as_of.year, first, 1) <= as_of else as_of.year - 1
    return _mention(date(year, first, 1), month_end(year, first + length - 1))


def _english_quarter(found: Found, as_of: date) -> DateMention:
    first = int(found["quarter"]) * 3 - 2
    year = int(found["year"]) if found["year"] else month_year(first, as_of)
    return _mention(date(year, first, 1), month_end(year, first + 2), year_given=bool(found["year"]))


def _year_to_date(found: Found, as_of: date) -> DateMention:
    return _mention(date(as_of.year, 1, 1), as_of)


def _recent(found: Found, as_of: date) -> DateMention:
    count, unit = spoken_count(found["count"] or "1"), re.sub(r"\s", "", found["unit"].lower())
    if unit in ("거래일", "영업일", "tradingday", "tradingdays"):
        first = business_day_before(as_of, count - 1) if count > 1 else as_of
        return _mention(first, as_of, trading_days=count)
    if unit[0] in "달월개m":
        start = months_back(as_of, count)
    elif unit[0] in "년y":
        start = months_back(as_of, 12 * count)
    elif unit[0] in "주w":
        start = as_of - timedelta(weeks=count)
    else:
        start = as_of - timedelta(days=count)
    return _mention(start + timedelta(days=1), as_of)


def _ago(found: Found, as_of: date) -> DateMention:
    span = _recent(found, as_of)
    return _mention(span.first - timedelta(days=1), nearest=True)


def _named(found: Found, as_of: date) -> DateMention:
    word = re.sub(r"\s", "", found[0].lower())
    monday = as_of - timedelta(days=as_of.weekday())
    if word in ("오늘", "금일", "당일", "today"):
        return _mention(as_of)
    if word in ("어제", "전일", "전날", "전거래일", "직전거래일", "어저께", "yesterday"):
        return _mention(business_day_before(as_of))
    if word in ("그저께", "그제", "엊그제", "엊그저께", "이틀전"):
        return _mention(business_day_before(as_of, 2))
    if word in ("내일", "모레", "tomorrow"):
        return _mention(as_of + timedelta(days=1 if word != "모레" else 2))
    if word in ("이번주", "금주", "thisweek"):
        return _mention(monday, as_of)
    weeks = 2 if word in ("지지난주", "저저번주") else -1 if word in ("다음주", "내주", "nextweek") else 1
    return _mention(monday - timedelta(weeks=weeks), monday - timedelta(weeks=weeks) + timedelta(days=6))


def _weekday(found: Found, as_of: date) -> DateMention:
    monday = as_of - timedelta(days=as_of.weekday())
    which = re.sub(r"\s", "", found["week"] or "")
    day = monday + timedelta(days=_WEEKDAYS.index(found["weekday"]))
    if which in ("지난주", "저번주") or (not which.startswith("이번") and day > as_of):
        day -= timedelta(weeks=1)
    return _mention(day)


def _english_named(found: Found, as_of: date) -> DateMention:
    which, unit = found["which"].lower(), found["unit"].lower()
    if unit == "year":
        year = as_of.year - (which == "last")
        return _mention(date(year, 1, 1), date(year, 12, 31) if which == "last" else as_of)
    day = months_back(as_of, 1 if which == "last" else 0)
    return _mention(day.replace(day=1), month_end(day.year, day.month))


def _english_month_only(found: Found, as_of: date) -> DateMention:
    month = english_month(found["month"])
    year = int(found["year"]) if found["year"] else month_year(month, as_of)
    return _mention(date(year, month, 1), month_end(year, month), year_given=bool(found["year"]))


_NAMED_MONTH = r"(?P<named_month>이번\s*달|이\s*달|금월|당월|지지난\s*달|저저번\s*달|지난\s*달|저번\s*달|전달|전월)"
_KOREAN_MONTH = rf"(?:(?:{_YEAR}\s*|지난\s*)?(?<!\d)(?P<month>\d{{1,2}})\s*월(?!\s*배당)|{_NAMED_MONTH})"
_UNIT = r"(?P<unit>거래일|영업일|개월|달|월|주일|주|년|일|months?|years?|weeks?|trading\s+days?|days?)"


_WEEK_BEHIND = (
    r"\s*(?:(?:이|가)?\s*(?:있는|포함된|속한|들어\s*있는)\s*|의\s*)?주(?:간|중)?(?=에|의|동안|\s+(?!종가|가격)|$|[,.?])"
)


def _rule(pattern: str, build: Callable[[Found, date], DateMention]) -> tuple[re.Pattern[str], Callable]:
    return re.compile(pattern, re.IGNORECASE), build


# Tried in this order at every position: the longer reading of the same words stands first.
_RULES: list[tuple[re.Pattern[str], Callable[[Found, date], DateMention]]] = [
    _rule(rf"(?<![\dA-Za-z])(\d{{4}})\s*[-./]\s*(\d{{1,2}})\s*[-./]\s*(\d{{1,2}}){_WEEK_BEHIND}", _week_of_day),
    _rule(rf"(?:{_YEAR}\s*)?(?P<holiday>{'|'.join(_HOLIDAYS)}|새해\s*첫날)", _holiday),
    _rule(rf"(?:{_YEAR}\s*)?(?<!\d)(?P<month>\d{{1,2}})\s*월\s*(?P<day>\d{{1,2}})\s*일{_WEEK_BEHIND}", _week_of_day),
    _rule(r"(?<![\dA-Za-z])(\d{4})\s*[-./]\s*(\d{1,2})\s*[-./]\s*(\d{1,2})\.?(?!\d)", _full_day),
    _rule(r"(?<![\dA-Za-z])((?:19|20)\d{2})(\d{2})(\d{2})(?![\dA-Za-z])", _full_day),
    _rule(rf"(?:{_YEAR}\s*|지난\s*)?(?<!\d)(?P<month>\d{{1,2}})\s*월\s*(?P<day>\d{{1,2}})\s*일(?!\s*(?:간|동안|치))", _month_day),
    _rule(rf"\b(?P<month>{_MONTH})\s*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:,?\s*(?P<year>\d{{4}}))?", _english_day),
    _rule(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{_MONTH})\b(?:,?\s*(?P<year>\d{{4}}))?", _english_day),
    _rule(rf"{_KOREAN_MONTH}\s*(?:의\s*)?{_ORDINAL}\s*주(?:차|간)?(?!식|가|요|주)", _month_week),
    _rule(rf"{_KOREAN_MONTH}\s*(?P<part>초순|중순|하순|말일|월말|초|말)(?![가-힣]*[고준])", _month_part),
    _rule(_KOREAN_MONTH, _month),
    _rule(r"(?<![\d./])(\d{1,2})\s*/\s*(\d{1,2})(?![\d/])", _slash_day),
    _rule(r"연초\s*(?:이후|이래|부터|대비)?|올해\s*들어서?|올해\s*초\s*(?:부터|이후|대비)|year[\s-]to[\s-]date|\bytd\b|this\s+year", _year_to_date),
    _rule(rf"(?:{_YEAR}\s*)(?:연|년)?말|작년\s*연말|(?<![가-힣])연말", _year_end),
    _rule(rf"(?:{_YEAR}\s*)?(?:(?P<half>[상하])반기|(?P<quarter>[1-4])\s*(?:분기|[qQ]))", _part_of_year),
    _rule(r"(?<![0-9A-Za-z])Q(?P<quarter>[1-4])(?:\s*(?:of\s+)?(?P<year>20\d{2}))?(?![0-9A-Za-z])", _english_quarter),
    _rule(rf"{_YEAR}", _whole_year),
    _rule(rf"(?P<count>{_NUMBER}|일)\s*{_UNIT}\s*전(?!체|부|략|기)", _ago),
    # `지난 7월` is a month, `지난 7개월` are seven.
    _rule(rf"(?:최근|지난|이전|직전)\s*(?!\d{{1,2}}\s*월)(?P<count>{_NUMBER}|일)\s*{_UNIT}\s*(?:간|동안|새|사이)?", _recent),
    _rule(
        rf"(?P<count>{_NUMBER}|일)\s*{_UNIT}\s*(?:간|동안)?\s*(?:의\s*)?(?=수익|등락|성과|변동|상승|하락|최고|최저|신고가|신저가|고점|저점|returns?\b|performance)", _recent
    ),
    _rule(r"\b(?:in|during|for)\s+(?P<year>(?:19|20)\d{2})\b(?!\s*[-./년])", lambda found, _: _mention(
        date(int(found["year"]), 1, 1), date(int(found["year"]), 12, 31))),
    _rule(rf"(?:last|past|recent)\s+(?P<count>\d+|a|one|two|three|four|five|six)?\s*{_UNIT}(?<!last year)(?<!last month)(?<!last week)", _recent),
    _rule(r"(?P<which>last|this)\s+(?P<unit>year|month)", _english_named),
    _rule(r"(?:(?P<week>이번\s*주|지난\s*주|저번\s*주)\s*)?(?P<weekday>[월화수목금토일])요일", _weekday),
    _rule(r"이번\s*주|금주|지지난\s*주|저저번\s*주|지난\s*주|저번\s*주|다음\s*주|this\s+week|last\s+week|next\s+week", _named),
    _rule(r"오늘|금일|엊그제|엊그저께|그저께|그제|어저께|어제|직전\s*거래일|전\s*거래일|전일|내일|모레|today|yesterday|tomorrow", _named),
    _rule(rf"\b(?:in\s+)?(?P<month>{_MONTH})(?![a-z])(?:,?\s+(?P<year>\d{{4}}))?", _english_month_only),
    _rule(r"(?<![\d.,])(\d{1,2})\s*일(?=에|의|자|날|\s|$|부터|까지|과|,|은|날|엔)(?!\s*(?:간|동안|치|연속|이상|이하|넘|째|만|전|후))", _bare_day),
]  # fmt: skip


def single_dates(text: str, as_of: date) -> list[DateMention]:
    """Every date and period of a question in order, each by itself; `agent.periods` joins those that belong together."""
    found: list[DateMention] = []
    position = 0
    while position < len(text):
        mention = _at(text, position, as_of)
        if mention is None:
            position += 1
        else:
            found.append(mention)
            position = mention.end
    return found


def _at(text: str, position: int, as_of: date) -> DateMention | None:
    for pattern, build in _RULES:
        match = pattern.match(text, position)
        if match and match.end() > position:
            place = {"start": match.start(), "end": match.end(), "text": match[0]}
            try:
                return replace(build(match, as_of), **place)
            except NoSuchDay as error:
                return DateMention(first=as_of, last=as_of, is_day=True, problem=str(error), **place)
    return None
