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
Before = Annotated[int | None, Query(ge=1, le=MOST_ID, description="Only older ones than this id: `next_before`")]


@router.get("", operation_id="list_notifications", summary="What was collected and what changed")
async def list_notifications(
    stored: Stored, viewer: Viewing, limit: Limit = 30, before: Before = None
) -> NotificationPage:
    """Return what everybody may see and what is the visitor's own, the newest first.

    Whoever comes for the first time has read everything so far. What comes later is told by the event stream at
    `/api/notifications/stream`, as the same objects: start it with `?last_event_id=` and this answer's `newest`, and
    nothing is missed in between.
    """
    page = await stored.page(viewer.reader if viewer.known else None, viewer.person, limit=limit, before=before)
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
    """Count everything up to an id as read by this visitor, in all of their tabs. It never becomes unread again."""
    page = await stored.mark_read(viewer.reader, mark.until, viewer.person)
    return Unread(unread=page.unread, read_until=page.read_until)


router.include_router(marks)
