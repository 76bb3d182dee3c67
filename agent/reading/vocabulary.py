"""The words of vocabulary.yaml as patterns, and where they occur in a question."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

VOCABULARY_FILE = Path(__file__).with_name("vocabulary.yaml")

# Endings of a Korean verb, of the syllables that endings are made of; a negation is a word of its own and never an ending.
_ENDING_SYLLABLES = (
    "고는은던을면서며니까나요다어아여었았였겠습네죠게기도든데자라려러리음임함만있수중인가했하한할해된되돼됐될됨히렸졌져진질지건거냐냈낸낼난날남당더"
    "드들를로와워웠원줘주줄준줬줌보봤봐볼본싶으시신실셨셔십씁쓴씀의이입일세쇼셔래봐려린둔두둘군키킨킬켰켜간갈갔올온왔오까까지"
)
_ENDING = rf"(?:(?<!\s)[{_ENDING_SYLLABLES}]{{1,4}})?"
FILLER = "filler"


@dataclass(frozen=True)
class Word:
    """One spelling that occurs at `start`..`end` of a question, and the concept it stands for."""

    start: int
    end: int
    concept: str


@dataclass(frozen=True)
class Vocabulary:
    """Every spelling, by the first character it can begin with."""

    patterns: dict[str, list[tuple[re.Pattern[str], str]]]
    light: frozenset[str]
    concepts: frozenset[str]

    def words_at(self, text: str, position: int) -> list[Word]:
        """Every word that begins at a position, of every concept; overlapping ones included."""
        found: dict[tuple[int, str], Word] = {}
        for pattern, concept in self.patterns.get(text[position], ()):
            match = pattern.match(text, position)
            if match and match.end() > position:
                end = match.start() + len(match[0].rstrip())
                found[end, concept] = Word(position, end, concept)
        return list(found.values())


def _compiled(spelling: str) -> re.Pattern[str]:
    pattern = spelling.replace(" ?", "\0").replace(" ", r"\s*" if not spelling.isascii() else r"\s+")
    # A stem of one syllable is a verb only with an ending behind it, or as a whole word: 팔았어, and not 팔란티어.
    ending = _ENDING.replace(")?", "|(?![가-힣]))") if re.match(r".~", spelling) else _ENDING
    pattern = pattern.replace("\0", r"\s*").replace("~?", "~").replace("~", ending)
    if spelling[0].isascii() and spelling[0].isalpha():
        # Whole words; a spelling that says itself what may follow keeps to that.
        closed = spelling[-1] == "$" or re.search(r"\(\?[=!](?:[^()]|\([^()]*\))*\)$", spelling)
        pattern = rf"(?<![a-z])(?:{pattern})" + ("" if closed else r"(?![a-z])")
    return re.compile(pattern, re.IGNORECASE)


def _first_characters(spelling: str) -> set[str]:
    """The characters a spelling can begin with: one, or those of a leading class or group, and what follows one that may be missing."""
    if spelling[0] == "[":
        return set(spelling[1 : spelling.index("]")])
    if spelling[0] == "\\":
        return {spelling[1]}
    if group := re.match(r"\(\?:([^()]*)\)(\??) ?\??", spelling):
        first = {character for part in group[1].split("|") for character in _first_characters(part)}
        return first | (_first_characters(spelling[group.end() :]) if group[2] else set())
    return {spelling[0].lower()}


@cache
def load_vocabulary(path: Path = VOCABULARY_FILE) -> Vocabulary:
    """Read the vocabulary once. ValueError names a spelling that is no pattern."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    entries = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    patterns: dict[str, list[tuple[re.Pattern[str], str]]] = defaultdict(list)
    for concept, spellings in {**entries["words"], FILLER: entries[FILLER]}.items():
        for spelling in re.split(r",\s+", spellings.strip()):
            try:
                compiled = _compiled(spelling)
            except re.error as error:
                raise ValueError(f"{concept}: {spelling} is no pattern: {error}") from error
            for character in _first_characters(spelling):
                patterns[character].append((compiled, concept))
    return Vocabulary(dict(patterns), frozenset(entries["light"]), frozenset(entries["words"]))
