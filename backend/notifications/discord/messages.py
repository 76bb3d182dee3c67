"""From the kind and the content of posts to the message that tells them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backend.notifications.discord import alert_content, alert_embeds, embeds
from backend.notifications.discord import content as contents
from backend.notifications.discord.alert_content import Alert
from backend.notifications.discord.alert_embeds import Links
from backend.notifications.discord.content import Collection, Failure, Unreadable
from backend.notifications.discord.outbox import Post


def read(post: Post) -> Collection | Failure | Alert:
    """Return what a post tells. Raises Unreadable."""
    match post.kind:
        case "collection":
            return contents.collection(post.content)
        case "collection_failed":
            return contents.failure(post.content)
        case "alert":
            return alert_content.alert(post.content)
        case _:
            raise Unreadable(f"there is no message for the kind {post.kind}")


def message(posts: Sequence[Post], links: Links) -> dict[str, Any]:
    """Return one message that tells posts of one kind. Raises Unreadable."""
    told = [read(post) for post in posts]
    at, page = posts[-1].created_at, links.page
    alerts = [each for each in told if isinstance(each, Alert)]
    if alerts:
        return alert_embeds.alerts(alerts, at, links)
    days = [each for each in told if isinstance(each, Collection)]
    if days:
        return embeds.collected(days[0], at, page) if len(days) == 1 else embeds.digest(days, at, page)
    failures = [each for each in told if isinstance(each, Failure)]
    return embeds.failed(failures[0], at) if len(failures) == 1 else embeds.failures(failures, at)
