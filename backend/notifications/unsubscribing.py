"""The links with which a person silences the alerts of one ETF without signing in.

A token names a person and an ETF, and its HMAC is made with a key that is good for nothing else: whoever has it can silence
that one watch, or undo it. It does not expire, because messages in Discord do not either.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

from sqlalchemy import Connection, text

from backend.errors import AtlasError
from backend.notifications.discord import personal
from backend.notifications.secret_keys import derived_key
from backend.settings import Settings

_FORM = b"\x01"
_MAC_BYTES = 16
_CODE = re.compile(rb"[0-9A-Z]{6}")
_BYTES = len(_FORM) + 16 + 6 + _MAC_BYTES
_MUTE = text("UPDATE watchlist SET muted = :muted WHERE person = :person AND etf = :etf")
_DROP_WAITING = text("""
    DELETE FROM discord_posts
    WHERE destination = :destination AND state = 'waiting' AND kind = 'alert' AND content -> 'etf' ->> 'code' = :etf
""")


class UnknownLink(AtlasError):
    """This unsubscribe link was not made by this installation."""

    status = HTTPStatus.NOT_FOUND
    slug = "unknown-link"
    title_ko = "알 수 없는 링크"


@dataclass(frozen=True)
class Watch:
    """One ETF on one person's watchlist."""

    person: UUID
    etf: str


class UnsubscribeLinks:
    """Makes the tokens of the links, and reads them."""

    def __init__(self, settings: Settings) -> None:
        self._key = derived_key(settings, "unsubscribe links")

    def __repr__(self) -> str:
        return "UnsubscribeLinks(key hidden)"

    def token(self, watch: Watch) -> str:
        """Return the token of a watch: letters, digits, - and _."""
        named = _FORM + watch.person.bytes + watch.etf.encode("ascii")
        return base64.urlsafe_b64encode(named + self._mac(named)).decode().rstrip("=")

    def read(self, token: str) -> Watch:
        """Return what a token names. Raises UnknownLink."""
        try:
            raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            raise _unknown() from None
        named, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        genuine = len(raw) == _BYTES and named[:1] == _FORM and hmac.compare_digest(mac, self._mac(named))
        if not genuine or not _CODE.fullmatch(named[17:]):
            raise _unknown()
        return Watch(UUID(bytes=named[1:17]), named[17:].decode())

    def _mac(self, named: bytes) -> bytes:
        return hmac.new(self._key, named, hashlib.sha256).digest()[:_MAC_BYTES]


def mute(connection: Connection, watch: Watch, muted: bool) -> None:
    """Silence a watch, or let it be heard again; what of it still waits for Discord is not posted any more.

    It is no error where the watch or its person is gone: nothing is told of it then.
    """
    connection.execute(_MUTE, {"person": watch.person, "etf": watch.etf, "muted": muted})
    if muted:
        connection.execute(_DROP_WAITING, {"destination": personal.destination(watch.person), "etf": watch.etf})


def _unknown() -> UnknownLink:
    return UnknownLink(ko="알림 끄기 링크가 올바르지 않습니다. 메시지의 링크를 다시 눌러 주세요.")
