"""What a name means in its place: which kind of thing, and whether it is one thing or has to be asked back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent.linking import Link, Named
from agent.reading.question import Question, Subject
from agent.reading.tokens import Token
from backend.market import spelling


def settle_names(question: Question) -> None:
    """Give every linked name its meaning; names of several meanings become `ambiguous`."""
    for index, token in enumerate(question.tokens):
        if token.kind == "entity":
            question.tokens[index] = _as_filter(_settled(question, index))


def _settled(question: Question, index: int) -> Token:
    token: Token = question.tokens[index]
    link: Link = _without_bearers(token.value)
    kind = _kind_in_context(question.tokens, index, link)
    options = link.of(kind)
    chosen = _one_meaning(options)
    unsure = not link.exact and len(options) < len(link.options)
    if chosen is None or kind == "group" or unsure:
        question.ambiguous.append(link)
        return replace(token, kind="ambiguous")
    # Several listings or share classes are called as the question calls them.
    name = chosen[0].name if len({option.key for option in chosen}) == 1 else token.text
    subject = Subject(kind, tuple(dict.fromkeys(option.key for option in chosen)), name, token.text, chosen[0].source)
    return replace(token, kind=kind, value=subject)


def _without_bearers(link: Link) -> Link:
    """Without the ETFs that only bear the name of a stock that is meant as well: 하이닉 resembles both because of the stock."""
    if link.exact or link.options[0].kind != "stock":
        return link
    name = link.options[0].name
    options = tuple(one for one in link.options if one.kind != "etf" or name not in one.name)
    return link if len(options) == len(link.options) else replace(link, options=options)


_FILTER_OF_TAG = {
    "액티브": "active", "레버리지": "leverage", "인버스": "inverse", "인버스2X": "inverse2", "합성": "synthetic", "환헤지": "hedged",
}  # fmt: skip


def _as_filter(token: Token) -> Token:
    """A tag that says what a filter word says becomes that word: 액티브 is a property of an ETF."""
    if token.kind == "tag" and token.value.key in _FILTER_OF_TAG:
        return replace(token, kind=_FILTER_OF_TAG[token.value.key], value=None)
    return token


def _kind_in_context(tokens: Sequence[Token], index: int, link: Link) -> str:
    kinds = link.kinds
    if len(kinds) == 1:
        return kinds[0]
    following = [token.kind for token in tokens[index + 1 : index + 4]]
    token = tokens[index]
    directly = following[0] if following else ""
    asked_of_manager = directly in ("manager", "manage") or (directly == "etf_word" and token.particle in ("", "의"))
    held = token.particle.startswith(("을", "를")) or directly in (
        "hold",
        "weight",
        "buy",
        "sell",
        "new",
        "out",
        "entered",
    )
    if "etf" in kinds:
        return "etf"
    if "company" in kinds and "group" in kinds and link.of("company")[0].source == "issuer":
        return "group"
    if "company" in kinds and (asked_of_manager or (not held and "stock" not in kinds)):
        return "company"
    if held and "stock" in kinds:
        return "stock"
    if held and "group" in kinds:
        return "group"
    if "index" in kinds and "tag" in kinds:
        near = {token.kind for token in tokens}
        return "index" if near & {"index_word", "track"} else "tag"
    if "tag" in kinds and "stock" in kinds:
        return "tag" if directly in ("etf_word", "tag_word") else "stock"
    return next((kind for kind in ("company", "stock", "tag", "index", "group") if kind in kinds), kinds[0])


_OFFICIAL = {
    "name": 0,
    "code": 0,
    "alias": 1,
    "brand": 1,
    "english": 1,
    "other_code": 1,
    "former": 2,
    "issuer": 2,
    "ticker": 3,
}


def _one_meaning(options: Sequence[Named]) -> list[Named] | None:
    """The options that are one thing: a single one, or the listings of one company; None when they differ."""
    best = min(_OFFICIAL.get(option.source, 4) for option in options)
    first = [option for option in options if _OFFICIAL.get(option.source, 4) == best]
    if len({option.key for option in first}) == 1:
        # `TSMC` is the share in Taipei and the receipts in New York alike.
        receipts = [one for one in options if one.kind == "stock" and one.name.startswith(f"{first[0].name} ")]
        return [*first[:1], *(one for one in receipts if one.source == "alias")]
    kinds = {option.kind for option in first}
    if kinds == {"index"}:
        return first
    if kinds == {"stock"}:
        one_company = len({spelling.issuer(option.name) for option in first}) == 1
        if one_company or all(option.source == "alias" for option in first):
            return first
    return None
