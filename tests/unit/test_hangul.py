"""Korean letters: taken apart, put together, and typed on the wrong keyboard layout."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.market import hangul

SYLLABLES = st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("text", "letters"),
    [("삼성", "ㅅㅏㅁㅅㅓㅇ"), ("과", "ㄱㅗㅏ"), ("값", "ㄱㅏㅂㅅ"), ("KB금융", "KBㄱㅡㅁㅇㅠㅇ"), ("ㅘ", "ㅗㅏ")],
)
def test_syllables_come_apart_into_key_strokes(text: str, letters: str) -> None:
    assert hangul.letters(text) == letters


@given(SYLLABLES)
def test_a_prefix_of_the_key_strokes_is_a_prefix_of_the_letters(text: str) -> None:
    # What is on screen halfway through typing a syllable must still find the finished name.
    for typed in range(1, len(text) + 1):
        assert hangul.letters(text).startswith(hangul.letters(text[:typed]))


@given(SYLLABLES)
def test_composing_the_letters_of_a_text_gives_the_text(text: str) -> None:
    # Two keys for one tense final (ㄱㄱ) do not occur: every syllable comes from one sequence of keys.
    assert hangul.compose(hangul.letters(text)) == text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("tkatjdwjswk", "삼성전자"),
        ("zheprtm", "코덱스"),
        ("dpsqleldk", "엔비디아"),
        ("Tjs", "썬"),
        ("rkqt", "값"),
        ("gusekck", "현다차"),
    ],
)
def test_latin_keys_read_as_hangul(typed: str, meant: str) -> None:
    assert hangul.from_latin_keys(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"), [("ㅏㅐㅇㄷㅌ", "kodex"), ("갼ㄷ", "rise"), ("샿ㄷㄱ", "tiger"), ("ㅜㅍㅇㅁ", "nvda")]
)
def test_hangul_keys_read_as_latin(typed: str, meant: str) -> None:
    assert hangul.to_latin_keys(typed) == meant


@pytest.mark.parametrize(
    ("text", "initials"), [("삼성전자", "ㅅㅅㅈㅈ"), ("SK하이닉스", "SKㅎㅇㄴㅅ"), ("까뜨", "ㄲㄸ"), ("ㅅㅅ", "ㅅㅅ")]
)
def test_initial_consonants(text: str, initials: str) -> None:
    assert hangul.initials(text) == initials


@pytest.mark.parametrize(
    ("text", "asked"), [("ㅅㅅㅈㅈ", True), ("ㅅ", False), ("삼ㅅ", False), ("ㅏㅐㅇ", False), ("sk", False)]
)
def test_a_query_by_initials_has_two_consonants_and_no_syllable(text: str, asked: bool) -> None:
    assert hangul.is_initials(text) is asked


@pytest.mark.parametrize(
    ("word", "after_final", "after_vowel", "chosen"),
    [
        ("삼성", "이", "가", "이"),
        ("현대차", "이", "가", "가"),
        ("삼성", "으로", "로", "으로"),
        ("애플", "으로", "로", "로"),
        ("KODEX 200", "이", "가", "이"),
        ("나스닥100", "으로", "로", "으로"),
        ("S&P500(H)", "과", "와", "와"),
    ],
)
def test_particles_follow_the_last_sound(word: str, after_final: str, after_vowel: str, chosen: str) -> None:
    assert hangul.particle(word, after_final, after_vowel) == chosen
