"""Articles with sentence embeddings, drawn at random."""

from __future__ import annotations

import numpy as np
import pandas as pd

from detector.features.columns import FEATURE_COLUMNS
from detector.training.fitting.feature_table import FeatureTable

WIDTH = 12
#: What each direction of the made-up embeddings carries.
OUTLET, TRANSLATED, SPUN, MACHINE = range(4)


def draw_articles(seed: int = 5, articles: int = 60, spun: bool = True) -> FeatureTable:
    """Three outlets far apart, each article with its versions; one outlet's are translators'.

    Articles differ widely along every direction, so that only the difference from a version's own
    original, or a mean over many, tells what a machine did.
    """
    rng = np.random.default_rng(seed)
    rows, embeddings = [], []
    for outlet, (group, by_translator) in enumerate(
        [("gazette", False), ("courier", False), ("foreign", True)]
    ):
        for number in range(articles):
            base = rng.normal(size=WIDTH)
            base[OUTLET] += 6.0 * outlet
            for label in ("original", "translated", "spun")[: 3 if spun else 2]:
                moved = base.copy()
                if label == "translated":
                    moved[MACHINE if by_translator else TRANSLATED] += 1.5
                elif label == "spun":
                    moved[SPUN] += 1.5
                sentences = rng.normal(size=(6, WIDTH)) * 0.3 + moved
                embeddings.append(sentences.astype(np.float16))
                is_original = label == "original"
                rows.append((label, group, f"{group}/{number}", by_translator and is_original))
    frame = pd.DataFrame(rows, columns=["label", "group", "article_id", "by_translator"])
    frame["system"] = ""
    zeros = [np.zeros((6, len(FEATURE_COLUMNS)), dtype=np.float32) for _ in rows]
    counts = [np.full(6, 20, dtype=np.int32) for _ in rows]
    return FeatureTable(frame, zeros, counts, embeddings=embeddings)
