"""Numbers of questions with their unit and comparison."""

from __future__ import annotations

import pytest

from agent.quantities import find_quantities


@pytest.mark.parametrize(
    ("text", "kind", "value", "operator"),
    [
        ("상위 5개", "count", 5, ""),
        ("다섯 개만", "count", 5, ""),
        ("top 3", "count", 3, ""),
        ("5% 이상", "percent", 5, ">="),
        ("5퍼 넘게", "percent", 5, ">"),
        ("5퍼센트 이하", "percent", 5, "<="),
        ("0.1% 미만", "percent", 0.1, "<"),
        ("10프로보다 큰", "percent", 10, ">"),
        ("5%도 안 되는", "percent", 5, "<"),
        ("more than 5%", "percent", 5, ">"),
        ("at least 5 percent", "percent", 5, ">="),
        ("천만원", "amount", 10**7, ""),
        ("3,000만 원", "amount", 3 * 10**7, ""),
        ("1억 5천만원", "amount", 1.5e8, ""),
        ("1조 2천억 원 이상", "amount", 1.2e12, ">="),
        ("2조 넘는", "amount", 2e12, ">"),
        ("천억 이상", "amount", 1e11, ">="),
        ("10년", "years", 10, ""),
        ("두 번째로 큰", "rank", 2, ""),
        ("3위", "rank", 3, ""),
        ("2배", "multiple", 2, ""),
    ],
)
def test_a_quantity(text: str, kind: str, value: float, operator: str) -> None:
    [found] = find_quantities(text)
    assert (found.kind, found.value, found.operator) == (kind, value, operator)


def test_a_range_has_two_ends() -> None:
    [found] = find_quantities("20~25%인 ETF")
    assert (found.value, found.operator, found.high) == (20, ">=", 25)


def test_two_conditions_are_two_quantities() -> None:
    assert [(q.value, q.operator) for q in find_quantities("0.5% 이상 1% 미만")] == [(0.5, ">="), (1, "<")]


def test_a_rough_number_says_so() -> None:
    assert find_quantities("5% 정도")[0].about


def test_another_currency_says_so() -> None:
    assert find_quantities("10만 달러")[0].foreign


def test_a_million_is_no_pronoun() -> None:
    assert find_quantities("이 종목 몇 개") == []


@pytest.mark.parametrize(
    ("text", "kind", "low", "high"),
    [
        ("1천억~5천억 사이", "amount", 1e11, 5e11), ("1~3조", "amount", 1e12, 3e12), ("1,000억에서 5,000억 사이", "amount", 1e11, 5e11),
        ("20~30종목", "count", 20, 30), ("between 0.1% and 0.3%", "percent", 0.1, 0.3), ("0.1%대", "percent", 0.1, 0.2),
    ],
)  # fmt: skip
def test_a_range_of_amounts_counts_or_fees_has_two_ends(text: str, kind: str, low: float, high: float):
    (found,) = find_quantities(text)
    assert (found.kind, found.operator, found.value) == (kind, ">=", low)
    assert found.high == pytest.approx(high)


def test_basis_points_are_hundredths_of_a_percent():
    (found,) = find_quantities("5bp 이하")
    assert (found.kind, found.operator, found.value) == ("percent", "<=", pytest.approx(0.05))


def test_the_second_place_is_a_rank_and_places_up_to_it_a_count():
    assert [quantity.kind for quantity in find_quantities("2등은")] == ["rank"]
    assert [quantity.kind for quantity in find_quantities("3등까지")] == ["count"]
