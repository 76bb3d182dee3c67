"""The command line: `./atlas COMMAND`.

Each module of backend.commands offers `register(app)`, which adds its commands; what is heavy is imported inside them.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from os import PathLike
from pathlib import Path
from typing import NoReturn

import typer

import backend.commands
from backend.errors import AtlasError

app = typer.Typer(
    name="atlas",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)


@app.callback()
def prepare() -> None:
    """Ask questions of a graph of the Korean ETF market."""
    # What is printed is for the asker, so the log goes to the standard error from the start.
    from backend.logs import configure
    from backend.settings import get_settings

    configure(get_settings().log_level)


for module in sorted(module.name for module in pkgutil.iter_modules(backend.commands.__path__)):
    importlib.import_module(f"backend.commands.{module}").register(app)


def main() -> None:
    """Run the command line; an error that we raise on purpose is one readable line and exit status 1.

    So is a folder of ours that cannot be made or written.
    """
    try:
        app(prog_name="./atlas")
    except AtlasError as error:
        _end(error.message)
    except OSError as error:
        if not _is_about_home(error):
            raise
        _end(f"ATLAS_HOME cannot be used: {error.filename}: {error.strerror}.")


def _is_about_home(error: OSError) -> bool:
    """Return whether the folder of all that is kept, or something in it, could not be made, read or written."""
    from backend.settings import get_settings

    home = get_settings().home
    return isinstance(error.filename, (str, PathLike)) and home in (Path(error.filename), *Path(error.filename).parents)


def _end(message: str) -> NoReturn:
    typer.secho(f"error: {message}", fg=typer.colors.RED, err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
