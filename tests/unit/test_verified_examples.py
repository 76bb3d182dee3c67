"""What the examples file holds, and the parameters that slot values become."""

import re
from collections import Counter
from pathlib import Path

import pytest

from agent.cypher.guard import check
from agent.example_file import load_examples
from agent.templates import choose
from agent.verified_example import SLOT_MASKS, Example, Slot, SlotValue

EXAMPLES = load_examples()
ENTITIES = ("etf", "stock", "company", "tag", "index", "industry")


def example(*slots: Slot, cypher: str) -> Example:
    return Example(id="x", kind="x", lang="ko", question="?", slots=slots, cypher=cypher)


def test_there_are_at_least_120_examples_and_some_in_english() -> None:
    assert len(EXAMPLES) >= 120
    assert sum(example.lang == "en" for example in EXAMPLES) >= 20


def test_no_wording_belongs_to_two_kinds() -> None:
    kinds: dict[str, set[str]] = {}
    for each in EXAMPLES:
        for wording in each.masked:
            kinds.setdefault(wording, set()).add(each.kind)
    assert not {wording: names for wording, names in kinds.items() if len(names) > 1}


@pytest.mark.parametrize("each", EXAMPLES, ids=lambda each: each.id)
def test_an_example_is_complete(each: Example) -> None:
    slots = {slot.name for slot in each.slots}
    wordings = [set(re.findall(r"\{(\w+)\}", wording)) for wording in each.wordings]
    assert set().union(*wordings) <= slots
    if each.outcome != "answered":
        assert each.answer
        return
    needed = {slot.name for slot in each.slots if slot.default is None}
    assert all(needed <= names for names in wordings), "a wording leaves out a slot that has no default"
    assert "LIMIT $n" not in each.cypher or "n" in slots
    for graph, cypher in [(each.graph, each.cypher), *((lookup.graph, lookup.cypher) for lookup in each.lookups)]:
        check(cypher, graph)


def test_every_wording_is_there_once() -> None:
    counts = Counter((each.id, wording) for each in EXAMPLES for wording in each.wordings)
    assert not [key for key, number in counts.items() if number > 1]


def test_every_slot_type_has_a_mask_of_its_own() -> None:
    assert len(set(SLOT_MASKS.values())) == len(SLOT_MASKS)


@pytest.mark.parametrize(
    ("operator", "low", "high", "reading"),
    [
        (">=", 5, 1e18, "5% 이상"),
        ("<=", -1e18, 5, "5% 이하"),
        (">", 5.000001, 1e18, "5% 초과"),
        ("<", -1e18, 4.999999, "5% 미만"),
    ],
)
def test_a_threshold_becomes_inclusive_bounds(operator: str, low: float, high: float, reading: str) -> None:
    each = example(Slot("percent", "percent", operator=">="), cypher="WHERE w >= $percent_low AND w <= $percent_high")
    given = {"percent": SlotValue("percent", value=5, operator=operator)}
    assert each.parameters(given) == pytest.approx({"percent_low": low, "percent_high": high})
    assert each.context(given, (), ()).value("percent") == reading


def test_a_threshold_without_a_comparison_takes_the_slots() -> None:
    each = example(Slot("amount", "amount_krw", operator="<"), cypher="WHERE a <= $amount_high")
    assert each.parameters({"amount": SlotValue("amount_krw", value=10**12)}) == {"amount_high": 10**12 - 0.5}


def test_a_period_brings_the_days_that_its_query_asks_for() -> None:
    each = example(Slot("period", "period"), cypher="$from $to $from_floor $weekdays")
    parameters = each.parameters({"period": SlotValue("period", value=("2026-07-02", "2026-07-06"))})
    assert parameters == {
        "from": "2026-07-02",
        "to": "2026-07-06",
        "from_floor": "2026-06-21",
        "weekdays": ["2026-07-02", "2026-07-03", "2026-07-06"],
    }


def test_a_company_listed_twice_is_both_its_codes() -> None:
    each = example(Slot("stock", "stock"), cypher="WHERE s.code IN $stock")
    assert each.parameters({"stock": SlotValue("stock", codes=("TSM US", "2330 TT"))}) == {
        "stock": ["TSM US", "2330 TT"]
    }


def test_a_slot_without_value_or_default_is_an_error_and_so_is_a_number_out_of_bounds() -> None:
    each = example(Slot("etf", "etf"), Slot("n", "n", default=10, minimum=1, maximum=100), cypher="$etf LIMIT $n")
    with pytest.raises(KeyError, match="etf"):
        each.parameters({})
    etf = SlotValue("etf", codes=("069500",))
    assert each.parameters({"etf": etf}) == {"etf": "069500", "n": 10}
    with pytest.raises(ValueError, match="outside"):
        each.parameters({"etf": etf, "n": SlotValue("n", value=0)})


@pytest.mark.parametrize("each", [one for one in EXAMPLES if one.outcome != "answered"], ids=lambda each: each.id)
def test_a_refusal_needs_none_of_its_slots(each: Example) -> None:
    assert choose(each.answer, each.context({}, (), ()))
    assert each.parameters({}) == {}


def test_the_content_hash_follows_the_content() -> None:
    one, same, other = (example(Slot("n", "n"), cypher=text) for text in ("$n", "$n", "$n + 1"))
    assert one.content_hash == same.content_hash != other.content_hash


def test_a_malformed_file_is_refused_with_the_examples_name(tmp_path: Path) -> None:
    path = tmp_path / "examples.yaml"
    path.write_text("- kinds: [fee]\n- {id: twice, kind: other, question: '?', answer: none of it}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="twice"):
        load_examples(path)
