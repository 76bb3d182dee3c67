"""The README says what the code does."""

from __future__ import annotations

import re

from backend.cli import app
from backend.commands.docs import README, ROOT, render


def test_tables_of_the_readme_are_those_of_the_code():
    readme = README.read_text(encoding="utf-8")
    assert render(readme, app) == readme, "run `./atlas docs`"


def test_files_that_the_readme_and_the_guide_name_exist():
    for document in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / document).read_text(encoding="utf-8")
        for path in re.findall(r"`((?:backend|agent|seeds|tests)/[\w/.]+)`", text):
            assert (ROOT / path).exists(), f"{document} names {path}"
