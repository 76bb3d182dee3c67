"""Messages for Discord: what they say, and that nothing from outside breaks a limit or the form."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from backend.notifications.discord import content as contents
from backend.notifications.discord import embeds
from backend.notifications.discord.markdown import escaped, length, lines_within, one_line, plain, shortened
from tests.discord_form import problem

AT = datetime(2026, 7, 9, 1, 2, 3, tzinfo=UTC)
PAGE = "https://etf.example.org/"
CONTENT: dict[str, Any] = {
    "source": "krx",
    "label": "KRX",
    "date": "2026-07-08",
    "compared_with": "2026-07-07",
    "etfs": 921,
    "holdings": 59_012,
    "prices": 1_001,
    "trades": 812,
    "gaps": 3,
    "new": [{"code": "005930", "name": "삼성전자", "etfs": 4, "active": 2}],
    "out": [{"code": "TSM US", "name": "TSMC", "etfs": 1, "active": 0}],
    "bought": [{"code": "000660", "name": "SK하이닉스", "etfs": 12}],
    "sold": [],
    "missing": [{"code": "069500", "name": "KODEX 200", "reason": "응답이 비어 있음"}],
    "new_total": 13,
    "out_total": 1,
}


def message(**changes: Any) -> dict[str, Any]:
    return embeds.collected(contents.collection({**CONTENT, **changes}), AT, PAGE)


def fields(**changes: Any) -> dict[str, str]:
    return {field["name"]: field["value"] for field in message(**changes)["embeds"][0]["fields"]}


def test_a_collection_is_told() -> None:
    embed = message()["embeds"][0]
    assert embed["title"] == "2026년 7월 8일(수) ETF 구성 변화"
    assert embed["url"] == PAGE
    assert embed["timestamp"] == "2026-07-09T01:02:03+00:00"
    assert embed["footer"]["text"] == "ETF Atlas · 출처 KRX · 기준일 2026-07-08"
    assert embed["color"] == embeds.WITH_GAPS
    assert "ETF **921**개" in embed["description"]
    assert fields() == {
        "직전 거래일 7월 7일(화)과 비교해 새로 담긴 종목": "**삼성전자** 005930 · ETF 4개 (액티브 2)\n외 12종목",
        "빠진 종목": "**TSMC** TSM US · ETF 1개",
        "액티브 ETF의 매매 상위 · 산 종목": "**SK하이닉스** 000660 · ETF 12",
        "액티브 ETF의 매매 상위 · 판 종목": "판 종목이 없습니다.",
        "수집되지 않은 ETF 3개": "**KODEX 200** 069500 응답이 비어 있음\n외 2개",
    }


def test_the_day_before_is_named_where_it_was_not_yesterday() -> None:
    assert "직전 거래일 7월 3일(금)과 비교해 새로 담긴 종목" in fields(date="2026-07-06", compared_with="2026-07-03")
    assert "앞서 수집한 7월 2일(목)과 비교해 새로 담긴 종목" in fields(date="2026-07-06", compared_with="2026-07-02")
    assert "앞서 수집한 12월 30일(월)과 비교해 새로 담긴 종목" in fields(date="2020-01-02", compared_with="2019-12-30")


def test_a_complete_date_says_so_and_is_green() -> None:
    embed = message(gaps=0, missing=[])["embeds"][0]
    assert embed["color"] == embeds.COLLECTED
    assert "빠짐없이" in embed["description"]
    assert not any("수집되지" in field["name"] for field in embed["fields"])


def test_files_do_not_say_what_was_to_be_expected() -> None:
    assert "빠짐없이" not in message(source="files", gaps=0, missing=[])["embeds"][0]["description"]


def test_the_first_date_has_nothing_to_be_compared_with() -> None:
    embed = message(compared_with=None, gaps=0)["embeds"][0]
    assert embed["fields"] == []
    assert "비교할 앞선 날짜가 없습니다" in embed["description"]


def test_a_long_list_is_cut_between_stocks_and_counts_the_rest() -> None:
    new = [{"code": f"{number:06d}", "name": "아주 긴 이름의 종목 " * 4, "etfs": 1} for number in range(40)]
    value = fields(new=new, new_total=52)["직전 거래일 7월 7일(화)과 비교해 새로 담긴 종목"]
    *lines, last = value.split("\n")
    assert last == f"외 {52 - len(lines)}종목"
    assert all(line.endswith("· ETF 1개") for line in lines)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a*b_c~d`e|f", r"a\*b\_c\~d\`e\|f"),
        ("[x](http://evil.example)", r"\[x\](http\://evil.example)"),
        ("@everyone", r"\@everyone"),
        ("<@123> <#1> <:a:1>", r"\<\@123\> \<\#1\> \<:a:1\>"),
        ("# 제목", r"\# 제목"),
        ("- 목록", r"\- 목록"),
        ("\\*", r"\\\*"),
        ("두\n줄\r\n이름\u2028끝", "두 줄 이름 끝"),
        ("\u202egnirts\u200b\x00", "gnirts"),
        ("\ud800", ""),
        ("TIGER 미국S&P500(H)", r"TIGER 미국S&P500(H)"),
    ],
)
def test_names_from_outside_are_shown_as_they_are(name: str, shown: str) -> None:
    assert plain(name, 60) == shown


def test_nobody_is_mentioned() -> None:
    told = message(new=[{"code": "@here", "name": "@everyone", "etfs": 1}])
    assert told["allowed_mentions"] == {"parse": []}
    assert not re.search(r"(?<!\\)@(everyone|here)", json.dumps(told["embeds"]).replace("\\\\", "\\"))


@pytest.mark.parametrize(
    ("page", "linked"),
    [
        (PAGE, True),
        ("http://10.0.0.5:8000", True),
        ("http://localhost:8000", False),
        ("javascript:alert(1)", False),
        ("https://a b.example", False),
        ("https://[", False),
        (None, False),
    ],
)
def test_only_an_address_that_discord_takes_is_linked(page: str | None, linked: bool) -> None:
    told = embeds.collected(contents.collection(CONTENT), AT, page)
    assert ("url" in told["embeds"][0]) is linked
    assert problem(json.dumps(told).encode()) is None


def test_many_dates_are_one_message() -> None:
    days = [
        contents.collection(
            {**CONTENT, "date": f"{2025 + number // 300}-{number // 28 % 12 + 1:02d}-{number % 28 + 1:02d}"}
        )
        for number in range(439)
    ]
    told = embeds.digest(days, AT, PAGE)
    listed, latest = told["embeds"]
    assert listed["title"].startswith("ETF 구성 변화 439일치 (2025-01-01 ~ 2026-")
    assert listed["description"].endswith("\n외 419일")
    assert "새로 담김 13 · 빠짐 1 · 미수집 3" in listed["description"]
    assert latest["title"].endswith("ETF 구성 변화")
    assert problem(json.dumps(told).encode()) is None


def test_a_failure_says_why_and_what_to_do() -> None:
    failure = contents.failure({"source": "krx", "date": "2026-07-08", "reason": "KRX answered 401: *bad* key"})
    embed = embeds.failed(failure, AT)["embeds"][0]
    assert embed["title"] == "2026년 7월 8일(수) 수집 실패"
    assert embed["color"] == embeds.FAILED
    assert r"\*bad\* key" in embed["description"]
    assert "`./atlas collect krx --date 2026-07-08`" in embed["description"]


@pytest.mark.parametrize(
    "broken", [{}, {"date": "gestern"}, {**CONTENT, "new": "x"}, {**CONTENT, "new": [1]}, {**CONTENT, "etfs": "viele"}]
)
def test_content_that_tells_nothing_is_an_error(broken: dict[str, Any]) -> None:
    with pytest.raises(contents.Unreadable):
        contents.collection(broken)


LARGE = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow, HealthCheck.large_base_example],
)
ANY_TEXT = st.one_of(
    st.text(max_size=400),
    st.text(alphabet="*_`[]()<>@#\\😀", max_size=300),
    st.builds(
        lambda text, times: text * times, st.text(alphabet="😀𠀀* ", min_size=1, max_size=5), st.integers(1, 900)
    ),
    st.text(alphabet=st.characters(), max_size=50),
)
COUNT = st.one_of(st.integers(0, 1_000), st.integers(-(10**40), 10**40))
NAMED = st.fixed_dictionaries(
    {"code": ANY_TEXT, "name": ANY_TEXT, "etfs": COUNT}, optional={"active": COUNT, "reason": ANY_TEXT}
)
LIST = st.one_of(st.none(), st.lists(NAMED, max_size=4).map(lambda some: some * 3))
DAYS = st.dates(date(1, 1, 2), date(9999, 12, 31)).map(str)
ANY_CONTENT = st.fixed_dictionaries(
    {
        "source": ANY_TEXT,
        "label": st.one_of(st.none(), ANY_TEXT),
        "date": DAYS,
        "compared_with": st.one_of(st.none(), DAYS),
    },
    optional={
        **dict.fromkeys(("etfs", "holdings", "prices", "trades", "gaps", "new_total", "out_total"), COUNT),
        **dict.fromkeys(("new", "out", "bought", "sold", "missing"), LIST),
    },
)


def assert_taken(told: dict[str, Any]) -> None:
    """Assert that Discord takes a message, and that it would if it counted UTF-16 code units."""
    assert problem(json.dumps(told).encode()) is None
    json.dumps(told, ensure_ascii=False).encode()
    texts = []
    for embed in told["embeds"]:
        assert length(embed["title"]) <= 256
        assert length(embed["description"]) <= 4096
        assert len(embed.get("fields", [])) <= 25
        for field in embed.get("fields", []):
            assert 0 < length(field["name"]) <= 256
            assert 0 < length(field["value"]) <= 1024
            texts += [field["name"], field["value"]]
        texts += [embed["title"], embed["description"], embed.get("footer", {}).get("text", "")]
    assert sum(map(length, texts)) <= 6000
    assert told["allowed_mentions"] == {"parse": []}


@LARGE
@given(ANY_CONTENT)
def test_whatever_a_collection_holds_discord_takes_the_message(content: dict[str, Any]) -> None:
    assert_taken(embeds.collected(contents.collection(content), AT, PAGE))


@LARGE
@given(st.lists(ANY_CONTENT, min_size=1, max_size=5))
def test_whatever_many_collections_hold_discord_takes_the_message(many: list[dict[str, Any]]) -> None:
    assert_taken(embeds.digest([contents.collection(content) for content in many], AT, PAGE))


@LARGE
@given(st.lists(st.tuples(ANY_TEXT, DAYS, ANY_TEXT), min_size=1, max_size=40))
def test_whatever_a_failure_says_discord_takes_the_message(many: list[tuple[str, str, str]]) -> None:
    read = [contents.failure({"source": source, "date": day, "reason": why}) for source, day, why in many]
    assert_taken(embeds.failures(read, AT))
    assert_taken(embeds.failed(read[0], AT))


def test_the_fullest_message_is_within_every_limit() -> None:
    crowd = [{"code": "*" * 40, "name": "*" * 400, "etfs": 10**12, "active": 10**12, "reason": "_" * 999}] * 10
    counts = dict.fromkeys(("etfs", "holdings", "prices", "trades", "gaps", "new_total", "out_total"), 10**12)
    full = {
        **CONTENT,
        **dict.fromkeys(("new", "out", "bought", "sold", "missing"), crowd),
        **counts,
        "label": "*" * 500,
    }
    assert_taken(embeds.collected(contents.collection(full), AT, PAGE))
    assert_taken(embeds.digest([contents.collection(full)] * 500, AT, PAGE))


def test_lists_of_every_width_are_within_every_limit() -> None:
    for width in range(1, 61):
        for code in ("", "가", "가나다라마"):
            rows = [{"code": code, "name": "*" * width, "etfs": 1, "reason": "r" * width}] * 60
            full = {**CONTENT, **dict.fromkeys(("new", "out", "bought", "sold", "missing"), rows), "gaps": 60}
            assert_taken(embeds.collected(contents.collection(full), AT, PAGE))


@given(st.text(), st.integers(2, 80))
@example("😀" * 50, 11)
def test_a_shortened_text_fits_and_is_a_beginning(text: str, most: int) -> None:
    short = shortened(text, most)
    assert length(short) <= most
    assert short == text or text.startswith(short.removesuffix("…"))


def test_a_text_is_cut_at_a_word() -> None:
    assert shortened("삼성전자 우선주 보통주", 10) == "삼성전자 우선주…"
    assert shortened("가나다라마바사아자차카", 10) == "가나다라마바사아자…"


@given(st.text())
def test_length_is_counted_in_utf16(text: str) -> None:
    assert length(text) == len(text.encode("utf-16-le", "surrogatepass")) // 2


@given(st.text())
def test_what_is_escaped_reads_the_same(text: str) -> None:
    line = one_line(text)
    assert re.sub(r"\\([^0-9A-Za-z\s])", r"\1", escaped(line)) == line


@given(
    st.lists(st.text(alphabet="가나다라 ", min_size=1, max_size=30), max_size=20),
    st.integers(0, 40),
    st.integers(40, 200),
)
def test_lines_that_are_left_out_are_counted(lines: list[str], total: int, most: int) -> None:
    joined = lines_within(lines, total, most, "종목")
    assert length(joined) <= most
    counted = re.search(r"(?:^|외 )(\d+)종목$", joined)
    shown = [line for line in joined.split("\n") if not re.search(r"\d", line)] if joined else []
    assert len(shown) + (int(counted[1]) if counted else 0) == max(total, len(lines))
