"""What every answer tells the browser to refuse: foreign scripts, frames, guessed types, and copies of personal answers."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = "; ".join((
    "default-src 'self'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
))  # fmt: skip
_ALWAYS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
_HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000")
_NOT_KEPT = (b"cache-control", b"no-store")


class SecurityHeaders:
    """Pure ASGI middleware: adds the headers to the start of an answer, and lets the rest pass untouched.

    What the API answers is kept by nobody unless the route says otherwise, because it may be one person's.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *self._missing(scope, message)]}
            await send(message)

        await self.app(scope, receive, guarded)

    @staticmethod
    def _missing(scope: Scope, message: Message) -> list[tuple[bytes, bytes]]:
        present = {name.lower() for name, _ in message.get("headers", ())}
        wanted = list(_ALWAYS)
        if scope["scheme"] == "https":
            wanted.append(_HTTPS_ONLY)
        if scope["path"].startswith("/api/"):
            wanted.append(_NOT_KEPT)
        return [(name, value) for name, value in wanted if name not in present]
