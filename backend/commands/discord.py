"""`./atlas discord`: whether messages arrive, and what became of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from backend.notifications.discord.address import Webhook
    from backend.notifications.discord.request import Outcome
    from backend.settings import Settings

discord = typer.Typer(help="Discord: send a test message, see what was posted.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")]
NOT_SET = (
    "no webhook is set: put its address, https://discord.com/api/webhooks/ID/TOKEN, into ATLAS_DISCORD_WEBHOOK_URL"
)


def register(app: typer.Typer) -> None:
    """Add the command `discord`."""
    app.add_typer(discord, name="discord")


@discord.command("test")
def test() -> None:
    """Send a test message to the webhook and say what Discord answered; a webhook that works is switched on again."""
    from datetime import UTC, datetime

    from backend.db.opening import open_database
    from backend.errors import InvalidInput
    from backend.notifications.discord.embeds import trial
    from backend.notifications.discord.outbox import Outbox
    from backend.notifications.discord.request import post
    from backend.settings import get_settings

    settings = get_settings()
    webhook = _webhook(settings)
    if webhook is None:
        raise InvalidInput(NOT_SET)
    outcome = post(webhook, settings.discord_api_url, trial(datetime.now(UTC), settings.public_url))
    typer.echo(_said(outcome), err=outcome.verdict != "sent")
    if outcome.verdict != "sent":
        raise typer.Exit(1)
    database = open_database(settings)
    try:
        if Outbox(database, webhook).switch_on():
            typer.echo("The webhook was switched off; it is used again from here on.")
    finally:
        database.dispose()


@discord.command("status")
def status(as_json: AsJson = False) -> None:
    """Show whether the operator's webhook is in use, how many posts wait, were sent or failed, the last error, and how many people have one of their own."""
    from backend.db.opening import open_database
    from backend.errors import InvalidInput
    from backend.notifications.discord.status import standing, standing_of_people
    from backend.settings import get_settings

    settings = get_settings()
    problem = None
    try:
        webhook = _webhook(settings)
    except InvalidInput as error:
        webhook, problem = None, error.message
    database = open_database(settings)
    try:
        with database.engine("atlas_app").connect() as connection:
            found = {**standing(connection, webhook), "problem": problem, "people": standing_of_people(connection)}
    finally:
        database.dispose()
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        _show(found)


def _webhook(settings: Settings) -> Webhook | None:
    """Return the webhook of the settings. Raises InvalidInput where it is not Discord's."""
    from backend.notifications.discord.address import parse

    secret = settings.discord_webhook_url
    return parse(secret.get_secret_value()) if secret is not None and secret.get_secret_value().strip() else None


def _said(outcome: Outcome) -> str:
    match outcome.verdict:
        case "sent":
            return "Discord took the test message; look into the channel."
        case "gone":
            return (
                f"Discord does not let anybody post with this webhook: {outcome.reason}. "
                "Make another one in the channel's settings and put its address into ATLAS_DISCORD_WEBHOOK_URL."
            )
        case "again" if outcome.wait_s:
            return f"Discord wants to be left alone for {outcome.wait_s:g} seconds: {outcome.reason}. Try again then."
        case "again":
            return f"Discord could not be reached or is out of order: {outcome.reason}. Nothing was posted; try again later."
        case "in_doubt":
            return f"It is unclear whether the message arrived: {outcome.reason}. Look into the channel."
        case _:
            return f"Discord refused the message: {outcome.reason}"


def _show(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    off, error = found["switched_off"], found["last_error"]
    if found["problem"]:
        typer.echo(f"ATLAS_DISCORD_WEBHOOK_URL: {found['problem']}")
    elif not found["configured"]:
        typer.echo(NOT_SET)
    elif off:
        typer.echo(
            f"switched off since {off['at']}: {off['reason']}; another address in ATLAS_DISCORD_WEBHOOK_URL or "
            "`./atlas discord test` switches on again"
        )
    else:
        typer.echo(f"in use; last sent: {found['last_sent_at'] or 'nothing yet'}")
    people = found["people"]
    table = Table()
    table.add_column("posts")
    for state in found["posts"]:
        table.add_column(state.replace("_", " "), justify="right")
    for whose, posts in (("operator", found["posts"]), ("people", people["posts"])):
        table.add_row(whose, *(f"{count:,}" for count in posts.values()))
    Console().print(table)
    typer.echo(
        f"personal webhooks: {people['webhooks']:,}, of which {people['switched_off']:,} are switched off "
        f"and {people['paused']:,} are left alone for a while"
    )
    if error:
        typer.echo(f"last error: {error['key']} ({error['state']}): {error['reason']}")
