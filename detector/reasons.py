"""Why a text was not judged or could not be flagged: "code: explanation" for each.

Programs compare the code before the colon (`Verdict.reason_code`, `detector.monitoring.streams`):
the explanation may be reworded, the code may not.
"""

from __future__ import annotations

from detector.features.document_features import DocumentFeatures
from detector.model.thresholds import Thresholds
from detector.result_base import is_source
from detector.results import Comparison, Verdict
from detector.text.document import MAXIMUM_CHARACTERS, Document
from detector.text.intake.form import find_deviation
from detector.text.intake.misspellings import find_misspellings
from detector.text.language import ENGLISH, UNKNOWN

#: Under so many words a text is not flagged, whatever its probability.
MINIMUM_WORDS = 60

#: Of words of five letters and more, those that are misspelt, and how many there are: of news one
#: article in a hundred lies beyond, of essays by learners of English a third.
_MOST_MISSPELT, _FEWEST_MISSPELT = 0.02, 3

_MISSPELT_SHOWN = 3

#: Copies and originals of fewer words are aligned, but not flagged.
MINIMUM_COMPARED_WORDS = 30


def explain_refusal(language: str | None) -> str:
    """Why there is no figure for a text in this language; None is that of an empty text."""
    if language is None:
        return "empty: there is no text"
    if language == ENGLISH:
        return "too short: no whole sentence to judge"
    if language == UNKNOWN:
        return "not English: the language could not be told"
    return f"not English: the text looks like {language!r}"


def find_text_reason(
    words: int, form: str | None, thresholds: Thresholds, rate: float
) -> str | None:
    """Why a text could not be flagged at a rate; None where it could.

    Args:
        words: in its judged sentences.
        form: what `explain_form` or else `explain_spelling` says of it.
        thresholds: of the model.
        rate: share of human articles that may be flagged by mistake.
    """
    if words < MINIMUM_WORDS:
        return f"too short: {words} words in whole sentences, {MINIMUM_WORDS} needed"
    return form or _find_missing_threshold(thresholds, rate)


def find_pair_reason(
    words: int,
    forms: tuple[str | None, str | None],
    direction: float | None,
    thresholds: Thresholds,
    rate: float,
) -> str | None:
    """Why a copy could not be flagged beside its original at a rate; None where it could.

    Args:
        words: of the shorter text.
        forms: what `explain_form` says of the copy and of the original.
        direction: probability that the copy was made of the original; None where no machine seems
            to have made either of the other.
        thresholds: of pairs of which so many words are compared.
        rate: share of other pairs that may be flagged by mistake.
    """
    if words < MINIMUM_COMPARED_WORDS:
        return f"too short: {words} words in one of the texts, {MINIMUM_COMPARED_WORDS} needed"
    for side, form in zip(("the copy", "the original"), forms, strict=True):
        if form is not None:
            code, _, explanation = form.partition(": ")
            return f"{code}: {side}, since {explanation}"
    if direction is not None and is_source(direction):
        share = int(100 * (1 - direction))
        return f"the other way round: the original seems made of the copy ({share} %)"
    return _find_missing_threshold(thresholds, rate, " of pairs of this length")


def explain_form(features: DocumentFeatures) -> str | None:
    """How a text differs from all on which thresholds were measured; None where it does not."""
    sentences = features.document.sentences
    deviation = find_deviation(
        [(sentences[index], features.document.masked_sentences[index]) for index in features.judged]
    )
    if deviation is None:
        return None
    code = "unlike what thresholds were measured on" if deviation.is_article else "not an article"
    return f"{code}: {deviation.explanation}"


def explain_spelling(features: DocumentFeatures) -> str | None:
    """That a text is misspelt as a learner's or a pupil's is; None where it is not.

    Thresholds accuse learners of English too often, and neither newspapers nor machines misspell.
    Beside its original a copy needs no such leave.
    """
    sentences = features.document.sentences
    found = find_misspellings(sentences[index].text for index in features.judged)
    # One word again and again is jargon.
    different = list(dict.fromkeys(found.misspelt))
    if len(different) < _FEWEST_MISSPELT or found.share < _MOST_MISSPELT:
        return None
    shown = ", ".join(f"“{word}”" for word in different[:_MISSPELT_SHOWN])
    return (
        f"misspelt: {len(found.misspelt)} of {found.words} longer words look so ({shown}); "
        "thresholds do not hold for texts with so many slips"
    )


def _find_missing_threshold(thresholds: Thresholds, rate: float, what: str = "") -> str | None:
    if thresholds.find(rate) is not None:
        return None
    guaranteed = ", ".join(f"{known:g}" for known in thresholds)
    only = f", only at {guaranteed}" if guaranteed else ""
    return f"no threshold: this model guarantees none at {rate:g}{what}{only}"


def find_obstacle(copy: Document, original: Document) -> str | None:
    """Why two documents cannot be compared; None where their texts may be."""
    sides = (("the copy", copy), ("the original", original))
    for name, document in sides:
        if document.language is None:
            return f"empty: {name} has no text"
        if len(document.text) > MAXIMUM_CHARACTERS:
            return (
                f"too long: {name} has {len(document.text):,} characters, "
                f"at most {MAXIMUM_CHARACTERS:,} are compared"
            )
    for name, document in sides:
        if document.language == UNKNOWN:
            return f"not English: the language of {name} could not be told"
    if copy.language != original.language:
        return (
            f"two languages: the copy looks like {copy.language!r}, "
            f"the original like {original.language!r}"
        )
    if copy.language != ENGLISH:
        return f"not English: the texts look like {copy.language!r}"
    return None


def explain_empty_side(is_copy: bool) -> str:
    """Why a pair cannot be compared of which one side has no judged sentence."""
    return f"too short: {'the copy' if is_copy else 'the original'} has no whole sentence"


def refuse_pair(
    reason: str, verdicts: tuple[Verdict, Verdict], rate: float, signature: str
) -> Comparison:
    """The answer to a pair that cannot be compared.

    Args:
        reason: why.
        verdicts: on the copy and on the original by themselves.
        rate: share of other pairs that the caller accepts to be flagged.
        signature: see `Comparison`.
    """
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
        verdict=verdicts[0],
        original_verdict=verdicts[1],
        reason=reason,
        signature=signature,
    )
