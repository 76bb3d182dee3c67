"""Questions about alerts and the watchlist: what is set, how to set it, what a person watches. A person's own rows are not read here."""

from __future__ import annotations

from dataclasses import dataclass

from agent.alert_wishes import sentences
from agent.alert_wishes.reading import Wish
from agent.answer import Status

MOST_OFFERED = 3
EXAMPLES = (
    "관심 ETF의 비중이 바뀌면 알려줘",
    "KODEX 200에서 종목을 사고팔면 알려줘",
    "KODEX 200 괴리율이 1% 넘으면 알려줘",
)
EXAMPLES_EN = (
    "Notify me when KODEX 200 sells something",
    "Let me know if a weight in KODEX 200 changes by 1 percentage point",
)


@dataclass(frozen=True)
class Trouble:
    """What is said in place of a proposal, with texts that could be said instead."""

    text: str
    status: Status = "refused"
    suggestions: tuple[str, ...] = ()


def _listed(wish: Wish) -> Trouble:
    if wish.form.english:
        return Trouble(
            f"Your alerts are on your {sentences.PAGE_EN}: there you see and change what is told of each ETF, from which size on, "
            "and whether Discord is told as well. This conversation does not read personal settings.",
            "answered",
        )
    return Trouble(
        "알림 설정은 [관심 목록](/watchlist)에서 볼 수 있습니다. ETF마다 어떤 일을 알릴지, 기준은 몇 %p인지, 디스코드로도 보낼지를 보고 바꿀 수 있습니다. "
        "대화에서는 개인의 설정을 읽지 않습니다.",
        "answered",
    )


def _how(wish: Wish) -> Trouble:
    if wish.form.english:
        return Trouble(
            f"Say it in a sentence, such as “{EXAMPLES_EN[0]}”. What can be told: {sentences.OFFERED_EN}. Settings are on the {sentences.PAGE_EN}.",
            "answered",
            EXAMPLES_EN,
        )
    return Trouble(
        f"대화에서 ‘{EXAMPLES[1]}’처럼 말씀하시면 됩니다. 알려 드릴 수 있는 것은 {sentences.OFFERED}입니다. 화면의 알림으로 알려 드리고, "
        f"[계정](/account)에서 웹훅을 등록하면 디스코드로도 보냅니다. 정해 둔 알림은 {sentences.PAGE}에서 보고 바꿀 수 있습니다.",
        "answered",
        EXAMPLES,
    )


def _watched(wish: Wish) -> Trouble:
    if wish.form.english:
        return Trouble(
            f"I cannot see your watchlist in this conversation: it is yours alone. What changed in it is on your {sentences.PAGE_EN}."
        )
    name = wish.etfs[0].name if wish.etfs else "KODEX 200"
    return Trouble(
        f"관심 목록은 본인만 볼 수 있는 자료라 대화에서는 읽지 않습니다. 관심 ETF의 시세와 지난 방문 뒤에 바뀐 내용은 {sentences.PAGE}에서 볼 수 있습니다. "
        "ETF 이름으로 물어보시면 바로 답해 드릴게요.",
        "refused",
        (f"{name} 최근 매매 내역은?", f"{name} 비중이 가장 많이 바뀐 종목은?"),
    )


def _taken_off(wish: Wish) -> Trouble:
    if wish.form.english:
        return Trouble(f"Removing an ETF is done on your {sentences.PAGE_EN}. Its alerts can be turned off here.")
    offered = tuple(f"{etf.name} 알림 꺼줘" for etf in wish.etfs[:MOST_OFFERED])
    return Trouble(
        f"관심 목록에서 지우는 일은 {sentences.PAGE}에서 할 수 있습니다. 목록에 두고 알림만 끄는 것은 여기서 할 수 있습니다.",
        "refused",
        offered,
    )


def _scheduled(wish: Wish) -> Trouble:
    if wish.form.english:
        return Trouble(
            f"There are no reports at a set time. What can be told: {sentences.OFFERED_EN}.", "refused", EXAMPLES_EN
        )
    name = wish.etfs[0].name if wish.etfs else "KODEX 200"
    return Trouble(
        f"정해진 시각에 보내는 소식은 없습니다. 새 날짜의 자료가 들어오는 대로, 바뀐 것이 있을 때만 알려 드립니다. 알려 "
        f"드릴 수 있는 것은 {sentences.OFFERED}입니다.",
        "refused",
        (f"{name}에서 종목을 사고팔면 알려줘", f"{name} 비중이 바뀌면 알려줘"),
    )


ABOUT = {"list": _listed, "how": _how, "watched": _watched, "take_off": _taken_off, "scheduled": _scheduled}
"""The answer to each of these actions of a form."""
