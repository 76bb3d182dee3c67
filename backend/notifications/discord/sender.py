"""The sender: posts to Discord what waits in the outbox, for the operator and for every person with a webhook.

It runs in the web server or in `./atlas worker`. One thread has an event loop with many messages on their way at once, at most
one to each webhook, so that a slow or limited one holds up no other; one more thread asks the database.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

import psycopg
import structlog
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError

from backend.db.engine import Database
from backend.errors import AtlasError
from backend.notifications.discord.address import NotDiscord, Webhook, parse
from backend.notifications.discord.alert_embeds import Links
from backend.notifications.discord.content import Unreadable
from backend.notifications.discord.messages import message, read
from backend.notifications.discord.outbox import OPERATOR, Outbox, Parcel, Post
from backend.notifications.discord.request import Outcome, deliver, trust
from backend.notifications.discord.sealed_address import CannotBeOpened, Seal
from backend.notifications.unsubscribing import UnsubscribeLinks, Watch
from backend.settings import Settings

# How often the outbox is looked into when nobody rings: what waits for a retry, and what came while the database was away.
LOOK_EVERY_S = 1.0
AT_ONCE = 64
"""Most messages that are on their way at a time. Discord bears some 50 a second from one address."""
CHANNELS = ("new_collection", "notifications")
POSTS = Counter("atlas_discord_posts_total", "Posts for Discord, by what came of an attempt", ["verdict"])
log = structlog.get_logger(__name__)
T = TypeVar("T")


class DiscordSender:
    """Posts what waits, for as long as it runs; call `start` and `stop`. Any number may run, also in other processes.

    Without a webhook in the settings it serves people alone. An address that is not Discord's is said once and not used.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._webhook = self.webhook()
        self._outbox = Outbox(database, self._webhook)
        self._stopped = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._asking = ThreadPoolExecutor(1, thread_name_prefix="discord-outbox")
        self._thread = threading.Thread(target=self._run, name="discord-sender", daemon=True)

    def start(self) -> None:
        """Begin to work in a thread."""
        self._thread.start()

    def stop(self, timeout_s: float = 3.0) -> None:
        """End after the messages at hand; one that Discord does not answer is given up after half a second and is in doubt."""
        self._stopped.set()
        with suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(self._notice_stop)
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
        try:
            self._loop.run_until_complete(self._work())
        finally:
            self._asking.shutdown(wait=False, cancel_futures=True)
            # Closing the loop does not wait for a name that is still being looked up.
            self._loop.close()

    def _notice_stop(self) -> None:
        if hasattr(self, "_ending"):
            self._ending.set()
            self._rung.set()

    async def _work(self) -> None:
        self._ending, self._rung = asyncio.Event(), asyncio.Event()
        self._seal: Seal | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._settled: list[tuple[Parcel, Outcome]] = []
        self._registered = self._replaced = False
        if self._stopped.is_set():
            return
        bell = asyncio.create_task(self._listen())
        while not self._stopped.is_set() or self._under_way or self._settled:
            worked = False
            try:
                worked = await self._step()
            except SQLAlchemyError as error:
                log.warning("the outbox for Discord cannot be used", error=type(error).__name__)
                if self._stopped.is_set() and not self._under_way:
                    break
            except Exception:
                # A defect here must not end the thread: nothing would be posted any more.
                log.exception("discord_sender_failed")
                if self._stopped.is_set() and not self._under_way:
                    break
            over = self._stopped.is_set() and not self._under_way and not self._settled
            if not over and (not worked or len(self._under_way) >= AT_ONCE):
                await self._await_bell()
        bell.cancel()
        await asyncio.wait({bell})

    async def _step(self) -> bool:
        """Note what came of messages, and begin to send others; returns whether any were begun."""
        if self._settled:
            settled = list(self._settled)
            await self._ask(lambda: self._outbox.settle(settled))
            del self._settled[: len(settled)]
        if self._stopped.is_set():
            return False
        if not self._registered:
            await self._register()
        room = AT_ONCE - len(self._under_way)
        parcels = await self._ask(lambda: self._outbox.claim(room)) if room else []
        self._warn_replaced()
        unopened = []
        for parcel in parcels:
            try:
                webhook = self._open(parcel)
            except CannotBeOpened:
                unopened.append(parcel)
                continue
            task = asyncio.create_task(self._send(parcel, webhook))
            self._under_way.add(task)
            task.add_done_callback(self._sent)
        if unopened:
            log.warning(
                "addresses of personal webhooks cannot be opened: the secret has changed", webhooks=len(unopened)
            )
            await self._ask(lambda: self._outbox.cannot_open(unopened))
        return bool(parcels)

    async def _register(self) -> None:
        switched_off = await self._ask(self._outbox.register)
        self._registered = True
        if switched_off is not None:
            _warn_switched_off(switched_off)

    def _open(self, parcel: Parcel) -> Webhook:
        """Return the webhook of a parcel. Raises CannotBeOpened."""
        if parcel.destination == OPERATOR:
            return self._webhook
        try:
            self._seal = self._seal or Seal(self._settings)
        except AtlasError as error:
            log.warning("the installation's secret cannot be read", reason=error.message)
            raise CannotBeOpened from None
        return self._seal.open(bytes(parcel.sealed), parcel.person)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._rung.set()
        if not task.cancelled() and task.exception() is not None:
            log.error("discord_sender_failed", exc_info=task.exception())

    async def _send(self, parcel: Parcel, webhook: Webhook) -> None:
        """Send what can be told of a parcel, and leave what came of it to be noted."""
        posts = [each for each in parcel.posts if self._is_readable(parcel, each)]
        if not posts:
            return
        outcome = Outcome("again", "the process ended before it was sent")
        if not self._stopped.is_set():
            try:
                told = message(posts, self._links(parcel))
            except Exception:
                # A defect; left as it is, the row would hold up the others and then be in doubt.
                self._note(parcel, posts, Outcome("refused", "the message could not be made"))
                raise
            outcome = Outcome("in_doubt", "the sender failed")
            try:
                outcome = await deliver(webhook, self._settings.discord_api_url, told, stopped=self._ending)
            finally:
                self._note(parcel, posts, outcome)
        else:
            self._note(parcel, posts, outcome)
        self._say(parcel, posts[0], outcome)

    def _is_readable(self, parcel: Parcel, each: Post) -> bool:
        try:
            read(each)
        except Unreadable as error:
            self._note(parcel, [each], Outcome("refused", f"it cannot be told: {error}"))
            return False
        return True

    def _links(self, parcel: Parcel) -> Links:
        links = UnsubscribeLinks(self._settings) if parcel.person else None
        return Links(
            self._settings.public_url, lambda etf: links.token(Watch(parcel.person, etf)) if links is not None else ""
        )

    def _note(self, parcel: Parcel, posts: list[Post], outcome: Outcome) -> None:
        POSTS.labels(outcome.verdict).inc(len(posts))
        about = Parcel(parcel.destination, parcel.address_hash, tuple(posts), parcel.person)
        self._settled.append((about, outcome))

    def _say(self, parcel: Parcel, first: Post, outcome: Outcome) -> None:
        if parcel.person is not None:
            # What is a person's own business is theirs to read, not the operator's log's.
            return
        if outcome.verdict == "gone":
            _warn_switched_off(outcome.reason)
        elif outcome.verdict != "sent":
            log.warning("discord_post", verdict=outcome.verdict, reason=outcome.reason, attempt=first.attempts)

    async def _ask(self, work: Callable[[], T]) -> T:
        return await self._loop.run_in_executor(self._asking, work)

    def _warn_replaced(self) -> None:
        if self._outbox.replaced and not self._replaced:
            log.warning("a process that began later posts to another Discord webhook; this one rests")
        self._replaced = self._outbox.replaced

    async def _await_bell(self) -> None:
        """Wait until something is to be done, for at most as long as the outbox may go without a look."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), LOOK_EVERY_S)
        self._rung.clear()

    async def _listen(self) -> None:
        """Ring whenever the database tells of something."""
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(
                    self._database.url("atlas_app"), autocommit=True, application_name="etf-atlas-discord"
                )
                try:
                    for channel in CHANNELS:
                        await connection.execute(f"LISTEN {channel}")
                    self._rung.set()
                    async for _ in connection.notifies():
                        self._rung.set()
                finally:
                    connection.pgconn.finish()
            except (psycopg.Error, OSError):
                await asyncio.sleep(LOOK_EVERY_S)


def _warn_switched_off(reason: str) -> None:
    log.warning(
        "the Discord webhook is switched off until ATLAS_DISCORD_WEBHOOK_URL holds another address",
        reason=reason,
    )
