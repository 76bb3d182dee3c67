"""Words that mean the same in questions about ETFs, and words and endings that mean nothing (`seeds/question_words.yaml`).

A question is reduced to concepts, so that "수수료가 제일 싼" and "보수가 가장 낮은" lie near each other although they share
no letters.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

WORDS_FILE = Path(__file__).resolve().parent.parent / "seeds" / "question_words.yaml"
_MASK = re.compile(r"⟨[^⟩]*⟩")


@dataclass(frozen=True)
class _Phrase:
    """What is looked for: anywhere in a text without blanks, or at a word's start (Latin stems, single syllables)."""

    text: str
    starts_word: bool
    concepts: tuple[str, ...]


@dataclass(frozen=True)
class QuestionWords:
    """The words file, ready to be searched: phrases longest first, particles longest first."""

    phrases: tuple[_Phrase, ...]
    decisive: frozenset[str]
    nameless: frozenset[str]
    stop_words: frozenset[str]
    particles: tuple[str, ...]

    def concepts(self, text: str) -> list[str]:
        """The concepts that a lower-case question speaks of, sorted; a phrase inside a longer known one does not count."""
        rest, found = f" {_MASK.sub(' ', text)}", set()
        squeezed = rest.replace(" ", "")
        for phrase in self.phrases:
            if phrase.starts_word:
                if phrase.text in rest:
                    found.update(phrase.concepts)
                    rest = rest.replace(phrase.text, "·")
            elif phrase.text in squeezed:
                found.update(phrase.concepts)
                squeezed = squeezed.replace(phrase.text, "·")
        return sorted(found)

    def stem(self, word: str) -> str:
        """A Korean or Latin word without its particle; empty for a word that says nothing."""
        if word in self.stop_words or word in self.particles:
            return ""
        if not "가" <= word[0] <= "힣":
            return word
        for particle in self.particles:
            if word.endswith(particle) and len(word) - len(particle) >= 2:
                word = word[: -len(particle)]
                break
        return "" if word in self.stop_words else word


@cache
def question_words(path: Path = WORDS_FILE) -> QuestionWords:
    """The words of a file in the form of `seeds/question_words.yaml`."""
    words = yaml.safe_load(path.read_text(encoding="utf-8"))
    particles = sorted(words["particles"], key=lambda particle: (-len(particle), particle))
    decisive, nameless = frozenset(words["decisive"]), frozenset(words["nameless"])
    phrases, stop_words = _phrases(words["concepts"]), frozenset(words["stop_words"])
    return QuestionWords(phrases, decisive, nameless, stop_words, tuple(particles))


def _phrases(concepts: Mapping[str, list[str]]) -> tuple[_Phrase, ...]:
    named: dict[str, list[str]] = {}
    for concept, phrases in concepts.items():
        for phrase in phrases:
            named.setdefault(str(phrase), []).append(concept)
    found = []
    for phrase in sorted(named, key=lambda phrase: (-len(phrase), phrase)):
        starts_word = phrase[0].isascii() or len(phrase) == 1
        text = f" {phrase}" if starts_word else phrase.replace(" ", "")
        found.append(_Phrase(text, starts_word, tuple(named[phrase])))
    return tuple(found)
