"""The names in whole questions are found with their place, and ordinary words are left alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from backend.db.engine import Database
from backend.market.mentions import mentions


@pytest.fixture(scope="module")
def real(real_database: Database) -> Iterator[Connection]:
    with real_database.engine("atlas_app").connect() as connection:
        yield connection


# The question, and for each name in it the words, and the key of what it means or None where it is to be asked back.
QUESTIONS = [
    ("삼성전자를 가장 많이 담은 ETF는?", [("삼성전자", "005930")]),
    ("삼성전자와 SK하이닉스를 둘 다 담은 ETF 알려줘", [("삼성전자", "005930"), ("SK하이닉스", "000660")]),
    ("코덱스 이백이랑 타이거 200의 겹치는 비중은?", [("코덱스 이백", "069500"), ("타이거 200", "102110")]),
    ("TIGER 미국나스닥100에서 엔비디아 비중", [("TIGER 미국나스닥100", "133690"), ("엔비디아", "NVDA US")]),
    ("KBSTAR 200은 지금 이름이 뭐야?", [("KBSTAR 200", "148020")]),
    ("TIGER 미국S&P500(H) 수수료", [("TIGER 미국S&P500(H)", "448290")]),
    ("코덱스 200 선물 인버스 2x 괴리율", [("코덱스 200 선물 인버스 2x", "252670")]),
    ("삼전 들고 있는 ETF", [("삼전", "005930")]),
    ("삼성젼자 담은 ETF", [("삼성젼자", "005930")]),
    ("069500이 뭐야?", [("069500", "069500")]),
    ("A005930을 담은 ETF", [("A005930", "005930")]),
    ("NVDA 담은 ETF", [("NVDA", "NVDA US")]),
    ("Which ETFs hold Apple?", [("Apple", "AAPL US")]),
    ("삼성전자SK하이닉스 둘다 담은", [("삼성전자", "005930"), ("SK하이닉스", "000660")]),
    ("엔비디아·애플·테슬라를 모두 담은 ETF", [("엔비디아", "NVDA US"), ("애플", "AAPL US"), ("테슬라", "TSLA US")]),
    ("에코프로비엠은 담았지만 에코프로는 안 담은 ETF", [("에코프로비엠", "247540"), ("에코프로", "086520")]),
    ("미래에셋자산운용의 월배당 ETF", [("미래에셋자산운용", "미래에셋자산운용"), ("월배당", "월배당")]),
    ("삼성 ETF 중 수수료가 가장 싼 것", [("삼성", "삼성자산운용")]),
    ("타임폴리오가 운용하는 ETF", [("타임폴리오", "타임폴리오자산운용")]),
    ("KODEX ETF 중 순자산 상위 5개", [("KODEX", "삼성자산운용")]),
    ("반도체 ETF 중에서 보수가 가장 낮은 것은?", [("반도체", "반도체")]),
    ("AI반도체 ETF", [("AI", "AI"), ("반도체", "반도체")]),
    ("대상을 담은 ETF", [("대상", "001680")]),
    ("현대 주식을 담은 ETF", [("현대", None)]),
    ("포스코 그룹 비중", [("포스코 그룹", None)]),
    ("TIGER 2차전지 수수료", [("TIGER 2차전지", None)]),
    ("삼성과 현대 차이", [("삼성", None), ("현대", None)]),
    ("카카오 말고 네이버만 담은 ETF", [("카카오", "035720"), ("네이버", "035420")]),
    ("삼성전자나 SK하이닉스 중 하나라도 담은 것", [("삼성전자", "005930"), ("SK하이닉스", "000660")]),
]


@pytest.mark.real
@pytest.mark.parametrize(("question", "names"), QUESTIONS)
def test_each_name_is_found_with_what_it_means(
    real: Connection, question: str, names: list[tuple[str, str | None]]
) -> None:
    found = mentions(real, question)
    assert [
        (mention.text, mention.resolution.codes[0] if mention.resolution.status == "one" else None) for mention in found
    ] == names
    assert all(question[mention.start : mention.end] == mention.text for mention in found)


@pytest.mark.real
@pytest.mark.parametrize(
    "question",
    [
        "투자 대상이 비슷한 상품",
        "신고가를 기록한 날",
        "하나 알려줘",
        "수수료가 가장 낮은 ETF는 뭐야?",
        "다음 주 전망은 어때?",
        "2026년 7월 8일에 가장 많이 산 종목은?",
        "비중이 10%를 넘는 종목 수",
        "소수 종목에 가장 쏠린 ETF가 뭐야?",
        "which one is the cheapest now",
        "List every constituent sold on 2026-07-08",
        "안녕하세요",
        "이 사람이 나무가 좋다고 했다",
        "",
        "???",
    ],
)
def test_ordinary_words_are_no_names(real: Connection, question: str) -> None:
    assert [mention.text for mention in mentions(real, question)] == []


@pytest.mark.real
def test_a_long_text_is_read_in_time(real: Connection) -> None:
    text = "삼성전자와 KODEX 반도체를 담은 ETF의 수수료와 비중을 알려줘. " * 30
    assert mentions(real, text)[0].text == "삼성전자"
