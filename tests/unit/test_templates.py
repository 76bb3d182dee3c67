"""What the answer templates say for values, rows and conditions."""

import pytest

from agent.templates import Context, branches, choose, krw, render, with_particle

CONTEXT = Context(
    {"etf": "KODEX 200", "etf.code": "069500", "date": "2026-07-17"},
    ["ETF", "비중(%)", "날짜"],
    [["TIGER 200", 31.0049, "2026-07-16"], ["ACE 200", None, "2026-07-16"], ["RISE 200", 2, "2026-07-15"]],
)


@pytest.mark.parametrize(
    ("text", "particle", "expected"),
    [
        ("삼성전자", "을를", "삼성전자를"),
        ("애플", "을를", "애플을"),
        ("KODEX 200", "은는", "KODEX 200은"),
        ("TIGER 반도체TOP10", "이가", "TIGER 반도체TOP10이"),
        ("RISE 삼성그룹Top3", "과와", "RISE 삼성그룹Top3과"),
        ("KODEX AI", "은는", "KODEX AI는"),
        ("SOL", "으로", "SOL로"),
        ("서울", "으로", "서울로"),
        ("부산", "으로", "부산으로"),
        ("ACE 미국30년국채액티브(H)", "은는", "ACE 미국30년국채액티브(H)는"),
        ("2026-07-22", "은는", "2026-07-22는"),
        ("2026-07-17", "은는", "2026-07-17은"),
        ("台積電", "을를", "台積電을(를)"),
    ],
)
def test_a_particle_fits_the_last_sound(text: str, particle: str, expected: str) -> None:
    assert with_particle(text, particle) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{etf|은는} {etf.code}", "KODEX 200은 069500"),
        ("{rows[0].ETF}({rows[0].비중(%)|pct}%)", "TIGER 200(31.00%)"),
        ("{rows[-1].ETF|이가}", "RISE 200이"),
        (
            "{count}개, 합 {sum.비중(%)|pct}, 최대 {max.비중(%)|pct}, 최저 {min.비중(%)|pct}",
            "3개, 합 33.00, 최대 31.00, 최저 2.00",
        ),
        ("{list[2].ETF|을를}", "TIGER 200, ACE 200을"),
        ("비중은 {rows[1].비중(%)|pct}%입니다", "비중은 알 수 없음입니다"),
        ("총보수 연 {rows[1].비중(%)|fee}%, 순자산 {rows[1].비중(%)|krw}", "총보수 알 수 없음, 순자산 알 수 없음"),
    ],
)
def test_a_template_refers_to_slots_and_rows(template: str, expected: str) -> None:
    assert render(template, CONTEXT) == expected


def test_the_first_branch_that_holds_is_taken() -> None:
    answer = branches(
        [
            {"when": "rows[1].비중(%) != null", "text": "known"},
            {"when": "count >= 2 and rows[0].날짜 != date", "text": "그 전 자료 {rows[0].날짜}"},
            {"text": "otherwise"},
        ]
    )
    assert choose(answer, CONTEXT) == "그 전 자료 2026-07-16"


def test_a_comparison_with_an_unknown_value_does_not_hold() -> None:
    answer = branches([{"when": "rows[1].비중(%) > 1", "text": "more"}, {"text": "unknown"}])
    assert choose(answer, CONTEXT) == "unknown"


def test_a_reference_that_leads_nowhere_is_an_error() -> None:
    with pytest.raises(KeyError, match="수익률"):
        render("{rows[0].수익률}", CONTEXT)


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (15_280_160_112_000, "15조 2,802억 원"),
        (2_000_000_000_000, "2조 원"),
        (67_371_136_000, "674억 원"),
        (10_000_000, "1,000만 원"),
        (12_300, "12,300원"),
        (-500_000_000, "-5억 원"),
    ],
)
def test_money_is_written_for_people(amount: int, expected: str) -> None:
    assert krw(amount) == expected
