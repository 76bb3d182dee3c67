"""Which ETFs a wish is about: named in it, pointed to in the conversation, or all that are watched."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from agent.composition.sub_questions import SubQuestions
from agent.follow_up.references import at_place, candidates, listed_etfs
from agent.follow_up.turns import Turn
from agent.follow_up.words import Reference, reference
from agent.reading.question import Question, Subject
from agent.reading.settling import FILTERS
from agent.reading.tokens import Token
from backend.market.search import search

_BACK = re.compile(
    r"(?:방금|아까|위에서?|앞에서?|조금\s?전에?)\s*(?:내가\s?)?(?:본|말한|물어본|물은|나온|얘기한)?\s*(?:그\s*)?(?:ETF|이티에프|상품|거|것|애)",
    re.IGNORECASE,
)
_PLACE_BEHIND = re.compile(r"\s*(?P<place>\d+)\s?(?:번(?:째)?|위)")
_EVERY = re.compile(
    r"(?:모든|전체|온갖|아무|어떤|어느)\s*(?:ETF|이티에프|상품|펀드)|(?:ETF|이티에프)들?\s*(?:전부|모두|전체|"
    r"다)(?=\s|$)|\b(?:all|any|every)\s+(?:the\s+)?(?:korean\s+)?etfs?\b|\ban\s+etf\b|(?<![가-힣])(?:ETF|"
    r"이티에프)(?:가|이|들이|를|는)?\s*(?:새로|□|·|있|나오|생기)",
    re.IGNORECASE,
)
# `빼면` tells an event, `빼고` leaves a name out.
_LEFT_OUT = re.compile(r"(?:은|는|을|를)?\s*(?:말고|빼고|제외하고|제외한|아니고|아닌)")
_GROUPS = ("company", "tag", "index", "industry", *FILTERS)


@dataclass(frozen=True)
class Named:
    """What a text names: ETFs that are sure, stocks beside them, groups of ETFs, and what has to be asked back.

    `like` are ETFs whose names are made of the words of a group: `KoAct 코리아밸류업`.
    """

    etfs: tuple[Subject, ...] = ()
    stocks: tuple[Subject, ...] = ()
    groups: tuple[str, ...] = ()
    every: bool = False
    ambiguous: Token | None = None
    unknown: str = ""
    like: tuple[Subject, ...] = ()


def named(question: Question, spare: Callable[[str], bool]) -> Named:
    """What a question's tokens name. `spare` says of a word that it belongs to the wish and names nothing."""
    tokens = [token for token in question.tokens if not (token.negative and _LEFT_OUT.match(question.text, token.end))]
    etfs = tuple(dict.fromkeys(token.value for token in tokens if token.kind == "etf"))
    stocks = tuple(
        dict.fromkeys(t.value for t in tokens if t.kind == "stock" and not (_near(t.value) and spare(t.text)))
    )
    groups = tuple(
        dict.fromkeys(t.text for t in tokens if t.kind in _GROUPS and not (_near(t.value) and spare(t.text)))
    )
    ambiguous = next((t for t in tokens if t.kind == "ambiguous" and not spare(t.text)), None)
    unknown = next(
        (t.text for t in tokens if t.kind in ("unknown", "unknown_code") and _is_a_name(question, t, spare)), ""
    )
    return Named(etfs, stocks, groups, _EVERY.search(question.text) is not None, ambiguous, unknown)


def _near(value: object) -> bool:
    return str(getattr(value, "source", "")).startswith("near:")


def _is_a_name(question: Question, token: Token, spare: Callable[[str], bool]) -> bool:
    """Whether a word that nothing explains stands where a name stands: at the beginning, or before `ETF`."""
    if spare(token.text) or len(token.text.strip()) < 2:
        return False
    before = question.text[: token.start].strip(" ·,.")
    return (
        token.kind == "unknown_code"
        or not before
        or re.match(r"\s*(?:ETF|이티에프)", question.text[token.end :], re.IGNORECASE) is not None
    )


def points_back(question: Question) -> bool:
    """Whether words of a wish mean something that was said before."""
    return reference(question) is not None or _BACK.search(question.text) is not None


def pointed_at(question: Question, turn: Turn | None) -> list[Subject]:
    """The ETFs that a wish points back to: one, all of a list by `그 ETF들`, several where it is not clear which; or none."""
    if turn is None:
        return []
    found = reference(question)
    if found is None:
        return spoken_of(turn)
    if found.kind in ("among", "ordinal"):
        behind = _PLACE_BEHIND.match(question.text, found.end) if found.kind == "among" else None
        place = Reference("ordinal", found.start, found.end, int(behind["place"])) if behind else found
        if place.kind == "ordinal":
            return [one for one in at_place(turn, question, place) if one.kind == "etf"]
        return listed_etfs(turn) or spoken_of(turn)
    if found.kind == "etfs":
        return turn.found("etf")
    if found.kind == "first":
        return [row.subject for row in turn.rows("etf")][: found.place]
    return spoken_of(turn) if found.kind == "etf" else []


def spoken_of(turn: Turn) -> list[Subject]:
    """The ETF that the last question was about; several where it may be any of them."""
    return candidates(turn, "etf")


def means_several(question: Question) -> bool:
    """`그 ETF들`, `둘 다`: all of them are meant."""
    found = reference(question)
    return found is not None and found.kind in ("etfs", "first")


def last_of(asking: SubQuestions, asked: Sequence[str]) -> Turn | None:
    """The last question of a conversation that stands for itself."""
    from agent.answer import Message
    from agent.follow_up.turns import last_turn

    return last_turn(asking, [Message("user", text) for text in asked])


_LIKE = 3


def with_likely(found: Named, question: Question, connection: Connection) -> Named:
    """The names with the ETFs that a manager and a theme beside it may stand for."""
    tokens = [token for token in question.tokens if token.kind in _GROUPS]
    if found.etfs or len(tokens) < 2 or not any(token.kind == "company" for token in tokens):
        return found
    text = question.text[tokens[0].start : tokens[-1].end].strip(" ·")
    hits = [hit for hit in search(connection, text) if hit.kind == "etf"]
    return replace(found, like=tuple(Subject("etf", (hit.code,), hit.name, hit.name) for hit in hits[:_LIKE]))
