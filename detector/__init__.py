"""Tells whether an English news article was machine-translated, round-tripped or synonym-spun.

>>> from detector import Detector
>>> detector = Detector.load()
>>> verdict = detector.score(article)
>>> verdict.flagged, verdict.label, verdict.probability
>>> comparison = detector.compare(copy, original)
>>> comparison.relation, comparison.substitutions
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from detector.result_base import set_renderer
from detector.version import __version__

if TYPE_CHECKING:
    from detector.columns import COLUMNS_VERSION
    from detector.detector import Detector
    from detector.errors import BundleError, DetectorError, MissingPackageError
    from detector.estimator import DetectorClassifier
    from detector.references.index import ReferenceIndex
    from detector.results import (
        LABELS,
        RELATIONS,
        Artifact,
        Comparison,
        Label,
        Relation,
        SentenceLink,
        SentenceScore,
        Substitution,
        Verdict,
    )

__all__ = [
    "COLUMNS_VERSION",
    "LABELS",
    "RELATIONS",
    "Artifact",
    "BundleError",
    "Comparison",
    "Detector",
    "DetectorClassifier",
    "DetectorError",
    "Label",
    "MissingPackageError",
    "ReferenceIndex",
    "Relation",
    "SentenceLink",
    "SentenceScore",
    "Substitution",
    "Verdict",
    "__version__",
]

_ERRORS = ("BundleError", "DetectorError", "MissingPackageError")

_HOMES = dict.fromkeys(__all__, "detector.results") | {
    "COLUMNS_VERSION": "detector.columns",
    "Detector": "detector.detector",
    "DetectorClassifier": "detector.estimator",
    "ReferenceIndex": "detector.references.index",
    **dict.fromkeys(_ERRORS, "detector.errors"),
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that `detector --version` stays quick."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    """The public names that can be had here, for completion and documentation."""
    missing = {"DetectorClassifier"} if find_spec("sklearn") is None else set()
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))} - missing)


def _render_html(result: Any, *texts: str | None) -> str:
    from detector.presentation.html.notebook import render_result

    return render_result(result, *texts)


# Pages lie rooms above results, which therefore learn here, above both, who draws them.
set_renderer(_render_html)
