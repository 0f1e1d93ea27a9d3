"""A transformer with class and token heads at several layers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from transformers import AutoModel

from detector.model.classes import SENTENCE_CLASSES
from detector.training.fitting.encoder.settings import MAXIMUM_TOKENS

NATIVE, HUMAN_TRANSLATION = map(SENTENCE_CLASSES.index, ("native", "human_translation"))


class SharedDropout(nn.Module):
    """Dropout of features with one mask for all tokens of a sentence (Gal and Ghahramani 2016).

    Drawing a mask per token took a quarter of a step on a CPU; this costs nothing.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """States (n, tokens, width), in training with a share of their features put out."""
        if not self.training or not self.rate:
            return states
        mask = torch.rand(len(states), 1, states.shape[-1], device=states.device) >= self.rate
        return states * (mask / (1.0 - self.rate)).to(states.dtype)


class TunedEncoder(nn.Module):
    """A transformer with a class head and a token head at each exit.

    `forward` returns, for each exit, class logits (n, 4) and token logits (n, tokens).

    Args:
        base: a sentence-transformers or transformers model folder (or hub name).
        exits: numbers of layers; those that the base lacks are left out.
        dropout: of hidden features.
        tokens: that it must be able to read; where the base has fewer positions, its last one
            stands for the others.

    Raises:
        ValueError: the base is of a kind that cannot be tuned, or has none of the exits.
    """

    def __init__(
        self,
        base: Path | str,
        exits: Sequence[int],
        dropout: float = 0.0,
        tokens: int = MAXIMUM_TOKENS,
    ) -> None:
        super().__init__()
        self.transformer = AutoModel.from_pretrained(str(base), attn_implementation="eager")
        _check_kind(self.transformer)
        _lengthen(self.transformer, tokens)
        layers, width = len(self.transformer.encoder.layer), self.transformer.config.hidden_size
        self.exits = [e for e in exits if e <= layers]
        if not self.exits:
            raise ValueError(f"the base encoder has {layers} layers, none of {list(exits)}")
        self.transformer.encoder.layer = self.transformer.encoder.layer[: max(self.exits)]
        self.class_heads = nn.ModuleDict(
            {str(e): nn.Linear(width, len(SENTENCE_CLASSES)) for e in self.exits}
        )
        self.token_heads = nn.ModuleDict({str(e): nn.Linear(width, 1) for e in self.exits})
        _replace_dropout(self.transformer, dropout)

    def forward(
        self, ids: torch.Tensor, mask: torch.Tensor
    ) -> dict[int, tuple[torch.Tensor, torch.Tensor]]:
        """Class and token logits by exit, of token ids and their mask (n, tokens)."""
        states = self.transformer(
            input_ids=ids, attention_mask=mask, output_hidden_states=True
        ).hidden_states
        outputs = {}
        weights = mask.unsqueeze(-1).to(states[0].dtype)
        for e in self.exits:
            state = states[e]
            pooled = (state * weights).sum(1) / weights.sum(1)
            outputs[e] = (
                self.class_heads[str(e)](pooled).float(),
                self.token_heads[str(e)](state).squeeze(-1).float(),
            )
        return outputs


def _check_kind(transformer: Any) -> None:
    """Refuse an encoder whose parts do not go by the names that are used here.

    Raises:
        ValueError: it is of another kind.
    """
    encoder, embeddings = (getattr(transformer, name, None) for name in ("encoder", "embeddings"))
    if not hasattr(encoder, "layer") or not hasattr(embeddings, "word_embeddings"):
        raise ValueError(
            f"it is of the kind {transformer.config.model_type}; BERT, MPNet, RoBERTa and what is "
            "built like them can be tuned"
        )


def _lengthen(transformer: Any, tokens: int) -> None:
    """Repeat the last position until there are enough for so many tokens."""
    embeddings = transformer.embeddings
    table = getattr(embeddings, "position_embeddings", None)
    if table is None:
        return
    # RoBERTa and MPNet count positions from behind that of padding.
    first = 0 if table.padding_idx is None else table.padding_idx + 1
    missing = first + tokens - table.num_embeddings
    if missing <= 0:
        return
    weights = torch.cat([table.weight.detach(), table.weight.detach()[-1:].repeat(missing, 1)])
    embeddings.position_embeddings = nn.Embedding.from_pretrained(
        weights, freeze=False, padding_idx=table.padding_idx
    )
    transformer.config.max_position_embeddings = len(weights)
    fresh = {"position_ids": torch.arange(len(weights))[None]}
    fresh |= {"token_type_ids": torch.zeros_like(fresh["position_ids"])}
    for name in fresh.keys() & dict(embeddings.named_buffers()).keys():
        embeddings.register_buffer(name, fresh[name], persistent=False)


def _replace_dropout(module: nn.Module, rate: float) -> None:
    for name, child in module.named_children():
        if isinstance(child, nn.Dropout) and type(module).__name__.endswith("SelfAttention"):
            child.p = 0.0
        elif isinstance(child, nn.Dropout):
            setattr(module, name, SharedDropout(rate))
        else:
            _replace_dropout(child, rate)


def log_odds(class_logits: torch.Tensor) -> torch.Tensor:
    """Log-odds of a machine (translated or spun) from class logits (n, 4)."""
    machine = torch.logsumexp(class_logits[:, 1:3], dim=1)
    return machine - torch.logaddexp(class_logits[:, NATIVE], class_logits[:, HUMAN_TRANSLATION])


def _time_product(dtype: torch.dtype) -> float:
    """Seconds that a product of matrices of an encoder's sizes takes, the least of five."""
    states, weights = torch.ones(1024, 768, dtype=dtype), torch.ones(768, 768, dtype=dtype)
    tries = []
    for _ in range(5):
        started = time.perf_counter()
        torch.mm(states, weights)
        tries.append(time.perf_counter() - started)
    return min(tries)


@cache
def _is_bfloat16_faster() -> bool:
    """Whether this processor computes clearly faster in bfloat16 than in float32.

    What it says it supports does not tell: where bfloat16 is emulated, a step takes 4.6 times as
    long, and of the processors that have instructions for it some are faster and others (Sapphire
    Rapids without AMX) take 1.8 times as long (measured).
    """
    return 1.25 * _time_product(torch.bfloat16) < _time_product(torch.float32)


def choose_precision(device: torch.device) -> dict[str, Any]:
    """What `torch.autocast` is to do on `device`: bfloat16 where that is faster."""
    return {"dtype": torch.bfloat16, "enabled": device.type != "cpu" or _is_bfloat16_faster()}


@torch.no_grad()
def score_masked(
    model: TunedEncoder,
    tokenizer: Any,
    masked_sentences: Sequence[Sequence[str]],
    maximum_tokens: int = MAXIMUM_TOKENS,
) -> dict[int, npt.NDArray[np.float32]]:
    """Class logits (n, SENTENCE_CLASSES) of each masked sentence (its words), by exit."""
    device = next(model.parameters()).device
    scores = {
        e: np.zeros((len(masked_sentences), len(SENTENCE_CLASSES)), dtype=np.float32)
        for e in model.exits
    }
    order = np.argsort([len(v) for v in masked_sentences], kind="stable")
    for at in range(0, len(masked_sentences), 64):
        rows = order[at : at + 64]
        encoded = tokenizer(
            [list(masked_sentences[i]) for i in rows],
            is_split_into_words=True,
            truncation=True,
            max_length=maximum_tokens,
            padding=True,
            return_tensors="pt",
        ).to(device)
        with torch.autocast(device.type, **choose_precision(device)):
            outputs = model(encoded["input_ids"], encoded["attention_mask"])
        for e, (class_logits, _) in outputs.items():
            scores[e][rows] = class_logits.cpu().numpy()
    return scores
