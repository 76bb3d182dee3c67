"""HTTP: what has happened, and what a visitor has read of it. `/api/notifications/stream` tells it live."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query, Request

from backend import problems
from backend.notifications.schemas import MOST_ID, NotificationPage, ReadMark, Unread
from backend.notifications.store import Notifications
from backend.notifications.viewer import Viewing
from backend.visitor import ReturningVisitorRoute, VisitorRoute

router = APIRouter(
    prefix="/api/notifications",
    tags=["notifications"],
    route_class=ReturningVisitorRoute,
    responses={503: problems.response("The database does not answer")},
)
marks = APIRouter(route_class=VisitorRoute)


def notifications(request: Request) -> Notifications:
    """Return the events and their readers."""
    return request.app.state.notifications


Stored = Annotated[Notifications, Depends(notifications)]
Limit = Annotated[int, Query(ge=1, le=100, description="Most notifications to return")]
Mine = Annotated[bool, Query(description="Only what is one's own: nothing for whoever has not signed in")]
Kind = Annotated[str | None, Query(pattern=r"^[a-z_]{1,40}$", description="Only one kind, such as `alert`")]
Before = Annotated[int | None, Query(ge=1, le=MOST_ID, description="Only older ones than this id: `next_before`")]


@router.get("", operation_id="list_notifications", summary="What was collected and what changed")
async def list_notifications(
    stored: Stored,
    viewer: Viewing,
    limit: Limit = 30,
    before: Before = None,
    mine: Mine = False,
    kind: Kind = None,
) -> NotificationPage:
    """Return what everybody may see and what is the visitor's own, the newest first.

    `unread`, `read_until` and `newest` are those of all, whatever is chosen. Whoever comes for the first time has read
    everything so far; a person, everything before the first that is theirs alone. What comes later is told by the event stream at
    `/api/notifications/stream`, as the same objects: start it with `?last_event_id=` and this answer's `newest`, and
    nothing is missed in between.
    """
    reader = viewer.reader if viewer.known else None
    page = await stored.page(reader, viewer.person, limit=limit, before=before, mine=mine, kind=kind)
    return NotificationPage.model_validate(
        {
            "items": [event.as_dict() for event in page.items],
            "unread": page.unread,
            "read_until": page.read_until,
            "newest": page.newest,
            "next_before": page.next_before,
        }
    )


@marks.post("/read", operation_id="read_notifications", summary="Count notifications as read")
async def read_notifications(mark: Annotated[ReadMark, Body()], stored: Stored, viewer: Viewing) -> Unread:
    """Count everything up to an id as read by this visitor, in all of their tabs; on all devices of a person.

    It never becomes unread again. A person's open streams are told of it: `event: read`.
    """
    page = await stored.mark_read(viewer.reader, mark.until, viewer.person)
    return Unread(unread=page.unread, read_until=page.read_until)


router.include_router(marks)
