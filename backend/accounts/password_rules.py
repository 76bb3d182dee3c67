"""Which new passwords are refused: too short, too common, or told by the address and the name (NIST SP 800-63B, 3.1.1.2)."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from backend.accounts.passwords import normalised_password
from backend.errors import InvalidInput

LEAST_PASSWORD, MOST_PASSWORD = 10, 200
"""Fewest and most characters of a password."""
LEAST_OF_ITS_OWN = 6
"""Fewest characters that have to be left of a password without the address and the name in it."""
LEAST_DIFFERENT = 4
"""Fewest different characters."""
# What guessers try first, of the passwords that are long enough; many are Korean words typed with the Latin layout.
COMMON = frozenset(Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8").split())
_ROWS = (
    "1234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "가나다라마바사아자차카타파하",
)


class RefusedPassword(InvalidInput):
    """The password is too easy to guess."""

    slug = "refused-password"
    title_ko = "쓸 수 없는 비밀번호"


def check_new_password(password: str, *, email: str = "", name: str = "") -> None:
    """Raise RefusedPassword where a new password is too short, too long, or among the first that somebody would guess."""
    given = normalised_password(password)
    if not LEAST_PASSWORD <= len(given) <= MOST_PASSWORD:
        raise RefusedPassword(
            f"a password has {LEAST_PASSWORD} to {MOST_PASSWORD} characters",
            ko=f"비밀번호는 {LEAST_PASSWORD}자 이상 {MOST_PASSWORD}자 이하로 정해 주세요.",
        )
    plain = given.casefold()
    if plain in COMMON or len(set(plain)) < LEAST_DIFFERENT or _is_a_row(plain) or _repeats(plain):
        raise RefusedPassword(
            "the password is one of those that are guessed first",
            ko="너무 흔해서 쉽게 알아낼 수 있는 비밀번호입니다. 다른 비밀번호를 정해 주세요.",
        )
    rest = plain
    for known in sorted({email.casefold(), *email.casefold().split("@"), *name.casefold().split()}, key=len)[::-1]:
        if len(known) >= 3:
            rest = rest.replace(normalised_password(known), "")
    if len(rest) < LEAST_OF_ITS_OWN:
        raise RefusedPassword(
            "the password is little more than the address or the name",
            ko="이메일 주소나 이름과 비슷한 비밀번호는 쓸 수 없습니다.",
        )


def _is_a_row(plain: str) -> bool:
    """Say whether all neighbours in it are neighbours on the keyboard or in the alphabet, as in 1234567890 or 0987654321."""
    neighbours = {pair for row in _ROWS for pair in (*pairwise(row), *pairwise(row[::-1]), (row[-1], row[0]))}
    return all(pair in neighbours for pair in pairwise(plain))


def _repeats(plain: str) -> bool:
    """Say whether it is one piece of at most four characters over and over."""
    return any((plain[:size] * len(plain))[: len(plain)] == plain for size in range(1, 5))
