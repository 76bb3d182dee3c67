"""Messages for Discord, in Korean: a collection, many of them, a failure. Every limit of Discord's is kept.

Limits: content 2,000, title 256, description 4,096, 25 fields, name 256, value 1,024, 6,000 over all embeds of a message.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from backend.collection.calendar import UnknownYear, previous_trading_day
from backend.notifications.discord.content import Collection, Failure, Named
from backend.notifications.discord.markdown import length, lines_within, plain, shortened

COLLECTED, WITH_GAPS, FAILED, TRIAL = 0x2F9E6E, 0xE0A100, 0xD64545, 0x4C6EF5
WEEKDAYS = "월화수목금토일"
# Five lists of 900 with their names, a description and the rest stay below 6,000; beside a digest the lists are shorter.
VALUE, VALUE_IN_DIGEST = 900, 550
DIGEST_DAYS, DIGEST = 20, 1_800
NAME, NARROW_NAME, REASON = 60, 24, 1_000
_LINK = re.compile(r"https?://[A-Za-z0-9.-]+\.[A-Za-z0-9-]+(:[0-9]{1,5})?(/[!-~]*)?")
Message = dict[str, Any]


def collected(day: Collection, created_at: datetime, page: str | None = None) -> Message:
    """Tell of one date; `page` is the address at which people reach the application."""
    return message_of(_day(day, created_at, page, VALUE))


def digest(days: Sequence[Collection], created_at: datetime, page: str | None = None) -> Message:
    """Tell of several dates at once: a line for each of the latest, and the latest one in full."""
    days = sorted(days, key=lambda day: day.date, reverse=True)
    lines = [_summary(day) for day in days[:DIGEST_DAYS]]
    listed: Message = {
        "title": f"ETF 구성 변화 {len(days):,}일치 ({days[-1].date} ~ {days[0].date})",
        "description": lines_within(lines, len(days), DIGEST, "일"),
        "color": COLLECTED if not any(day.gaps for day in days) else WITH_GAPS,
        **linked(page),
    }
    return message_of(listed, _day(days[0], created_at, page, VALUE_IN_DIGEST))


def failed(failure: Failure, created_at: datetime) -> Message:
    """Tell that a date could not be collected, and how to try again."""
    again = f"\n다시 시도: `./atlas collect krx --date {failure.date}`" if failure.source == "krx" else ""
    return message_of(
        {
            "title": f"{_korean(failure.date)} 수집 실패",
            "description": f"> {_reason(failure.reason, REASON)}\n저장된 자료는 바뀌지 않았습니다.{again}",
            "color": FAILED,
            "footer": _footer(failure.source, failure.date),
            "timestamp": created_at.isoformat(),
        }
    )


def failures(failed_days: Sequence[Failure], created_at: datetime) -> Message:
    """Tell of several dates that could not be collected."""
    latest = sorted(failed_days, key=lambda failure: failure.date, reverse=True)
    lines = [f"**{failure.date}** {_reason(failure.reason, 150)}" for failure in latest[:DIGEST_DAYS]]
    return message_of(
        {
            "title": f"수집 실패 {len(latest):,}일 ({latest[-1].date} ~ {latest[0].date})",
            "description": lines_within(lines, len(latest), 3_500, "일"),
            "color": FAILED,
            "footer": _footer(latest[0].source, latest[0].date),
            "timestamp": created_at.isoformat(),
        }
    )


def trial(at: datetime, page: str | None = None) -> Message:
    """Return a message that only shows that messages arrive."""
    return message_of(
        {
            "title": "ETF Atlas 시험 메시지",
            "description": "이 채널로 수집 소식이 옵니다: 새로 담긴 종목, 빠진 종목, 액티브 ETF의 매매, 수집 실패.",
            "color": TRIAL,
            "timestamp": at.isoformat(),
            **linked(page),
        }
    )


def personal_trial(at: datetime, page: str | None = None) -> Message:
    """Return the message with which somebody tries whether their own webhook works."""
    return message_of(
        {
            "title": "ETF Atlas 시험 메시지",
            "description": "이 채널로 관심 ETF의 알림이 옵니다: 매수·매도, 비중 변화, 괴리율, 보수와 이름 변경.",
            "color": TRIAL,
            "timestamp": at.isoformat(),
            **linked(page),
        }
    )


def _day(day: Collection, created_at: datetime, page: str | None, most: int) -> Message:
    fields = []
    if day.compared_with is not None:
        compared = since(day.date, day.compared_with)
        fields += [
            _field(f"{compared} 새로 담긴 종목", day.new, day.new_total, most, "새로 담긴 종목이 없습니다."),
            _field("빠진 종목", day.out, day.out_total, most, "빠진 종목이 없습니다."),
            _field("액티브 ETF의 매매 상위 · 산 종목", day.bought, 0, most, "산 종목이 없습니다.", inline=True),
            _field("액티브 ETF의 매매 상위 · 판 종목", day.sold, 0, most, "판 종목이 없습니다.", inline=True),
        ]
    if day.gaps:
        lines = [f"{_name(etf)} {_reason(etf.reason, 80)}".rstrip() for etf in day.missing]
        value = lines_within(lines, day.gaps, most, "개")
        fields.append({"name": f"수집되지 않은 ETF {day.gaps:,}개", "value": value, "inline": False})
    return {
        "title": f"{_korean(day.date)} ETF 구성 변화",
        "description": _counts(day),
        "color": WITH_GAPS if day.gaps else COLLECTED,
        "fields": fields,
        "footer": _footer(day.label, day.date),
        "timestamp": created_at.isoformat(),
        **linked(page),
    }


def _counts(day: Collection) -> str:
    prices = f" · 가격 **{day.prices:,}**건" if day.prices else ""
    told = f"ETF **{day.etfs:,}**개 · 구성 종목 **{day.holdings:,}**건{prices} · 매매 **{day.trades:,}**건"
    if day.compared_with is None:
        told += "\n비교할 앞선 날짜가 없습니다."
    # Files do not say which baskets were to be expected.
    return f"{told}\n빠짐없이 수집되었습니다." if day.source == "krx" and not day.gaps else told


def _field(name: str, stocks: Sequence[Named], total: int, most: int, nothing: str, *, inline: bool = False) -> Message:
    lines = [_narrow(stock) if inline else _stock(stock) for stock in stocks]
    value = lines_within(lines, total, most, "종목") or nothing
    return {"name": name, "value": value, "inline": inline}


def _stock(stock: Named) -> str:
    active = f" (액티브 {stock.active:,})" if stock.active else ""
    return f"{_name(stock)} · ETF {stock.etfs:,}개{active}"


def _narrow(stock: Named) -> str:
    """Return the line of a stock where two lists stand side by side."""
    return f"{_name(stock, NARROW_NAME)} · ETF {stock.etfs:,}"


def _name(named: Named, most: int = NAME) -> str:
    code = "" if named.name == named.code else f" {plain(named.code, 20)}"
    return f"**{plain(named.name, most) or '?'}**{code}"


def _summary(day: Collection) -> str:
    changed = f" · 새로 담김 {day.new_total:,} · 빠짐 {day.out_total:,}" if day.compared_with else ""
    gaps = f" · 미수집 {day.gaps:,}" if day.gaps else ""
    return f"**{day.date}** ({WEEKDAYS[day.date.weekday()]}) ETF {day.etfs:,}{changed}{gaps}"


def _reason(reason: str, most: int) -> str:
    return plain(reason, most) or "까닭을 알 수 없습니다"


def since(day: date, compared_with: date) -> str:
    """Name the day that a day is compared with: the trading day before, or what was collected before."""
    try:
        following = compared_with == previous_trading_day(day)
    except UnknownYear:
        following = False
    return f"{'직전 거래일' if following else '앞서 수집한'} {_short(compared_with)}과 비교해"


def _korean(day: date) -> str:
    return f"{day.year}년 {day.month}월 {day.day}일({WEEKDAYS[day.weekday()]})"


def _short(day: date) -> str:
    return f"{day.month}월 {day.day}일({WEEKDAYS[day.weekday()]})"


def _footer(source: str, day: date) -> Message:
    return {"text": shortened(f"ETF Atlas · 출처 {shortened(source, 80)} · 기준일 {day}", 256)}


def linked(page: str | None) -> Message:
    """Return the link of an embed's title. Discord refuses a whole message for a link that it holds malformed, such as to localhost."""
    return {"url": page} if page and length(page) <= 1_000 and _LINK.fullmatch(page) else {}


def message_of(*embeds: Message) -> Message:
    """Return embeds as one message that mentions nobody."""
    return {"embeds": list(embeds), "allowed_mentions": {"parse": []}}
