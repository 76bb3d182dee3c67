"""Baskets of chance, with all that real ones have: every alert equals what plain Python finds by the glossary's words."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import median

import pytest

from backend.collection.load import load_files
from backend.db.engine import Database
from tests import market_files as market
from tests.watchers import KINDS, add_people, add_watches, alerts

DAYS = [f"2026-03-{day:02}" for day in (2, 3, 4, 5, 6, 9, 10, 11)]
ETFS = [f"RND{n:03}" for n in range(25)]
STOCKS = [f"{n:06}" for n in range(1, 60)]
Basket = dict[str, tuple[int, float | None]]


def baskets(chance: Random) -> dict[tuple[str, str], tuple[str, Basket]]:
    """Return baskets by ETF and date, with the basis of their weights: some are rescaled, some lack weights, some a date."""
    made = {}
    for etf in ETFS:
        basket: Basket = {
            code: (chance.randint(50, 5000), None) for code in chance.sample(STOCKS, chance.randint(8, 20))
        }
        for day in DAYS:
            if chance.random() < 0.1:
                continue
            scale = chance.choice((1, 1, 1, 2, 3))
            basket = {code: (shares * scale, None) for code, (shares, _) in basket.items() if chance.random() > 0.05}
            for code in chance.sample(STOCKS, 2):
                if chance.random() < 0.4:
                    basket.setdefault(code, (chance.randint(50, 5000) * scale, None))
            for code in list(basket):
                if chance.random() < 0.15:
                    basket[code] = (max(1, round(basket[code][0] * chance.uniform(0.7, 1.4))), None)
            parts = [chance.randint(1, 100) for _ in basket]
            weights = [round(100 * part / sum(parts), 2) for part in parts]
            unweighed = chance.random() < 0.1
            basis = "U" if unweighed else chance.choice("RRRRC")
            basket = {
                c: (shares, None if unweighed else w)
                for (c, (shares, _)), w in zip(basket.items(), weights, strict=True)
            }
            made[etf, day] = (basis, dict(basket))
    return made


def expected_rows(
    before: tuple[str, Basket], after: tuple[str, Basket], kinds: list[str], threshold: Decimal
) -> tuple[set, set]:
    """Return what a watch has to be told: code and action of trades, code and change (%p) of weights."""
    (old_basis, old), (basis, new) = before, after
    comparable = "U" not in (old_basis, basis) and (old_basis == "C") == (basis == "C")
    scale = median(new[code][0] / old[code][0] for code in old.keys() & new.keys())
    trades, drift = set(), set()
    for code in sorted(old.keys() | new.keys()):
        was, now = (Decimal(0) if code not in b else b[code][1] for b in (old, new))
        was, now = (None if weight is None else Decimal(str(weight)) for weight in (was, now))
        moved = now - was if comparable and was is not None and now is not None else None
        action, chosen = None, False
        if code not in old or code not in new:
            action = "new" if code in new else "out"
            chosen = action in kinds
        else:
            change = new[code][0] / old[code][0] / scale - 1
            if abs(change) > 0.01:
                action = "more" if change > 0 else "less"
                size = Decimal(0) if was is None else abs(was * Decimal(str(round(change * 100, 4))) / 100)
                chosen = action in kinds and round(size, 4) >= threshold
        if "weight" in kinds and moved and abs(moved) >= threshold:
            chosen = True
            if action is None:
                drift.add((code, moved))
        if chosen and action:
            trades.add((code, action))
    return trades, drift


@pytest.mark.parametrize("seed", [1, 2])
def test_alerts_of_chance_are_those_of_plain_python(empty_database: Database, tmp_path: Path, seed: int):
    chance = Random(seed)
    made = baskets(chance)
    rows = [row for (etf, day), (basis, b) in made.items() for row in market.basket(day, etf, b, basis=basis)]
    folder = market.folder(tmp_path, etfs=[market.etf(etf) for etf in ETFS], holdings=rows)
    people = add_people(empty_database, 40)
    watches = {
        (person, etf): (
            chance.sample(KINDS, chance.randint(1, 8)),
            Decimal(chance.choice(("0", "0.5", "1", "2.5", "7"))),
        )
        for person in people
        for etf in chance.sample(ETFS, 6)
    }
    add_watches(empty_database, [(p, e, kinds, limit, 1, True, False) for (p, e), (kinds, limit) in watches.items()])
    load_files(empty_database, folder)
    expected = {}
    for (person, etf), (kinds, threshold) in watches.items():
        days = [day for day in DAYS if (etf, day) in made]
        for before, day in pairwise(days):
            trades, drift = expected_rows(made[etf, before], made[etf, day], kinds, threshold)
            if trades or drift:
                expected[person, etf, day] = (before, len(trades), len(drift), trades, drift)
    found = {}
    for person, etf, day, content in alerts(empty_database):
        trades = {(row["code"], row["action"]) for row in content["trades"]}
        drift = {(row["code"], Decimal(str(row["change_pp"]))) for row in content["drift"]}
        found[person, etf, day] = (
            content["compared_with"],
            content["trades_total"],
            content["drift_total"],
            trades,
            drift,
        )
    assert found.keys() == expected.keys()
    for key, (before, trades_total, drift_total, trades, drift) in found.items():
        wanted = expected[key]
        assert (before, trades_total, drift_total) == wanted[:3], key
        assert trades <= wanted[3], key
        assert drift <= wanted[4], key
        assert (len(trades), len(drift)) == (min(10, trades_total), min(10, drift_total)), key
    assert len(found) > 500
