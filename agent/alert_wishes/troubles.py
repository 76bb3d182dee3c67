"""Wishes that cannot be proposed as they are: what is not offered, and what has to be asked back."""

from __future__ import annotations

import re

from agent.alert_wishes import sentences
from agent.alert_wishes.about_alerts import ABOUT, EXAMPLES, EXAMPLES_EN, MOST_OFFERED, Trouble
from agent.alert_wishes.naming import Named
from agent.alert_wishes.proposal import MOST_ETFS
from agent.alert_wishes.reading import Wish
from agent.given_names import GivenText
from agent.reading.question import Subject
from agent.reading.wording import with_particle


def trouble_of(wish: Wish) -> Trouble | None:
    """Why a wish has no proposal; None where it has one."""
    action = wish.form.action
    if action in ABOUT:
        return ABOUT[action](wish)
    if (
        action == "off"
        and not wish.names.ambiguous
        and not wish.names.unknown
        and not wish.unsure
        and not wish.names.groups
    ):
        return None
    return _not_offered(wish) or _about_stocks(wish) or _unclear_etf(wish) or _unclear_figure(wish)


def _not_offered(wish: Wish) -> Trouble | None:
    """Prices, dividends, levels of weights, and whatever else nobody is told of."""
    english = wish.form.english
    if wish.events.level and not wish.events.not_told and "weight" in wish.events.kinds and not wish.names.stocks:
        if english:
            return None
        offered = tuple(f"{etf.name} 비중이 1%p 이상 바뀌면 알려줘" for etf in wish.etfs[:1])
        return Trouble(
            "비중이 어떤 값에 이르면 알리는 알림은 없습니다. 비중이 **얼마나 바뀌었는지**(%p)를 기준으로 알려 드릴 수 있습니다.",
            "refused",
            offered,
        )
    if not wish.events.not_told or wish.events.kinds:
        return None
    names = [etf.name for etf in wish.etfs[:1]] or (["관심 ETF"] if wish.watched else ["KODEX 200"])
    offered = tuple(f"{name}에서 종목을 사고팔면 알려줘" for name in names) + tuple(
        f"{name} 괴리율이 1% 넘으면 알려줘" for name in names
    )
    return Trouble(
        sentences.not_told(wish.events.not_told.values(), english), "refused", EXAMPLES_EN if english else offered
    )


def _about_stocks(wish: Wish) -> Trouble | None:
    """A single stock: alerts are of an ETF as a whole."""
    stocks = wish.names.stocks
    if not stocks:
        return None
    name = stocks[0].name
    if wish.form.english:
        return Trouble(
            f"Alerts are set for an ETF as a whole, not for a single stock such as {name}. An alert lists every stock that the ETF bought or sold.",
            "refused",
            tuple(f"Notify me when {etf.name} buys or sells" for etf in wish.etfs[:1]),
        )
    said = f"알림은 ETF마다 정하는 것이라, {name} 같은 종목 하나만 골라 정할 수는 없습니다."
    if wish.etfs or wish.watched:
        whose = ", ".join(etf.name for etf in wish.etfs) or "관심 ETF"
        said += f" {whose}의 알림에는 사고판 종목과 비중이 바뀐 종목이 모두 나오므로, {name}에 일이 있으면 거기서 볼 수 있습니다."
        return Trouble(said, "refused", (f"{whose}에서 종목을 사고팔면 알려줘", f"{whose} 비중이 바뀌면 알려줘"))
    said += f" {with_particle(name, '을를')} 담은 ETF를 먼저 찾아 그 ETF의 알림을 정해 보세요."
    return Trouble(said, "refused", (f"{with_particle(name, '을를')} 가장 많이 담은 ETF는?",))


def _unclear_etf(wish: Wish) -> Trouble | None:
    english, names = wish.form.english, wish.names
    if names.ambiguous is not None:
        return _choices(wish, names)
    if (wish.etfs and len(wish.etfs) <= MOST_ETFS) or wish.watched:
        if names.unknown and not wish.continued:
            return Trouble(
                f"“{names.unknown}” is no ETF that I know."
                if english
                else f"‘{names.unknown}’에 맞는 ETF를 찾지 못했습니다. 이름이나 종목코드를 확인해 주세요.",
                "clarify",
                tuple(_with_name(wish, etf) for etf in wish.etfs[:1]),
            )
        return None
    if len(wish.etfs) > MOST_ETFS:
        return Trouble(
            f"At most {MOST_ETFS} ETFs at once. Add the others on your {sentences.PAGE_EN}."
            if english
            else f"한 번에 {MOST_ETFS}개까지 말씀하실 수 있습니다. 더 많은 ETF는 {sentences.PAGE}에 이름을 붙여 넣어 한꺼번에 등록할 수 있습니다.",
            "refused",
        )
    if wish.unsure:
        offered = tuple(_with_name(wish, etf) for etf in wish.unsure[:MOST_OFFERED])
        listed = ", ".join(etf.name for etf in wish.unsure[:MOST_OFFERED])
        more = f" 외 {len(wish.unsure) - MOST_OFFERED}개" if len(wish.unsure) > MOST_OFFERED else ""
        return Trouble(
            "Which of the ETFs do you mean?"
            if english
            else f"앞의 답에 ETF가 여러 개 있습니다({listed}{more}). 어느 ETF의 알림인지 알려 주세요.",
            "clarify",
            offered,
        )
    if names.unknown:
        return Trouble(
            f"“{names.unknown}” is no ETF that I know."
            if english
            else f"‘{names.unknown}’에 맞는 ETF를 찾지 못했습니다. 이름이나 종목코드를 확인해 주세요.",
            "clarify",
            EXAMPLES_EN if english else EXAMPLES[:1],
        )
    if names.groups or names.every:
        return _whole_groups(wish)
    if english:
        return Trouble("Which ETF should the alert be for?", "clarify", EXAMPLES_EN)
    return Trouble(
        "어느 ETF의 알림인지 알려 주세요. 관심 목록 전체로도 정할 수 있습니다.",
        "clarify",
        tuple(_with_words(wish, name) for name in ("관심 ETF", "KODEX 200")),
    )


def _whole_groups(wish: Wish) -> Trouble:
    """All ETFs of a manager, of a theme, of the market; or one whose name was said in part."""
    like = wish.names.like
    if like:
        listed, offered = ", ".join(etf.name for etf in like), tuple(_with_name(wish, etf) for etf in like)
        if wish.form.english:
            return Trouble(f"Which ETF do you mean: {listed}?", "clarify", offered)
        return Trouble(
            f"‘{' '.join(wish.names.groups)}’에 가까운 ETF는 {with_particle(listed, '이가')} 있습니다. 어느 ETF인지 골라 주세요.",
            "clarify",
            offered,
        )
    if wish.form.english:
        return Trouble(
            f"Alerts are set ETF by ETF, not for all ETFs of a kind. Name the ETFs, or put them on your {sentences.PAGE_EN} and say “my watchlist”.",
            "clarify",
            EXAMPLES_EN,
        )
    group = " ".join(wish.names.groups)
    said = f"‘{group}’에 드는 ETF 전체에" if group else "모든 ETF에"
    return Trouble(
        f"{said} 한꺼번에 알림을 걸 수는 없습니다. ETF 이름을 말씀하시거나, {sentences.PAGE}에 모아 두고 ‘관심 ETF’라고 말씀해 주세요.",
        "clarify",
        (_with_words(wish, "관심 ETF"), f"{group} ETF 순자산 상위 5개".strip() if group else "순자산 상위 5개 ETF는?"),
    )


def _choices(wish: Wish, names: Named) -> Trouble:
    token = names.ambiguous
    assert token is not None
    options = [option for option in token.value.options if option.kind == "etf"] or list(token.value.options)
    subjects = [Subject(option.kind, (option.key,), option.name, option.name) for option in options[:MOST_OFFERED]]
    text = GivenText(wish.text)
    offered = tuple(text.replaced(token.start, token.end, [subject]).text for subject in subjects)
    listed = ", ".join(subject.name for subject in subjects)
    if wish.form.english:
        return Trouble(f"“{token.text}” can mean several ({listed}). Which one?", "clarify", offered)
    return Trouble(
        f"‘{token.text}’에 맞는 것이 여러 개 있습니다({listed}). 어느 ETF인지 골라 주세요.", "clarify", offered
    )


def _unclear_figure(wish: Wish) -> Trouble | None:
    english = wish.form.english
    sizes = {one.value for one in wish.figures if not one.of_premium}
    premiums = {one.value for one in wish.figures if one.of_premium}
    if any(one.below for one in wish.figures):
        return Trouble(
            "There are only alerts on changes of at least a size."
            if english
            else "정한 크기보다 **작은** 변화만 골라 알리는 알림은 없습니다. ‘1%p 이상’처럼 말씀해 주세요.",
            "clarify",
            () if english else (EXAMPLES[0],),
        )
    if any(not 0 <= one.value <= 100 for one in wish.figures):
        return Trouble(
            "A threshold lies between 0 and 100."
            if english
            else "기준은 0에서 100 사이로 정할 수 있습니다. 예: ‘1%p 이상’",
            "clarify",
        )
    if len(sizes) > 1 or len(premiums) > 1:
        listed = ", ".join(f"{sentences.figure(value)}%p" for value in sorted(sizes | premiums))
        return Trouble(
            f"An ETF has one threshold for trades and weights: which of {listed}?"
            if english
            else f"매매와 비중의 기준은 ETF마다 하나입니다. {listed} 가운데 어느 것으로 할지 알려 주세요.",
            "clarify",
        )
    return None


def _with_name(wish: Wish, etf: Subject) -> str:
    return _with_words(wish, etf.name)


_POINTING = re.compile(
    r"^(?:(?:방금|아까|그중|그 중|저|그|이|해당)\s*)?(?:\d+\s?(?:번째?|위)|그|이|저)?\s*(?:ETF|이티에프|상품|거|것|"
    r"애)?(?:들)?(?:에서|의|가|이|은|는|를|을|도)?\s*",
    re.IGNORECASE,
)


def _with_words(wish: Wish, name: str) -> str:
    """The wish with a name in front, for somebody to click."""
    events = wish.events.kinds
    if wish.form.english:
        return f"Notify me when {name} buys or sells"
    if wish.form.action == "off":
        return f"{name} 알림 꺼줘"
    if not events or wish.form.action == "add":
        return f"{name} 알림 설정해줘"
    rest = _rest(wish)
    return f"{name} {rest}" if rest else f"{name} 알림 설정해줘"


def _rest(wish: Wish) -> str:
    """What a wish says beside its ETF."""
    text: str = wish.text
    for token in sorted(wish.question.tokens, key=lambda token: -token.start):
        if token.kind in ("etf", "company", "tag", "index", "unknown", "unknown_code", "etf_word") and not _of_wish(
            token.text
        ):
            text = text[: token.start] + text[token.end + len(token.particle) :]
    text = re.sub(r"^(?:\s|에서|의|이|가|은|는|들이|들은|들)*(?=\s)|모든|전체|전부", "", text)
    return _POINTING.sub("", re.sub(r"\s+", " ", text).strip(), count=1).strip()


def _of_wish(text: str) -> bool:
    return not re.fullmatch(r"[0-9A-Za-z가-힣&().+\s]+", text)
