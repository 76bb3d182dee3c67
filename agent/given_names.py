"""Texts in which some names are settled already: what an earlier answer found, put in the place of the words that mean it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.reading.question import Subject
from agent.reading.tokens import Piece
from agent.reading.wording import with_particle

# A settled name is cheaper than anything else that its letters could be.
_COST = 0.02
_PARTICLE = re.compile(r"(이랑|랑|으로|로|은|는|이|가|을|를|과|와)(?=[\s.,?!]|$|도|만|의|서)")
_PAIRS = {
    "은": "은는",
    "는": "은는",
    "이": "이가",
    "가": "이가",
    "을": "을를",
    "를": "을를",
    "과": "과와",
    "와": "과와",
}


@dataclass(frozen=True)
class GivenText:
    """A text and the names in it whose meaning is settled, by their places."""

    text: str
    given: tuple[Piece, ...] = ()

    def replaced(self, start: int, end: int, subjects: Sequence[Subject] | str) -> GivenText:
        """The text with what stands at `start`..`end` replaced by names, or by plain words; a particle behind agrees."""
        words = subjects if isinstance(subjects, str) else ", ".join(subject.mention for subject in subjects)
        behind = _agreeing(words, self.text[end:])
        text = self.text[:start] + words + behind
        shift = len(text) - len(self.text)
        kept = [piece for piece in self.given if piece.end <= start]
        kept += [replace(p, start=p.start + shift, end=p.end + shift) for p in self.given if p.start >= end]
        position = start
        for subject in () if isinstance(subjects, str) else subjects:
            kept.append(Piece(position, position + len(subject.mention), subject.kind, subject, _COST))
            position += len(subject.mention) + 2
        return GivenText(text, tuple(kept))

    def cut(self, start: int, end: int) -> GivenText:
        """The part from `start` to `end`, without the blanks around it."""
        part = self.text[start:end]
        start += len(part) - len(part.lstrip())
        given = [
            replace(p, start=p.start - start, end=p.end - start)
            for p in self.given
            if start <= p.start and p.end <= end
        ]
        return GivenText(part.strip(), tuple(given))


def _agreeing(words: str, behind: str) -> str:
    """What follows a name, its particle in the form that the name's last syllable asks for."""
    found = _PARTICLE.match(behind)
    if found is None or not words:
        return behind
    particle = found[1]
    if particle in _PAIRS:
        fitting = with_particle(words, _PAIRS[particle])[len(words) :]
    else:
        closed = with_particle(words, "은는").endswith("은")
        fitting = (
            {"랑": "이랑", "로": "으로"}.get(particle, particle)
            if closed
            else particle.removeprefix("이").removeprefix("으")
        )
    return fitting + behind[found.end() :]


def named(kind: str, key: str, name: str) -> Subject:
    """A name that an answer gave, as its own mention."""
    return Subject(kind, (key,), name, name)
