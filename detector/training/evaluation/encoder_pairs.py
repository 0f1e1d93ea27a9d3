"""Measure the class head of an encoder on pairs of sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from detector.training.corpora.labelled_pairs import LabelledPair
from detector.training.fitting.encoder.tuned_encoder import TunedEncoder, log_odds, score_masked


def measure_pairs(
    model: TunedEncoder,
    tokenizer: Any,
    sets: Mapping[str, Sequence[LabelledPair]],
    maximum_tokens: int,
) -> dict[str, float]:
    """How well single sentences are told apart, for each set and exit.

    ``SET/EXIT/auroc`` is of the machine sentences against the human ones, ``SET/EXIT/pair`` the
    share of machine sentences that score above their own original. Sets without pairs are left out.

    Args:
        model: an encoder in evaluation mode.
        tokenizer: the encoder's.
        sets: pairs by the name of their set.
        maximum_tokens: of a sentence.
    """
    figures = {}
    for name, pairs in sets.items():
        if not pairs:
            continue
        masked = [pair.original.words for pair in pairs] + [pair.text.words for pair in pairs]
        is_machine = np.repeat([False, True], len(pairs))
        for e, logits in score_masked(model, tokenizer, masked, maximum_tokens).items():
            scores = log_odds(torch.from_numpy(logits)).numpy()
            above = scores[is_machine] > scores[~is_machine]
            figures[f"{name}/{e}/auroc"] = round(float(roc_auc_score(is_machine, scores)), 4)
            figures[f"{name}/{e}/pair"] = round(float(above.mean()), 4)
    return figures
