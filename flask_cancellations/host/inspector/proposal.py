"""A proposed configuration: lines with confidence and evidence, questions, and what is missing; written as TOML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Confidence = Literal["sure", "likely", "guess"]
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_HEAD = (
    "# Proposed by `flask cancellations inspect`. Each line says how sure it is, and why.",
    "# Answer the questions, then run `flask cancellations check`.",
)


@dataclass(frozen=True, slots=True)
class Found:
    """A proposed value, as TOML can hold it, with its evidence."""

    value: Any
    confidence: Confidence
    why: str


@dataclass(slots=True)
class Proposal:
    """Tables by name (empty for the top level) with their lines by key.

    ``hints`` are lines that nobody should put in force unseen; they are written as comments. ``missing`` is what no
    line could be found for, ``faults`` what the package says against the lines that are there.
    """

    tables: dict[str, dict[str, Found]] = field(default_factory=dict)
    hints: dict[str, list[tuple[str, Found]]] = field(default_factory=dict)
    questions: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def put(self, table: str, key: str, found: Found | None) -> None:
        """Propose a line; None proposes nothing."""
        if found is not None:
            self.tables.setdefault(table, {})[key] = found

    def hint(self, table: str, key: str, found: Found) -> None:
        """Show a line as a comment, for a person to put in force."""
        self.tables.setdefault(table, {})
        self.hints.setdefault(table, []).append((key, found))

    def ask(self, question: str) -> None:
        """Leave a question to the developer."""
        if question not in self.questions:
            self.questions.append(question)

    def lack(self, what: str) -> None:
        """Say what could not be found, or cannot be said by configuration."""
        self.missing.append(what)

    def toml(self) -> str:
        """The file."""
        notes = (f"# {note}" for note in self.notes())
        return "\n".join([*_HEAD, *notes, *self._lines()]) + "\n"

    def notes(self) -> Iterator[str]:
        """The questions, what is missing, and what the package says against the proposal."""
        for title, texts in (
            ("Question", self.questions),
            ("Missing", self.missing),
            ("Does not pass yet", self.faults),
        ):
            for text in texts:
                yield f"{title}: {text}"

    def _lines(self) -> Iterator[str]:
        for name in sorted(self.tables, key=lambda table: table != ""):  # plain keys come first
            lines = self.tables[name]
            yield ""
            if name:
                yield f"[{name}]"
            yield from _texts(lines.items())
            yield from (f"# {text}" for text in _texts(self.hints.get(name, ())))


def _texts(lines: Iterable[tuple[str, Found]]) -> list[str]:
    texts = [(f"{_key(key)} = {toml_value(found.value)}", found) for key, found in lines]
    width = min(60, max((len(text) for text, _ in texts), default=0))
    return [f"{text:<{width}}  # {found.confidence}: {found.why}" for text, found in texts]


def toml_value(value: Any) -> str:
    """A value as TOML writes it on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {toml_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)  # texts, whole numbers and truths look the same in both


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)
