"""What ``flask cancellations check`` reports, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from flask_cancellations.host.survey import Reading

Level = Literal["error", "warning", "hint"]
LEVELS: tuple[Level, ...] = ("error", "warning", "hint")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing amiss; ``code`` is stable for programs, ``count`` how many rows it is about, None if no rows."""

    level: Level
    code: str
    text: str
    count: int | None = None


@dataclass(slots=True)
class FieldReport:
    """A mapped field: what it reads, and its value in the sample row, personal data masked."""

    name: str
    reads: list[Reading]
    sample: str | None = None


@dataclass(slots=True)
class Report:
    """What the check found. ``sample`` is the key of the sample row."""

    model: str = ""
    table: str = ""
    sample: str | None = None
    fields: list[FieldReport] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether there is no error; warnings and hints do not fail a check."""
        return all(finding.level != "error" for finding in self.findings)

    def count(self, level: Level) -> int:
        """How many findings have this level."""
        return sum(finding.level == level for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """The report for programs."""
        return {"passed": self.passed, **asdict(self)}

    def lines(self) -> Iterator[str]:
        """The report for people."""
        if self.fields:
            sample = f", sample row {self.sample}" if self.sample else ", no row to show"
            yield f"Appointments: {self.model} in {self.table}{sample}"
            width = max(len(one.name) for one in self.fields)
            for one in self.fields:
                reads = ", ".join(f"{reading.path} ({reading.leads_to})" for reading in one.reads) or "a fixed value"
                yield f"  {one.name:<{width}}  {reads}" + (f" = {one.sample}" if one.sample is not None else "")
        for finding in self.findings:
            yield f"{finding.level.upper():<7}  {finding.text}"
        yield ("Passed" if self.passed else "Failed") + (
            f": errors {self.count('error')}, warnings {self.count('warning')}, hints {self.count('hint')}."
        )
