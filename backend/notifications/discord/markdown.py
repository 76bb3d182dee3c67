"""Text from outside as it may stand in a Discord message: one line, without Markdown or mentions of its own, and not too long."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# Brackets suffice to break a link, and a colon to keep an address from becoming one.
_MARKDOWN = re.compile(r"[\\*_~`|<>\[\]@#]|:(?=//)|^[-+=]")
# Controls, marks that turn the direction of writing, halves of surrogate pairs, what is not assigned: nobody's name has them.
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def length(text: str) -> int:
    """Return how long a text is for Discord's limits, in UTF-16 code units.

    Its API counts code points, its clients code units; the larger figure keeps a message within both.
    """
    return len(text) + sum(character > "\uffff" for character in text)


def plain(text: object, most: int) -> str:
    """Return a text as one line of at most `most` units, cut at a word where it is longer, with Markdown made harmless."""
    return escaped(shortened(one_line(str(text)), most))


def one_line(text: str) -> str:
    """Return a text without line breaks and characters that cannot be seen."""
    seen = "".join(" " if unicodedata.category(character) in _UNSEEN else character for character in text[:20_000])
    return " ".join(seen.split())


def escaped(text: str) -> str:
    """Return a text that Discord shows as it is: no bold, no link, no mention. At most twice as long."""
    return _MARKDOWN.sub(r"\\\g<0>", text)


def shortened(text: str, most: int) -> str:
    """Return at most `most` units of a text, ended by an ellipsis where some is left out; at the end of a word if one is near."""
    if length(text) <= most:
        return text
    kept, room = [], most - 1
    for character in text:
        room -= length(character)
        if room < 0:
            break
        kept.append(character)
    cut = "".join(kept)
    at_word = cut.rfind(" ")
    return f"{cut[:at_word] if at_word > len(cut) // 2 else cut.rstrip()}…"


def lines_within(lines: Sequence[str], total: int, most: int, counter: str) -> str:
    """Join the lines that fit into `most` units; where lines or some of `total` are left out, the last line counts them: 외 12종목."""
    kept = list(lines)
    while True:
        left = max(total, len(lines)) - len(kept)
        rest = [f"{'외 ' if kept else ''}{left:,}{counter}"] if left else []
        joined = "\n".join([*kept, *rest])
        if length(joined) <= most or not kept:
            return joined
        kept.pop()
