"""What administrators do to accounts, each deed recorded with it. Connections are those of atlas_app."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from backend.accounts.audit import record
from backend.accounts.person import Person, Role
from backend.accounts.users import delete_user, set_disabled, set_role
from backend.errors import Conflict, NotFound

_ONE = text("SELECT id, email, name, role, disabled_at FROM users WHERE id = :id")


def change_account(
    connection: Connection, administrator: Person | str, account: UUID, role: Role | None, disabled: bool | None
) -> Row[Any]:
    """Change the role of an account, or close or open it; None leaves as it is. Returns its id, email, name, role, disabled_at.

    Raises NotFound; Conflict for the last administrator, and for one's own account.
    """
    was = _account(connection, account)
    if role not in (None, was.role):
        _not_oneself(administrator, account, "자신의 관리자 권한은 직접 내려놓을 수 없습니다.")
        set_role(connection, account, role)
        record(connection, administrator, "user.role", str(account), {"was": was.role, "is": role})
    if disabled not in (None, was.disabled_at is not None):
        _not_oneself(administrator, account, "자신의 계정은 직접 사용 중지할 수 없습니다.")
        set_disabled(connection, account, disabled)
        record(connection, administrator, "user.disable" if disabled else "user.enable", str(account))
    return _account(connection, account)


def delete_account(connection: Connection, administrator: Person | str, account: UUID) -> None:
    """Delete an account with all that is kept for it. Raises NotFound, and Conflict as `change_account` does."""
    _not_oneself(administrator, account, "자신의 계정은 계정 화면에서 삭제해 주세요.")
    delete_user(connection, account)
    # Its address and its name are not kept here either.
    record(connection, administrator, "user.delete", str(account))


def _account(connection: Connection, account: UUID) -> Row[Any]:
    found = connection.execute(_ONE, {"id": account}).first()
    if found is None:
        raise NotFound("there is no such account", ko="그런 계정이 없습니다.")
    return found


def _not_oneself(administrator: Person | str, account: UUID, ko: str) -> None:
    if isinstance(administrator, Person) and administrator.id == account:
        raise Conflict(
            "administrators do not shut themselves out",
            ko=ko,
            advice="Ask another administrator, or use ./atlas user on the server.",
        )
