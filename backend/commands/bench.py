"""`./atlas bench`: measure what the project promises."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from backend.errors import NotFound

BENCHMARKS = Path(__file__).parents[2] / "tests" / "benchmarks"


def register(app: typer.Typer) -> None:
    """Add the command `bench`."""
    app.command()(bench)


def bench(
    name: Annotated[str | None, typer.Argument(help="Which one; all of them without a name.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")] = False,
) -> None:
    """Measure what the project promises: each benchmark prints its figures beside the target."""
    known = sorted(path.stem.removeprefix("bench_") for path in BENCHMARKS.glob("bench_*.py"))
    if name is not None and name not in known:
        raise NotFound(f"there is no benchmark {name!r}; there are: {', '.join(known)}")
    figures = {}
    for one in known if name is None else [name]:
        # The tables are for people; a program that reads the figures finds nothing else on the standard output.
        with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
            figures[one] = load_benchmark(one).run()
    if as_json:
        print(json.dumps(figures if name is None else figures[name], ensure_ascii=False, indent=2))


def load_benchmark(name: str) -> ModuleType:
    """Return the module of a benchmark, whose `run()` prints a table and returns the figures. Raises NotFound."""
    path = BENCHMARKS / f"bench_{name}.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise NotFound(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
