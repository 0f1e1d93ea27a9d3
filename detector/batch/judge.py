"""Judge one record of a stream: by itself, or with its original."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from detector.choices import (
    DEFAULT_COMPARISON_RATE,
    DEFAULT_FALSE_POSITIVE_RATE,
    ArtifactSetting,
)
from detector.columns import BY_COMPARISON, BY_TEXT, COMPARED_COLUMNS, JUDGED_COLUMNS
from detector.errors import DetectorError
from detector.results import INDEPENDENT, LABELS

if TYPE_CHECKING:
    from detector.clusters.siblings import Siblings
    from detector.model.bundle import Bundle
    from detector.references.index import ReferenceIndex
    from detector.results import Comparison, Verdict

_SHOWN_ERROR = 200


@dataclass(frozen=True)
class Settings:
    """What a judgement depends on besides the model and the document.

    Attributes:
        false_positive_rate: see `Detector.score`.
        references: folder of a `ReferenceIndex` in which each document's original is sought.
        comparing: every row gets `COMPARED_COLUMNS`, be there an original or not.
        artifacts: which spans are looked for, see `Detector.score`; unless "none", rows get them
            in a column of that name.
        whole: judgements keep the verdict and the comparison that their columns are taken from.
        among: file of a `CrawlStore` that was grouped: a text whose original is another of its
            texts is compared with that.
    """

    false_positive_rate: float = DEFAULT_FALSE_POSITIVE_RATE
    references: str | None = None
    comparing: bool = False
    artifacts: ArtifactSetting = "none"
    whole: bool = False
    among: str | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of one document.

    Attributes:
        columns: `JUDGED_COLUMNS`, and `COMPARED_COLUMNS` where there is an original.
        failure: why there is no figure at all; None where there is one.
        verdict: what the columns were taken from, where that was asked for.
        comparison: likewise, where there is an original.
        original: likewise, the original.
    """

    columns: Mapping[str, Any]
    failure: str | None = None
    verdict: Verdict | None = None
    comparison: Comparison | None = None
    original: str | None = None


class Scorer(Protocol):
    """What is asked of a detector, or of a cascade of two: it scores and compares."""

    @property
    def model(self) -> str:
        """Name and checksum of the model."""

    @property
    def bundle(self) -> Bundle | None:
        """The model folder; None where it came from none, and no worker can load it."""

    def score(
        self, text: str, /, *, false_positive_rate: float, artifacts: ArtifactSetting
    ) -> Verdict:
        """Judge one text."""

    def compare(
        self,
        text: str,
        reference: str,
        /,
        *,
        false_positive_rate: float,
        verdict_rate: float,
        artifacts: ArtifactSetting,
    ) -> Comparison:
        """Judge a text beside its original, and either by itself."""


@runtime_checkable
class FolderScorer(Scorer, Protocol):
    """A scorer that is loaded from one folder."""

    @classmethod
    def load(cls, path: str | os.PathLike[str] | None = None, *, threads: int | None = None) -> Any:
        """The detector of a model folder."""


LoadDetector = Callable[[], Scorer]


class Judge:
    """Turns a text into the columns of its row: by itself, or against its original.

    Args:
        detector: scores and compares.
        settings: the rest.

    Raises:
        DetectorError: the index of references cannot be opened.
    """

    def __init__(self, detector: Scorer, settings: Settings = Settings()) -> None:
        self.detector = detector
        self.settings = settings
        self._references = _open_references(settings.references)
        self._siblings = _open_siblings(settings.among)

    def judge(self, text: str, reference: str | None = None) -> Judgement:
        """Judge a text; one whose judging breaks is answered with the failure, never raised.

        A text is flagged as its comparison says (at the rate of comparisons, see
        `Detector.compare`), unless the comparison finds that it does not stem from that original,
        or cannot tell: then its own words decide.

        Args:
            text: the document.
            reference: its original, where the caller has it; otherwise it is sought in the index.

        Raises:
            DetectorError: the fault is the model's or the index's, and would be every text's.
            MemoryError: no memory is left, so that nothing can be said of this text in particular.
        """
        try:
            return self._judge(text, reference)
        except (DetectorError, MemoryError):
            raise
        except Exception as error:  # one document in a million must not end the run
            return make_failure(f"cannot be scored: {_shorten(f'{type(error).__name__}: {error}')}")

    def _judge(self, text: str, reference: str | None) -> Judgement:
        found: dict[str, Any] = {}
        if reference is None and text.strip():
            reference, found = self._find_original(text)
        if reference is None:
            return self._judge_alone(text)
        return self._judge_beside(text, reference, found)

    def _find_original(self, text: str) -> tuple[str | None, dict[str, Any]]:
        """The original of a text among its siblings, or else in the index, with its columns."""
        if self._siblings is not None:
            sibling = self._siblings.find_original(text)
            if sibling is not None:
                return sibling.text, {"original_id": str(sibling.id)}
        if self._references is not None:
            candidate = next(iter(self._references.find(text, 1)), None)
            if candidate is not None:
                score = {"original_score": candidate.score}
                return candidate.text, {"original_id": str(candidate.id), **score}
        return None, {}

    def _judge_alone(self, text: str) -> Judgement:
        verdict = self.detector.score(
            text,
            false_positive_rate=self.settings.false_positive_rate,
            artifacts=self.settings.artifacts,
        )
        columns = _name_verdict(verdict)
        if self.settings.comparing:
            columns |= dict.fromkeys(COMPARED_COLUMNS) | {"judged_by": BY_TEXT}
        return self._finish(columns, verdict)

    def _judge_beside(self, text: str, reference: str, found: dict[str, Any]) -> Judgement:
        rate = self.settings.false_positive_rate
        comparison = self.detector.compare(
            text,
            reference,
            # No mistake is accepted that the caller does not accept.
            false_positive_rate=min(rate, DEFAULT_COMPARISON_RATE),
            verdict_rate=rate,
            artifacts=self.settings.artifacts,
        )
        columns = _name_verdict(comparison.verdict)
        columns |= dict.fromkeys(COMPARED_COLUMNS) | found | _name_comparison(comparison)
        if comparison.relation not in (None, INDEPENDENT):
            columns |= {"flagged": comparison.flagged, "reason": comparison.reason}
            columns["judged_by"] = BY_COMPARISON
        return self._finish(columns, comparison.verdict, comparison, reference)

    def _finish(
        self,
        columns: dict[str, Any],
        verdict: Verdict,
        comparison: Comparison | None = None,
        original: str | None = None,
    ) -> Judgement:
        if self.settings.artifacts != "none":
            columns["artifacts"] = [artifact.to_dict() for artifact in verdict.artifacts]
        known = columns["probability"], columns.get("comparison_probability")
        failure = verdict.reason if known == (None, None) else None
        if not self.settings.whole:
            return Judgement(columns, failure)
        return Judgement(columns, failure, verdict, comparison, original)


def _open_references(folder: str | None) -> ReferenceIndex | None:
    if folder is None:
        return None
    from detector.references.index import ReferenceIndex

    return ReferenceIndex.open(folder)


def _open_siblings(path: str | None) -> Siblings | None:
    if path is None:
        return None
    from detector.clusters.siblings import Siblings

    return Siblings(path)


def _name_verdict(verdict: Verdict) -> dict[str, Any]:
    shares = verdict.class_probabilities
    return {
        "probability": verdict.probability,
        "label": verdict.label,
        **{f"probability_{label}": shares.get(label) for label in LABELS},
        "flagged": verdict.flagged,
        "threshold": verdict.threshold,
        "reason": verdict.reason,
        "words": verdict.words,
        "language": verdict.language,
        "signature": verdict.signature,
        "notes": "; ".join(verdict.notes) or None,
    }


def _name_comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "judged_by": BY_TEXT,
        "relation": comparison.relation,
        "comparison_probability": comparison.probability,
        "comparison_flagged": comparison.flagged,
        "comparison_threshold": comparison.threshold,
        "comparison_reason": comparison.reason,
        "comparison_signature": comparison.signature or None,
        "coverage": comparison.coverage,
        "direction": comparison.direction,
    }


def make_failure(reason: str) -> Judgement:
    """The judgement on a text of which there is no figure."""
    columns = dict.fromkeys(JUDGED_COLUMNS) | {"flagged": False, "words": 0, "reason": reason}
    return Judgement(columns, reason)


def _shorten(message: str) -> str:
    line = " ".join(message.split())
    return line if len(line) <= _SHOWN_ERROR else line[: _SHOWN_ERROR - 1] + "…"
