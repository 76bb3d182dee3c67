"""The daily run: plan a date, fetch its baskets, load it.

Each step goes on where a killed one stopped, and several processes may work on one date. Single ETFs whose basket does
not come are gaps, which can be filled later; a source that refuses, has no calls left or answers for less than half of
the market fails the date, which is recorded with its reason and loads nothing.
"""

from backend.collection.daily.failures import NotPlanned, NotPublished, TooFewAnswers
from backend.collection.daily.planning import SOURCE, DayPlan, Progress, plan, planned
from backend.collection.daily.running import Collected, collect, fetch_baskets, load_day, loaded

__all__ = [
    "SOURCE",
    "Collected",
    "DayPlan",
    "NotPlanned",
    "NotPublished",
    "Progress",
    "TooFewAnswers",
    "collect",
    "fetch_baskets",
    "load_day",
    "loaded",
    "plan",
    "planned",
]
