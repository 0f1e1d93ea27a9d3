"""Two models for many texts: a quick one reads all, an accurate one those that matter."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from detector.model import parts
from detector.results import INDEPENDENT

if TYPE_CHECKING:
    from detector.batch.judge import LoadDetector, Scorer
    from detector.choices import ArtifactSetting
    from detector.model.bundle import Bundle
    from detector.results import Comparison, Verdict

#: Of texts to which the quick model gives this probability and more, the accurate one is asked.
LEAST_PROBABILITY = 0.5


class Cascade:
    """Scores with a quick model, and once more with an accurate one what is likely a machine's.

    A text that the quick model finds more likely a person's than a machine's has its verdict; any
    other has the accurate model's, whose signature it bears. So no more of people's articles are
    flagged than the accurate model flags: what it guarantees holds. Copies are compared with their
    originals by the accurate model, unless the quick one finds the two independent, or the accurate
    one does not compare.

    Args:
        quick: reads every text.
        accurate: reads the likely ones.
    """

    def __init__(self, quick: Scorer, accurate: Scorer) -> None:
        self.quick = quick
        self.accurate = accurate
        bundle = accurate.bundle
        self._compares = bundle is not None and parts.COMPARISON in bundle.manifest.files

    @property
    def model(self) -> str:
        """Names and checksums of both models."""
        return f"{self.quick.model}+{self.accurate.model}"

    @property
    def bundle(self) -> Bundle | None:
        """The accurate model's folder, whose guarantees hold; None where either came from none."""
        return None if self.quick.bundle is None else self.accurate.bundle

    def score(
        self, text: str, /, *, false_positive_rate: float, artifacts: ArtifactSetting
    ) -> Verdict:
        """Judge one text, see `detector.detector.Detector.score`."""
        how: dict[str, Any] = {"false_positive_rate": false_positive_rate, "artifacts": artifacts}
        return self._ask_again(text, self.quick.score(text, **how), how)

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
        """Judge a text beside its original; verdicts on either by itself are those of `score`."""
        how: dict[str, Any] = {
            "false_positive_rate": false_positive_rate,
            "verdict_rate": verdict_rate,
            "artifacts": artifacts,
        }
        first = self.quick.compare(text, reference, **how)
        if self._compares and first.relation not in (None, INDEPENDENT):
            again = self.accurate.compare(text, reference, **how)
            return replace(
                again,
                verdict=_choose(first.verdict, again.verdict),
                original_verdict=_choose(first.original_verdict, again.original_verdict),
            )
        alone = {"false_positive_rate": verdict_rate, "artifacts": artifacts}
        return replace(
            first,
            verdict=self._ask_again(text, first.verdict, alone),
            original_verdict=self._ask_again(reference, first.original_verdict, alone),
        )

    def _ask_again(self, text: str, verdict: Verdict, how: dict[str, Any]) -> Verdict:
        return self.accurate.score(text, **how) if _is_likely(verdict) else verdict


def load_cascade(quick: LoadDetector, accurate: LoadDetector) -> Cascade:
    """The cascade of two detectors that have yet to be loaded."""
    return Cascade(quick(), accurate())


def _choose(quick: Verdict, accurate: Verdict) -> Verdict:
    return accurate if _is_likely(quick) else quick


def _is_likely(verdict: Verdict) -> bool:
    return verdict.probability is not None and verdict.probability >= LEAST_PROBABILITY
