"""Text embeddings of 1,536 numbers: an offline embedder that knows Korean, and any OpenAI-compatible service."""

import hashlib
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Protocol

from openai import AzureOpenAI, BadRequestError, OpenAI
from openai.types import CreateEmbeddingResponse

from agent.question_words import WORDS_FILE, question_words

DIMENSIONS = 1536
_MASK = re.compile(r"⟨[^⟩]*⟩")
_MASK_WITH_PARTICLE = re.compile(r"⟨[^⟩]*⟩[가-힣]*")
# Who does what to whom: {etf}가 담은 ETF and {etf}를 담은 ETF differ by this alone.
_ROLES = {
    **dict.fromkeys(("이", "가", "은", "는", "도"), "subject"),
    **dict.fromkeys(("을", "를"), "object"),
    **dict.fromkeys(("에", "에서", "에는", "엔", "안", "내"), "place"),
    **dict.fromkeys(("와", "과", "랑", "이랑", "하고"), "with"),
    "의": "of",
    "보다": "than",
}
_TOKEN = re.compile(r"⟨[^⟩]*⟩|[가-힣]+|[a-z]+|\d+(?:\.\d+)?")
# The share of each family of features in a text's direction. What is asked of what counts most; letters only help over
# words that no list knows and over typing errors.
_FAMILY_WEIGHTS = {
    "masks": 1.1,
    "concept": 1.0,
    "role": 0.2,
    "word": 0.4,
    "order": 0.12,
    "syllables": 0.25,
    "jamo": 0.15,
}
# The share of what is named where it hardly matters.
_NAMELESS_MASKS = 0.4


# How many times a decisive concept counts as if it were named.
_DECISIVE = 4


class Embedder(Protocol):
    """Turns texts into vectors of `DIMENSIONS` numbers and length 1. `name` tells the vectors of models apart."""

    name: str

    def embed(self, texts: Sequence[str]) -> list[list[float]]: ...


def vector_literal(vector: Sequence[float]) -> str:
    """The vector in pgvector's text form."""
    # Most numbers of an offline vector are 0, which need no formatting.
    return "[" + ",".join([f"{number:.6g}" if number else "0" for number in vector]) + "]"


def sparse_literal(vector: Sequence[float]) -> str:
    """The vector in the text form of pgvector's sparsevec: a tenth of the length for an offline one, which is mostly zeros."""
    numbers = ",".join([f"{place}:{number:.6g}" for place, number in enumerate(vector, start=1) if number])
    return f"{{{numbers}}}/{len(vector)}"


class OfflineEmbedder:
    """Deterministic embeddings without a model: weighted features of a question, hashed into 1,536 signed dimensions.

    Features are the masks of a question, how often each occurs and with which particle, concepts (보수, 수수료 and 비용 are one), word stems
    without particles and polite endings, neighbouring stems, pairs of syllables, and n-grams of jamo. Rare features weigh
    more: the inverse document frequency is learned from `corpus`, which should be masked questions. Signed hashing after
    Weinberger et al. (2009), "Feature hashing for large scale multitask learning".
    """

    def __init__(self, corpus: Iterable[str] = ()) -> None:
        texts = sorted(set(corpus))
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(feature for family in _families(text).values() for feature in family)
        self._idf = {feature: math.log((1 + len(texts)) / (1 + count)) + 0.3 for feature, count in counts.items()}
        self._unseen = math.log(1 + len(texts)) + 0.3
        # Other words make other vectors.
        learned = "\n".join([WORDS_FILE.read_text(encoding="utf-8"), *texts])
        self.name = f"offline-5-{hashlib.blake2b(learned.encode(), digest_size=4).hexdigest()}"

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector of length 1 for each text; a text without a word is the first unit vector."""
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> list[float]:
        vector = [0.0] * DIMENSIONS
        weights_of = _weights(text)
        for name, features in _families(text).items():
            weights = {feature: self._idf.get(feature, self._unseen) * count for feature, count in features.items()}
            length = math.sqrt(sum(weight * weight for weight in weights.values()))
            for feature, weight in weights.items():
                position, sign = _place(feature)
                vector[position] += sign * weight / length * weights_of[name]
        length = math.sqrt(sum(number * number for number in vector))
        return [number / length for number in vector] if length else [1.0, *vector[1:]]


class OpenAIEmbedder:
    """Embeddings of an OpenAI-compatible service. `openai.OpenAIError` is raised when it does not answer.

    With an `api_version` the service is Azure's and `model` a deployment. A request that has to wait longer than `timeout_s`
    seconds for the service fails; it is never repeated, because whoever asks knows better when to come again.
    """

    def __init__(
        self,
        api_key: str,
        base_url: str | None = None,
        model: str = "text-embedding-3-small",
        *,
        api_version: str | None = None,
        timeout_s: float = 20,
    ) -> None:
        self.name = model
        # A local server wants no key, but the client does.
        key, limits = api_key or "none", {"timeout": timeout_s, "max_retries": 0}
        self._client: OpenAI = (
            AzureOpenAI(api_key=key, azure_endpoint=base_url or "", api_version=api_version, **limits)
            if api_version
            else OpenAI(api_key=key, base_url=base_url, **limits)
        )
        self._asks_for_size = True

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector for each text, in order. ValueError when the service returns vectors of another number or size."""
        if not texts:
            return []
        data = self._asked(texts).data or []
        vectors = [entry.embedding for entry in sorted(data, key=lambda entry: entry.index)]
        sizes = {len(vector) for vector in vectors}
        if len(vectors) != len(texts) or sizes != {DIMENSIONS}:
            found = f"{len(vectors)} vectors of {', '.join(map(str, sorted(sizes))) or 'no'} numbers"
            raise ValueError(f"{self.name} returned {found} instead of {len(texts)} vectors of {DIMENSIONS} numbers")
        if not all(any(vector) and all(map(math.isfinite, vector)) for vector in vectors):
            raise ValueError(f"{self.name} returned a vector without a direction")
        return vectors

    def _asked(self, texts: Sequence[str]) -> CreateEmbeddingResponse:
        request = {"model": self.name, "input": list(texts), "encoding_format": "float"}
        if self._asks_for_size:
            try:
                return self._client.embeddings.create(**request, dimensions=DIMENSIONS)
            except BadRequestError as error:
                if "dimension" not in str(error).lower():
                    raise
                # Models of one size refuse to be asked for it, also for their own.
                self._asks_for_size = False
        return self._client.embeddings.create(**request)


def _weights(text: str) -> dict[str, float]:
    words = question_words()
    nameless = not words.nameless.isdisjoint(words.concepts(_normal(text)))
    return {**_FAMILY_WEIGHTS, "masks": _NAMELESS_MASKS} if nameless else _FAMILY_WEIGHTS


@lru_cache(maxsize=65_536)
def _place(feature: str) -> tuple[int, int]:
    number = int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=8).digest(), "big")
    return (number >> 1) % DIMENSIONS, 1 if number & 1 else -1


@lru_cache(maxsize=8_192)
def _families(text: str) -> dict[str, dict[str, float]]:
    """The features of a text by family; a feature that occurs several times counts the square root of that."""
    words = question_words()
    normal = _normal(text)
    stems = [token if token.startswith("⟨") else words.stem(token) for token in _TOKEN.findall(normal)]
    stems = [stem for stem in stems if stem]
    masks = Counter(stem for stem in stems if stem.startswith("⟨"))
    plain = [stem for stem in stems if not stem.startswith("⟨")]
    concepts = words.concepts(normal)
    counted = {
        "masks": Counter(_mask_features(masks)),
        "concept": Counter([*concepts, *(f"{left}+{right}" for left, right in _combinations(concepts))]),
        "role": Counter(_roles(normal)),
        "word": Counter(plain),
        "order": Counter(f"{left} {right}" for left, right in pairwise(stems)),
        "syllables": Counter(gram for word in plain for gram in _grams(f"^{word}$", 2)),
        "jamo": Counter(gram for word in plain for gram in _grams(unicodedata.normalize("NFD", word), 4)),
    }
    # Saying nothing in a family is a feature too: else a bare name would lie near everything that is said about it.
    for concept in words.decisive.intersection(concepts):
        counted["concept"][concept] = _DECISIVE
    return {
        family: {f"{family}:{feature}": math.sqrt(count) for feature, count in (features or {"nothing": 1}).items()}
        for family, features in counted.items()
    }


def _mask_features(masks: Counter[str]) -> Iterable[str]:
    """Each mask with its number, and all of them together: what a question names decides what it can ask."""
    yield "all " + " ".join(f"{mask}{number}" for mask, number in sorted(masks.items()) if mask != "⟨수⟩")
    for mask, number in masks.items():
        yield from (f"{mask}{count}" for count in range(1, number + 1))


def _roles(normal: str) -> Iterable[str]:
    for found in _MASK_WITH_PARTICLE.findall(normal):
        mask, _, particle = found.partition("⟩")
        if particle in _ROLES:
            yield f"{mask} {_ROLES[particle]}"


def _combinations(concepts: Sequence[str]) -> Iterable[tuple[str, str]]:
    return ((left, right) for position, left in enumerate(concepts) for right in concepts[position + 1 :])


def _normal(text: str) -> str:
    """Lower case, composed Korean, single blanks; masks keep their case."""
    composed = " ".join(unicodedata.normalize("NFC", text).split())
    return "".join(part if _MASK.fullmatch(part) else part.lower() for part in re.split(r"(⟨[^⟩]*⟩)", composed))


def _grams(text: str, size: int) -> Iterable[str]:
    return (text[start : start + size] for start in range(max(len(text) - size + 1, 1)))
