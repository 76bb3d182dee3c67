"""A proposal and what cannot be had, in sentences. Everything that would be told is repeated in words, with its figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.alert_wishes.proposal import USUAL_PREMIUM_PCT, USUAL_THRESHOLD_PP, AlertProposal, Kind

NAMES: dict[Kind, tuple[str, str]] = {
    "new": ("신규 편입", "new holdings"),
    "out": ("편출", "holdings sold out"),
    "more": ("추가 매수", "holdings bought more of"),
    "less": ("일부 매도", "holdings partly sold"),
    "weight": ("비중 변화", "changes of weight"),
    "premium": ("괴리율", "premium or discount"),
    "fee": ("보수 변경", "a changed fee"),
    "name": ("이름 변경", "a changed name"),
}
PAGE = "[관심 목록](/watchlist)"
PAGE_EN = "[watchlist](/watchlist)"
OFFERED = "ETF가 종목을 **새로 담거나, 빼거나, 더 사거나, 일부를 팔 때**, 종목 **비중**이 바뀔 때, **괴리율**이 정한 값을 넘을 때, **보수**나 **이름**이 바뀔 때"
OFFERED_EN = "when an ETF **adds, drops, buys more of or partly sells** a stock, when a **weight** changes, when the **premium** passes a limit, and when its **fee** or **name** changes"


def figure(value: float) -> str:
    """2.0 → 2, 0.50 → 0.5."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def whose(proposal: AlertProposal, english: bool) -> str:
    """The ETFs of a proposal, in bold."""
    if not proposal.etfs:
        return "**every ETF on your watchlist**" if english else "**관심 목록의 모든 ETF**"
    return ", ".join(f"**{etf.name}**" for etf in proposal.etfs)


def proposed(proposal: AlertProposal, notes: Sequence[str], english: bool) -> str:
    """What a proposal would tell or end, and that nothing is set yet."""
    lines = _ended(proposal, english) if proposal.mute else _told(proposal, english)
    unset = "Nothing is set until you confirm it." if english else "아직 설정하지 않았습니다. 확인해 주셔야 설정됩니다."
    return "\n\n".join([*lines, *notes, unset])


def _ended(proposal: AlertProposal, english: bool) -> list[str]:
    names = ", ".join(NAMES[kind][english] for kind in proposal.kinds)
    if english:
        what = f"the alerts on {names}" if names else "all alerts"
        return [f"Turn off {what} of {whose(proposal, True)}? The ETFs stay on the watchlist."]
    what = f"**{names}** 알림만" if names else "알림을 모두"
    return [f"{whose(proposal, False)}의 {what} 끌까요? 관심 목록에는 그대로 남습니다."]


def _told(proposal: AlertProposal, english: bool) -> list[str]:
    if not proposal.kinds:
        return [_channel(proposal, english)]
    least = _least(proposal.threshold_pp, english)
    lines = [_line(kind, least, proposal.premium_pct, english) for kind in proposal.kinds]
    if english:
        head = f"You would be told of {whose(proposal, True)}:"
    else:
        head = f"{whose(proposal, False)}에 이런 일이 있으면 알려 드릴까요?"
    return [head, "\n".join(f"- {line}" for line in lines), _where(proposal, english)]


def _least(value: float | None, english: bool) -> str:
    usual = figure(USUAL_THRESHOLD_PP)
    if value is None:
        return (
            f"{usual} percentage points or more, unless you have set another threshold"
            if english
            else f"{usual}%p 이상(따로 정해 둔 기준이 있으면 그 기준)"
        )
    if value == 0:
        return "of any size" if english else "크기와 관계없이"
    return f"{figure(value)} percentage points or more" if english else f"{figure(value)}%p(퍼센트포인트) 이상"


def _line(kind: Kind, least: str, premium: float | None, english: bool) -> str:
    limit = figure(USUAL_PREMIUM_PCT if premium is None else premium)
    sentences = {
        "new": ("**신규 편입**: 없던 종목을 새로 담으면, 크기와 관계없이", "**new holdings**, of any size"),
        "out": ("**편출**: 담고 있던 종목을 모두 팔면, 크기와 관계없이", "**holdings sold out**, of any size"),
        "more": (f"**추가 매수**: 더 산 크기가 {least}", f"**more bought** of a holding: {least}"),
        "less": (f"**일부 매도**: 판 크기가 {least}", f"**part of a holding sold**: {least}"),
        "weight": (f"**비중 변화**: 종목의 비중이 오르거나 내린 폭이 {least}", f"**weights** that rise or fall by {least}"),
        "premium": (f"**괴리율**: 위로든 아래로든 {limit}%에 이르면(시세가 NAV에서 벌어진 정도)", f"**premium or discount** that reaches {limit}%"),
        "fee": ("**보수 변경**: 총보수가 바뀌면", "**fee**: when it changes"),
        "name": ("**이름 변경**: ETF 이름이 바뀌면", "**name**: when it changes"),
    }  # fmt: skip
    return sentences[kind][english]


def _where(proposal: AlertProposal, english: bool) -> str:
    channel = {
        None: (
            "화면의 알림으로, 디스코드를 켜 두었으면 디스코드로도",
            "on the page, and on Discord where you have it on",
        ),
        True: ("화면의 알림과 **디스코드**로", "on the page and on **Discord**"),
        False: ("**화면의 알림으로만**", "on the page **only**"),
    }[proposal.discord][english]
    if english:
        return f"Where: {channel}, once a day and ETF, as soon as a new day's data is loaded."
    return f"{channel}, 새 날짜의 자료가 들어오는 대로 ETF마다 하루 한 번 알려 드립니다."


def _channel(proposal: AlertProposal, english: bool) -> str:
    if proposal.discord is None:
        return (
            f"Turn the alerts of {whose(proposal, True)} on again, with the settings they had?"
            if english
            else f"{whose(proposal, False)}의 알림을 전에 정해 둔 대로 다시 켤까요?"
        )
    if english:
        where = "on the page and on **Discord**" if proposal.discord else "on the page **only**"
        return f"Tell the alerts of {whose(proposal, True)} {where}? What is told stays as it is."
    where = "화면과 **디스코드**로" if proposal.discord else "**화면으로만**"
    return f"{whose(proposal, False)}의 알림을 {where} 받을까요? 알림 종류는 그대로 둡니다."


def not_told(names: Iterable[str], english: bool) -> str:
    """That alerts on some things are not offered, and which are."""
    if english:
        return f"There are no alerts on that: the data is daily. What can be told: {OFFERED_EN}."
    said = ", ".join(dict.fromkeys(names))
    return f"{said} 알림은 없습니다. 알려 드릴 수 있는 것은 {OFFERED}입니다."
