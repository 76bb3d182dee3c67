"""What the HTTP interface of accounts takes and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, SecretStr

from backend.accounts.person import Role
from backend.accounts.users import LEAST_PASSWORD, MOST_PASSWORD

Email = Annotated[str, Field(max_length=254, description="E-mail address", examples=["person@example.com"])]
NewPassword = Annotated[
    SecretStr, Field(min_length=LEAST_PASSWORD, max_length=MOST_PASSWORD, description="A new password")
]
Password = Annotated[SecretStr, Field(min_length=1, max_length=MOST_PASSWORD, description="The password")]


class Registration(BaseModel):
    """A wish for an account."""

    email: Email
    password: NewPassword
    name: str = Field("", max_length=60, pattern=r"^[^\x00]*$", description="How the page is to call the person")


class Credentials(BaseModel):
    """What somebody signs in with."""

    email: Email
    password: Password


class Registered(BaseModel):
    """The answer to every registration, whether or not the address had an account."""

    status: str = Field("accepted", description="Always `accepted`: sign in with the same address and password")


class Me(BaseModel):
    """The account of whoever asks."""

    id: UUID
    email: str
    name: str
    role: Role
    created_at: datetime


class Session(BaseModel):
    """Who is signed in in this browser."""

    person: Me | None = Field(description="The account, null for whoever has not signed in")
