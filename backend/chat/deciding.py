"""Carries out what a person said to a proposed alert: `네` sets it, `아니요` drops it.

This happens in the web process, as the person who is signed in, and by what was stored of the proposal: neither the agent
nor a model takes part, and nothing that a client sends along counts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from sqlalchemy import Connection, text

from agent.alert_wishes.proposal import AlertProposal, in_order
from agent.alert_wishes.sentences import NAMES, PAGE, figure
from agent.answer import Answer
from agent.events import AnswerDelta, Sink
from backend.accounts.person import Person
from backend.accounts.signed_in import as_person
from backend.chat.proposals import decide
from backend.chat.run import Told
from backend.chat.schemas import ChatRequest, Consent
from backend.chat.threads import ThreadEngine
from backend.db.engine import Database
from backend.errors import Conflict, NotFound
from backend.market.etfs import etf_code
from backend.market.state import market_state
from backend.watchlist.schemas import WatchSettings
from backend.watchlist.store import WatchRow, put_watch, watched

_WEBHOOK = text("SELECT EXISTS (SELECT FROM discord_webhooks)")


@dataclass(frozen=True)
class Outcome:
    """What became of a proposal: the ETFs whose alerts are set as they stand, and whether Discord has an address."""

    rows: tuple[WatchRow, ...]
    has_webhook: bool


class DecidingEngine:
    """Answers a consent here, and hands every question on to where questions are answered."""

    def __init__(self, questions: object, database: Database) -> None:
        self._questions = questions
        self._decisions = ThreadEngine(deciding(database))

    def start(
        self,
        request: ChatRequest,
        cancelled: threading.Event,
        tell: Callable[[list[Told]], None],
        done: Callable[[], None],
    ) -> Callable[[], None]:
        """Start a run; `tell` and `done` are called in the event loop. Returns what stops the run."""
        engine = self._questions if request.consent is None else self._decisions
        return engine.start(request, cancelled, tell, done)


def deciding(database: Database) -> Callable[..., Answer]:
    """Return the function that carries out consents in a database."""

    def answer(request: ChatRequest, *, emit: Sink, cancelled: threading.Event) -> Answer:
        assert request.consent is not None
        try:
            decided = _decided(database, request, request.consent)
        except (Conflict, NotFound) as refusal:
            # Decided before, too many ETFs, an ETF that is gone: the person is told, and there is nothing to try again.
            decided = Answer(refusal.ko, "refused")
        emit(AnswerDelta(decided.answer))
        return decided

    return answer


def _decided(database: Database, request: ChatRequest, consent: Consent) -> Answer:
    waiting, person = consent.waiting, consent.person
    if not consent.agrees:
        with database.engine("atlas_app").begin() as connection:
            decide(connection, request.visitor, waiting.run_id, "dropped")
        return Answer("설정하지 않았습니다. 다른 ETF나 다른 조건을 말씀하셔도 됩니다.", "answered")
    if person is None:
        back = quote(f"/c/{quote(request.thread_id, safe='')}", safe="")
        said = f"알림은 로그인한 뒤에 설정할 수 있습니다. [로그인](/login?next={back})하고 돌아오면 여기서 이어서 설정할 수 있습니다."
        return Answer(said, "answered", proposal=waiting.proposal)
    outcome = confirm(database, person, waiting.run_id, waiting.proposal)
    return Answer(_told(waiting.proposal, outcome), "answered")


def confirm(database: Database, person: Person, run_id: str, proposal: AlertProposal) -> Outcome:
    """Set what a person's own run proposed, once. Raises AlreadyDecided, UnknownEtf, WatchlistFull: then nothing is set."""
    with market_state(database) as market:
        named = [etf_code(market, etf.code) for etf in proposal.etfs]
    with as_person(database, person) as own:
        known = {row.etf: row for row in watched(own)}
        rows = [
            _put(own, person, code, settings)
            for code, settings in wished_settings(proposal, named, known)
        ]  # fmt: skip
        has_webhook = bool(own.scalar(_WEBHOOK))
        # The proposal is no row of the person's: it is marked by the role that keeps conversations, in the same transaction.
        own.execute(text("SET LOCAL ROLE NONE"))
        decide(own, person.reader, run_id, "set")
    return Outcome(tuple(rows), has_webhook)


def _put(own: Connection, person: Person, code: str, settings: WatchSettings) -> WatchRow:
    return put_watch(own, person.id, code, settings)[0]


def wished_settings(
    proposal: AlertProposal, named: list[str], known: dict[str, WatchRow]
) -> Iterator[tuple[str, WatchSettings]]:
    """The settings of each ETF that a proposal comes to, given what is watched already.

    Kinds are added to those that are told, or taken from them; to be told nothing is to be muted. Switching off what is
    not watched does nothing.
    """
    for code in named or list(known):
        row = known.get(code)
        if proposal.mute:
            if row is not None:
                left = [kind for kind in row.kinds if kind not in proposal.kinds] if proposal.kinds else []
                yield code, WatchSettings(kinds=left) if left else WatchSettings(muted=True)
            continue
        kinds: list | None = None
        if proposal.kinds:
            # Who had it muted asked for what is said, and not for all that was told before.
            before = row.kinds if row is not None and not row.muted else []
            kinds = list(in_order({*before, *proposal.kinds}))
        yield (
            code,
            WatchSettings(
                kinds=kinds, threshold_pp=proposal.threshold_pp, premium_pct=proposal.premium_pct,
                discord=proposal.discord, muted=None if _is_channel_only(proposal) else False,
            ),
        )  # fmt: skip


def _is_channel_only(proposal: AlertProposal) -> bool:
    return not proposal.kinds and proposal.discord is not None


def _told(proposal: AlertProposal, outcome: Outcome) -> str:
    names = {etf.code: etf.name for etf in proposal.etfs}
    if not outcome.rows:
        if proposal.mute:
            return f"꺼야 할 알림이 없습니다. {PAGE}에 그 ETF가 없습니다."
        return f"관심 목록이 비어 있어 설정할 ETF가 없습니다. {PAGE}에 ETF를 먼저 담아 주세요."
    whose = (
        ", ".join(f"**{names.get(row.etf, row.etf)}**" for row in outcome.rows)
        if names
        else f"관심 ETF **{len(outcome.rows)}개**"
    )
    if proposal.mute:
        what = ", ".join(NAMES[kind][0] for kind in proposal.kinds)
        return f"{whose}의 {f'{what} ' if what else ''}알림을 껐습니다. {PAGE}에서 다시 켤 수 있습니다."
    lines = [f"설정했습니다. {whose}의 알림은 이렇습니다."]
    first = outcome.rows[0]
    if len({(tuple(row.kinds), row.threshold_pp, row.premium_pct, row.discord) for row in outcome.rows}) == 1:
        lines.append("\n".join(_settings(first)))
    else:
        lines.append("\n".join(f"- {names.get(row.etf, row.etf)}: {_kinds(row)}" for row in outcome.rows[:10]))
    if any(row.discord for row in outcome.rows) and not outcome.has_webhook and proposal.discord:
        lines.append(
            "디스코드 웹훅이 아직 없어서 지금은 화면으로만 알려 드립니다. [계정](/account)에서 웹훅을 등록하면 디스코드로도 보냅니다."
        )
    lines.append(f"{PAGE}에서 보고 바꿀 수 있습니다.")
    return "\n\n".join(lines)


def _kinds(row: WatchRow) -> str:
    return ", ".join(NAMES[kind][0] for kind in row.kinds)


def _settings(row: WatchRow) -> Iterator[str]:
    yield f"- 알리는 일: {_kinds(row)}"
    if {"more", "less", "weight"} & set(row.kinds):
        yield f"- 추가 매수, 일부 매도, 비중 변화의 기준: {figure(row.threshold_pp)}%p 이상"
    if "premium" in row.kinds:
        yield f"- 괴리율의 기준: {figure(row.premium_pct)}%"
    yield f"- 받는 곳: {'화면과 디스코드' if row.discord else '화면'}"
