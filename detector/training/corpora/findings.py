"""What validation found in a user's pairs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd

from detector.training.corpora.pairs_files import PairsError, name_rows


class Finding(NamedTuple):
    """One thing that is wrong with the pairs.

    Attributes:
        problem: what is wrong, in words.
        advice: what was done about it, or should be.
        rows: how many rows or documents it touches.
        where: the first of them.
        fatal: whether training stops.
    """

    problem: str
    advice: str
    rows: int
    where: str
    fatal: bool = False

    def __str__(self) -> str:
        rows = f"{self.rows:,} rows ({self.where})" if self.rows > 1 else self.where
        place = f"{rows}: " if rows else ""
        return f"{'error' if self.fatal else 'warning'}: {place}{self.problem}; {self.advice}"


@dataclass
class ValidationReport:
    """What was found, and how much is left to train on.

    Attributes:
        findings: in the order of the checks.
        counts: rows, articles, documents by label.
        rows_of_files: file → its rows.
    """

    findings: list[Finding] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    rows_of_files: dict[str, int] = field(default_factory=dict)

    def add(
        self, rows: pd.DataFrame | None, problem: str, advice: str, fatal: bool = False
    ) -> None:
        """Note a finding about `rows`, if there are any, or about the whole where it is None."""
        if rows is None:
            self.findings.append(Finding(problem, advice, 0, "", fatal))
        elif len(rows):
            self.findings.append(Finding(problem, advice, len(rows), name_rows(rows), fatal))

    def stop_if_fatal(self) -> None:
        """Raise what is fatal.

        Raises:
            PairsError: with every fatal finding, one a line.
        """
        if fatal := [finding for finding in self.findings if finding.fatal]:
            raise PairsError("\n".join(str(finding).removeprefix("error: ") for finding in fatal))

    def to_dict(self) -> dict[str, Any]:
        """For JSON; ``where`` names rows by number, never their text."""
        return {"counts": self.counts, "findings": [f._asdict() for f in self.findings]}

    def __str__(self) -> str:
        counts = ", ".join(f"{count:,} {name}" for name, count in self.counts.items())
        return "\n".join([counts, *map(str, self.findings)])
