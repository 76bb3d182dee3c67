"""Which messages agree to a proposal, which decline it, and which are something else."""

from __future__ import annotations

import pytest

from backend.chat.consent import consents

YES = (
    "네", "넵", "네네", "예", "응", "웅", "어", "ㅇㅇ", "ㅇㅋ", "그래", "좋아", "좋아요!", "오케이", "맞아요", "콜", "네, 설정해 주세요", "설정해줘", "등록해줘", "네 그렇게 해줘", "해줘", "부탁해요",
    "진행해주세요", "응 해줘", "네 알림 설정해줘", "그대로 설정해줘", "yes", "Yes, please", "ok", "okay do it", "sure", "confirm", "네 👍", "네.", "  응  ",
)  # fmt: skip
NO = (
    "아니", "아니요", "아니오", "아뇨", "ㄴㄴ", "됐어",
    "됐어요", "괜찮아요", "취소", "취소해줘", "필요 없어", "하지 마", "안 할래", "나중에", "no", "nope", "cancel", "never mind", "아니요, 됐어요", "no, cancel",
)  # fmt: skip
NEITHER = (
    "", "?", "네이버 담은 ETF는?", "네 개만 보여줘", "예시 보여줘", "응용 소프트웨어 ETF는?", "어떤 ETF가 좋아?", "그래서 비중은?", "KODEX 200 보수는?",
    "네, 그런데 보수는?", "2%p로 바꿔줘", "디스코드로",
    "좋은 ETF 알려줘", "설정은 어디서 봐?", "아니 TIGER 200", "아니요 2%p로", "노르웨이 담은 ETF는?", "취소한 사람은?", "그만 알려줘", "okay what is the fee", "no fee ETFs",
    "콜옵션 ETF는?", "오늘 산 종목은?",
    "네" * 50, "yes KODEX 200", "네 KODEX 200", "싫어하는 종목은?", "해줘 KODEX 200 보수", "알림 꺼줘", "KODEX 200 알림 꺼줘",
)  # fmt: skip


@pytest.mark.parametrize("said", YES)
def test_agreement(said: str) -> None:
    assert consents(said) is True


@pytest.mark.parametrize("said", NO)
def test_refusal(said: str) -> None:
    assert consents(said) is False


@pytest.mark.parametrize("said", NEITHER)
def test_anything_else(said: str) -> None:
    assert consents(said) is None
