"""Tells whether an English news article was machine-translated, round-tripped or synonym-spun.

>>> from detector import Detector
>>> verdict = Detector.load().score(article)
>>> verdict.flagged, verdict.label, verdict.probability
"""

from importlib import import_module
from typing import TYPE_CHECKING

from detector.version import __version__

if TYPE_CHECKING:
    from detector.detector import Detector
    from detector.errors import BundleError, DetectorError
    from detector.results import Artifact, SentenceScore, Verdict

__all__ = [
    "Artifact",
    "BundleError",
    "Detector",
    "DetectorError",
    "SentenceScore",
    "Verdict",
    "__version__",
]

_HOMES = {
    "Artifact": "detector.results",
    "BundleError": "detector.errors",
    "Detector": "detector.detector",
    "DetectorError": "detector.errors",
    "SentenceScore": "detector.results",
    "Verdict": "detector.results",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that `detector --version` stays quick."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
