"""The words of questions, and how a question is cut into them."""

from __future__ import annotations

import pytest

from agent.reading.tokens import tokenise
from agent.reading.vocabulary import load_vocabulary


def _kinds(text: str) -> list[str]:
    return [token.kind for token in tokenise(text, [])]


def test_every_spelling_is_a_pattern() -> None:
    assert len(load_vocabulary().concepts) > 100


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("수수료가 제일 싼 ETF는?", ["fee", "most", "small", "etf_word"]),
        ("보수가 가장 낮은 이티에프", ["fee", "most", "small", "etf_word"]),
        ("순자산 큰 순으로", ["aum", "big"]),
        ("종가가 제일 높았던 날", ["price", "most", "big", "day"]),
    ],
)
def test_different_words_mean_the_same(text: str, kinds: list[str]) -> None:
    assert _kinds(text) == kinds


def test_a_word_that_means_nothing_here_is_unknown() -> None:
    assert "unknown" in _kinds("호랑이 보수")


def test_a_negation_is_a_word_of_its_own() -> None:
    assert "negated" in _kinds("담지 않은 ETF")


def test_an_ending_swallows_no_name() -> None:
    assert _kinds("팔란티어를")[0] == "unknown"


def test_korean_without_spaces_is_cut_as_well() -> None:
    assert _kinds("수수료제일싼ETF") == _kinds("수수료 제일 싼 ETF")
