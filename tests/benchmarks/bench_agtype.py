"""Reading 10,000 maps as the database sends them: our decoder against apache-age-python's parser."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from age.builder import newResultHandler
from rich.console import Console
from rich.table import Table

from backend.graph.agtype import decode

MAPS = 10_000
ROUNDS = 15
TARGET = 50


def run() -> dict[str, Any]:
    """Return seconds for 10,000 maps and 10,000 edges by both decoders, and how many times faster ours is."""
    maps = [_holding(number) for number in range(MAPS)]
    edges = [_edge(number) for number in range(MAPS)]
    parser = newResultHandler()
    theirs, their_values = _time(lambda: [parser.parse(text) for text in maps], rounds=1)
    ours, our_values = _time(lambda: [decode(text) for text in maps], rounds=ROUNDS)
    bare, _ = _time(lambda: [json.loads(text) for text in maps], rounds=ROUNDS)
    our_edges, _ = _time(lambda: [decode(text) for text in edges], rounds=3)
    assert our_values == their_values, "the two decoders disagree"
    figures = {
        "maps": MAPS,
        "apache_age_python_seconds": round(theirs, 3),
        "decode_seconds": round(ours, 5),
        "json_loads_seconds": round(bare, 5),
        "decode_edges_seconds": round(our_edges, 4),
        "times_faster": round(theirs / ours, 1),
        "target_times_faster": TARGET,
        "met": theirs / ours >= TARGET,
    }
    _show(figures)
    return figures


def _holding(number: int) -> str:
    weight = number % 3000 / 100
    shown = f'"weight": {weight}, "shares": {number}.0, "active": true'
    return f'{{"code": "{number:06d}", "name": "삼성전자 {number}", {shown}}}'


def _edge(number: int) -> str:
    properties = f'{{"date": "2026-07-08", "weight": {number % 3000 / 100}, "shares": {number}.0}}'
    return (
        f'{{"id": {2814749767106561 + number}, "label": "HOLDS", "end_id": {1125899906842625 + number}, '
        f'"start_id": {844424930131969 + number}, "properties": {properties}}}::edge'
    )


def _time(decoder: Callable[[], list[Any]], *, rounds: int) -> tuple[float, list[Any]]:
    """Return the median of the rounds' seconds, and what was decoded."""
    seconds: list[float] = []
    values: list[Any] = []
    for _ in range(rounds):
        start = time.perf_counter()
        values = decoder()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), values


def _show(figures: dict[str, Any]) -> None:
    table = Table(title=f"Decoding {MAPS:,} values of agtype")
    table.add_column("decoder")
    table.add_column("seconds", justify="right")
    table.add_row("apache-age-python's parser, maps", f"{figures['apache_age_python_seconds']:.3f}")
    table.add_row("backend.graph.agtype, maps", f"{figures['decode_seconds']:.4f}")
    table.add_row("json.loads, maps (for comparison)", f"{figures['json_loads_seconds']:.4f}")
    table.add_row("backend.graph.agtype, edges", f"{figures['decode_edges_seconds']:.3f}")
    table.caption = f"{figures['times_faster']:.0f} times faster; the target is {TARGET} times"
    Console().print(table)
