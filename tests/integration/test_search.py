"""What people call things finds them, and what means several things is asked back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from backend.db.engine import Database
from backend.market import search_index
from backend.market.search import resolve, search


@pytest.fixture(scope="module")
def sample(sample_database: Database) -> Iterator[Connection]:
    with sample_database.engine("atlas_app").connect() as connection:
        yield connection


@pytest.fixture(scope="module")
def real(real_database: Database) -> Iterator[Connection]:
    with real_database.engine("atlas_app").connect() as connection:
        yield connection


# What is typed, and the key of the first hit.
FOUND = [
    # names and codes
    ("삼성전자", "005930"),
    ("삼성 전자", "005930"),
    ("005930", "005930"),
    ("A005930", "005930"),
    ("a069500", "069500"),
    ("0113g0", "0113G0"),
    ("KR7005930003", "005930"),
    ("nvda us", "NVDA US"),
    ("NVDA", "NVDA US"),
    ("US67066G1040", "NVDA US"),
    ("KODEX 200", "069500"),
    ("kodex200", "069500"),
    ("KODEX  반도체", "091160"),
    ("TIGER 미국S&P500(H)", "448290"),
    ("미국S&P500 TIGER", "360750"),
    ("NVIDIA", "NVDA US"),
    ("Samsung Electronics", "005930"),
    # nicknames
    ("삼전", "005930"),
    ("하이닉스", "000660"),
    ("하닉", "000660"),
    ("엔솔", "373220"),
    ("LG엔솔", "373220"),
    ("현차", "005380"),
    ("삼바", "207940"),
    ("네이버", "035420"),
    ("naver", "035420"),
    ("카뱅", "323410"),
    ("포스코홀딩스", "005490"),
    ("한화에어로", "012450"),
    ("두산에너빌", "034020"),
    ("곱버스", "252670"),
    ("엔비디아", "NVDA US"),
    ("애플", "AAPL US"),
    ("테슬라", "TSLA US"),
    ("마소", "MSFT US"),
    ("마이크로소프트", "MSFT US"),
    ("엔비디아 주식", "NVDA US"),
    ("팔란티어", "PLTR US"),
    ("일라이릴리", "LLY US"),
    ("대만반도체", "TSM US"),
    ("버크셔", "BRK/B US"),
    # managers and brands
    ("삼성운용", "삼성자산운용"),
    ("미래에셋", "미래에셋자산운용"),
    ("한투", "한국투자신탁운용"),
    ("NH아문디", "엔에이치아문디자산운용"),
    ("타임폴리오", "타임폴리오자산운용"),
    ("KODEX", "삼성자산운용"),
    ("코액트", "삼성액티브자산운용"),
    # transliterations and spelled-out numbers
    ("코덱스 이백", "069500"),
    ("타이거 200", "102110"),
    ("라이즈 200", "148020"),
    ("에이스 미국S&P500", "360200"),
    ("쏠 조선TOP3플러스", "466920"),
    ("플러스 고배당주", "161510"),
    ("코덱스 코스닥백오십", "229200"),
    ("타이거 미국 에스앤피오백", "360750"),
    ("타이거 미국나스닥백", "133690"),
    ("케이티앤지", "033780"),
    ("에스케이하이닉스", "000660"),
    ("엘지화학", "051910"),
    # old brands, also where the old name itself is not on record
    ("KBSTAR 200", "148020"),
    ("케이비스타 200", "148020"),
    ("KINDEX 미국S&P500", "360200"),
    ("ARIRANG 고배당주", "161510"),
    ("KOSEF 200", "069660"),
    ("TIMEFOLIO 미국나스닥100액티브", "426030"),
    ("KBSTAR 머니마켓액티브", "455890"),
    # themes
    ("반도체", "반도체"),
    ("이차전지", "2차전지"),
    ("월배당", "월배당"),
    ("인공지능", "AI"),
    ("원전", "원자력"),
    # typing errors
    ("삼성젼자", "005930"),
    ("삼섬전자", "005930"),
    ("SK하이닉수", "000660"),
    ("엔비다아", "NVDA US"),
    ("엔비아디", "NVDA US"),
    ("카카오벵크", "323410"),
    ("kodx 200", "069500"),
    ("nvidai", "NVDA US"),
    # initials, key strokes, fragments, halfway through typing
    ("ㅅㅅㅈㅈ", "005930"),
    ("삼ㅅ전자", "005930"),
    ("ㅎㅇㄴㅅ", "000660"),
    ("ㅋㄷㅅ 200", "069500"),
    ("ㅋㄷㅅ ㅂㄷㅊ", "091160"),
    ("ㅋㄷㅅ반도체", "091160"),
    ("ㅌㅇㄱ200", "102110"),
    ("tkatjdwjswk", "005930"),
    ("ㅏㅐㅇㄷㅌ 200", "069500"),
    ("성전", "005930"),
    ("삼성저", "005930"),
    ("하이닉", "000660"),
]


@pytest.mark.real
@pytest.mark.parametrize(("typed", "key"), FOUND)
def test_what_is_meant_comes_first(real: Connection, typed: str, key: str) -> None:
    hits = search(real, typed, limit=5)
    assert hits, f"{typed}: nothing found"
    assert hits[0].code == key, [(hit.code, hit.name, hit.score, hit.reason) for hit in hits]


@pytest.mark.real
@pytest.mark.parametrize(
    "typed",
    ["미당", "슈드", "SCHD"],
)
def test_a_nickname_of_several_etfs_finds_all_of_them(real: Connection, typed: str) -> None:
    assert {"458730", "446720", "402970", "489250"} <= {hit.code for hit in search(real, typed, kinds=["etf"])}


ONE = [
    ("삼성전자", "005930"),
    ("삼전", "005930"),
    ("삼성젼자", "005930"),
    ("KODEX 반도체", "091160"),
    ("TIGER 200", "102110"),
    ("KBSTAR 200", "148020"),
    ("현대차", "005380"),
    ("카카오", "035720"),
    ("에코프로", "086520"),
    ("반도체", "반도체"),
    ("삼성자산운용", "삼성자산운용"),
    ("KODEX", "삼성자산운용"),
    ("POSCO홀딩스", "005490"),
    ("069500", "069500"),
]


@pytest.mark.real
@pytest.mark.parametrize(("mention", "key"), ONE)
def test_a_name_that_means_one_thing_is_settled(real: Connection, mention: str, key: str) -> None:
    resolution = resolve(real, mention)
    assert (resolution.status, resolution.codes[0]) == ("one", key)


AMBIGUOUS = [
    ("현대", {"005380", "012330"}),
    ("삼성", {"005930", "삼성자산운용"}),
    ("포스코 그룹", {"005490", "003670"}),
    ("포스코", {"005490", "003670"}),
    ("한화", {"000880", "012450"}),
    ("LG", {"003550", "373220"}),
    ("SK", {"034730", "000660"}),
    ("두산", {"000150", "034020"}),
    ("롯데", {"004990"}),
    ("미당", {"458730", "446720"}),
    ("TIGER 2차전지", {"305540", "364980"}),
    ("타이거 미국나스닥", {"133690"}),
]


@pytest.mark.real
@pytest.mark.parametrize(("mention", "among"), AMBIGUOUS)
def test_a_name_that_means_several_things_is_asked_back(real: Connection, mention: str, among: set[str]) -> None:
    resolution = resolve(real, mention)
    assert resolution.status == "ambiguous"
    assert among <= set(resolution.codes)


@pytest.mark.real
@pytest.mark.parametrize("mention", ["아무말대잔치", "수수료", "ETF", "가", "%", ""])
def test_what_is_no_name_resolves_to_nothing(real: Connection, mention: str) -> None:
    assert resolve(real, mention).status == "none"


@pytest.mark.real
@pytest.mark.parametrize(
    ("mention", "listings"),
    [("TSMC", {"TSM US", "2330 TT"}), ("알리바바", {"BABA US", "9988 HK"}), ("구글", {"GOOGL US", "GOOG US"})],
)
def test_the_listings_of_one_company_are_one_thing(real: Connection, mention: str, listings: set[str]) -> None:
    resolution = resolve(real, mention)
    assert resolution.status == "one"
    assert listings <= set(resolution.codes)


@pytest.mark.real
def test_kinds_narrow_what_a_name_can_mean(real: Connection) -> None:
    assert resolve(real, "삼성", ["company"]).codes == ["삼성자산운용"]
    assert {hit.kind for hit in search(real, "삼성", kinds=["etf"])} == {"etf"}
    assert resolve(real, "나스닥100", ["index"]).codes == ["NASDAQ 100"]


@pytest.mark.real
@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("삼성전자", "이름이 같음"),
        ("005930", "코드가 같음"),
        ("삼전", "별칭 ‘삼전’"),
        ("KODEX", "브랜드 ‘KODEX’의 운용사"),
        ("KBSTAR 머니마켓액티브", "이름이 같음 (옛 브랜드 KBSTAR는 지금 RISE)"),
        ("A005930", "코드가 같음 (종목코드 앞의 A를 뗌)"),
        ("ㅅㅅㅈㅈ", "초성 ‘ㅅㅅㅈㅈ’"),
        ("ㅋㄷㅅ 200", "이름이 같음 (초성으로 읽음: KODEX200)"),
        ("tkatjdwjswk", "이름이 같음 (한글 자판으로 읽음: 삼성전자)"),
        ("성전", "이름에 ‘성전’이 들어 있음"),
        ("삼성전", "별칭 ‘삼성전’"),
        ("삼성젼자", "‘삼성전자’와 비슷하게 적힘"),
        ("엔비아디", "‘엔비디아’의 글자 순서가 바뀜"),
    ],
)
def test_each_hit_says_why_it_was_found(real: Connection, typed: str, reason: str) -> None:
    assert search(real, typed)[0].reason == reason


@pytest.mark.real
def test_larger_things_come_first_among_equals(real: Connection) -> None:
    hits = search(real, "미국배당다우존스", kinds=["etf"], limit=4)
    assert [hit.name.split()[0] for hit in hits] == ["TIGER", "SOL", "ACE", "KODEX"]


@pytest.mark.real
def test_a_limit_is_kept(real: Connection) -> None:
    assert len(search(real, "미국", limit=3)) == 3
    assert search(real, "미국", limit=0) == []


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("삼전", "005930"),
        ("코덱스 이백", "069500"),
        ("ㅅㅅㅈㅈ", "005930"),
        ("성전", "005930"),
        ("tkatjdwjswk", "005930"),
    ],
)
def test_the_sample_market_is_searched_the_same_way(sample: Connection, typed: str, key: str) -> None:
    assert search(sample, typed)[0].code == key


@pytest.mark.parametrize("mention", ["현대", "삼성"])
def test_groups_are_ambiguous_in_the_sample_market_too(sample: Connection, mention: str) -> None:
    assert resolve(sample, mention).status == "ambiguous"


@pytest.mark.parametrize(
    "typed", ["'; DROP TABLE etfs; --", "%", "_", "\\", "삼" * 100, "\x00", "😀", "ㅋㅋㅋㅋ", "1", "-1"]
)
def test_odd_input_is_searched_like_any_other(sample: Connection, typed: str) -> None:
    assert isinstance(search(sample, typed), list)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("SELECT 1 FROM search_names WHERE form = ANY(ARRAY['a', 'b'])", "search_names_form"),
        ("SELECT 1 FROM search_names WHERE letters >= 'ㅅㅏ' AND letters < 'ㅅㅏz'", "search_names_letters"),
        ("SELECT 1 FROM search_names WHERE initials >= 'ㅅㅅ' AND initials < 'ㅅㅅz'", "search_names_initials"),
        ("SELECT 1 FROM search_names WHERE initials LIKE '%ㅅㅈㅈ%'", "search_names_initials_trigrams"),
        (
            "SELECT 1 FROM search_names WHERE letters % 'ㅅㅏㅁㅅㅓㅇ' AND bigrams IS NOT NULL",
            "search_names_letters_trigrams",
        ),
        ("SELECT 1 FROM search_names WHERE bigrams @> ARRAY['성전']", "search_names_bigrams"),
    ],
)
def test_each_way_of_matching_has_its_index(sample: Connection, query: str, index: str) -> None:
    with sample.begin_nested():
        sample.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(row[0] for row in sample.execute(text(f"EXPLAIN {query}")))
    assert index in plan


def test_rebuilding_what_has_not_changed_writes_nothing(sample_database: Database) -> None:
    with sample_database.engine("atlas_loader").connect() as connection:
        before = connection.execute(text("SELECT built_at, names FROM search_builds")).one()
        assert search_index.rebuild(connection) == before.names
        assert connection.execute(text("SELECT built_at, names FROM search_builds")).one() == before
        connection.rollback()


def test_rebuilding_follows_the_market(sample_database: Database) -> None:
    with sample_database.engine("atlas_loader").connect() as connection:
        connection.execute(text("UPDATE etfs SET name = 'KODEX 새이름' WHERE code = '069500'"))
        search_index.rebuild(connection)
        assert search(connection, "KODEX 새이름")[0].code == "069500"
        assert not any(hit.how == "exact" for hit in search(connection, "KODEX 200") if hit.matched == "KODEX 200")
        connection.rollback()


def test_names_that_follow_a_change_are_those_of_a_build_from_nothing(sample_database: Database) -> None:
    names = text(
        """
        SELECT kind, key, form, name, source, spelling, letters, initials, bigrams, size
        FROM search_names
        ORDER BY kind, key, form
        """
    )
    with sample_database.engine("atlas_loader").connect() as connection:
        before = connection.execute(names).all()
        for change in (
            "UPDATE etfs SET name = 'KODEX 새이름', aum_krw = 90000000000000 WHERE code = '069500'",
            "INSERT INTO securities (code, kind, name, name_ko) VALUES ('999990', 'stock', '새종목', '새종목')",
            "INSERT INTO etf_former_names (code, name) VALUES ('069500', '옛이름 200')",
            "UPDATE etfs SET company = NULL WHERE code = '360750'",
            "DELETE FROM securities WHERE code = (SELECT min(code) FROM securities WHERE kind = 'stock')",
        ):
            connection.execute(text(change))
        search_index.rebuild(connection)
        followed = connection.execute(names).all()
        for table in ("search_names", "search_subjects", "search_builds"):
            connection.execute(text(f"DELETE FROM {table}"))
        assert search_index.rebuild(connection) == len(followed)
        assert connection.execute(names).all() == followed != before
        connection.rollback()


def test_readers_may_not_write_the_names(sample_database: Database) -> None:
    with (
        sample_database.engine("atlas_app").connect() as connection,
        pytest.raises(Exception, match="permission denied"),
    ):
        connection.execute(text("DELETE FROM search_names"))
