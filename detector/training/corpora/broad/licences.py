"""Which corpora come with terms that weights trained on them may have to follow."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

#: Corpora of documents, and registers of human articles, that are for research or for
#: non-commercial use, or whose source states no licence.
RESTRICTED: Mapping[str, str] = {
    "lafand_news": "CC BY-NC 4.0",
    "ted_talks": "talks: CC BY-NC-ND",
    "asap_essays": "none stated, research use",
    "detectrl": "none stated, research use",
    "broken_telephone": "none stated, research use",
    "paraphrased_documents": "none stated, research use",
    "non-native school essays": "CC BY-NC-SA 4.0",
    "native essays": "none stated, research use",
    "abstracts": "none stated, research use",
}

#: What each file of the corpora is licensed under, for the model card.
LICENCES_OF_FILES: Mapping[str, str] = {
    "roundtrip_news": "MPL-2.0; WMT: released for research",
    "roundtrip_flores_dev": "MPL-2.0; FLORES: CC BY-SA 4.0",
    "translated_news": "MPL-2.0; WMT: released for research",
    "human_news": "Wikinews: CC BY 2.5; BBC, Reuters, WMT: research use",
    "error_spans_zh_en": "Apache-2.0",
    "roundtrip_documents": (
        "African news: CC BY-NC 4.0; talks: CC BY-NC-ND; essays, abstracts, stories, reviews, "
        "language models' news: none stated, research use"
    ),
    "translated_documents": "WMT: released for research",
    "paraphrased_documents": "none stated, research use",
    "language_model_articles": "the publishers' texts: to fit and measure with",
    "human_articles": (
        "the publishers' texts: to fit and measure with; learners' essays: CC BY-NC-SA 4.0; press "
        "releases and government blog: public domain"
    ),
    "edited_articles": "CC BY-SA 4.0",
}


def is_restricted(names: pd.Series) -> pd.Series:
    """Which corpora or registers have terms of their own."""
    return names.isin(RESTRICTED)
