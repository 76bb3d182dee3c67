"""The answer to a wish for an alert: a proposal in words and as data, a question back, or what cannot be had.

Nothing is written here. A person confirms a proposal, and only then the web server sets it, as that person.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.alert_wishes import sentences
from agent.alert_wishes.about_alerts import Trouble
from agent.alert_wishes.proposal import MOST_ETFS, USUAL, AlertProposal, WishedEtf
from agent.alert_wishes.reading import Wish, wish_of
from agent.alert_wishes.troubles import trouble_of
from agent.answer import Answer, Message
from agent.composition.sub_questions import SubQuestions
from agent.events import StepFinished, StepStarted
from agent.models.offline import NAME
from agent.reading.wording import with_particle
from agent.run_context import RunContext


def answer_wish(context: RunContext, text: str, history: Sequence[Message]) -> Answer | None:
    """Answer a wish about alerts or the watchlist; None where the text is an ordinary question."""
    asked = [message.content for message in history if message.role == "user" and message.content.strip()]
    with context.stage("wish"):
        wish = wish_of(SubQuestions(context), text, asked)
        found = None if wish is None else _found(wish)
    if found is None or wish is None:
        return None
    context.emit(StepStarted("link", "link", "어떤 알림을 원하는지 읽는 중"))
    names = ", ".join(etf.name for etf in wish.etfs) or ("관심 목록" if wish.watched else "ETF 이름 없음")
    context.emit(StepFinished("link", "link", f"알림에 관한 말씀: {names}"))
    if isinstance(found, Trouble):
        return Answer(found.text, found.status, model=NAME, suggestions=list(found.suggestions))
    proposal, notes = found
    said = sentences.proposed(proposal, notes, wish.form.english)
    return Answer(said, "answered", model=NAME, proposal=proposal)


def _found(wish: Wish) -> tuple[AlertProposal, list[str]] | Trouble | None:
    if wish.form.action == "set" and not wish.explicit and not wish.events.kinds and not wish.events.not_told:
        # `비가 오면 알려줘`: nothing that happens to an ETF.
        return None
    return trouble_of(wish) or _proposal(wish)


def _proposal(wish: Wish) -> tuple[AlertProposal, list[str]]:
    etfs = tuple(WishedEtf(etf.key, etf.name) for etf in wish.etfs[:MOST_ETFS])
    english, events, notes = wish.form.english, wish.events, []
    if wish.form.action == "off":
        if wish.place.discord is not None and not events.kinds and "디스코드" in wish.text + " ":
            return AlertProposal(etfs, discord=False), notes
        return AlertProposal(etfs, events.kinds if not events.any_change else (), mute=True), notes
    again = "다시" in wish.text and not events.kinds
    kinds = () if again else (events.kinds if wish.form.action != "add" else ()) or USUAL
    threshold = next((one.value for one in wish.figures if not one.of_premium), None)
    premium = next((one.value for one in wish.figures if one.of_premium), None)
    sized = {"more", "less", "weight"} & set(kinds)
    if threshold is not None and not sized:
        # The figure belongs to something that has no size: a premium, or a trade that is told of whatever its size.
        if "premium" in kinds and premium is None:
            premium = threshold
        elif {"new", "out"} & set(kinds):
            notes.append(_WHATEVER_SIZE[english])
        threshold = None
    if threshold is not None and any(not one.of_premium and not one.points for one in wish.figures) and not english:
        notes.append(
            f"‘{sentences.figure(threshold)}%’는 비중의 차이인 {sentences.figure(threshold)}%p(퍼센트포인트)로 이해했습니다."
        )
    if events.directed and not english:
        notes.append("비중은 오를 때와 내릴 때를 나누어 알리지 않고, 어느 쪽이든 알려 드립니다.")
    if events.not_told:
        notes.append(sentences.not_told(events.not_told.values(), english))
    if wish.place.others and not english:
        notes.append(
            f"{with_particle('·'.join(wish.place.others), '으로')}는 보낼 수 없습니다. 알림은 화면과 디스코드로만 갑니다."
        )
    elif wish.place.others:
        notes.append("Alerts go to the page and to Discord only.")
    if wish.place.timed:
        notes.append(_NO_CLOCK[english])
    proposal = AlertProposal(
        etfs, kinds, None if threshold is None else round(threshold, 2), None if premium is None else round(premium, 2), wish.place.discord
    )  # fmt: skip
    return proposal, notes


_WHATEVER_SIZE = (
    "신규 편입과 편출에는 크기 기준을 둘 수 없어, 크기와 관계없이 알려 드립니다.",
    "New holdings and holdings sold out have no threshold: you are told of any.",
)
_NO_CLOCK = (
    "정해진 시각에 맞춰 보내는 알림은 없고, 그날의 자료가 들어오는 대로 알려 드립니다. 받지 않을 시간은 [계정](/account)에서 정할 수 있습니다.",
    "There are no alerts at a set time: you are told when a day's data is loaded. Quiet hours are set on your [account](/account) page.",
)
