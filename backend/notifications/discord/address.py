"""The address of a Discord webhook: whether it is one, and the secret in it kept secret."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from backend.errors import InvalidInput

HOSTS = ("discord.com", "discordapp.com", "ptb.discord.com", "canary.discord.com")
_HOSTS = "|".join(re.escape(host) for host in (*HOSTS, "ptb.discordapp.com", "canary.discordapp.com"))
_ADDRESS = re.compile(
    rf"(?i:https://(?:{_HOSTS}))/api(?:/v[0-9]{{1,2}})?/webhooks/(?P<id>[0-9]{{1,20}})/(?P<token>[A-Za-z0-9_-]{{1,256}})/?"
    r"(?:\?thread_id=(?P<thread>[0-9]{1,20}))?",
    re.ASCII,
)
FORM = "https://discord.com/api/webhooks/ID/TOKEN"


class NotDiscord(InvalidInput):
    """This is not the address of a Discord webhook."""

    slug = "not-a-discord-webhook"
    title_ko = "Discord 웹훅 주소가 아님"


@dataclass(frozen=True, repr=False)
class Webhook:
    """Where messages are posted; `thread` is a thread or forum post of the webhook's channel. Whoever has the token can post."""

    id: str
    token: str
    thread: str | None = None

    def __repr__(self) -> str:
        return f"Webhook({self.id}, token hidden)"

    def url(self, api_url: str) -> str:
        """Return the URL that a message is posted to; it holds the token. Discord says whether it kept the message only if it is to wait."""
        thread = f"&thread_id={self.thread}" if self.thread else ""
        return f"{api_url.rstrip('/')}/webhooks/{self.id}/{self.token}?wait=true{thread}"

    @property
    def address_hash(self) -> str:
        """What tells this address from another one, without the token being readable from it."""
        return hashlib.sha256(f"{self.id}/{self.token}/{self.thread or ''}".encode()).hexdigest()

    def hide(self, text: str) -> str:
        """Return the text without the token."""
        return text.replace(self.token, "(token)") if len(self.token) > 3 else text


def parse(address: str) -> Webhook:
    """Return the webhook of an address as Discord gives it out. Raises NotDiscord, which says what is wrong without repeating the address.

    Only ID, TOKEN and a thread's number are taken from it, and they go to the Discord of the settings: no address makes the server
    call anything else.
    """
    found = _ADDRESS.fullmatch(address.strip(" \t\r\n"))
    if found is None:
        fault, ko = _fault(address)
        raise NotDiscord(
            f"the Discord webhook's address cannot be used: {fault}; it has the form {FORM}",
            ko=f"Discord 웹훅 주소로 쓸 수 없습니다: {ko} {FORM} 형식이어야 합니다.",
        )
    return Webhook(found["id"], found["token"], found["thread"])


def _fault(address: str) -> tuple[str, str]:
    """Say what is wrong with an address, in English and Korean, in words of our own only."""
    try:
        parts = urlsplit(address.strip())
        port, host = parts.port, parts.hostname
    except ValueError:
        return "it is not a URL", "URL이 아닙니다."
    if not address.isascii() or not address.strip().isprintable() or "\\" in address or " " in address.strip():
        return "it holds characters that no webhook has", "웹훅 주소에 없는 문자가 들어 있습니다."
    if parts.scheme != "https":
        return "it does not begin with https://", "https://로 시작하지 않습니다."
    if parts.username is not None or parts.password is not None:
        return "it names a user before the host", "호스트 앞에 사용자 이름이 있습니다."
    if host not in HOSTS:
        return "its host is not Discord's (discord.com)", "호스트가 Discord(discord.com)가 아닙니다."
    if port is not None or parts.netloc.endswith(":"):
        return "it names a port", "포트가 적혀 있습니다."
    if parts.fragment or address.strip().endswith("#"):
        return "it has a part after #", "# 뒤에 붙은 것이 있습니다."
    if "?" in address:
        return "it has parameters other than thread_id", "thread_id가 아닌 매개변수가 있습니다."
    return "its path is not that of a webhook", "경로가 웹훅의 것이 아닙니다."
