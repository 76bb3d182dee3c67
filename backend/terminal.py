"""What long-running commands show and hear: the steps of a set-up with their times, progress, the signals that end them."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn


class Steps:
    """Shows each step of the set-up with its time, live on a terminal and line by line elsewhere."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False)
        self._title = ""
        self._status: Any = None

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        self._title = title
        started = time.perf_counter()
        if self._console.is_terminal:
            with self._console.status(title) as self._status:
                yield
            self._status = None
        else:
            yield
        self._console.print(f"[green]✓[/green] {title} ({time.perf_counter() - started:.1f} s)")

    def say(self, text: str, done: int | None = None, total: int | None = None) -> None:
        """Show what the step is doing, with its share where it is known."""
        share = f" {done:,}/{total:,}" if done is not None and total else ""
        if self._status:
            self._status.update(f"{self._title}: {text}{share}")
        elif not share:
            self._console.print(f"  {text}", style="dim")


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None] | None]:
    """Give a function that shows what is being done and how much of how much is, on the standard error.

    None where that is no terminal.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda text, done, total: bar.update(task, description=text, completed=done, total=total or None)


def stop_on_signals() -> None:
    """Make a polite kill and a closed terminal end the program like Ctrl-C, with its cleaning up."""

    def interrupt(_number: int, _frame: object) -> NoReturn:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, interrupt)
    # Under nohup the terminal may go.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, interrupt)


def ignore_signals() -> None:
    """Let no second Ctrl-C cut the cleaning up short."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
