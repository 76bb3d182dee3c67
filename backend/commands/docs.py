"""`atlas docs`: writes the parts of the README that are made from the code, so that they cannot go stale."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"


def register(app: typer.Typer) -> None:
    """Add the command `docs`."""

    @app.command()
    def docs(
        check: Annotated[bool, typer.Option(help="Only say whether the README is up to date.")] = False,
    ) -> None:
        """Write the README's tables of commands and settings from the code."""
        present = README.read_text(encoding="utf-8")
        fresh = render(present, app)
        if check and fresh != present:
            typer.echo("README.md is out of date: run `./atlas docs`", err=True)
            raise typer.Exit(1)
        if not check:
            README.write_text(fresh, encoding="utf-8")


def render(readme: str, app: typer.Typer) -> str:
    """Return the README with the text between each pair of `<!-- NAME:start -->` and `<!-- NAME:end -->` made anew."""
    for name, table in (("commands", commands_table(app)), ("settings", settings_table())):
        pattern = re.compile(rf"(<!-- {name}:start -->\n).*?(<!-- {name}:end -->)", re.DOTALL)
        if len(pattern.findall(readme)) != 1:
            raise ValueError(f"README.md must have the marks of {name!r} once")
        readme = pattern.sub(lambda marks, table=table: f"{marks[1]}{table}{marks[2]}", readme)
    return readme


def commands_table(app: typer.Typer) -> str:
    """Return every command with its first help sentence, as a Markdown table."""
    lines = ["| command | what it does |", "| --- | --- |"]
    for path, command in _leaves(typer.main.get_command(app), "./atlas"):
        arguments = "".join(
            f" {parameter.metavar or parameter.name.upper()}"
            for parameter in command.params
            if parameter.param_type_name == "argument"
        )
        lines.append(f"| `{path}{arguments}` | {(command.help or '').strip().splitlines()[0]} |")
    return "\n".join(lines) + "\n"


def _leaves(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield (path, command) of every command that runs something, in the order of the help text."""
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, child in command.commands.items():
        if not child.hidden:
            yield from _leaves(child, f"{path} {name}")


def settings_table() -> str:
    """Return every setting with its default and its description, as a Markdown table."""
    from backend.settings import Settings

    prefix = Settings.model_config["env_prefix"]
    lines = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else f"`{field.default}`"
        lines.append(f"| `{prefix}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"
