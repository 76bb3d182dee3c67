"""What the HTTP interface of accounts takes and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from backend.accounts.password_rules import LEAST_PASSWORD, MOST_PASSWORD
from backend.accounts.person import Role

# No controls, and no marks that turn the direction of what is written beside a name.
_PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]*$"
_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
Email = Annotated[str, Field(max_length=254, description="E-mail address", examples=["person@example.com"])]
NewEmail = Annotated[
    str,
    Field(
        max_length=254,
        pattern=r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+\.[^@\s\x00-\x1f\x7f]+$",
        description="E-mail address",
        examples=["person@example.com"],
    ),
]
NewPassword = Annotated[
    SecretStr,
    Field(
        min_length=LEAST_PASSWORD,
        max_length=MOST_PASSWORD,
        description="A new password; common ones, and the address or the name, are refused",
    ),
]
Password = Annotated[SecretStr, Field(min_length=1, max_length=MOST_PASSWORD, description="The password")]
Name = Annotated[str, Field(max_length=60, pattern=_PRINTABLE, description="How the page is to call the person")]
Time = Annotated[str, Field(pattern=_TIME, description="Time of day in Asia/Seoul", examples=["22:00"])]


class Registration(BaseModel):
    """A wish for an account."""

    email: NewEmail
    password: NewPassword
    name: Name = ""


class Credentials(BaseModel):
    """What somebody signs in with."""

    email: Email
    password: Password


class Registered(BaseModel):
    """The answer to every registration, whether or not the address had an account."""

    status: str = Field("accepted", description="Always `accepted`: sign in with the same address and password")


class QuietHours(BaseModel):
    """When Discord keeps silent, every day; over midnight where `from` is the later of the two."""

    model_config = ConfigDict(populate_by_name=True)

    from_: Time = Field(alias="from")
    until: Time


class Me(BaseModel):
    """The account of whoever asks."""

    id: UUID
    email: str
    name: str
    role: Role
    created_at: datetime
    quiet_hours: QuietHours | None = Field(description="When Discord keeps silent; null: never")


class Session(BaseModel):
    """Who is signed in in this browser."""

    person: Me | None = Field(description="The account, null for whoever has not signed in")
    registration: Literal["open", "closed"] = Field(description="Whether everybody may make an account")


class AccountChange(BaseModel):
    """What is to be different; what is left out stays."""

    name: Name | None = None
    quiet_hours: QuietHours | None = Field(None, description="When Discord is to keep silent; null: never")


class PasswordChange(BaseModel):
    """The password as it is, and as it is to be."""

    current: Password
    new: NewPassword


class Farewell(BaseModel):
    """The proof that it is the owner who deletes the account."""

    password: Password


class LoginSession(BaseModel):
    """A browser that somebody is signed in in."""

    id: UUID
    device: str = Field(description="What the browser calls itself", examples=["Chrome · Windows"])
    created_at: datetime
    seen_at: datetime = Field(description="When it was last used, to the minute")
    current: bool = Field(description="Whether it is the one that asks")


class LoginSessions(BaseModel):
    """Where somebody is signed in, the one that was used last first."""

    items: list[LoginSession]


class Token(BaseModel):
    """A bearer token, without its secret."""

    id: UUID
    name: str
    created_at: datetime
    used_at: datetime | None = Field(description="When it was last used, to the minute; null: never")
    expires_at: datetime | None = Field(description="When it stops opening anything; null: never")


class Tokens(BaseModel):
    """Somebody's bearer tokens, newest first."""

    items: list[Token]


class TokenWish(BaseModel):
    """A wish for a bearer token."""

    name: str = Field(
        min_length=1,
        max_length=60,
        pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$",
        description="What it is for",
    )
    days: int | None = Field(
        None, ge=1, le=3650, description="For how many days it is to last; null: until it is revoked"
    )


class NewToken(Token):
    """A bearer token, this once with its secret."""

    token: str = Field(description="The token itself; it is shown this once, for only its hash is stored")
