"""A question as tokens with settled meanings, and the bookkeeping of which of them a reading has explained."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

from agent.linking import Link
from agent.periods import Period
from agent.reading.tokens import Token
from agent.reading.vocabulary import load_vocabulary

_NOT_CONTENT = ("filler",)


@dataclass(frozen=True)
class Subject:
    """A name whose meaning is settled: one ETF, company, tag or index, or all listings of one company's stock."""

    kind: str
    keys: tuple[str, ...]
    name: str
    mention: str
    source: str = "name"

    @property
    def key(self) -> str:
        return self.keys[0]


@dataclass
class Question:
    """A question ready to be read. `language` is ko or en; `ambiguous` are the names that have to be asked back."""

    text: str
    tokens: list[Token]
    as_of: date
    language: str = "ko"
    dataset: str = "files"
    ambiguous: list[Link] = field(default_factory=list)

    @property
    def english(self) -> bool:
        return self.language == "en"


class Reader:
    """One attempt to explain every word of a question. Taking a token means having explained it."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.tokens = [replace(token) for token in question.tokens]

    def has(self, *kinds: str) -> bool:
        """Whether a token of one of the kinds is there, explained or not."""
        return any(token.kind in kinds for token in self.tokens)

    def find(self, *kinds: str, negative: bool | None = None) -> list[Token]:
        """The tokens of these kinds, in order."""
        return [
            token for token in self.tokens if token.kind in kinds and (negative is None or token.negative == negative)
        ]

    def take(self, *kinds: str) -> bool:
        """Explain all tokens of these kinds; whether there was one."""
        found = self.find(*kinds)
        for token in found:
            token.used = True
        return bool(found)

    def subjects(self, kind: str, *, negative: bool | None = False) -> list[Subject]:
        """Explain the names of one kind and give what they mean, each once."""
        found = self.find(kind, negative=negative)
        for token in found:
            token.used = True
        return list(dict.fromkeys(token.value for token in found))

    def periods(self) -> list[Period]:
        """Explain the dates and give them."""
        found = self.find("date")
        for token in found:
            token.used = True
        return [token.value for token in found]

    def quantities(self, *kinds: str) -> list[Token]:
        """The quantities of these kinds, not yet explained by asking."""
        return [token for token in self.find("quantity") if token.value.kind in kinds]

    def unexplained(self) -> list[Token]:
        """The words that carry meaning and have no part in the reading so far."""
        light = load_vocabulary().light
        return [
            token
            for token in self.tokens
            if not token.used and token.kind not in light and token.kind not in _NOT_CONTENT
        ]

    def position(self, *kinds: str) -> int:
        """Index of the first token of these kinds; -1 where there is none."""
        return next((index for index, token in enumerate(self.tokens) if token.kind in kinds), -1)

    def before(self, token: Token) -> Token | None:
        """The token in front of another."""
        index = next(i for i, other in enumerate(self.tokens) if other is token)
        return self.tokens[index - 1] if index else None

    def after(self, token: Token) -> Token | None:
        """The token behind another."""
        index = next(i for i, other in enumerate(self.tokens) if other is token)
        return self.tokens[index + 1] if index + 1 < len(self.tokens) else None

    def head(self, *kinds: str) -> str:
        """Which of these kinds the question asks for: the last in Korean, whose head noun comes last, the first in English."""
        found = [token.kind for token in self.tokens if token.kind in kinds]
        if not found:
            return ""
        return found[0] if self.question.english else found[-1]
