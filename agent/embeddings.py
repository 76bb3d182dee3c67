"""Text embeddings of 1,536 numbers: an offline embedder that knows Korean, and any OpenAI-compatible service."""

import hashlib
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Protocol

from openai import OpenAI

from agent.question_words import PARTICLES, STOP_WORDS, concepts

DIMENSIONS = 1536
_MASK_PATTERN = re.compile(r"⟨[^⟩]*⟩")
_TOKEN = re.compile(r"⟨[^⟩]*⟩|[가-힣]+|[a-z]+|\d+(?:\.\d+)?")
# Weight of one feature of each family: what is asked about counts most, letters only help over typing errors.
_FAMILY_WEIGHTS = {"concept": 1.5, "mask": 1.4, "word": 1.0, "pair": 0.5, "syllables": 0.4, "jamo": 0.2}


class Embedder(Protocol):
    """Turns texts into vectors of `DIMENSIONS` numbers of length 1. `name` tells the vectors of models apart."""

    name: str

    def embed(self, texts: Sequence[str]) -> list[list[float]]: ...


def vector_literal(vector: Sequence[float]) -> str:
    """The vector in pgvector's text form."""
    return "[" + ",".join(f"{number:.6g}" for number in vector) + "]"


class OfflineEmbedder:
    """Deterministic embeddings without a model: weighted features of a question, hashed into 1,536 signed dimensions.

    Features are concepts (보수, 수수료 and 비용 are one), masks with their number, word stems without particles and
    polite endings, pairs of neighbouring stems, syllable n-grams and n-grams of jamo. Rare features weigh more: the
    inverse document frequency is learned from `corpus`, which should be masked questions.
    """

    def __init__(self, corpus: Iterable[str] = ()) -> None:
        texts = sorted(set(corpus))
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(_features(text).keys())
        self._idf = {feature: math.log((1 + len(texts)) / (1 + count)) + 1 for feature, count in counts.items()}
        self._unseen = math.log(1 + len(texts)) + 1
        digest = hashlib.blake2b("\n".join(texts).encode(), digest_size=4).hexdigest()
        self.name = f"offline-1-{digest}"

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector of length 1 for each text; the zero vector's place is taken by the first unit vector."""
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> list[float]:
        vector = [0.0] * DIMENSIONS
        for feature, weight in _features(text).items():
            position, sign = _place(feature)
            vector[position] += sign * weight * self._idf.get(feature, self._unseen)
        length = math.sqrt(sum(number * number for number in vector))
        if length == 0:
            return [1.0] + vector[1:]
        return [number / length for number in vector]


class OpenAIEmbedder:
    """Embeddings of an OpenAI-compatible service. `openai.OpenAIError` is raised when it does not answer."""

    def __init__(self, api_key: str, base_url: str | None = None, model: str = "text-embedding-3-small") -> None:
        self.name = model
        self._client = OpenAI(api_key=api_key, base_url=base_url, timeout=20, max_retries=1)

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector for each text, in order. ValueError when the service returns vectors of another size."""
        if not texts:
            return []
        answer = self._client.embeddings.create(
            model=self.name, input=list(texts), dimensions=DIMENSIONS, encoding_format="float"
        )
        vectors = [entry.embedding for entry in sorted(answer.data, key=lambda entry: entry.index)]
        if len(vectors) != len(texts) or any(len(vector) != DIMENSIONS for vector in vectors):
            raise ValueError(f"{self.name} did not return {len(texts)} vectors of {DIMENSIONS} numbers")
        return vectors


@lru_cache(maxsize=65_536)
def _place(feature: str) -> tuple[int, int]:
    number = int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=8).digest(), "big")
    return (number >> 1) % DIMENSIONS, 1 if number & 1 else -1


@lru_cache(maxsize=8_192)
def _features(text: str) -> dict[str, float]:
    """The features of a text with their weights; a repeated feature counts with the square root of its number."""
    normal = _normal(text)
    stems = [stem for token in _TOKEN.findall(normal) if (stem := _stem(token))]
    masks = Counter(stem for stem in stems if stem.startswith("⟨"))
    words = [stem for stem in stems if not stem.startswith("⟨")]
    families: dict[str, Counter[str]] = {family: Counter() for family in _FAMILY_WEIGHTS}
    families["concept"].update(concepts(normal))
    for mask, number in masks.items():
        families["mask"].update(f"{mask}{count}" for count in range(1, min(number, 3) + 1))
    families["word"].update(words)
    families["pair"].update(f"{left} {right}" for left, right in zip(stems, stems[1:], strict=False))
    for word in words:
        families["syllables"].update(_grams(f"^{word}$", 2))
        families["jamo"].update(_grams(unicodedata.normalize("NFD", word), 4))
    return {
        f"{family}:{feature}": _FAMILY_WEIGHTS[family] * math.sqrt(count)
        for family, counted in families.items()
        for feature, count in counted.items()
    }


def _normal(text: str) -> str:
    """Lower case, composed Korean, one space; masks keep their case."""
    composed = " ".join(unicodedata.normalize("NFC", text).split())
    return "".join(part if _MASK_PATTERN.fullmatch(part) else part.lower() for part in re.split(r"(⟨[^⟩]*⟩)", composed))


def _stem(token: str) -> str:
    """A word without its particle; empty for words that say nothing."""
    if token.startswith("⟨") or token in STOP_WORDS:
        return token if token.startswith("⟨") else ""
    if not "가" <= token[0] <= "힣":
        return token
    for particle in PARTICLES:
        if token == particle:
            return ""
        if token.endswith(particle) and len(token) - len(particle) >= 2:
            token = token[: -len(particle)]
            break
    return "" if token in STOP_WORDS else token


def _grams(text: str, size: int) -> Iterable[str]:
    return (text[start : start + size] for start in range(max(len(text) - size + 1, 1)))
