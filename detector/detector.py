"""`Detector`: load a model, score texts. The one class that most callers meet."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt

from detector.choices import (
    COMPARISON_RATES,
    DEFAULT_COMPARISON_RATE,
    DEFAULT_FALSE_POSITIVE_RATE,
    ArtifactSetting,
    check_artifacts,
    check_rate,
)
from detector.errors import BundleError
from detector.features.columns import FEATURE_COLUMNS
from detector.features.document_features import DocumentFeatures
from detector.features.extractor import FeatureExtractor
from detector.measured_text import MeasuredText, Scores, apply_classifier, count_words
from detector.model import parts
from detector.model.bundle import Bundle
from detector.model.document_classifier import DocumentClassifier
from detector.model.sentence_scorer import SentenceScorer
from detector.reasons import (
    explain_empty_side,
    explain_form,
    explain_refusal,
    explain_spelling,
    find_obstacle,
    find_pair_reason,
    find_text_reason,
    refuse_pair,
)
from detector.result_base import format_signature
from detector.results import (
    LABELS,
    MACHINE_REWRITTEN,
    RELATIONS,
    Artifact,
    Comparison,
    Label,
    SentenceScore,
    Verdict,
)
from detector.spans.finder import ArtifactFinder
from detector.text.document import Document
from detector.text.intake.arguments import check_text, check_texts
from detector.text.language import ENGLISH, UNKNOWN
from detector.version import __version__

if TYPE_CHECKING:
    import pandas as pd

    from detector.comparison.alignment import LinkedTexts
    from detector.comparison.relation_classifier import PairClassifier

Floats = npt.NDArray[np.float64]


class Detector:
    """Tells whether English articles were translated by machine, round-tripped or spun.

    >>> detector = Detector.load()
    >>> detector.score(article).flagged
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
        self._log_odds_classifier = classifier
        self._finder: ArtifactFinder | None = None
        if bundle is not None:
            self._finder = ArtifactFinder.from_bundle(bundle)
            if parts.LOG_ODDS in bundle.manifest.files:
                arrays = bundle.read_arrays(parts.LOG_ODDS)
                self._log_odds_classifier = DocumentClassifier.from_arrays(arrays)

    @classmethod
    def load(
        cls, path: str | os.PathLike[str] | None = None, *, threads: int | None = None
    ) -> Detector:
        """Load a model folder: the argument, else ``$DETECTOR_MODEL``, else the shipped one.

        Args:
            path: a folder that `train.py` wrote, or "accurate" where that model is installed.
            threads: of the encoder; all cores unless told.

        Raises:
            BundleError: the folder is missing, foreign, newer, incomplete or altered.
            TypeError, ValueError: `threads` is no whole number, or it is below 1.
        """
        bundle = Bundle.open(path)
        arrays = bundle.read_arrays(parts.CLASSIFIER)
        return cls(
            FeatureExtractor.from_bundle(bundle, threads),
            DocumentClassifier.from_arrays(arrays),
            SentenceScorer.from_arrays(arrays),
            bundle.identifier,
            bundle,
        )

    def __reduce__(self) -> str | tuple[Any, ...]:
        """A detector from a folder is pickled and copied by the folder's name.

        It must hold the same model when it is loaded again.
        """
        if self.bundle is None:
            return super().__reduce__()
        return _load_same, (str(self.bundle.folder), self.threads, self.model)

    def __repr__(self) -> str:
        rates = ", ".join(f"{rate:g}" for rate in self.false_positive_rates) or "none"
        return f"<Detector {self.model}, false-positive rates {rates}>"

    @property
    def threads(self) -> int | None:
        """How many threads the encoder was given; None where it takes all cores."""
        return self.extractor.encoder.threads

    @property
    def false_positive_rates(self) -> tuple[float, ...]:
        """The rates for which this model guarantees a threshold."""
        return tuple(self.classifier.thresholds)

    @overload
    def score(  # type: ignore[overload-overlap]  # a str is an Iterable[str] too
        self, texts: str, *, false_positive_rate: float = ..., artifacts: ArtifactSetting = ...
    ) -> Verdict: ...
    @overload
    def score(
        self,
        texts: Iterable[str],
        *,
        false_positive_rate: float = ...,
        artifacts: ArtifactSetting = ...,
    ) -> list[Verdict]: ...

    def score(
        self,
        texts: str | Iterable[str],
        *,
        false_positive_rate: float = DEFAULT_FALSE_POSITIVE_RATE,
        artifacts: ArtifactSetting = "few",
    ) -> Verdict | list[Verdict]:
        """Judge one text, or each of a list or Series of texts; each verdict is its text's alone.

        Args:
            texts: whole articles as plain text; what lies beyond `MAXIMUM_CHARACTERS` is not read.
                A missing value (None, NaN) is answered as an empty text is: not judged, with the
                reason.
            false_positive_rate: share of human articles that may be flagged by mistake: 0.05,
                0.01 or 0.001.
            artifacts: which spans to point at: "few" keeps precision (in human articles, one in
                1,000 words), "many" shows seven times as many there, "all" is for texts known to be
                a machine's, "none" looks for none.

        Returns:
            A `Verdict`, or a list of them in the order of the texts.

        Raises:
            TypeError: `texts` is no string or strings, or an item neither a string nor missing.
            ValueError: `false_positive_rate` is none of `detector.choices.VERDICT_RATES`, or
                `artifacts` none of `ARTIFACT_SETTINGS`.
        """
        rate = check_rate("false_positive_rate", false_positive_rate)
        check_artifacts(artifacts)
        check_texts(texts)
        if isinstance(texts, str):
            return self._judge(self._read(texts), rate, artifacts)
        return [
            self._judge(self._read(check_text(item, at)), rate, artifacts)
            for at, item in enumerate(texts)
        ]

    def measure(self, text: str) -> MeasuredText:
        """Read a text once for several calls of `compare`, which takes the result in its place.

        It is measured when the first of them needs that.

        Raises:
            TypeError: it is no string.
        """
        if not isinstance(text, str):
            raise TypeError(f"text is {type(text).__name__}; give a string")
        return MeasuredText(self._read(text), self._score_document)

    def compare(
        self,
        text: str | MeasuredText,
        reference: str | MeasuredText,
        *,
        false_positive_rate: float = DEFAULT_COMPARISON_RATE,
        verdict_rate: float = DEFAULT_FALSE_POSITIVE_RATE,
        artifacts: ArtifactSetting = "few",
        linked: LinkedTexts | None = None,
    ) -> Comparison:
        """Tell what a copy did to its original: relation, alignment, every substitution.

        Args:
            text: the copy, a whole article as plain text, or what `measure` made of it.
            reference: the original it is compared with, likewise.
            false_positive_rate: share of other pairs (copies word for word, human edits, other
                articles) that may be flagged as rewritten by a machine: 0.05, 0.01 or 0.005. At
                0.001, which no shipped model has a threshold for, nothing is flagged, and `reason`
                says why.
            verdict_rate: the `false_positive_rate` of the verdicts on either text by itself, see
                `score`.
            artifacts: which spans these verdicts point at, see `score`.
            linked: the sentences of both, where `LinkedTexts.link` linked them already.

        Returns:
            A `Comparison`, whose `verdict` and `original_verdict` are those that `score` gives;
            where a text is empty, not English or longer than `MAXIMUM_CHARACTERS`, it has no
            relation but the reason.

        Raises:
            TypeError: a text is no string.
            ValueError: a rate is none of those that exist (`detector.choices`), `artifacts` none
                of `ARTIFACT_SETTINGS`, or `linked` is of other texts.
            BundleError: the model folder holds nothing to compare with.
        """
        for name, given in (("text", text), ("reference", reference)):
            if not isinstance(given, str | MeasuredText):
                kind = type(given).__name__
                raise TypeError(f"{name} is {kind}; give a string, or columns to compare_frame")
        rate = check_rate("false_positive_rate", false_positive_rate, COMPARISON_RATES)
        verdict_rate = check_rate("verdict_rate", verdict_rate)
        check_artifacts(artifacts)
        self._load_pair_classifier()  # a model without one is told before anything is scored
        measured = [
            given if isinstance(given, MeasuredText) else self.measure(given)
            for given in (text, reference)
        ]
        documents = measured[0].document, measured[1].document
        copy, original = (of_text.scores for of_text in measured)
        verdicts = (
            self._make_verdict(documents[0], copy, verdict_rate, artifacts),
            self._make_verdict(documents[1], original, verdict_rate, artifacts),
        )
        reason = find_obstacle(*documents)
        if reason is None and copy is not None and original is not None:
            return self._compare_scored(copy, original, verdicts, rate, linked)
        signature = format_signature(__version__, self.model, None, rate)
        reason = reason or explain_empty_side(copy is None)
        return refuse_pair(reason, verdicts, rate, signature)

    def measure_log_odds(self, features: DocumentFeatures) -> float:
        """The score of a document that comparison and artifacts rest on.

        In a retrained model it is the base model's, on which these were fitted.
        """
        return float(apply_classifier(self._log_odds_classifier, features)[0][0])

    def _load_pair_classifier(self) -> PairClassifier:
        if self._pair_classifier is None:
            from detector.comparison.relation_classifier import PairClassifier

            if self.bundle is None:
                raise BundleError("this detector has no model folder, so nothing to compare with")
            self._pair_classifier = PairClassifier.from_arrays(
                self.bundle.read_arrays(parts.COMPARISON)
            )
        return self._pair_classifier

    def _compare_scored(
        self,
        copy: Scores,
        original: Scores,
        verdicts: tuple[Verdict, Verdict],
        rate: float,
        linked: LinkedTexts | None,
    ) -> Comparison:
        from detector.comparison.pair_features import PairFeatures

        classifier = self._load_pair_classifier()
        features = PairFeatures.measure(
            copy.features, original.features, copy.log_odds, original.log_odds, linked
        )
        shares = classifier.judge(features.columns[None])[0]
        by_relation: dict[str, float] = dict(zip(RELATIONS, map(float, shares), strict=True))
        probability = by_relation[MACHINE_REWRITTEN]
        thresholds = classifier.choose_thresholds(features.compared_words)
        threshold = thresholds.find(rate)
        relation = max(RELATIONS, key=by_relation.__getitem__)
        direction = None
        if relation == MACHINE_REWRITTEN:
            direction = float(classifier.tell_direction(features.columns)[0])
        words = min(copy.features.words, original.features.words)
        forms = copy.form, original.form
        reason = find_pair_reason(words, forms, direction, thresholds, rate)
        return Comparison(
            relation=relation,
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
            verdict=verdicts[0],
            original_verdict=verdicts[1],
            reason=reason,
            signature=format_signature(__version__, self.model, threshold, rate),
            direction=direction,
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
            The columns `detector.columns.JUDGED_COLUMNS`.

        Raises:
            KeyError: there is no such column.
            TypeError: `frame` is no DataFrame, or the column holds no texts.
        """
        from detector.batch.frame import score_frame

        return score_frame(
            frame,
            self,
            text_column=text_column,
            false_positive_rate=false_positive_rate,
            workers=workers,
        )

    def compare_frame(
        self,
        frame: pd.DataFrame,
        *,
        text_column: str = "text",
        reference_column: str = "original",
        false_positive_rate: float = DEFAULT_FALSE_POSITIVE_RATE,
        workers: int | None = 1,
    ) -> pd.DataFrame:
        """Judge a column of texts, each beside its original; a row is flagged by the comparison.

        Args:
            frame: holds the texts; one without an original is judged by itself.
            text_column: where they are.
            reference_column: where the originals are.
            false_positive_rate: see `score`; pairs are flagged at `DEFAULT_COMPARISON_RATE`, or
                this one if it is lower.
            workers: see `score_frame`.

        Returns:
            The columns `detector.columns.JUDGED_COLUMNS` and `COMPARED_COLUMNS`.

        Raises:
            KeyError: there is no such column.
            TypeError: `frame` is no DataFrame, or a column holds no texts.
        """
        from detector.batch.frame import compare_frame

        return compare_frame(
            frame,
            self,
            text_column=text_column,
            reference_column=reference_column,
            false_positive_rate=false_positive_rate,
            workers=workers,
        )

    def _read(self, text: str) -> Document:
        return Document.make(text, self.extractor.common_words)

    def _judge(self, document: Document, rate: float, artifacts: str) -> Verdict:
        return self._make_verdict(document, self._score_document(document), rate, artifacts)

    def _score_document(self, document: Document) -> Scores | None:
        """Measure a document; None where nothing of it can be judged."""
        if document.language != ENGLISH:
            return None
        features = self.extractor.extract(document)
        if not features.judged:
            return None
        score, shares = apply_classifier(self.classifier, features)
        log_odds = float(score[0])
        if self._log_odds_classifier is not self.classifier:
            log_odds = self.measure_log_odds(features)
        probability = float(self.classifier.calibrate(score, count_words(features))[0])
        named_shares = np.exp(shares[0]).tolist()
        reasons = explain_form(features), explain_spelling(features)
        return Scores(features, probability, named_shares, log_odds, *reasons)

    def _make_verdict(
        self, document: Document, scores: Scores | None, rate: float, artifacts: str
    ) -> Verdict:
        if scores is None:
            return self._refuse(document, rate)
        features, probability = scores.features, scores.probability
        by_class: dict[str, float] = dict(
            zip(LABELS, (1 - probability, *(probability * s for s in scores.shares)), strict=True)
        )
        label: Label = max(LABELS, key=by_class.__getitem__)
        threshold = self._find_threshold(features, rate)
        unusual = scores.form or scores.spelling
        reason = find_text_reason(features.words, unusual, self.classifier.thresholds, rate)
        return Verdict(
            probability=probability,
            label=label,
            class_probabilities=by_class,
            flagged=reason is None and threshold is not None and probability >= threshold,
            threshold=threshold,
            false_positive_rate=rate,
            reason=reason,
            sentences=self._weigh_sentences(features),
            artifacts=self._find_artifacts(scores, artifacts),
            words=features.words,
            language=document.language,
            signature=format_signature(__version__, self.model, threshold, rate),
            notes=document.notes,
        )

    def _find_artifacts(self, scores: Scores, setting: str) -> tuple[Artifact, ...]:
        if self._finder is None or setting == "none":
            return ()
        return self._finder.find(scores.features, scores.log_odds, setting)

    def _find_threshold(self, features: DocumentFeatures, rate: float) -> float | None:
        thresholds = self.classifier.find_threshold(rate, count_words(features))
        return None if thresholds is None else float(thresholds[0])

    def _weigh_sentences(self, features: DocumentFeatures) -> tuple[SentenceScore, ...]:
        """Each sentence with what its columns contribute to its log-odds of "not original"."""
        constant = round(self.sentence_scorer.constant, 4)
        rows = self.sentence_scorer.weigh(features.matrix).round(4).tolist()
        contributions: dict[int, dict[str, float]] = {
            index: dict(zip(FEATURE_COLUMNS, row, strict=True)) | {"constant": constant}
            for index, row in zip(features.judged, rows, strict=True)
        }
        return tuple(
            SentenceScore(
                sentence.text,
                sentence.start,
                sentence.end,
                sentence.kind,
                contributions.get(index, {}),
            )
            for index, sentence in enumerate(features.document.sentences)
        )

    def _refuse(self, document: Document, rate: float) -> Verdict:
        language = document.language
        return Verdict(
            probability=None,
            label=None,
            class_probabilities={},
            flagged=False,
            threshold=None,
            false_positive_rate=rate,
            reason=explain_refusal(language),
            language=None if language == UNKNOWN else language,
            signature=format_signature(__version__, self.model, None, rate),
            notes=document.notes,
        )


def _load_same(folder: str, threads: int | None, model: str) -> Detector:
    """Load a pickled detector again.

    Raises:
        BundleError: the folder holds another model by now.
    """
    detector = Detector.load(folder, threads=threads)
    if detector.model != model:
        raise BundleError(f"{folder}: holds the model {detector.model} by now, not {model}")
    return detector
