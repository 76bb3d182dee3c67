"""Tags come from names, indexes and categories, and words inside other words do not count."""

import csv

import pytest

from seeds.sample_market import generate
from seeds.tags import RULES_FILE, load_rules, tags_for


def tags(name: str, **columns: object) -> set[str]:
    row = {"name_ko": name, "brand": name.split()[0], **columns}
    return {tag for tag, _ in tags_for(row)}


@pytest.mark.parametrize(
    ("name", "columns", "expected"),
    [
        ("KODEX 반도체", {"underlying_index": "KRX 반도체"}, {"반도체"}),
        ("TIGER 미국필라델피아반도체나스닥", {"underlying_index": "PHLX Semiconductor Sector Index"},
         {"반도체", "미국", "필라델피아반도체"}),
        ("TIGER TSMC파운드리밸류체인", {}, {"반도체", "대만", "밸류체인"}),
        ("SOL 전고체배터리&실리콘음극재", {}, {"2차전지"}),
        ("KoAct 바이오헬스케어액티브", {}, {"바이오", "헬스케어", "액티브"}),
        ("HANARO 글로벌피지컬AI액티브", {}, {"AI", "로봇", "글로벌", "해외"}),
        ("TIGER K방산&우주", {}, {"방산", "우주항공", "국내"}),
        ("KODEX AI전력핵심설비", {}, {"AI", "전력기기"}),
        ("TIGER 차이나전기차 SOLACTIVE", {}, {"중국", "전기차", "자동차", "해외"}),
        ("KODEX 은행", {}, {"은행", "금융"}),
        ("ACE KRX금현물", {"asset_class": "원자재"}, {"금", "원자재"}),
        ("KODEX 골드선물(H)", {}, {"금", "환헤지"}),
        ("TIGER 금은선물(H)", {}, {"금", "은"}),
        ("KODEX WTI원유선물인버스(H)", {"leverage_type": "1X 인버스"}, {"원유", "인버스"}),
        ("KODEX 200", {"underlying_index": "코스피 200"}, {"코스피200"}),
        ("KODEX 레버리지", {"underlying_index": "코스피 200", "leverage_type": "2X 레버리지"},
         {"코스피200", "레버리지"}),
        ("KODEX 200선물인버스2X", {"underlying_index": "코스피 200 선물지수"}, {"코스피200", "인버스", "인버스2X"}),
        ("TIGER 코스닥150 레버리지", {}, {"코스닥150", "코스닥", "레버리지"}),
        ("KODEX 미국S&P500(H)", {}, {"S&P500", "미국", "환헤지"}),
        ("ACE 미국배당다우존스", {"underlying_index": "Dow Jones U.S. Dividend 100 Price Return Index"},
         {"배당", "다우존스", "배당다우존스"}),
        ("TIGER 미국배당다우존스", {"provider_category": "주식 테마 월배당"}, {"월배당"}),
        ("TIGER 미국나스닥100커버드콜(합성)", {"replication": "합성(패시브)"}, {"커버드콜", "나스닥100", "합성"}),
        ("PLUS 고배당저변동50", {}, {"고배당", "배당", "로우볼"}),
        ("RISE 코리아밸류업", {}, {"밸류업", "국내"}),
        ("TIGER 삼성그룹", {"underlying_index": "MKF SAMs FW"}, {"삼성그룹", "그룹주"}),
        ("PLUS 한화그룹주", {}, {"한화그룹", "그룹주"}),
        ("KODEX 종합채권(AA-이상)액티브", {"asset_class": "채권", "is_active": "Y"}, {"채권", "액티브"}),
        ("KODEX 26-12 회사채(AA-이상)액티브", {"asset_class": "채권"}, {"회사채", "만기매칭"}),
        ("ACE 미국30년국채액티브(H)", {"asset_class": "채권"}, {"국채", "장기채", "미국"}),
        ("TIGER 단기통안채", {"asset_class": "채권"}, {"단기채"}),
        ("TIGER CD금리투자KIS(합성)", {"asset_class": "기타"}, {"CD금리", "파킹형"}),
        ("PLUS KOFR금리", {"asset_class": "기타"}, {"KOFR", "파킹형"}),
        ("RISE TDF2050액티브 적격", {}, {"TDF", "자산배분"}),
        ("TIGER 리츠부동산인프라", {}, {"리츠"}),
        ("KODEX SK하이닉스단일종목레버리지", {}, {"단일종목", "레버리지"}),
    ],
)  # fmt: skip
def test_a_name_gives_its_tags(name, columns, expected):
    assert expected <= tags(name, **columns)


@pytest.mark.parametrize(
    ("name", "columns", "refused"),
    [
        ("TIGER 200 금융", {}, {"금", "코스피200"}),
        ("KODEX KOFR금리액티브(합성)", {"asset_class": "기타"}, {"금", "AI"}),
        ("1Q 단기금융채액티브", {"asset_class": "채권"}, {"금", "금융"}),
        ("HANARO 26-12 은행채(AA+이상)액티브", {"asset_class": "채권"}, {"은행", "금융", "은"}),
        ("KODEX 은행", {}, {"은"}),
        ("ACE MSCI인도네시아(합성)", {}, {"인도"}),
        ("TIGER 200 커뮤니케이션서비스", {}, {"일본", "니케이225", "코스피200"}),
        ("KODEX 필수소비재", {}, {"친환경"}),
        ("TIGER 코스닥150 바이오테크", {}, {"코스닥150", "테크"}),
        ("KODEX 200미국채혼합50", {"underlying_index": "코스피 200 미국채 혼합지수"}, {"미국", "코스피200", "채권"}),
        ("KIWOOM 미국달러선물", {"asset_class": "통화"}, {"미국"}),
        ("TIGER 일본엔선물", {"asset_class": "통화"}, {"일본"}),
        ("KODEX 코스닥글로벌", {}, {"글로벌", "해외"}),
        ("TIME Korea플러스배당액티브", {"underlying_index": "코스피 200"}, {"코스피200"}),
        ("1Q 미국S&P500미국채혼합50액티브", {}, {"S&P500", "국채"}),
        ("TIGER 미국S&P500배당귀족", {}, {"S&P500"}),
        ("TIGER 코리아배당다우존스", {}, {"배당다우존스", "미국"}),
        ("RISE 미국고배당다우존스TOP10", {}, {"배당다우존스"}),
        ("KODEX 아시아AI반도체exChina액티브", {}, {"중국"}),
        ("KODEX TDF2050액티브 적격", {"underlying_index": "Samsung Korea Target Date 2050 Index"},
         {"삼성그룹", "그룹주"}),
        ("1Q 현대차그룹채권(A+이상)&국고통안", {"asset_class": "채권"}, {"현대차그룹", "자동차", "그룹주"}),
        ("KIWOOM 테크100월간목표헤지액티브", {}, {"환헤지"}),
        ("TIGER 중장기국채", {"asset_class": "채권"}, {"장기채", "단기채"}),
        ("KODEX MSCI Korea", {"underlying_index": "MSCI Korea Index"}, {"신흥국"}),
        ("BNK 주주가치액티브", {}, {"가치주"}),
        ("WON 200", {"underlying_index": "코스피 200"}, {"원유", "은", "AI"}),
        ("TIGER RAISE MAIN", {}, {"AI"}),
    ],
)  # fmt: skip
def test_words_inside_other_words_give_no_tag(name, columns, refused):
    assert not refused & tags(name, **columns)


def test_the_brand_is_no_part_of_the_name():
    assert "소비재" not in tags("파워 200")
    assert "국내" not in tags("KODEX 미국반도체", index_market="해외")


def test_unknown_columns_refuse_nothing():
    assert "금융" in tags("TIGER 차이나증권", asset_class="")
    assert "금융" in tags("TIGER 차이나증권", asset_class=None)


def test_activity_is_understood_as_text_and_as_truth_value():
    assert "액티브" in tags("KODEX 아무개", is_active=True)
    assert "액티브" in tags("KODEX 아무개", is_active="Y")
    assert "액티브" not in tags("KODEX 아무개", is_active=False)


def test_tags_are_unique_and_every_theme_is_named():
    rules = load_rules()
    assert len({rule.tag for rule in rules}) == len(rules)
    assert {rule.theme for rule in rules} == {"산업", "지역", "지수", "배당", "전략", "자산"}


def test_a_misspelt_field_is_named(tmp_path):
    file = tmp_path / "tags.yaml"
    file.write_text("산업:\n  반도체: {word: [반도체]}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"반도체.*word"):
        load_rules(file)


def test_every_etf_of_the_sample_has_a_tag():
    assert all(tags_for(row) for row in generate().etfs)


def test_aliases_of_tags_name_tags_that_exist():
    with open(RULES_FILE.with_name("aliases.csv"), encoding="utf-8", newline="") as lines:
        named = {row["key"] for row in csv.DictReader(lines) if row["kind"] == "tag"}
    assert named <= {rule.tag for rule in load_rules()}
