"""Derive an ETF's tags from its master data by the rules of tags.yaml."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

RULES_FILE = Path(__file__).with_name("tags.yaml")
FIELDS = {"words", "name", "category", "column", "strike", "unless", "requires"}


@dataclass(frozen=True)
class TagRule:
    """One tag, its theme and what an ETF must show to have it; None matches nothing."""

    tag: str
    theme: str
    words: re.Pattern[str] | None
    name: re.Pattern[str] | None
    category: re.Pattern[str] | None
    columns: tuple[tuple[str, re.Pattern[str]], ...]
    strike: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    requires: tuple[tuple[str, re.Pattern[str]], ...]

    def applies_to(self, name: str, index: str, row: Mapping[str, object]) -> bool:
        """`name` is the ETF's name without its brand, `index` its index, `row` its other columns."""
        if self.unless and self.unless.search(name):
            return False
        known = ((pattern, _text(row, column)) for column, pattern in self.requires)
        if any(value and not pattern.search(value) for pattern, value in known):
            return False
        if self.strike:
            name, index = self.strike.sub(" ", name), self.strike.sub(" ", index)
        return bool(
            (self.name and self.name.search(name))
            or (self.words and (self.words.search(name) or self.words.search(index)))
            or (self.category and self.category.search(_text(row, "provider_category")))
            or any(pattern.search(_text(row, column)) for column, pattern in self.columns)
        )


@cache
def load_rules(path: Path = RULES_FILE) -> tuple[TagRule, ...]:
    """The rules in the order of the file; ValueError names a tag that is written with an unknown field."""
    themes = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tuple(_rule(str(tag), theme, entry) for theme, tags in themes.items() for tag, entry in tags.items())


def tags_for(row: Mapping[str, object], rules: Iterable[TagRule] | None = None) -> list[tuple[str, str]]:
    """The (tag, theme) pairs of one ETF, in the order of the rules.

    `row` has the tidy format's columns of etfs.csv: name_ko, brand, underlying_index, provider_category,
    leverage_type, replication, is_active, index_market, asset_class. What is missing or empty is unknown.
    """
    name = _text(row, "name_ko")
    brand = _text(row, "brand")
    if brand and name.startswith(brand):
        name = name[len(brand) :].strip()
    index = _text(row, "underlying_index")
    return [(rule.tag, rule.theme) for rule in rules or load_rules() if rule.applies_to(name, index, row)]


def _rule(tag: str, theme: str, entry: dict) -> TagRule:
    unknown = entry.keys() - FIELDS
    if unknown:
        raise ValueError(f"tag {tag} has unknown fields: {sorted(unknown)}")
    return TagRule(
        tag=tag,
        theme=theme,
        words=_any_of(entry.get("words")),
        name=_any_of(entry.get("name")),
        category=_any_of(entry.get("category")),
        columns=_columns(entry.get("column")),
        strike=_any_of(entry.get("strike")),
        unless=_any_of(entry.get("unless")),
        requires=_columns(entry.get("requires")),
    )


def _any_of(expressions: list[str] | None) -> re.Pattern[str] | None:
    return re.compile("|".join(f"(?:{one})" for one in expressions), re.IGNORECASE) if expressions else None


def _columns(entry: dict[str, str] | None) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((column, re.compile(expression)) for column, expression in (entry or {}).items())


def _text(row: Mapping[str, object], column: str) -> str:
    value = row.get(column)
    return "" if value is None else str(value).strip()
