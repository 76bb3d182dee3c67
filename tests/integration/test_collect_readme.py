"""The README's commands for the daily collection work as they stand there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys

from backend.commands.docs import README, ROOT
from tests.collecting import DAY2, run_of, stub_of

HEADING = "## The daily collection"


def commands() -> list[list[str]]:
    """Return the arguments of every `./atlas collect …` in the section's code blocks, in order."""
    _, _, rest = README.read_text(encoding="utf-8").partition(f"\n{HEADING}\n")
    section = rest.partition("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("./atlas collect ")]
    return [shlex.split(line, comments=True)[1:] for line in lines]


def test_the_commands_of_the_readme_work(empty_database):
    assert len(commands()) >= 5
    with stub_of() as stub:
        own = {"ATLAS_DATABASE_URL": empty_database.url(), "ATLAS_HOME": str(empty_database.settings.home)}
        environment = os.environ | stub.environment() | own
        for arguments in commands():
            if arguments == ["collect", "krx"]:
                # The newest day is none that the local KRX knows.
                arguments = [*arguments, "--date", str(DAY2)]
            # Nor does it know the ETFs of the example.
            if "--etfs" in arguments:
                arguments[arguments.index("--etfs") + 1] = ",".join(stub.market.codes[:2])
            command = [sys.executable, "-m", "backend.cli", *arguments]
            done = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
            )
            assert done.returncode == 0, f"{arguments}: {done.stderr[-2000:]}"
            assert done.stdout.strip()
    assert run_of(empty_database, DAY2)["status"] == "loaded"
