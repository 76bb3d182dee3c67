"""Where to tell, and when: the page, Discord, and what is not offered."""

from __future__ import annotations

import re
from dataclasses import dataclass

_DISCORD = re.compile(r"디스코드|디코(?=로|에|\s|$)|\bdiscord\b", re.IGNORECASE)
_NOT_DISCORD = re.compile(
    r"(?:디스코드|디코)(?:로는|는|로|에는)?\s*(?:말고|없이|빼고|제외|안\s|보내지\s?(?:말|마))|(?:화면|웹|페이지|"
    r"사이트|홈페이지|브라우저|앱|종|여기)(?:으로만|로만|에서만|에만|만)|\b(?:only\s+(?:on|in)\s+the\s+(?:page|"
    r"screen|site|web\w*)|not\s+(?:on|via|by|in)\s+discord|without\s+discord|on\s+(?:the\s+)?(?:page|screen|"
    r"site)\s+only)\b",
    re.IGNORECASE,
)
_OTHERS: tuple[tuple[str, str], ...] = (
    (r"카톡|카카오톡|카카오|\bkakao\w*", "카카오톡"),
    (r"문자(?:로|를|\s)|\bsms\b|\btext\s+me\b", "문자"),
    (r"이메일|메일로|메일을|\be-?mail\b", "이메일"),
    (r"텔레그램|텔레로|\btelegram\b", "텔레그램"),
    (r"슬랙|\bslack\b", "슬랙"),
    (r"푸시|푸쉬|앱\s?알림|\bpush\b", "휴대전화 푸시"),
    (r"전화로|전화해|\bcall\s+me\b", "전화"),
)  # fmt: skip
_CLOCK = re.compile(
    r"매일|매주|매달|매월|평일|아침(?:에|마다)?|저녁(?:에|마다)?|점심에|밤에|오전|오후|장\s?(?:마감|시작)|"
    r"\d{1,2}\s*시(?!\s?에?\s?초과)|[월화수목금토일]요일|하루에?\s*한\s?번|일주일에|실시간|(?<!\S)매시간|"
    r"\bevery\s+(?:day|morning|week)\b|\bat\s+\d{1,2}\s*(?:am|pm)\b|\bdaily\b|\breal[- ]?time\b",
    re.IGNORECASE,
)
WORDS = re.compile(
    rf"{_DISCORD.pattern}|디코|카카오톡|카톡|텔레그램|슬랙|푸시|푸쉬|이메일|웹훅|{_CLOCK.pattern}", re.IGNORECASE
)
"""Words of places and times, which are no names."""


@dataclass(frozen=True)
class Place:
    """`discord`: wished for, wished away, or not spoken of. `others` are channels that are not offered; `timed` asks for a time."""

    discord: bool | None
    others: tuple[str, ...]
    timed: bool


def place(text: str) -> Place:
    """Read where and when a text wants to be told."""
    others = tuple(name for pattern, name in _OTHERS if re.search(pattern, text, re.IGNORECASE))
    discord = False if _NOT_DISCORD.search(text) else True if _DISCORD.search(text) else None
    return Place(discord, others, _CLOCK.search(text) is not None)
