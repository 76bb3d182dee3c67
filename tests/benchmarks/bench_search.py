"""How long one search takes over every name of the real market, by the way the query is written."""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, text

from backend.collection.load import load_files
from backend.db.engine import Database
from backend.db.migrate import upgrade
from backend.db.opening import open_database
from backend.errors import NotFound
from backend.market import hangul
from backend.market.search import search
from backend.settings import get_settings

TARGET_MS = 15.0
SCRATCH = "atlas_bench_search"
SPOKEN = {"KODEX": "코덱스", "TIGER": "타이거", "RISE": "라이즈", "ACE": "에이스", "SOL": "쏠", "PLUS": "플러스"}
OLD = {"RISE": "KBSTAR", "ACE": "KINDEX", "PLUS": "ARIRANG", "KIWOOM": "KOSEF"}

# The key that a query should find (None where nothing is to be found), and the query.
Query = tuple[str | None, str]


def run() -> dict[str, Any]:
    """Return p50 and p99 in ms over all queries and for each kind, and how often the thing meant was among ten hits."""
    with _real_market() as database, database.engine("atlas_app").connect() as connection:
        names = connection.execute(text("SELECT count(*) FROM search_names")).scalar_one()
        queries = _queries(connection)
        for _wanted, query in [kind[0] for kind in queries.values()]:
            search(connection, query)
        figures = {kind: _measure(connection, chosen) for kind, chosen in queries.items()}
    times = sorted(ms for figure in figures.values() for ms in figure["times"])
    result = {
        "names": names,
        "queries": len(times),
        "p50_ms": round(statistics.median(times), 2),
        "p99_ms": round(_p99(times), 2),
        "max_ms": round(times[-1], 2),
        "target_p99_ms": TARGET_MS,
        "met": _p99(times) < TARGET_MS,
        "kinds": {
            kind: {key: value for key, value in figure.items() if key != "times"} for kind, figure in figures.items()
        },
    }
    _show(result)
    return result


@contextmanager
def _real_market() -> Iterator[Database]:
    """Lend a scratch database with every real name: the reference files, and the holdings of twelve ETFs."""
    root = Path(__file__).resolve().parents[2]
    data = Path(os.environ.get("ATLAS_TEST_DATA") or root.parent / "shared" / "data")
    if not (data / "etfs.csv").is_file():
        raise NotFound(f"the real market data is missing: there is no {data / 'etfs.csv'}; set ATLAS_TEST_DATA")
    settings = get_settings()
    server = open_database(settings)
    name = sql.Identifier(SCRATCH)
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        admin.execute(sql.SQL("CREATE DATABASE {}").format(name))
        parts = psycopg.conninfo.conninfo_to_dict(server.url())
        url = server.url().replace(f"/{parts['dbname']}", f"/{SCRATCH}", 1)
        database = Database(url, settings)
        try:
            upgrade(database)
            with tempfile.TemporaryDirectory() as folder:
                for path in data.glob("*.csv"):
                    (Path(folder) / path.name).symlink_to(path)
                load_files(database, Path(folder), until=date(2026, 7, 8))
            yield database
        finally:
            database.dispose()
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            server.dispose()


def _queries(connection: Connection) -> dict[str, list[Query]]:
    """Make the queries from the names of the market, always the same ones."""
    chance = random.Random(20260708)
    rows = connection.execute(
        text("SELECT DISTINCT kind, key, name, source, spelling FROM search_names WHERE kind <> 'group' ORDER BY 2, 5")
    ).all()
    named = [row for row in rows if row.source == "name" and row.spelling == row.name]
    korean = [row for row in named if row.kind in ("stock", "etf") and sum(map(hangul.is_syllable, row.name)) >= 4]
    latin = [row for row in named if row.name.isascii() and len(row.name) >= 6]
    spelled = [row for row in korean if all(map(hangul.is_syllable, row.name))]
    etfs = [row for row in named if row.kind == "etf"]
    coded = [row for row in rows if row.source == "code"]
    aliases = [row for row in rows if row.source == "alias"]

    def pick(among: list[Any], count: int) -> list[Any]:
        return chance.sample(among, min(count, len(among)))

    def rebranded(brands: dict[str, str]) -> list[Query]:
        fitting = [row for row in etfs if row.name.split()[0] in brands]
        return [(r.key, r.name.replace(r.name.split()[0], brands[r.name.split()[0]], 1)) for r in pick(fitting, 90)]

    return {
        "whole name": [(r.key, r.name) for r in pick(named, 150)],
        "code": [(r.key, r.spelling.lower()) for r in pick(coded, 100)],
        "alias": [(r.key, r.spelling) for r in pick(aliases, 120)],
        "prefix": [(None, r.name[: chance.randint(1, 4)]) for r in pick(named, 120)],
        "two syllables": [(None, _part(chance, r.name, 2)) for r in pick(korean, 120)],
        "three syllables": [(None, _part(chance, r.name, 3)) for r in pick(korean, 80)],
        "initials": [(r.key, hangul.initials(r.name)) for r in pick(korean, 100)],
        "some initials": [(None, hangul.initials(r.name)[:3]) for r in pick(korean, 60)],
        "typing error": [(r.key, _slip(chance, r.name)) for r in pick(korean, 160)],
        "latin typing error": [(r.key, _slip(chance, r.name)) for r in pick(latin, 80)],
        "other keyboard": [(r.key, hangul.to_latin_keys(r.name)) for r in pick(spelled, 80)],
        "spoken brand": rebranded(SPOKEN),
        "old brand": rebranded(OLD),
        "words in disorder": [(r.key, _shuffled(chance, r.name)) for r in pick([e for e in etfs if " " in e.name], 80)],
        "nonsense": [(None, "".join(chance.choices("가뷁쀍홹꿻닭흙zxq", k=chance.randint(2, 9)))) for _ in range(50)],
    }


def _part(chance: random.Random, name: str, length: int) -> str:
    start = chance.randrange(max(1, len(name) - length))
    return name[start : start + length]


def _slip(chance: random.Random, name: str) -> str:
    """Change, drop or swap one letter of a name."""
    at = chance.randrange(1, len(name) - 1)
    others = "aeinorst" if name.isascii() else "가너도루미선전"
    return chance.choice(
        [
            name[:at] + chance.choice(others) + name[at + 1 :],
            name[:at] + name[at + 1 :],
            name[:at] + name[at + 1] + name[at] + name[at + 2 :],
        ]
    )


def _shuffled(chance: random.Random, name: str) -> str:
    words = name.split()
    chance.shuffle(words)
    return " ".join(words)


def _measure(connection: Connection, queries: list[Query]) -> dict[str, Any]:
    times, found = [], []
    for wanted, query in queries:
        started = time.perf_counter()
        hits = search(connection, query)
        times.append((time.perf_counter() - started) * 1000)
        if wanted is not None:
            found.append(any(hit.code == wanted for hit in hits))
    return {
        "queries": len(queries),
        "p50_ms": round(statistics.median(times), 2),
        "p99_ms": round(_p99(times), 2),
        "found_pct": round(100 * sum(found) / len(found), 1) if found else None,
        "times": times,
    }


def _p99(times: list[float]) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * 0.99))]


def _show(result: dict[str, Any]) -> None:
    table = Table(
        title=f"Search over {result['names']:,} names: {result['queries']:,} queries, target p99 {TARGET_MS} ms"
    )
    for column in ("query", "queries", "p50 ms", "p99 ms", "found %"):
        table.add_column(column, justify="left" if column == "query" else "right")
    for kind, figure in result["kinds"].items():
        found = "" if figure["found_pct"] is None else f"{figure['found_pct']}"
        table.add_row(kind, str(figure["queries"]), f"{figure['p50_ms']}", f"{figure['p99_ms']}", found)
    table.add_section()
    table.add_row("all", str(result["queries"]), f"{result['p50_ms']}", f"{result['p99_ms']}", "")
    Console().print(table)
    Console().print("met" if result["met"] else "[red]NOT met[/red]")
