"""The same questions with parts of the agent taken away, so that what each part is worth can be seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.evaluation.figures import Figures, figures_of
from agent.evaluation.questions import Asked
from agent.evaluation.running import Outcome, run
from agent.models.offline import NAME as OFFLINE
from agent.run_context import AnswerOptions
from backend.db.engine import Database
from backend.settings import Settings

NEEDS_MODEL = "needs a model: set ATLAS_MODEL, or give --model"


@dataclass(frozen=True)
class Variant:
    """One way to answer. `by_model` variants ask the model also where a verified example would do."""

    name: str
    options: AnswerOptions
    by_model: bool


OFFLINE_VARIANTS = (
    Variant("verified examples only", AnswerOptions(readings=False), by_model=False),
    Variant("verified examples + readings", AnswerOptions(), by_model=False),
)
MODEL_VARIANTS = (
    Variant("model, no examples", AnswerOptions(examples="none", tries=1), by_model=True),
    Variant("model, the same 3 examples always", AnswerOptions(examples="static", tries=1), by_model=True),
    Variant("model, retrieved examples, unmasked", AnswerOptions(examples="retrieved", tries=1), by_model=True),
    Variant("model, retrieved examples, masked", AnswerOptions(examples="retrieved_masked", tries=1), by_model=True),
    Variant("model, retrieved examples, masked + error retry", AnswerOptions(), by_model=True),
)


def variants(settings: Settings) -> tuple[Sequence[Variant], Sequence[Variant]]:
    """What can be run with these settings, and what needs a model that they do not name."""
    if settings.model == OFFLINE:
        return OFFLINE_VARIANTS, MODEL_VARIANTS
    return [*OFFLINE_VARIANTS, *MODEL_VARIANTS], ()


def run_variants(
    questions: Sequence[Asked], database: Database, settings: Settings, told: Callable[[Outcome], None]
) -> tuple[dict[str, Figures], list[str]]:
    """The figures of each variant that can be run, by its name, and the names of those that need a model."""
    possible, skipped = variants(settings)
    runs = {}
    for variant in possible:
        chosen = settings if variant.by_model else settings.model_copy(update={"model": OFFLINE})
        outcomes = run(
            questions, database, chosen, options=variant.options, verified_first=not variant.by_model, told=told
        )
        runs[variant.name] = figures_of(outcomes)
    return runs, [variant.name for variant in skipped]
