"""Writes the rows that SQL finds beside each question of the published evaluation set.

    python -m tests.questions.expected_rows

Run it after a question was added to seeds/evaluation/questions.jsonl with its `sql`, or when the sample market changed.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from seeds.sample_market import write_csv
from tests.questions.oracle import Oracle

FILE = Path(__file__).parents[2] / "seeds" / "evaluation" / "questions.jsonl"


def sample_oracle(folder: Path) -> Oracle:
    """The sample market's raw files, written into a folder, as SQL tables."""
    write_csv(folder)
    return Oracle(folder)


def rows_of(oracle: Oracle, sql: str) -> list[list[Any]]:
    """What one query finds, with figures rounded to six decimals."""
    return [[round(cell, 6) if isinstance(cell, float) else cell for cell in row] for row in oracle.rows(sql)]


def main() -> None:
    """Write the file anew."""
    questions = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        oracle = sample_oracle(Path(folder))
        for question in questions:
            if "sql" in question:
                rows = rows_of(oracle, question["sql"])
                question["rows"] = rows if question.get("ranked") else sorted(rows, key=str)
    lines = [json.dumps(question, ensure_ascii=False) for question in questions]
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(questions)} questions")


if __name__ == "__main__":
    main()
