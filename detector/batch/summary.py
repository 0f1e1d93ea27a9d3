"""Count what became of many inputs, and say it in words and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from detector.columns import COLUMNS_VERSION
from detector.intervals import wilson_interval
from detector.io.readers import Record
from detector.version import __version__

if TYPE_CHECKING:
    from detector.batch.chunks import Outcome


#: Reasons quote what they found; a million odd rows must not make a million kinds of reason.
_MOST_KINDS = 100

_OTHERS = "other reasons"


def name_kind(reason: str) -> str:
    """The part of a reason that many share: what stands before its particulars.

    >>> name_kind("too short: 12 words, 60 needed")
    'too short'
    """
    return reason.split(":", 1)[0].split(" (", 1)[0].strip()


@dataclass
class Tally:
    """Counts over the inputs of a run.

    Attributes:
        inputs: all of them.
        scored: those with a figure.
        flagged: those of them that were flagged.
        duplicates: inputs whose text was judged before.
        labels: scored inputs by label.
        relations: inputs that have an original, by what they are to it.
        failures: inputs without a figure, by kind of reason.
        withheld: scored inputs that could not be flagged, by kind of reason.
        notes: inputs for which the reader had to assume something, by what.
        seconds: time that the run took, interruptions not counted.
    """

    inputs: int = 0
    scored: int = 0
    flagged: int = 0
    duplicates: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    relations: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    withheld: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def failed(self) -> int:
        """Inputs without a figure."""
        return self.inputs - self.scored

    def add(self, outcome: Outcome) -> None:
        """Count one input."""
        self.duplicates += outcome.duplicate
        if isinstance(outcome.source, Record) and outcome.source.note:
            # "byte 53 is not UTF-8: read as Windows-1252": what was assumed comes last.
            _count(self.notes, outcome.source.note.rsplit(": ", 1)[-1])
        self.count(
            outcome.failure,
            label=outcome.get("label"),
            flagged=bool(outcome.get("flagged")),
            reason=outcome.reason,
            relation=outcome.get("relation"),
        )

    def count(
        self,
        failure: str | None,
        *,
        label: str | None,
        flagged: bool,
        reason: str | None,
        relation: str | None = None,
        times: int = 1,
    ) -> None:
        """Count an input, or `times` of a kind, by its columns."""
        self.inputs += times
        if failure is not None:
            _count(self.failures, name_kind(failure), times)
            return
        self.scored += times
        self.flagged += flagged * times
        if label is not None:
            self.labels[label] += times
        if relation is not None:
            self.relations[relation] += times
        if reason is not None:
            _count(self.withheld, name_kind(reason), times)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return {k: dict(v) if isinstance(v, Counter) else v for k, v in values.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Tally:
        """The tally that `to_dict` was called on."""
        values: dict[str, Any] = {entry.name: data[entry.name] for entry in fields(cls)}
        for name, value in values.items():
            values[name] = Counter(value) if isinstance(value, dict) else value
        return cls(**values)

    def summarize(self, model: str, false_positive_rate: float) -> dict[str, Any]:
        """The counts with shares, their interval, speed and signature, ready for JSON.

        Args:
            model: the model's identifier.
            false_positive_rate: the rate at which was flagged.
        """
        interval = wilson_interval(self.flagged, self.scored)
        return {
            "inputs": self.inputs,
            "scored": self.scored,
            "failed": self.failed,
            "duplicates": self.duplicates,
            "labels": _rank(self.labels),
            "relations": _rank(self.relations),
            "flagged": self.flagged,
            "flagged_share": self.flagged / self.scored if self.scored else None,
            "flagged_share_interval": list(interval) if interval else None,
            "failures": _rank(self.failures),
            "withheld": _rank(self.withheld),
            "notes": _rank(self.notes),
            "seconds": round(self.seconds, 3),
            "inputs_per_second": round(self.inputs / self.seconds, 2) if self.seconds else None,
            "columns_version": COLUMNS_VERSION,
            "signature": f"detector:{__version__}|model:{model}|fpr{false_positive_rate:g}",
        }


def _count(counter: Counter[str], kind: str, times: int = 1) -> None:
    counter[kind if kind in counter or len(counter) < _MOST_KINDS else _OTHERS] += times


def _rank(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))


def format_summary(summary: Mapping[str, Any]) -> str:
    """What `Tally.summarize` gave, in words, over some lines."""
    inputs = "input" if summary["inputs"] == 1 else "inputs"
    lines = [f"{summary['inputs']:,} {inputs}, {summary['scored']:,} scored"]
    if summary["failed"]:
        lines[0] += f", {summary['failed']:,} could not be: {_list(summary['failures'])}"
    if summary["duplicates"]:
        lines.append(f"  {summary['duplicates']:,} had a text that came before")
    if summary["scored"]:
        low, high = (100 * bound for bound in summary["flagged_share_interval"])
        lines.append(f"  {_list(summary['labels'])}")
        lines.append(
            f"  {summary['flagged']:,} flagged: {100 * summary['flagged_share']:.2f} % "
            f"of those scored, 95 % interval {low:.2f}–{high:.2f} %"
        )
    for title, name in (
        ("with their originals", "relations"),
        ("cannot be flagged", "withheld"),
        ("assumed", "notes"),
    ):
        if summary[name]:
            lines.append(f"  {title}: {_list(summary[name])}")
    speed = summary["inputs_per_second"]
    lines.append(
        f"  {summary['seconds']:,.1f} s" + (f", {speed:,.1f} inputs a second" if speed else "")
    )
    lines.append(f"  {summary['signature']}")
    return "\n".join(lines)


def _list(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"
