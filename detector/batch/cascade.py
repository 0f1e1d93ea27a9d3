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
    flagged than the accurate model flags: what it guarantees holds. Likewise, a copy is compared
    with its original by the accurate model, if that compares, unless the quick one finds the two
    independent.

    Args:
        quick: reads every text.
        accurate: reads the likely ones.
    """

    def __init__(self, quick: Scorer, accurate: Scorer) -> None:
        self.quick = quick
        self.accurate = accurate
        bundle = accurate.bundle
        self._compares = bundle is None or parts.COMPARISON in bundle.manifest.files

    @classmethod
    def load(cls, quick: LoadDetector, accurate: LoadDetector) -> Cascade:
        """The cascade of two detectors that have yet to be loaded."""
        return cls(quick(), accurate())

    @property
    def model(self) -> str:
        """Names and checksums of both models."""
        return f"{self.quick.model}+{self.accurate.model}"

    @property
    def bundle(self) -> Bundle | None:
        """The quick model's folder; None where either came from none."""
        return self.accurate.bundle and self.quick.bundle

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
        """Judge a text beside its original; the verdict on the text by itself is the cascade's."""
        how: dict[str, Any] = {
            "false_positive_rate": false_positive_rate,
            "verdict_rate": verdict_rate,
            "artifacts": artifacts,
        }
        first = self.quick.compare(text, reference, **how)
        if not self._compares or first.relation in (None, INDEPENDENT):
            alone = {"false_positive_rate": verdict_rate, "artifacts": artifacts}
            return replace(first, verdict=self._ask_again(text, first.verdict, alone))
        again = self.accurate.compare(text, reference, **how)
        return again if _is_likely(first.verdict) else replace(again, verdict=first.verdict)

    def _ask_again(self, text: str, verdict: Verdict, how: dict[str, Any]) -> Verdict:
        """The accurate model's verdict where the quick one's is that a machine is likely.

        Spans are the quick model's where the accurate one points at none.
        """
        if not _is_likely(verdict):
            return verdict
        again = self.accurate.score(text, **how)
        return replace(again, artifacts=again.artifacts or verdict.artifacts)


def _is_likely(verdict: Verdict) -> bool:
    return verdict.probability is not None and verdict.probability >= LEAST_PROBABILITY
