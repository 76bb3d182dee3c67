"""The sender: a thread that posts to Discord what waits in the outbox, in the web server or in `./atlas worker`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import psycopg
import structlog
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError

from backend.db.engine import Database
from backend.notifications.discord.address import NotDiscord, Webhook, parse
from backend.notifications.discord.content import Unreadable
from backend.notifications.discord.messages import message, read
from backend.notifications.discord.outbox import Outbox, Post, Replaced
from backend.notifications.discord.request import Outcome, post, trust
from backend.settings import Settings

# How often the outbox is looked into when nobody rings: what waits for a retry, and what came while the database was away.
LOOK_EVERY_S = 1.0
# How soon the thread notices that it is to end while it listens.
NOTICE_S = 0.2
CHANNELS = ("new_collection", "notifications")
POSTS = Counter("atlas_discord_posts_total", "Posts for Discord, by what came of an attempt", ["verdict"])
log = structlog.get_logger(__name__)


class DiscordSender:
    """Posts what waits, for as long as it runs; call `start` and `stop`. Any number may run, also in other processes.

    Without a webhook in the settings it does nothing. An address that is not Discord's is said once and not used.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._stopped = threading.Event()
        self._bell: psycopg.Connection | None = None
        self._thread = threading.Thread(target=self._run, name="discord-sender", daemon=True)

    def start(self) -> None:
        """Begin to work in a thread."""
        webhook = self.webhook()
        if webhook is not None:
            self._outbox = Outbox(self._database, webhook)
            self._webhook = webhook
            self._thread.start()

    def stop(self, timeout_s: float = 3.0) -> None:
        """End after the message at hand; one that Discord does not answer is given up after half a second and is in doubt."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def webhook(self) -> Webhook | None:
        """Return the webhook of the settings; None where there is none, or none that can be used."""
        secret = self._settings.discord_webhook_url
        if secret is None or not secret.get_secret_value().strip():
            return None
        try:
            return parse(secret.get_secret_value())
        except NotDiscord as error:
            log.warning("nothing is posted to Discord", reason=f"ATLAS_DISCORD_WEBHOOK_URL: {error.message}")
            return None

    def _run(self) -> None:
        trust()
        registered = replaced = False
        while not self._stopped.is_set():
            worked = False
            try:
                registered = registered or self._register()
                worked = self._send_next()
            except Replaced:
                if not replaced:
                    log.warning("a process that began later posts to another Discord webhook; this one rests")
                replaced = True
            except SQLAlchemyError as error:
                log.warning("the outbox for Discord cannot be read", error=type(error).__name__)
                self._stopped.wait(LOOK_EVERY_S)
            except Exception:
                # A defect here must not end the thread: nothing would be posted any more.
                log.exception("discord_sender_failed")
                self._stopped.wait(LOOK_EVERY_S)
            if not worked:
                self._await_bell()
        self._hang_up()

    def _register(self) -> bool:
        switched_off = self._outbox.register()
        if switched_off is not None:
            _warn_switched_off(switched_off)
        return True

    def _send_next(self) -> bool:
        """Send the next message that is due; returns whether there was one."""
        posts = self._outbox.claim()
        readable = [each for each in posts if self._is_readable(each)]
        if readable:
            self._send(readable)
        return bool(posts)

    def _is_readable(self, each: Post) -> bool:
        try:
            read(each)
        except Unreadable as error:
            self._settle([each], Outcome("refused", f"it cannot be told: {error}"))
            return False
        return True

    def _send(self, posts: Sequence[Post]) -> None:
        if self._stopped.is_set():
            self._settle(posts, Outcome("again", "the process ended before it was sent"))
            return
        try:
            told = message(posts, self._settings.public_url)
        except Exception:
            # A defect; left as it is, the row would hold up the others and then be in doubt.
            self._settle(posts, Outcome("refused", "the message could not be made"))
            raise
        outcome = post(self._webhook, self._settings.discord_api_url, told, stopped=self._stopped)
        self._settle(posts, outcome)
        if outcome.verdict == "gone":
            _warn_switched_off(outcome.reason)
        elif outcome.verdict != "sent":
            log.warning("discord_post", verdict=outcome.verdict, reason=outcome.reason, attempt=posts[0].attempts)

    def _settle(self, posts: Sequence[Post], outcome: Outcome) -> None:
        """Note what came of a message, also when the database is away just then."""
        POSTS.labels(outcome.verdict).inc(len(posts))
        _until_done(lambda: self._outbox.settle(posts, outcome), self._stopped)

    def _await_bell(self) -> None:
        """Wait until somebody rings, for at most as long as the outbox may go without a look."""
        try:
            if self._bell is None:
                self._bell = self._database.connect("atlas_app", autocommit=True)
                for channel in CHANNELS:
                    self._bell.execute(f"LISTEN {channel}")
            for _ in range(round(LOOK_EVERY_S / NOTICE_S)):
                rung = list(self._bell.notifies(timeout=NOTICE_S, stop_after=1))
                if rung or self._stopped.is_set():
                    return
        except psycopg.Error:
            self._hang_up()
            self._stopped.wait(LOOK_EVERY_S)

    def _hang_up(self) -> None:
        if self._bell is not None:
            self._bell.close()
            self._bell = None


def _until_done(step: Callable[[], None], stopped: threading.Event) -> None:
    while True:
        try:
            step()
        except SQLAlchemyError as error:
            log.warning("what came of a post to Discord cannot be noted yet", error=type(error).__name__)
            if stopped.wait(LOOK_EVERY_S):
                return
        else:
            return


def _warn_switched_off(reason: str) -> None:
    log.warning(
        "the Discord webhook is switched off until ATLAS_DISCORD_WEBHOOK_URL holds another address",
        reason=reason,
    )
