"""The housekeeping prompts that Open WebUI sends to the model of a chat: titles, tags and the like, answered without asking.

They begin with `### Task:`, show the chat between `<chat_history>` tags, and want one JSON object with a known key.
"""

from __future__ import annotations

import json
import re

_TASK = re.compile(r"\A\s*###\s*Task:", re.IGNORECASE)
_KEY = re.compile(r"""\{\s*"(title|tags|follow_ups|queries|text)"\s*:""")
_FIRST_QUESTION = re.compile(r"^USER:\s*(.+)$", re.MULTILINE)
_TITLE_LENGTH = 40


def housekeeping(prompt: str) -> str | None:
    """Return the JSON text that a housekeeping prompt wants; None for a question."""
    key = _KEY.search(prompt) if _TASK.match(prompt) else None
    if key is None:
        return None
    asked = _FIRST_QUESTION.search(prompt)
    title = asked[1].strip()[:_TITLE_LENGTH] if asked else "ETF Atlas"
    answers: dict[str, object] = {"title": title, "tags": ["ETF"], "follow_ups": [], "queries": [], "text": ""}
    return json.dumps({key[1]: answers[key[1]]}, ensure_ascii=False)
