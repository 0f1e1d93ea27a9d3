"""Judge one record of a stream: by itself, or with its original."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from detector.choices import (
    DEFAULT_COMPARISON_RATE,
    DEFAULT_FALSE_POSITIVE_RATE,
    ArtifactSetting,
)
from detector.columns import BY_COMPARISON, BY_TEXT, COMPARED_COLUMNS, JUDGED_COLUMNS
from detector.errors import DetectorError
from detector.result_base import is_source
from detector.results import LABELS

if TYPE_CHECKING:
    from detector.clusters.siblings import Siblings
    from detector.model.bundle import Bundle
    from detector.references.index import ReferenceIndex
    from detector.results import Comparison, Verdict

_SHOWN_ERROR = 200

# A text may be made of several originals, of which the likest need not be the rewritten one.
_MOST_ORIGINALS = 3

# Of a text that stems from its original in so large a part, the rest is too little to be flagged
# beside another: a comparison calls no text rewritten of which less than .15 stems from there.
_ENOUGH_COVERED = 0.85

_Original = tuple[str, dict[str, Any]]  # its text, and the columns that tell how it was found


@dataclass(frozen=True)
class Settings:
    """What a judgement depends on besides the model and the document.

    Attributes:
        false_positive_rate: see `Detector.score`.
        references: folder of a `ReferenceIndex` in which each document's original is sought, see
            `Judge.judge`; it is kept as an absolute path, which holds wherever a process goes.
        comparing: every row gets `COMPARED_COLUMNS`, be there an original or not.
        artifacts: which spans are looked for, see `Detector.score`; unless "none", rows get them
            in a column of that name.
        whole: judgements keep the verdict and the comparison that their columns are taken from.
        among: file of a `CrawlStore` that was grouped: a text whose original is another of its
            texts is compared with that; likewise an absolute path.
    """

    false_positive_rate: float = DEFAULT_FALSE_POSITIVE_RATE
    references: str | None = None
    comparing: bool = False
    artifacts: ArtifactSetting = "none"
    whole: bool = False
    among: str | None = None

    def __post_init__(self) -> None:
        for name in ("references", "among"):
            path = getattr(self, name)
            if path is not None:
                object.__setattr__(self, name, str(Path(path).absolute()))


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
        `Detector.compare`) where that decides, see `Comparison.decides`; otherwise as its own words
        say.

        Beside the likest original of the index, a text may be neither flagged nor covered for the
        most part, or rather be that one's source; then it is compared with the next two that the
        index finds as well. The first original beside which it is flagged decides, or else the
        likest.

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
        originals: list[_Original] = []
        if reference is not None:
            originals = [(reference, {})]
        elif text.strip():
            originals = self._find_originals(text)
        return self._judge_beside(text, originals) if originals else self._judge_alone(text)

    def _find_originals(self, text: str) -> list[_Original]:
        """The original of a text among its siblings, or else those in the index, likest first."""
        if self._siblings is not None:
            sibling = self._siblings.find_original(text)
            if sibling is not None:
                return [(sibling.text, {"original_id": str(sibling.id)})]
        if self._references is None:
            return []
        return [
            (found.text, {"original_id": str(found.id), "original_score": found.score})
            for found in self._references.find(text, _MOST_ORIGINALS)
        ]

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

    def _judge_beside(self, text: str, originals: list[_Original]) -> Judgement:
        comparison, (reference, found) = self._find_decisive(text, originals)
        columns = _name_verdict(comparison.verdict)
        columns |= dict.fromkeys(COMPARED_COLUMNS) | found | _name_comparison(comparison)
        if comparison.decides:
            columns |= {"flagged": comparison.flagged, "reason": comparison.reason}
            columns["judged_by"] = BY_COMPARISON
        return self._finish(columns, comparison.verdict, comparison, reference)

    def _find_decisive(self, text: str, originals: list[_Original]) -> tuple[Comparison, _Original]:
        """The first comparison that flags the text, or else the first; and the original in it."""
        likest, *others = originals
        first = self._compare(text, likest[0])
        readable = first.verdict.probability is not None
        is_settled = first.coverage >= _ENOUGH_COVERED and not is_source(first.direction)
        if readable and not first.flagged and not is_settled:
            for original in others:
                comparison = self._compare(text, original[0])
                if comparison.flagged and comparison.decides:
                    return comparison, original
        return first, likest

    def _compare(self, text: str, reference: str) -> Comparison:
        rate = self.settings.false_positive_rate
        return self.detector.compare(
            text,
            reference,
            # No mistake is accepted that the caller does not accept.
            false_positive_rate=min(rate, DEFAULT_COMPARISON_RATE),
            verdict_rate=rate,
            artifacts=self.settings.artifacts,
        )

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
