"""Small markets as tidy CSV files, for tests of the load."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

HOLDINGS = (
    "date",
    "etf_code",
    "constituent_code",
    "constituent_name",
    "kind",
    "qty_per_cu",
    "weight_pct",
    "weight_basis",
)
NAMES = {"AAA001": "TEST 반도체", "BBB002": "TEST 코스피액티브", "CCC003": "TEST 채권"}


def etf(code: str, **more: object) -> dict[str, object]:
    """Return a row of etfs.csv."""
    return {"etf_code": code, "name_ko": NAMES.get(code, f"TEST {code}"), "manager_ko": "시험자산운용"} | more


def basket(
    date: str,
    code: str,
    positions: Mapping[str, tuple[float, float | None]],
    *,
    kind: str = "stock",
    basis: str | None = "R",
) -> list[dict[str, object]]:
    """Return the rows of one basket from quantity (per creation unit) and weight (%) by constituent."""
    return [
        {
            "date": date,
            "etf_code": code,
            "constituent_code": constituent,
            "constituent_name": f"이름 {constituent}",
            "kind": kind,
            "qty_per_cu": shares,
            "weight_pct": weight,
            "weight_basis": basis,
        }
        for constituent, (shares, weight) in positions.items()
    ]


def price(date: str, code: str, close: float, nav: float | None = None, **more: object) -> dict[str, object]:
    """Return a row of prices.csv, KRW per share."""
    return {"date": date, "etf_code": code, "close": close, "nav": nav} | more


def write(folder: Path, name: str, rows: Iterable[Mapping[str, object]], header: Iterable[str] = ()) -> Path:
    """Write rows as a CSV file, gzip where the name ends so, and return its path."""
    rows = list(rows)
    columns = list(header) or list(dict.fromkeys(column for row in rows for column in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    content = text.getvalue().encode()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def folder(path: Path, **tables: Iterable[Mapping[str, object]]) -> Path:
    """Write a folder of tables by file name without `.csv`, and return it."""
    for name, rows in tables.items():
        write(path, f"{name}.csv", rows, HOLDINGS if name.startswith("holdings") else ())
    return path
