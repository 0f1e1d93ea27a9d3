"""A detector that needs no model, for tests of what is built around one, in workers too."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from detector.batch.judge import LoadDetector
from detector.errors import DetectorError
from detector.results import EDITED, INDEPENDENT, MACHINE_REWRITTEN, Comparison, Verdict

THRESHOLD = 0.75


@dataclass
class FakeDetector:
    """Draws a probability from the text, and does what words in it tell: break, die, ....

    Attributes:
        log: a file that gets a line, the text's first word, for every text that is scored.
        seconds: how long that takes.
    """

    log: str | None = None
    seconds: float = 0.0
    model: str = "fake@0"
    bundle: Any = None

    @classmethod
    def load(cls, path: object = None, *, threads: int | None = None) -> FakeDetector:
        return cls(os.environ.get("FAKE_LOG"), float(os.environ.get("FAKE_SECONDS", "0")))

    def score(
        self, text: str, *, false_positive_rate: float = 0.01, artifacts: str = "few"
    ) -> Verdict:
        words = text.split()
        if self.log is not None:
            with Path(self.log).open("a") as stream:
                stream.write(words[0] + "\n")
        time.sleep(self.seconds)
        obey(words)
        if not words or "foreign" in words:
            reason = "not English: the text looks like 'de'" if words else "empty: no text"
            return Verdict(None, None, {}, False, None, false_positive_rate, reason)
        probability = blake2b(text.encode(), digest_size=1).digest()[0] / 256
        short = "too short: 1 word, 60 needed" if len(words) == 1 else None
        return Verdict(
            probability,
            "spun" if probability > 0.5 else "original",
            {"original": 1 - probability, "translated": 0.0, "spun": probability},
            short is None and probability >= THRESHOLD,
            THRESHOLD,
            false_positive_rate,
            short,
            words=len(words),
            language="en",
            signature=f"detector:0|model:{self.model}",
        )

    def measure(self, text: str) -> str:
        """A text is compared as it is."""
        return text

    def compare(
        self,
        text: str,
        reference: str,
        *,
        false_positive_rate: float = 0.005,
        verdict_rate: float = 0.01,
        artifacts: str = "few",
    ) -> Comparison:
        relation = MACHINE_REWRITTEN if "rewritten" in text else EDITED
        if set(text.split()).isdisjoint(reference.split()):
            relation = INDEPENDENT
        verdict, original = (
            self.score(side, false_positive_rate=verdict_rate, artifacts=artifacts)
            for side in (text, reference)
        )
        known = verdict.probability is not None
        return Comparison(
            relation=relation if known else None,
            class_probabilities={relation: 1.0} if known else {},
            probability=float(relation == MACHINE_REWRITTEN) if known else None,
            flagged=known and relation == MACHINE_REWRITTEN,
            threshold=0.5,
            false_positive_rate=0.005,
            coverage=0.5,
            original_coverage=0.5,
            alignment=(),
            substitutions=(),
            features={},
            verdict=verdict,
            original_verdict=original,
            reason=None if known else verdict.reason,
        )


def obey(words: list[str]) -> None:
    """Do what stands in a text."""
    if "break" in words:
        raise RuntimeError("broken by a test")
    if "misconfigured" in words:
        raise DetectorError("the model folder is gone")
    if "exhaust" in words:
        raise MemoryError
    if "die" in words:
        os.kill(os.getpid(), signal.SIGKILL)


def loader(log: Path | None = None, seconds: float = 0.0) -> LoadDetector:
    """What `score_records` takes as `load`, for fake detectors in its workers."""
    return partial(FakeDetector, None if log is None else str(log), seconds)


def replace_detector(patch: pytest.MonkeyPatch, kind: type = FakeDetector) -> None:
    """Hand another class to whatever imports `detector.detector.Detector` from now on."""
    module = ModuleType("detector.detector")
    module.Detector = kind  # type: ignore[attr-defined]
    patch.setitem(sys.modules, "detector.detector", module)
