"""Names of the columns that describe a sentence and a document.

`FeatureExtractor.score_masked` fills them, by position. A new count of style is no column here but
one of `STYLE_COLUMNS` in `style.py`, which a linear model turns into the ``style_`` columns.
"""

from __future__ import annotations

#: Each source's log-odds, of the first class against the second.
CONTRASTS = {
    "translated": ("translated", "native"),
    "spun": ("spun", "native"),
    "machine": ("translated", "human_translation"),
}

#: The features of a sentence, ``source_contrast`` of each source and contrast; of the token head
#: the mean over the words, and over those that score highest.
FEATURE_COLUMNS = (
    *(f"encoder_{contrast}" for contrast in CONTRASTS),
    "words_mean",
    "words_top",
    *(f"lexical_{contrast}" for contrast in CONTRASTS),
    *(f"style_{contrast}" for contrast in CONTRASTS),
    *(f"discriminant_{contrast}" for contrast in CONTRASTS),
    *(f"logistic_{contrast}" for contrast in CONTRASTS),
)

#: Those of `FEATURE_COLUMNS` that directions in the embedding give which were fitted on whole
#: documents: linear discriminants, and a logistic regression.
DIRECTIONS = tuple(c for c in FEATURE_COLUMNS if c.startswith(("discriminant_", "logistic_")))

#: The features of a document: the means of its sentences'. Spread or quantiles beside them did not
#: help on outlets left out (measured).
SUMMARY_COLUMNS = FEATURE_COLUMNS
