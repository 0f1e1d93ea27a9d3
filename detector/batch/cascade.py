"""Two models for many texts: a quick one reads all, an accurate one those that matter."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from detector.batch.workers import LoadDetector
    from detector.choices import ArtifactSetting
    from detector.detector import Detector
    from detector.model.bundle import Bundle
    from detector.results import Comparison, Verdict

#: Of texts to which the quick model gives this probability and more, the accurate one is asked.
LEAST_PROBABILITY = 0.5


class Cascade:
    """Scores with a quick model, and once more with an accurate one what is likely a machine's.

    A text that the quick model finds more likely a person's than a machine's has its verdict; any
    other has the accurate model's, whose signature it bears. So no more of people's articles are
    flagged than the accurate model flags: what it guarantees holds. Copies are compared with their
    originals by the quick model.

    Args:
        quick: reads every text.
        accurate: reads the likely ones.
    """

    def __init__(self, quick: Detector, accurate: Detector) -> None:
        self.quick = quick
        self.accurate = accurate

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str] | None = None,
        accurate: str | os.PathLike[str] = "accurate",
        *,
        threads: int | None = None,
    ) -> Cascade:
        """The cascade of two model folders or names, see `detector.detector.Detector.load`."""
        from detector.detector import Detector

        models = (Detector.load(folder, threads=threads) for folder in (path, accurate))
        return cls(*models)

    def find_loader(self) -> LoadDetector | None:
        """How a worker loads the same models, with one thread; None where one is of no folder."""
        bundles = self.quick.bundle, self.accurate.bundle
        if bundles[0] is None or bundles[1] is None:
            return None
        folders = (str(bundle.folder) for bundle in bundles if bundle is not None)
        return partial(Cascade.load, *folders, threads=1)

    @property
    def model(self) -> str:
        """Names and checksums of both models."""
        return f"{self.quick.model}+{self.accurate.model}"

    @property
    def bundle(self) -> Bundle | None:
        """The quick model's folder."""
        return self.quick.bundle

    def score(
        self, text: str, /, *, false_positive_rate: float, artifacts: ArtifactSetting
    ) -> Verdict:
        """Judge one text, see `detector.detector.Detector.score`."""
        how: dict[str, Any] = {"false_positive_rate": false_positive_rate, "artifacts": artifacts}
        verdict = self.quick.score(text, **how)
        return self._ask_again(text, verdict, how)

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
        comparison = self.quick.compare(
            text,
            reference,
            false_positive_rate=false_positive_rate,
            verdict_rate=verdict_rate,
            artifacts=artifacts,
        )
        how = {"false_positive_rate": verdict_rate, "artifacts": artifacts}
        return replace(comparison, verdict=self._ask_again(text, comparison.verdict, how))

    def _ask_again(self, text: str, verdict: Verdict, how: dict[str, Any]) -> Verdict:
        """The accurate model's verdict where the quick one's is that a machine is likely.

        Spans are the quick model's where the accurate one points at none.
        """
        if verdict.probability is None or verdict.probability < LEAST_PROBABILITY:
            return verdict
        again = self.accurate.score(text, **how)
        return replace(again, artifacts=again.artifacts or verdict.artifacts)


if TYPE_CHECKING:
    DetectorOrCascade = Detector | Cascade
