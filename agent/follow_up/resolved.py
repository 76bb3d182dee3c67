"""What a follow-up question comes to: a question that stands by itself, or what has to be asked back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.composition.parts import etf_set
from agent.composition.sub_questions import SubQuestions
from agent.follow_up.turns import Turn
from agent.given_names import GivenText
from agent.reading.plan import Plan
from agent.reading.question import Question, Subject
from agent.reading.wording import with_particle

MOST_NAMED = 5
_MOST_SUGGESTED = 3
_EXAMPLES = ("KODEX 200 보수는?", "반도체 ETF 중 순자산이 가장 큰 것은?", "삼성전자를 가장 많이 담은 ETF는?")


@dataclass(frozen=True)
class Resolved:
    """A follow-up as a question of its own. `note` says what was understood."""

    text: GivenText
    question: Question
    plan: Plan
    note: str


@dataclass(frozen=True)
class AskBack:
    """What cannot be resolved without doubt: what is asked instead, and questions to choose from."""

    text: str
    suggestions: tuple[str, ...] = ()


def resolved_as(asking: SubQuestions, text: GivenText, note: str = "") -> Resolved | None:
    """The text as a question of its own, where it is read completely and would not be refused."""
    question = asking.understand(text)
    plan = asking.plan_of(question)
    if plan is None or plan.kind.startswith(("refuse_", "clarify_")):
        return None
    english = question.english
    return Resolved(
        text,
        question,
        plan,
        note or (f"_Understood as “{text.text}”_" if english else f"_‘{text.text}’{_as(text.text)} 이해했습니다_"),
    )


def _as(text: str) -> str:
    last = text.rstrip("?!. ")
    return with_particle(last, "으로")[len(last) :] if last else "로"


def among(turn: Turn, subjects: Sequence[Subject], english: bool) -> tuple[Subject, str]:
    """The ETFs of an earlier answer as one name, and the note that says whose they are."""
    chosen = etf_set([subject.key for subject in subjects], english)
    asked = turn.text.text.rstrip("?!. ")
    note = (
        f"_Among the {len(subjects)} ETFs of “{asked}”_"
        if english
        else f"_‘{asked}’의 ETF {len(subjects)}개에서 찾았습니다_"
    )
    return chosen, note


def which(question: Question, start: int, end: int, subjects: Sequence[Subject], what: str = "ETF") -> AskBack:
    """Ask which of several things is meant, with a question for each of the first."""
    text = GivenText(question.text)
    offered = tuple(text.replaced(start, end, [subject]).text for subject in subjects[:_MOST_SUGGESTED])
    if question.english:
        return AskBack("Several could be meant. Which one?", offered)
    names = ", ".join(subject.name for subject in subjects[:_MOST_SUGGESTED])
    more = f" 외 {len(subjects) - _MOST_SUGGESTED}개" if len(subjects) > _MOST_SUGGESTED else ""
    return AskBack(f"앞의 답에 {what}가 여러 개 있습니다({names}{more}). 어느 것을 말하는지 알려 주세요.", offered)


def unclear(question: Question, turn: Turn | None) -> AskBack:
    """Ask what the question points to."""
    if question.english:
        text = (
            "I am not sure what you refer to."
            if turn is None or turn.answered
            else "The question before had no answer to refer to."
        )
        return AskBack(f"{text} Please name the ETF or stock.", ())
    if turn is not None and not turn.answered:
        return AskBack(
            "앞의 질문에 답하지 못해서 무엇을 가리키는지 알 수 없습니다. ETF나 종목 이름으로 물어봐 주세요.", _EXAMPLES
        )
    return AskBack("앞의 답에서 무엇을 가리키는지 확실하지 않습니다. ETF나 종목 이름으로 물어봐 주세요.", _EXAMPLES)
