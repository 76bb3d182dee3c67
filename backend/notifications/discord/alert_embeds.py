"""Alerts as messages for Discord, in Korean: one in full, several side by side, many as a list. Every limit is kept.

Names and links are untrusted or long; each part has a room of its own, so that the sums stay below Discord's limits (6,000
over all embeds of a message). `Links` makes the addresses; without a public address there are none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from backend.notifications.discord.alert_content import Alert, Drift, Trade
from backend.notifications.discord.embeds import WEEKDAYS, Message, linked, message_of, since
from backend.notifications.discord.markdown import length, lines_within, plain

BOUGHT, SOLD, CHANGED = 0xD64545, 0x3B6FD4, 0x7A8594
"""Korean portals show what rises in red and what falls in blue."""
FULL_MOST, SIDE_BY_SIDE, LISTED = 900, 10, 25
"""Room of a list in a full alert; how many alerts stand side by side in one message, and how many as a list at most."""
COMPACT_NAME, COMPACT_TEXT, LINK = 30, 330, 160
LINE = 225
NAME, SHORT_NAME = 60, 24
OFF = "이 ETF 알림 끄기"
NO_LINK = "알림은 ETF Atlas의 관심 목록에서 끌 수 있습니다."
WORDS = {"new": "신규 편입", "out": "편출", "more": "추가 매수", "less": "일부 매도"}


@dataclass(frozen=True)
class Links:
    """The addresses of an ETF's page and of silencing it, where the application has a public address."""

    page: str | None
    off: Callable[[str], str]

    def etf(self, code: str) -> str | None:
        return f"{self.page.rstrip('/')}/etf/{code}" if self._usable() else None

    def unsubscribe(self, code: str) -> str | None:
        return f"{self.page.rstrip('/')}/unsubscribe#{self.off(code)}" if self._usable() else None

    def _usable(self) -> bool:
        return bool(linked(self.page))


def alerts(told: Sequence[Alert], created_at: datetime, links: Links) -> Message:
    """Tell one alert in full, up to SIDE_BY_SIDE in short, more as a list; LISTED at most."""
    if len(told) == 1:
        return message_of(_full(told[0], created_at, links))
    if len(told) <= SIDE_BY_SIDE:
        return message_of(*(_compact(each, links) for each in told))
    half = (len(told) + 1) // 2
    return message_of(*(_list(part, len(told), links) for part in (told[:half], told[half:])))


def _full(each: Alert, created_at: datetime, links: Links) -> Message:
    bought = [trade for trade in each.trades if trade.action in ("new", "more")]
    sold = [trade for trade in each.trades if trade.action in ("out", "less")]
    fields = [_field("매수", [_trade(trade) for trade in bought]), _field("매도", [_trade(trade) for trade in sold])]
    drift = lines_within([_drift(row) for row in each.drift], each.drift_total, FULL_MOST, "종목")
    fields.append({"name": "비중 변화 (매매 없음)", "value": drift, "inline": False} if drift else {})
    fields.append(_field("그 밖의 변화", _others(each)))
    return {
        "title": f"{plain(each.name, 100)} · {_day(each.date)}",
        "description": "\n".join([*_about(each), _off(links, each.code)]),
        "color": _colour(each),
        "fields": [field for field in fields if field],
        "footer": {"text": f"ETF Atlas · 기준일 {each.date}"},
        "timestamp": created_at.isoformat(),
        **linked(links.etf(each.code)),
    }


def _compact(each: Alert, links: Links) -> Message:
    lines = [_trade(trade, SHORT_NAME) for trade in each.trades]
    lines += [f"비중 변화 {_drift(row, SHORT_NAME)}" for row in each.drift] + _others(each)
    total = each.trades_total + each.drift_total + len(_others(each))
    off = _off(links, each.code)
    return {
        "title": f"{plain(each.name, COMPACT_NAME)} · {each.date}",
        "description": f"{lines_within(lines, total, COMPACT_TEXT, '건')}\n{off if length(off) <= LINK else NO_LINK}".strip(),
        "color": _colour(each),
        **linked(links.etf(each.code)),
    }


def _list(part: Sequence[Alert], total: int, links: Links) -> Message:
    return {
        "title": f"관심 ETF {total:,}개의 변화",
        "description": "\n".join(_line(each, links) for each in part),
        "color": CHANGED,
    }


def _line(each: Alert, links: Links) -> str:
    counts = [
        (sum(trade.action in actions for trade in each.trades), word)
        for actions, word in ((("new", "more"), "매수"), (("out", "less"), "매도"))
    ]
    said = " · ".join(
        [f"{word} {count}" for count, word in counts if count]
        + ([f"비중 변화 {min(each.drift_total, 999)}"] if each.drift_total else [])
        + (["그 밖의 변화"] if _others(each) else [])
    )
    line = f"**{plain(each.name, SHORT_NAME)}** {each.date:%m-%d} {said}"
    off = links.unsubscribe(each.code)
    with_link = f"{line} · [끄기]({off})"
    return with_link if off and length(with_link) <= LINE else line


def _about(each: Alert) -> list[str]:
    """Say what the figures are compared with, and what has to be known to read them."""
    lines = []
    if each.compared_with:
        threshold = f" · 기준 {_plain_number(each.threshold_pp)}%p" if each.threshold_pp is not None else ""
        lines.append(f"{since(each.date, each.compared_with)}{threshold}")
    if each.gap:
        days = ", ".join(f"{day.month}월 {day.day}일" for day in each.gap[:5])
        more = max(each.gap_total or 0, len(each.gap)) - 5
        lines.append(f"그 사이 자료가 없는 거래일: {days}{f' 외 {more:,}일' if more > 0 else ''}")
    if not each.weights_comparable:
        lines.append("두 날의 비중 산정 방식이 달라 비중 변화는 비교하지 않았습니다.")
    if each.trades_total > len(each.trades):
        lines.append(f"매매 {each.trades_total:,}건 가운데 큰 {len(each.trades)}건입니다.")
    if each.sample:
        lines.append("지어낸 표본 시장의 자료입니다.")
    return lines


def _others(each: Alert) -> list[str]:
    lines = []
    if each.premium:
        before, after, limit = each.premium
        lines.append(
            f"괴리율 {_percent(before)} → **{_percent(after)}**"
            + (f" (기준 {_plain_number(limit)}%)" if limit is not None else "")
        )
    if each.fee:
        lines.append(f"보수 {_percent(each.fee[0], 4)} → **{_percent(each.fee[1], 4)}**")
    if each.renamed:
        lines.append(f"이름 {plain(each.renamed[0], NAME)} → **{plain(each.renamed[1], NAME)}**")
    return lines


def _trade(trade: Trade, name: int = NAME) -> str:
    change = f" 수량 {trade.shares_change_pct:+,.1f}%" if trade.shares_change_pct is not None else ""
    before = 0.0 if trade.action == "new" and trade.weight_before is None else trade.weight_before
    after = 0.0 if trade.action == "out" and trade.weight_after is None else trade.weight_after
    return f"{WORDS[trade.action]} **{plain(trade.name, name) or '?'}**{change}{_weights(before, after)}"


def _drift(row: Drift, name: int = NAME) -> str:
    change = f" ({_rounded(row.change_pp, 2):+,}%p)" if row.change_pp is not None else ""
    return f"**{plain(row.name, name) or '?'}**{_weights(row.weight_before, row.weight_after)}{change}"


def _weights(before: float | None, after: float | None) -> str:
    if before is None and after is None:
        return ""
    return f" 비중 {_percent(before)} → {_percent(after)}"


def _percent(value: float | None, digits: int = 2) -> str:
    return "?" if value is None else f"{_plain_number(value, digits)}%"


def _plain_number(value: float | None, digits: int = 2) -> str:
    if value is None:
        return "?"
    told = f"{_rounded(value, digits):,}"
    return told.rstrip("0").rstrip(".") if digits > 2 else told


def _rounded(value: float, digits: int) -> Decimal:
    """Round as the page does: by the decimals that the figure was written with, a half away from zero."""
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def _field(name: str, lines: Sequence[str]) -> Message:
    value = lines_within(lines, len(lines), FULL_MOST, "건")
    return {"name": name, "value": value, "inline": False} if value else {}


def _off(links: Links, code: str) -> str:
    address = links.unsubscribe(code)
    return f"[{OFF}]({address})" if address and length(address) <= 1_500 else NO_LINK


def _colour(each: Alert) -> int:
    actions = {trade.action for trade in each.trades}
    if actions and actions <= {"new", "more"}:
        return BOUGHT
    return SOLD if actions and actions <= {"out", "less"} else CHANGED


def _day(day: date) -> str:
    return f"{day.year}년 {day.month}월 {day.day}일({WEEKDAYS[day.weekday()]})"
