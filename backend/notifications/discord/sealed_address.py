"""The addresses of personal webhooks as they are stored: sealed with AES-256-GCM, each to its person."""

from __future__ import annotations

import os
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from backend.errors import AtlasError
from backend.notifications.discord.address import Webhook
from backend.notifications.secret_keys import derived_key
from backend.settings import Settings

_FORM = b"\x01"
_NONCE_BYTES = 12


class CannotBeOpened(AtlasError):
    """The address of a webhook was sealed with another secret than the installation has; it has to be given again."""

    slug = "webhook-cannot-be-opened"
    title_ko = "웹훅 주소를 읽을 수 없음"


class Seal:
    """Seals addresses for the database and opens them again. What was sealed for one person opens for nobody else."""

    def __init__(self, settings: Settings) -> None:
        self._cipher = AESGCM(derived_key(settings, "addresses of Discord webhooks"))

    def __repr__(self) -> str:
        return "Seal(key hidden)"

    def seal(self, webhook: Webhook, person: UUID) -> bytes:
        """Return what is stored for a person's webhook."""
        nonce = os.urandom(_NONCE_BYTES)
        plain = f"{webhook.id}/{webhook.token}/{webhook.thread or ''}".encode()
        return _FORM + nonce + self._cipher.encrypt(nonce, plain, _bound_to(person))

    def open(self, sealed: bytes, person: UUID) -> Webhook:
        """Return a person's webhook. Raises CannotBeOpened, which tells nothing of what is sealed."""
        form, nonce, rest = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            if form != _FORM or len(nonce) != _NONCE_BYTES:
                raise InvalidTag
            plain = self._cipher.decrypt(nonce, rest, _bound_to(person))
        except InvalidTag:
            raise CannotBeOpened(
                ko="서버의 비밀 키가 바뀌어 웹훅 주소를 읽을 수 없습니다. 주소를 다시 등록해 주세요."
            ) from None
        identity, token, thread = plain.decode().split("/")
        return Webhook(identity, token, thread or None)


def _bound_to(person: UUID) -> bytes:
    return b"person:" + person.bytes
