"""`Detector`: load a model, score texts. The one class that most callers meet."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from detector import __version__
from detector.bundle import Bundle
from detector.classifier import DocumentClassifier
from detector.evidence import EVIDENCE_COLUMNS, DocumentEvidence, EvidenceGatherer, SentenceScorer
from detector.language import guess_language
from detector.verdict import LABELS, SentenceEvidence, Verdict, format_signature

if TYPE_CHECKING:
    import pandas as pd

#: Under so many words a text is not flagged, whatever its probability.
MINIMUM_WORDS = 60
DEFAULT_FALSE_POSITIVE_RATE = 0.01
#: A longer text is judged by its beginning: some 35,000 words, more than any article has.
MAXIMUM_CHARACTERS = 200_000
#: Documents whose sentences are encoded together: bounds memory, keeps the encoder busy.
_BATCH_DOCUMENTS = 32
_BATCH_CHARACTERS = 400_000


class Detector:
    """Tells whether English articles were translated by machine, round-tripped or spun.

    >>> detector = Detector.load()
    >>> verdict = detector.score(article)
    >>> verdict.flagged, verdict.probability, verdict.label
    """

    def __init__(
        self,
        gatherer: EvidenceGatherer,
        classifier: DocumentClassifier,
        sentence_scorer: SentenceScorer,
        model: str,
        bundle: Bundle | None = None,
    ) -> None:
        self.gatherer = gatherer
        self.classifier = classifier
        self.sentence_scorer = sentence_scorer
        self.model = model
        self.bundle = bundle

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
            EvidenceGatherer.from_bundle(bundle, threads),
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
        self, texts: str, *, false_positive_rate: float = ...
    ) -> Verdict: ...
    @overload
    def score(self, texts: Iterable[str], *, false_positive_rate: float = ...) -> list[Verdict]: ...

    def score(
        self,
        texts: str | Iterable[str],
        *,
        false_positive_rate: float = DEFAULT_FALSE_POSITIVE_RATE,
    ) -> Verdict | list[Verdict]:
        """Judge one text, or each of a list or Series of texts; each verdict is its text's alone.

        Args:
            texts: whole articles as plain text; what lies beyond `MAXIMUM_CHARACTERS` is not read.
                A missing value (None, NaN) is answered as an empty text is: not judged, with the
                reason.
            false_positive_rate: share of people's articles that may be flagged by mistake: 0.05,
                0.01 or 0.001.

        Returns:
            A `Verdict`, or a list of them in the order of the texts.

        Raises:
            TypeError: `texts` is no string or strings, or an item neither a string nor missing.
            ValueError: `false_positive_rate` does not lie between 0 and 1.
        """
        if not 0 < false_positive_rate < 1:
            raise ValueError(
                f"false_positive_rate must lie between 0 and 1, not {false_positive_rate}"
            )
        if texts is None or isinstance(texts, bytes | bytearray | dict):
            raise TypeError(f"give a string or strings, not {type(texts).__name__}")
        if isinstance(texts, str):
            return self._score_batch([texts], false_positive_rate)[0]
        verdicts: list[Verdict] = []
        batch: list[str] = []
        for position, item in enumerate(texts):
            batch.append(_check_text(item, position))
            if len(batch) == _BATCH_DOCUMENTS or sum(map(len, batch)) > _BATCH_CHARACTERS:
                verdicts += self._score_batch(batch, false_positive_rate)
                batch = []
        return verdicts + self._score_batch(batch, false_positive_rate)

    def score_frame(
        self,
        frame: pd.DataFrame,
        *,
        text_column: str = "text",
        false_positive_rate: float = DEFAULT_FALSE_POSITIVE_RATE,
    ) -> pd.DataFrame:
        """Judge a column of texts; the answer has the same index, one row per text.

        Returns:
            Columns ``probability``, ``label``, ``probability_original``,
            ``probability_translated``, ``probability_spun``, ``flagged``, ``threshold``,
            ``reason``, ``words``, ``language`` and ``signature``.

        Raises:
            KeyError: there is no such column.
        """
        import pandas as pd

        if text_column not in frame.columns:
            raise KeyError(
                f"no column {text_column!r}; the frame has {', '.join(map(repr, frame.columns))}"
            )
        verdicts = self.score(frame[text_column], false_positive_rate=false_positive_rate)
        rows = [
            {
                "probability": v.probability,
                "label": v.label,
                **{f"probability_{label}": v.class_probabilities.get(label) for label in LABELS},
                "flagged": v.flagged,
                "threshold": v.threshold,
                "reason": v.reason,
                "words": v.words,
                "language": v.language,
                "signature": v.signature,
            }
            for v in verdicts
        ]
        columns = [
            "probability", "label", *(f"probability_{label}" for label in LABELS), "flagged",
            "threshold", "reason", "words", "language", "signature",
        ]  # fmt: skip
        answer = pd.DataFrame(rows, columns=columns, index=frame.index)
        numbers = [c for c in columns if c.startswith("probability") or c == "threshold"]
        return answer.astype(
            dict.fromkeys(numbers, "float64") | {"flagged": bool, "words": "int64"}
        )

    def _score_batch(self, texts: Sequence[str], rate: float) -> list[Verdict]:
        if not texts:
            return []
        languages = [guess_language(text) if text.strip() else None for text in texts]
        readable = [i for i, language in enumerate(languages) if language == "en"]
        gathered = self.gatherer.gather([texts[i][:MAXIMUM_CHARACTERS] for i in readable])
        judged = {
            i: evidence for i, evidence in zip(readable, gathered, strict=True) if evidence.judged
        }
        verdicts = self._judge(judged, rate)
        return [
            verdicts.get(i) or self._refuse(text, language, rate)
            for i, (text, language) in enumerate(zip(texts, languages, strict=True))
        ]

    def _judge(self, documents: dict[int, DocumentEvidence], rate: float) -> dict[int, Verdict]:
        if not documents:
            return {}
        evidence = list(documents.values())
        summaries = np.stack([d.summary for d in evidence])
        words = np.array([d.words for d in evidence])
        scores, shares = self.classifier.score(summaries, words)
        probabilities = self.classifier.calibrate(scores, words)
        thresholds = self.classifier.find_threshold(rate, words)
        return {
            key: self._make_verdict(
                document,
                float(probabilities[i]),
                np.exp(shares[i]).tolist(),
                None if thresholds is None else float(thresholds[i]),
                rate,
            )
            for i, (key, document) in enumerate(documents.items())
        }

    def _make_verdict(
        self,
        document: DocumentEvidence,
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
            promised = ", ".join(f"{r:g}" for r in self.false_positive_rates) or "none"
            return f"no threshold: this model promises none at {rate:g}, only at {promised}"
        return None

    def _weigh_sentences(self, document: DocumentEvidence) -> tuple[SentenceEvidence, ...]:
        """Each sentence with what its columns contribute to its log-odds of "not original"."""
        rows = {sentence: row for row, sentence in enumerate(document.judged)}
        parts = self.sentence_scorer.weigh(document.matrix).round(4).tolist()
        constant = round(self.sentence_scorer.constant, 4)
        result = []
        for i, sentence in enumerate(document.sentences):
            evidence: dict[str, float] = {}
            if i in rows:
                evidence = dict(zip(EVIDENCE_COLUMNS, parts[rows[i]], strict=True))
                evidence["constant"] = constant
            result.append(
                SentenceEvidence(
                    sentence.text, sentence.start, sentence.end, sentence.kind, evidence
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
