"""From the kind and the content of posts to the message that tells them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backend.notifications.discord import content as contents
from backend.notifications.discord import embeds
from backend.notifications.discord.content import Collection, Failure, Unreadable
from backend.notifications.discord.outbox import Post


def read(post: Post) -> Collection | Failure:
    """Return what a post tells. Raises Unreadable."""
    match post.kind:
        case "collection":
            return contents.collection(post.content)
        case "collection_failed":
            return contents.failure(post.content)
        case _:
            raise Unreadable(f"there is no message for the kind {post.kind}")


def message(posts: Sequence[Post], page: str | None) -> dict[str, Any]:
    """Return one message that tells posts of one kind; `page` is the address of the application. Raises Unreadable."""
    told = [read(post) for post in posts]
    at = posts[-1].created_at
    days = [each for each in told if isinstance(each, Collection)]
    if days:
        return embeds.collected(days[0], at, page) if len(days) == 1 else embeds.digest(days, at, page)
    failures = [each for each in told if isinstance(each, Failure)]
    return embeds.failed(failures[0], at) if len(failures) == 1 else embeds.failures(failures, at)
