"""`Detector`: load a model, score texts. The one class that most callers meet."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from detector.errors import BundleError
from detector.features.columns import FEATURE_COLUMNS
from detector.features.document_features import DocumentFeatures
from detector.features.extractor import FeatureExtractor
from detector.model.bundle import Bundle
from detector.model.document_classifier import DocumentClassifier
from detector.model.sentence_scorer import SentenceScorer
from detector.results import (
    DEFAULT_COMPARISON_RATE,
    LABELS,
    MACHINE_REWRITTEN,
    RELATIONS,
    Comparison,
    SentenceScore,
    Verdict,
    format_signature,
)
from detector.spans.finder import ArtifactFinder
from detector.text.language import guess_language
from detector.version import __version__

if TYPE_CHECKING:
    import pandas as pd

    from detector.comparison.pair_features import PairFeatures
    from detector.comparison.relation_classifier import PairClassifier

#: Under so many words a text is not flagged, whatever its probability.
MINIMUM_WORDS = 60
DEFAULT_FALSE_POSITIVE_RATE = 0.01
#: The classifier that comparison and artifacts were fitted with, in a model that was retrained.
LOG_ODDS_FILE = "log_odds.safetensors"
ARTIFACT_SETTINGS = ("few", "many", "all", "none")
#: Copies and originals of fewer words are aligned, but not flagged.
MINIMUM_COMPARED_WORDS = 30
#: A longer text is judged by its beginning: some 35,000 words, more than any article has.
MAXIMUM_CHARACTERS = 200_000


class Detector:
    """Tells whether English articles were translated by machine, round-tripped or spun.

    >>> detector = Detector.load()
    >>> verdict = detector.score(article)
    >>> verdict.flagged, verdict.probability, verdict.label
    """

    def __init__(
        self,
        extractor: FeatureExtractor,
        classifier: DocumentClassifier,
        sentence_scorer: SentenceScorer,
        model: str,
        bundle: Bundle | None = None,
    ) -> None:
        self.extractor = extractor
        self.classifier = classifier
        self.sentence_scorer = sentence_scorer
        self.model = model
        self.bundle = bundle
        self._pair_classifier: PairClassifier | None = None
        # What compares and points was fitted on the scores of the classifier of its time.
        self._log_odds_classifier = classifier
        if bundle is not None and LOG_ODDS_FILE in bundle.manifest.files:
            self._log_odds_classifier = DocumentClassifier.from_arrays(
                bundle.read_arrays(LOG_ODDS_FILE)
            )
        self._finder = ArtifactFinder.from_bundle(bundle) if bundle is not None else None

    @classmethod
    def load(
        cls, path: str | os.PathLike[str] | None = None, *, threads: int | None = None
    ) -> Detector:
        """Load a model folder: the argument, else ``$DETECTOR_MODEL``, else the shipped one.

        Args:
            path: a folder that `train.py` wrote.
            threads: of the encoder; all cores unless told.

        Raises:
            BundleError: the folder is missing, foreign, newer, incomplete or altered.
        """
        bundle = Bundle.open(path)
        arrays = bundle.read_arrays("classifier.safetensors")
        return cls(
            FeatureExtractor.from_bundle(bundle, threads),
            DocumentClassifier.from_arrays(arrays),
            SentenceScorer.from_arrays(arrays),
            bundle.identifier,
            bundle,
        )

    @property
    def false_positive_rates(self) -> tuple[float, ...]:
        """The rates for which this model promises a threshold."""
        return tuple(sorted(self.classifier.thresholds))

    @overload
    def score(  # type: ignore[overload-overlap]  # a str is an Iterable[str] too
        self, texts: str, *, false_positive_rate: float = ..., artifacts: str = ...
    ) -> Verdict: ...
    @overload
    def score(
        self, texts: Iterable[str], *, false_positive_rate: float = ..., artifacts: str = ...
    ) -> list[Verdict]: ...

    def score(
        self,
        texts: str | Iterable[str],
        *,
        false_positive_rate: float = DEFAULT_FALSE_POSITIVE_RATE,
        artifacts: str = "few",
    ) -> Verdict | list[Verdict]:
        """Judge one text, or each of a list or Series of texts; each verdict is its text's alone.

        Args:
            texts: whole articles as plain text; what lies beyond `MAXIMUM_CHARACTERS` is not read.
                A missing value (None, NaN) is answered as an empty text is: not judged, with the
                reason.
            false_positive_rate: share of people's articles that may be flagged by mistake: 0.05,
                0.01 or 0.001.
            artifacts: which spans to point at: "few" keeps precision (on people's articles, one in
                1,000 words), "many" shows seven times as many there, "all" is for texts known to be
                a machine's, "none" looks for none.

        Returns:
            A `Verdict`, or a list of them in the order of the texts.

        Raises:
            TypeError: `texts` is no string or strings, or an item neither a string nor missing.
            ValueError: `false_positive_rate` does not lie between 0 and 1, or `artifacts` is
                none of `ARTIFACT_SETTINGS`.
        """
        if not 0 < false_positive_rate < 1:
            raise ValueError(
                f"false_positive_rate must lie between 0 and 1, not {false_positive_rate}"
            )
        if artifacts not in ARTIFACT_SETTINGS:
            known = ", ".join(map(repr, ARTIFACT_SETTINGS))
            raise ValueError(f"artifacts must be one of {known}, not {artifacts!r}")
        if texts is None or isinstance(texts, bytes | bytearray | dict):
            raise TypeError(f"give a string or strings, not {type(texts).__name__}")
        if isinstance(texts, str):
            return self._score_text(texts, false_positive_rate, artifacts)
        return [
            self._score_text(_check_text(item, position), false_positive_rate, artifacts)
            for position, item in enumerate(texts)
        ]

    def compare(
        self,
        text: str,
        reference: str,
        *,
        false_positive_rate: float = DEFAULT_COMPARISON_RATE,
    ) -> Comparison:
        """Tell what a copy did to its original: relation, alignment, every substitution.

        Args:
            text: the copy, a whole article as plain text.
            reference: the original it is compared with.
            false_positive_rate: share of other pairs (copies word for word, people's edits, other
                articles) that may be flagged as rewritten by a machine: 0.05, 0.01 or 0.005.

        Returns:
            A `Comparison`; where a text is empty, not English or longer than
            `MAXIMUM_CHARACTERS`, it has no relation but the reason.

        Raises:
            TypeError: a text is no string.
            ValueError: `false_positive_rate` does not lie between 0 and 1.
            BundleError: the model folder holds nothing to compare with.
        """
        for name, given in (("text", text), ("reference", reference)):
            if not isinstance(given, str):
                raise TypeError(f"{name} is {type(given).__name__}; give a string")
        if not 0 < false_positive_rate < 1:
            raise ValueError(
                f"false_positive_rate must lie between 0 and 1, not {false_positive_rate}"
            )
        rate = false_positive_rate
        classifier = self._load_pair_classifier()
        if (reason := _find_obstacle(text, reference)) is not None:
            return self._refuse_pair(text, reference, reason, rate)
        gathered = self.extractor.gather([text, reference])
        if not all(features.judged for features in gathered):
            empty = "the copy" if not gathered[0].judged else "the original"
            reason = f"too short: {empty} has no whole sentence"
            return self._refuse_pair(text, reference, reason, rate)
        from detector.comparison.pair_features import PairFeatures

        own, theirs = self.measure_log_odds(gathered)
        features = PairFeatures.gather((text, reference), (gathered[0], gathered[1]), (own, theirs))
        return self._judge_pair(features, classifier, rate)

    def measure_log_odds(self, documents: Sequence[DocumentFeatures]) -> list[float]:
        """The document classifier's score of each document, as comparisons know it."""
        return [
            float(self._log_odds_classifier.score(d.summary[None], np.array([d.words]))[0][0])
            for d in documents
        ]

    def _load_pair_classifier(self) -> PairClassifier:
        if self._pair_classifier is None:
            from detector.comparison.relation_classifier import PairClassifier

            if self.bundle is None:
                raise BundleError("this detector has no model folder, so nothing to compare with")
            self._pair_classifier = PairClassifier.from_arrays(
                self.bundle.read_arrays("comparison.safetensors")
            )
        return self._pair_classifier

    def _judge_pair(
        self, features: PairFeatures, classifier: PairClassifier, rate: float
    ) -> Comparison:
        shares = classifier.judge(features.columns[None])[0]
        by_relation = dict(zip(RELATIONS, map(float, shares), strict=True))
        probability = by_relation[MACHINE_REWRITTEN]
        threshold = classifier.find_threshold(rate)
        words = min(features.copy.words, features.original.words)
        reason = None
        if words < MINIMUM_COMPARED_WORDS:
            reason = (
                f"too short: {words} words in one of the texts, {MINIMUM_COMPARED_WORDS} needed"
            )
        elif threshold is None:
            guaranteed = ", ".join(f"{r:g}" for r in sorted(classifier.thresholds)) or "none"
            reason = f"no threshold: this model promises none at {rate:g}, only at {guaranteed}"
        return Comparison(
            relation=max(by_relation, key=by_relation.__getitem__),
            class_probabilities=by_relation,
            probability=probability,
            flagged=reason is None and threshold is not None and probability >= threshold,
            threshold=threshold,
            false_positive_rate=rate,
            coverage=features.alignment.coverage,
            original_coverage=features.alignment.original_coverage,
            alignment=features.alignment.links,
            substitutions=classifier.name_substitutions(features),
            features=features.named_columns,
            verdict=self._judge(features.copy, DEFAULT_FALSE_POSITIVE_RATE),
            original_verdict=self._judge(features.original, DEFAULT_FALSE_POSITIVE_RATE),
            reason=reason,
            signature=format_signature(__version__, self.model, threshold, rate),
        )

    def _refuse_pair(self, text: str, reference: str, reason: str, rate: float) -> Comparison:
        return Comparison(
            relation=None,
            class_probabilities={},
            probability=None,
            flagged=False,
            threshold=None,
            false_positive_rate=rate,
            coverage=0.0,
            original_coverage=0.0,
            alignment=(),
            substitutions=(),
            features={},
            verdict=self.score(text),
            original_verdict=self.score(reference),
            reason=reason,
            signature=format_signature(__version__, self.model, None, rate),
        )

    def score_frame(
        self,
        frame: pd.DataFrame,
        *,
        text_column: str = "text",
        false_positive_rate: float = DEFAULT_FALSE_POSITIVE_RATE,
        workers: int | None = 1,
    ) -> pd.DataFrame:
        """Judge a column of texts; the answer has the same index, one row per text.

        Args:
            frame: holds the texts; a missing one (None, NaN) is answered as an empty one is.
            text_column: where they are.
            false_positive_rate: see `score`.
            workers: processes that score; as many as cores for None.

        Returns:
            Columns ``probability``, ``label``, ``probability_original``,
            ``probability_translated``, ``probability_spun``, ``flagged``, ``threshold``,
            ``reason``, ``words``, ``language`` and ``signature``.

        Raises:
            KeyError: there is no such column.
        """
        from detector.batch.frame import score_frame

        return score_frame(
            frame,
            self,
            text_column=text_column,
            false_positive_rate=false_positive_rate,
            workers=workers,
        )

    def _score_text(self, text: str, rate: float, artifacts: str) -> Verdict:
        language = guess_language(text) if text.strip() else None
        if language == "en":
            (features,) = self.extractor.gather([text[:MAXIMUM_CHARACTERS]])
            if features.judged:
                return self._add_artifacts(text, features, self._judge(features, rate), artifacts)
        return self._refuse(text, language, rate)

    def _add_artifacts(
        self, text: str, features: DocumentFeatures, verdict: Verdict, setting: str
    ) -> Verdict:
        if self._finder is None or setting == "none":
            return verdict
        (log_odds,) = self.measure_log_odds([features])
        found = self._finder.find(text, features, log_odds, setting)
        return replace(verdict, artifacts=found)

    def _judge(self, document: DocumentFeatures, rate: float) -> Verdict:
        # One at a time: a matrix product of several rows differs in its last digit.
        words = np.array([document.words])
        scores, shares = self.classifier.score(document.summary[None], words)
        thresholds = self.classifier.find_threshold(rate, words)
        return self._make_verdict(
            document,
            float(self.classifier.calibrate(scores, words)[0]),
            np.exp(shares[0]).tolist(),
            None if thresholds is None else float(thresholds[0]),
            rate,
        )

    def _make_verdict(
        self,
        document: DocumentFeatures,
        probability: float,
        shares: list[float],
        threshold: float | None,
        rate: float,
    ) -> Verdict:
        by_class = dict(
            zip(LABELS, (1 - probability, *(probability * s for s in shares)), strict=True)
        )
        reason = self._find_reason(document.words, threshold, rate)
        return Verdict(
            probability=probability,
            label=max(by_class, key=by_class.__getitem__),
            class_probabilities=by_class,
            flagged=reason is None and threshold is not None and probability >= threshold,
            threshold=threshold,
            false_positive_rate=rate,
            reason=reason,
            sentences=self._weigh_sentences(document),
            words=document.words,
            language="en",
            signature=format_signature(__version__, self.model, threshold, rate),
        )

    def _find_reason(self, words: int, threshold: float | None, rate: float) -> str | None:
        if words < MINIMUM_WORDS:
            return f"too short: {words} words in whole sentences, {MINIMUM_WORDS} needed"
        if threshold is None:
            guaranteed = ", ".join(f"{r:g}" for r in self.false_positive_rates) or "none"
            return f"no threshold: this model promises none at {rate:g}, only at {guaranteed}"
        return None

    def _weigh_sentences(self, document: DocumentFeatures) -> tuple[SentenceScore, ...]:
        """Each sentence with what its columns contribute to its log-odds of "not original"."""
        rows = {sentence: row for row, sentence in enumerate(document.judged)}
        parts = self.sentence_scorer.weigh(document.matrix).round(4).tolist()
        constant = round(self.sentence_scorer.constant, 4)
        result = []
        for i, sentence in enumerate(document.sentences):
            contributions: dict[str, float] = {}
            if i in rows:
                contributions = dict(zip(FEATURE_COLUMNS, parts[rows[i]], strict=True))
                contributions["constant"] = constant
            result.append(
                SentenceScore(
                    sentence.text, sentence.start, sentence.end, sentence.kind, contributions
                )
            )
        return tuple(result)

    def _refuse(self, text: str, language: str | None, rate: float) -> Verdict:
        if language is None:
            reason = "empty: there is no text"
        elif language == "en":
            reason = "too short: no whole sentence to judge"
        elif language == "unknown":
            reason = "not English: the language could not be told"
        else:
            reason = f"not English: the text looks like {language!r}"
        return Verdict(
            probability=None,
            label=None,
            class_probabilities={},
            flagged=False,
            threshold=None,
            false_positive_rate=rate,
            reason=reason,
            language=None if language == "unknown" else language,
            signature=format_signature(__version__, self.model, None, rate),
        )


def _find_obstacle(text: str, reference: str) -> str | None:
    """Why two texts cannot be compared; None where nothing stands in the way."""
    languages = []
    for name, given in (("the copy", text), ("the original", reference)):
        if not given.strip():
            return f"empty: {name} has no text"
        if len(given) > MAXIMUM_CHARACTERS:
            return (
                f"too long: {name} has {len(given):,} characters, "
                f"at most {MAXIMUM_CHARACTERS:,} are compared"
            )
        languages.append(guess_language(given))
    copy, original = languages
    if copy != original:
        return f"two languages: the copy looks like {copy!r}, the original like {original!r}"
    if copy != "en":
        return f"not English: the texts look like {copy!r}"
    return None


def _check_text(item: Any, position: int) -> str:
    if isinstance(item, str):
        return item
    if item is None or _is_missing(item):
        return ""
    raise TypeError(f"text {position} is {type(item).__name__}; give strings")


def _is_missing(item: Any) -> bool:
    """Whether an item is NaN, or pandas' NA, which answers every comparison with itself."""
    unequal = item != item
    return unequal is item or (isinstance(unequal, bool | np.bool_) and bool(unequal))
