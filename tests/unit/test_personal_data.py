"""Personal numbers and addresses are masked; what a question about the market needs stays as it is."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.personal_data import masked_personal_data

PERSONAL = {
    "주민등록번호": ["900101-1234567", "9001011234567", "900101 - 1234567", "900101-1******", "050315-4123456", "850126-6401473"],
    "전화번호": [
        "010-1234-5678", "01012345678", "010 1234 5678", "010.1234.5678", "010 - 1234 - 5678", "0101234-5678", "011-234-5678",
        "+82 10-1234-5678", "+82-10-1234-5678", "+821012345678", "82-10-1234-5678", "(010) 1234-5678", "02-123-4567",
        "(02) 345-6789", "031-123-4567", "0212345678", "070-1234-5678", "0505-123-4567", "+82-2-123-4567",
        "+1 415-555-2671", "０１０－１２３４－５６７８", "010–1234–5678", "공일공-일이삼사-오육칠팔", "공일공일이삼사오육칠팔",
    ],
    "카드번호": ["4111-1111-1111-1111", "4111111111111111", "4111 1111 1111 1111", "5500 0000 0000 0004", "3782-822463-10005"],
    "계좌번호": ["110-123-456789", "123456-01-123456", "1002-123-456789", "3333-01-1234567", "302-1234-5678-91"],
    "이메일": ["kim.a+b@naver.com", "hong@corp.co.kr", "A_1@x-y.io"],
    "여권번호": ["M12345678", "M123A4567"],
    "면허번호": ["11-12-123456-78"],
}  # fmt: skip
CASES = [(kind, written) for kind, wordings in PERSONAL.items() for written in wordings]
AROUND = ["{}", "내 번호는 {}이야", "{}로 보내줘, KODEX 200은?", "연락처:{}.", "({})", "“{}”", "삼성전자 {} 069500"]


@pytest.mark.parametrize("sentence", AROUND)
@pytest.mark.parametrize(("kind", "written"), CASES)
def test_personal_data_is_masked_wherever_it_stands(kind: str, written: str, sentence: str) -> None:
    assert masked_personal_data(sentence.format(written)) == sentence.format(f"⟨{kind}⟩")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("계좌번호는 12345678-01 이야", "계좌번호는 ⟨계좌번호⟩ 이야"),
        ("국민은행 10021234567890으로", "국민은행 ⟨계좌번호⟩으로"),
        ("02)345-6789로", "⟨전화번호⟩로"),
        ("010-1111-2222, 010-3333-4444", "⟨전화번호⟩, ⟨전화번호⟩"),
        ("a@b.kr 010-1111-2222 900101-1234567", "⟨이메일⟩ ⟨전화번호⟩ ⟨주민등록번호⟩"),
    ],
)
def test_context_and_neighbours_are_understood(text: str, masked: str) -> None:
    assert masked_personal_data(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "1,234,567원", "2026-07-08", "KR7069500007", "069500 102110 114800", "069500-102110-114800", "010060 2026년", "0113G0",
        "2026-07-01~2026-07-08", "2026-07-01-2026-07-08", "20260701-20260708", "2024-2025-2026", "2026 2025 2024 2023",
        "순자산 100000000000 이상", "9001011234567원", "16,000,000,000,000원", "2026.07.08", "26.07.08", "은행 1000000000원",
        "계좌에 069500 102110 114800이 있어", "계좌에 10000000000원", "은행주 2026-07-08", "+3.5%", "-3.25", "0.02 1000 2000",
        "3~5%", "TIGER 미국S&P500", "ACE KRX금현물", "삼성전자(005930)", "2026-07-08 15:30", "일이삼사", "공일공", "TSM US",
        "2330 TT", "US0378331005", "900101", "1234-5678", "010", "A123456", "MATCH (e)-[h:HOLDS]->(s) WHERE h.weight > 5",
    ],
)  # fmt: skip
def test_what_the_market_is_asked_with_stays(text: str) -> None:
    assert masked_personal_data(text) == text


codes = st.one_of(
    st.from_regex(r"[0-9]{6}", fullmatch=True),
    st.from_regex(r"[0-9]{4}[A-Z][0-9]", fullmatch=True),
    st.from_regex(r"KR7[0-9A-Z]{9}", fullmatch=True),
)
days = st.dates(date(1990, 1, 1), date(2030, 12, 31)).flatmap(
    lambda day: st.sampled_from(
        [f"{day:%Y-%m-%d}", f"{day:%Y%m%d}", f"{day:%Y.%m.%d}", f"{day:%Y년 %m월 %d일}", f"{day:%m/%d}"]
    )
)
amounts = st.integers(0, 10**15).flatmap(
    lambda number: st.sampled_from([f"{number:,}원", f"{number}원", f"{number:,}", f"{number // 10**8}억 원"])
)
numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda number: f"{number:,.2f}%")
words = st.sampled_from(["KODEX 200", "삼성전자", "비중이", "이상인 ETF", "에서", "~", "TIGER 미국S&P500", "은?"])


@given(st.lists(st.one_of(codes, days, amounts, numbers, words), max_size=8).map(" ".join))
def test_no_question_about_the_market_is_damaged(question: str) -> None:
    assert masked_personal_data(question) == question


@given(st.text(), st.sampled_from(CASES), st.text())
def test_masking_twice_is_masking_once(before: str, case: tuple[str, str], after: str) -> None:
    masked = masked_personal_data(f"{before} {case[1]} {after}")
    assert masked_personal_data(masked) == masked


@given(st.from_regex(r"010[- ]?[0-9]{4}[- ]?[0-9]{4}", fullmatch=True), st.sampled_from(AROUND))
def test_no_mobile_number_slips_through(number: str, sentence: str) -> None:
    assert number not in masked_personal_data(sentence.format(number))


@given(st.text(max_size=50))
def test_any_text_is_taken(text: str) -> None:
    masked_personal_data(text)
