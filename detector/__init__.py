"""Tells whether an English news article was machine-translated, round-tripped or synonym-spun.

>>> from detector import Detector
>>> detector = Detector.load()
>>> verdict = detector.score(article)
>>> verdict.flagged, verdict.label, verdict.probability
>>> comparison = detector.compare(copy, original)
>>> comparison.relation, comparison.substitutions
"""

from importlib import import_module
from typing import TYPE_CHECKING

from detector.version import __version__

if TYPE_CHECKING:
    from detector.detector import Detector
    from detector.errors import BundleError, DetectorError, MissingPackageError
    from detector.estimator import DetectorClassifier
    from detector.references.index import ReferenceIndex
    from detector.results import (
        Artifact,
        Comparison,
        SentenceLink,
        SentenceScore,
        Substitution,
        Verdict,
    )

__all__ = [
    "Artifact",
    "BundleError",
    "Comparison",
    "Detector",
    "DetectorClassifier",
    "DetectorError",
    "MissingPackageError",
    "ReferenceIndex",
    "SentenceLink",
    "SentenceScore",
    "Substitution",
    "Verdict",
    "__version__",
]

_ERRORS = ("BundleError", "DetectorError", "MissingPackageError")

_HOMES = dict.fromkeys(__all__, "detector.results") | {
    "Detector": "detector.detector",
    "DetectorClassifier": "detector.estimator",
    "ReferenceIndex": "detector.references.index",
    **dict.fromkeys(_ERRORS, "detector.errors"),
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that `detector --version` stays quick."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
