"""What the detector answers with: frozen results that print readably and survive JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

ORIGINAL, TRANSLATED, SPUN = LABELS = ("original", "translated", "spun")
"""People's English (human translations included), machine translation, synonym substitution."""

_SHOWN_SENTENCES = 5
_SHOWN_CHARACTERS = 72


class _Result:
    """What the result types share: conversion to and from plain dictionaries and JSON."""

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries, lists, strings, numbers, booleans and None, ready for JSON."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()  # type: ignore[call-overload]
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The result that `to_dict` was called on.

        Raises:
            ValueError: a field is unknown, missing or impossible.
        """
        known = {entry.name for entry in fields(cls)}  # type: ignore[arg-type]
        if unknown := sorted(set(data) - known):
            raise ValueError(f"{cls.__name__} has no field {', '.join(map(repr, unknown))}")
        try:
            return cls(**data)
        except TypeError as error:
            raise ValueError(f"not a {cls.__name__}: {error}") from error

    def to_json(self, *, indent: int | None = None) -> str:
        """`to_dict` as strict JSON: a NaN is an error, never an invalid file."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False, indent=indent)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The result that `to_json` was called on; ValueError where the text is none."""
        data = json.loads(text)
        if not isinstance(data, dict):
            raise ValueError(
                f"not a {cls.__name__}: {type(data).__name__} where an object is meant"
            )
        return cls.from_dict(data)


def _check_span(start: int, end: int) -> None:
    if not 0 <= start <= end:
        raise ValueError(f"not a span: start {start}, end {end}")


def _check_share(name: str, value: float | None) -> None:
    if value is not None and not 0 <= value <= 1:
        raise ValueError(f"{name} must lie between 0 and 1, not {value}")


@dataclass(frozen=True)
class SentenceEvidence(_Result):
    """One sentence and what it says about the document.

    Attributes:
        text: the sentence, normalised.
        start: offset of its first character in the caller's text.
        end: offset behind its last character in the caller's text.
        kind: "sentence", "headline" or "boilerplate"; boilerplate has no say.
        evidence: named contributions in log-odds of not being a person's English; they add up.
    """

    text: str
    start: int
    end: int
    kind: str = "sentence"
    evidence: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_span(self.start, self.end)

    @property
    def log_odds(self) -> float:
        """The sum of the contributions: above 0 speaks for a machine, below for a person."""
        return sum(self.evidence.values())

    def __str__(self) -> str:
        parts = ", ".join(f"{name} {value:+.2f}" for name, value in self.evidence.items())
        return f"{self.log_odds:+.2f}  [{self.start}–{self.end}] {_shorten(self.text)}" + (
            f"  ({parts})" if parts else ""
        )


@dataclass(frozen=True)
class Artifact(_Result):
    """A span of the caller's text that a machine's choice of words gave away.

    Attributes:
        start: offset of the span's first character in the caller's text.
        end: offset behind its last character.
        text: the span as the caller wrote it.
        kind: what sort of trace it is, such as "synonym" or "literal idiom".
        score: how strongly it speaks for a machine, in log-odds.
        suggestion: what a person would have written, where that is known.
    """

    start: int
    end: int
    text: str
    kind: str
    score: float
    suggestion: str | None = None

    def __post_init__(self) -> None:
        _check_span(self.start, self.end)

    def __str__(self) -> str:
        meant = f" ← {self.suggestion!r}" if self.suggestion else ""
        return f"{self.score:+.2f}  [{self.start}–{self.end}] {self.text!r}{meant}  ({self.kind})"


@dataclass(frozen=True)
class Verdict(_Result):
    """What the detector says about one document.

    Attributes:
        probability: calibrated probability of not being original, 0 to 1; None where the text
            cannot be judged at all (empty, not English).
        label: the most probable of `LABELS`; None where `probability` is None.
        class_probabilities: probability of each label; they sum to 1, or there are none.
        flagged: the probability reaches the threshold, and there is enough text to say so.
        threshold: least probability that is flagged at `false_positive_rate`; None where the
            model can promise no threshold for that rate.
        false_positive_rate: share of human articles that the caller accepts to be flagged.
        reason: why the text was not judged or could not be flagged, as "code: explanation"
            ("too short: 12 words, 60 needed"); None where nothing stood in the way.
        sentences: the evidence of each sentence, in order.
        artifacts: spans worth showing.
        words: number of words that were read.
        language: code of the language, such as "en"; None where it is unknown.
        signature: versions, model and threshold, enough to reproduce the figures.
    """

    probability: float | None
    label: str | None
    class_probabilities: Mapping[str, float]
    flagged: bool
    threshold: float | None
    false_positive_rate: float
    reason: str | None = None
    sentences: tuple[SentenceEvidence, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    words: int = 0
    language: str | None = None
    signature: str = ""

    def __post_init__(self) -> None:
        _check_share("probability", self.probability)
        _check_share("threshold", self.threshold)
        _check_share("false_positive_rate", self.false_positive_rate)
        if (self.probability is None) != (self.label is None):
            raise ValueError("probability and label are known together or not at all")
        if self.label is not None and self.label not in LABELS:
            raise ValueError(f"label must be one of {', '.join(LABELS)}, not {self.label!r}")
        if self.probability is None and self.reason is None:
            raise ValueError("a text that was not judged needs a reason")
        if self.flagged and (self.reason or self.probability is None or self.threshold is None):
            raise ValueError(
                "flagged needs a probability and a threshold, and no reason against it"
            )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The verdict that `to_dict` was called on; ValueError where the data are none."""
        nested = dict(data)
        for name, kind in (("sentences", SentenceEvidence), ("artifacts", Artifact)):
            if name in nested:
                nested[name] = tuple(kind.from_dict(item) for item in nested[name])
        return super().from_dict(nested)

    @property
    def reason_code(self) -> str | None:
        """The part of `reason` that programs compare: "too short", "not English", "empty"."""
        return self.reason.split(":", 1)[0] if self.reason else None

    def __str__(self) -> str:
        lines = [_headline(self)]
        if self.class_probabilities:
            shares = ", ".join(
                f"{name} {share:.3f}" for name, share in self.class_probabilities.items()
            )
            lines.append(f"  {shares}")
        lines.append(f"  {_extent(self)}")
        lines += _weighty_lines("the sentences that weigh most", _weightiest(self.sentences))
        lines += _weighty_lines("artifacts", self.artifacts)
        if self.signature:
            lines.append(f"  {self.signature}")
        return "\n".join(lines)


def format_signature(
    version: str, model: str, threshold: float | None, false_positive_rate: float
) -> str:
    """One token for logs that says what produced a score: versions, model and threshold.

    Args:
        version: the package's version.
        model: the bundle's `identifier`, its name and the start of its checksum.
        threshold: least probability that is flagged; None where it was withheld.
        false_positive_rate: the rate that the threshold stands for.
    """
    shown = "withheld" if threshold is None else f"{threshold:.6g}"
    return f"detector:{version}|model:{model}|threshold:{shown}@fpr{false_positive_rate:g}"


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_CHARACTERS else line[: _SHOWN_CHARACTERS - 1].rstrip() + "…"


def _headline(verdict: Verdict) -> str:
    if verdict.probability is None:
        return f"not judged · {verdict.reason}"
    outcome = f"{verdict.label} · probability of a machine {verdict.probability:.3f}"
    if verdict.reason is not None:
        return f"{outcome} · not flagged ({verdict.reason})"
    state = "flagged" if verdict.flagged else "not flagged"
    threshold = (
        "no threshold" if verdict.threshold is None else f"threshold {verdict.threshold:.3f}"
    )
    rate = f"{100 * verdict.false_positive_rate:g} % false positives"
    return f"{outcome} · {state} at {rate} ({threshold})"


def _extent(verdict: Verdict) -> str:
    words = f"{verdict.words:,} word{'' if verdict.words == 1 else 's'}"
    count = len(verdict.sentences)
    sentences = f"{count:,} sentence{'' if count == 1 else 's'}"
    return f"{words}, {sentences}, language {verdict.language or 'unknown'}"


def _weightiest(sentences: tuple[SentenceEvidence, ...]) -> tuple[SentenceEvidence, ...]:
    telling = [sentence for sentence in sentences if sentence.evidence]
    return tuple(sorted(telling, key=lambda item: -abs(item.log_odds))[:_SHOWN_SENTENCES])


def _weighty_lines(title: str, items: tuple[SentenceEvidence | Artifact, ...]) -> list[str]:
    return [f"  {title}:", *(f"    {item}" for item in items)] if items else []
