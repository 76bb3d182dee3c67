"""The one spelling to which names and queries are folded, and the readings of a query."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.market import spelling
from backend.market.readings import readings, words
from backend.market.search_index import ALIASES


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("KODEX 200", "kodex200"),
        ("코덱스 이백", "kodex200"),
        ("타이거 미국S&P500(H)", "tiger미국sp500h"),
        ("에스앤피오백", "sp500"),
        ("나스닥백", "나스닥100"),
        ("NASDAQ-100", "나스닥100"),
        ("코스닥 백오십 레버리지", "코스닥150레버리지"),
        ("이차전지", "2차전지"),
        ("Dow Jones", "다우존스"),
        ("타이거 미국채 삼십년", "tiger미국채30년"),
        ("국고채 십년", "국고채10년"),
        ("에스케이하이닉스", "sk하이닉스"),
        ("네이버", "naver"),
        ("KT&G", "ktg"),
        ("케이티앤지", "ktg"),
        ("ＫＯＤＥＸ　２００", "kodex200"),
        ("톱텐", "top10"),
    ],
)
def test_ways_of_writing_fold_to_one_form(written: str, form: str) -> None:
    assert spelling.fold(written) == form


@pytest.mark.parametrize(
    "name", ["현대백화점", "백산", "삼천당제약", "삼천리", "천일고속", "태백", "이수페타시스", "오리온", "육일씨엔에쓰"]
)
def test_numerals_inside_names_stay_words(name: str) -> None:
    assert spelling.fold(name) == name


@pytest.mark.parametrize(
    ("words_", "value"),
    [("이백", 200), ("백오십", 150), ("백", 100), ("삼십", 30), ("이천", 2000), ("천이백삼십사", 1234), ("오", 5)],
)
def test_numbers_in_words(words_: str, value: int) -> None:
    assert spelling.number(words_) == value


@given(st.text(max_size=60))
def test_folding_any_text_leaves_only_letters_and_digits(text: str) -> None:
    assert all(character.isalnum() for character in spelling.fold(text))


@given(st.text(st.sampled_from("코덱스타이거나스닥에이백오십0 a&KODEX삼성"), max_size=25))
def test_folding_does_not_depend_on_case(text: str) -> None:
    assert spelling.fold(text.upper()) == spelling.fold(text.lower())


def test_composed_and_decomposed_hangul_are_the_same() -> None:
    assert spelling.fold("\u1109\u1161\u11b7\u1109\u1165\u11bc") == "삼성"


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("Alphabet Inc-CL C", "alphabet"),
        ("Alphabet Inc", "alphabet"),
        ("NVIDIA CORP", "nvidia"),
        ("ALIBABA GROUP HOLDING-SP ADR", "alibaba"),
        ("Alibaba Group Holding Ltd", "alibaba"),
        ("Coca-Cola Co/The", "cocacola"),
        ("Berkshire Hathaway Inc", "berkshirehathaway"),
        ("BERKSHIRE HATHAWAY INC-CL B", "berkshirehathaway"),
        ("Novo Nordisk A/S", "novonordisk"),
        ("TOYOTA MOTOR ADR", "toyotamotor"),
    ],
)
def test_issuers_lose_legal_form_and_share_class(name: str, form: str) -> None:
    assert spelling.issuer(name) == form


def _forms(query: str) -> dict[str, str]:
    return {reading.form: reading.note for reading in readings(query)}


def test_an_old_brand_reads_as_its_successor() -> None:
    assert _forms("KBSTAR 200")["rise200"] == "옛 브랜드 KBSTAR는 지금 RISE"
    assert "ace미국sp500" in _forms("킨덱스 미국S&P500")


def test_a_leading_a_is_taken_off_a_stock_code() -> None:
    assert "005930" in _forms("A005930")
    assert "0113g0" in _forms("a0113g0")


def test_the_other_keyboard_layout_is_tried_both_ways() -> None:
    assert "삼성전자" in _forms("tkatjdwjswk")
    assert "kodex200" in _forms("ㅏㅐㅇㄷㅌ 200")


def test_ordinary_latin_words_are_not_forced_into_hangul() -> None:
    assert not any("가" <= form[0] <= "힣" for form in _forms("KODEX"))


def test_noise_around_a_name_is_optional() -> None:
    assert "tiger200" in _forms("TIGER 200 ETF")
    assert "삼성전자" in _forms("삼성전자 주식")


@pytest.mark.parametrize("query", ["", "   ", "!?%_", "\x00"])
def test_a_query_without_letters_has_no_reading(query: str) -> None:
    assert readings(query) == []


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("타이거나스닥", ["tiger", "나스닥"]),
        ("미국 배당 커버드콜 타이거", ["미국", "배당", "커버드콜", "tiger"]),
        ("KBSTAR 미국 ETF", ["rise", "미국"]),
    ],
)
def test_words_of_a_query(query: str, parts: list[str]) -> None:
    assert words(query) == parts


def test_aliases_are_well_formed() -> None:
    with ALIASES.open(encoding="utf-8", newline="") as file:
        rows = [tuple(row.values()) for row in csv.DictReader(file)]
    assert len(rows) >= 500
    assert len(set(rows)) == len(rows)
    assert {kind for kind, *_ in rows} == {"etf", "stock", "company", "tag", "index", "group"}
    assert all(len(spelling.fold(alias)) >= 2 for _kind, _key, alias, _note in rows)


def test_a_stock_alias_means_one_company_only() -> None:
    """Stocks that share an alias are taken for listings of one company, so no alias may join two companies."""
    with ALIASES.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "stock"]
    keys: dict[str, set[str]] = {}
    for row in rows:
        keys.setdefault(spelling.fold(row["alias"]), set()).add(row["key"])
    korean = {form: {key for key in found if len(key) == 6 and " " not in key} for form, found in keys.items()}
    assert not {form: codes for form, codes in korean.items() if len(codes) > 1}
