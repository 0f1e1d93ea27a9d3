"""Tune a sentence encoder on pairs until the machine's version of a sentence stands apart.

A sentence encoder is trained to ignore paraphrase, which is the very signal. Three objectives
turn it round, on the human and the machine version of the same sentence side by side:

* **class**: original, translated or spun, from the sentence embedding (mean of the tokens);
* **pair**: the machine's version scores above the human one (a logistic ranking loss, Burges et
  al. 2005, "Learning to rank using gradient descent");
* **token**: which words of the machine's version are not the human's, in the manner of
  replaced-token detection (Clark et al. 2020, "ELECTRA"), and words that experts marked.

Each objective is also put on the embeddings that leave lower layers ("exits", Schwartz et al.
2020, "The right tool for the job"), so one run gives the 2-, 3-, 4- and 6-layer models. The loop
is our own because no trainer of sentence-transformers joins a token loss, a pair loss and exits;
the model that comes out is a plain sentence-transformers folder.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoTokenizer

from detector.io.atomic_files import replace_whole
from detector.model.classes import SENTENCE_CLASSES
from detector.training.corpora.labelled_pairs import OWN, UNLABELLED, LabelledPair
from detector.training.fitting.encoder.tuned_encoder import (
    HUMAN_TRANSLATION,
    NATIVE,
    TunedEncoder,
    choose_precision,
)


@dataclass(frozen=True)
class TuningConfig:
    """Everything that decides the outcome of a tuning run.

    Attributes:
        learning_rate: peak, after a linear warm-up over `warmup` of the steps; falls linearly to 0.
        tokens_per_batch: padded tokens, both sides of the pairs together.
        exits: layers whose output is trained to be used, with the weight of each in the loss.
        shared_word_weight: weight of words that both sides have, in the token loss.
        dropout: of hidden features, one mask for all tokens of a sentence.
        token_dropout: share of tokens that are masked, on both sides: the same original comes
            with several versions, and must not be learnt by heart.
        frozen_embeddings: whether word embeddings stay as they are (names cannot be learnt).
    """

    learning_rate: float = 2e-4
    weight_decay: float = 0.01
    warmup: float = 0.05
    tokens_per_batch: int = 2304
    maximum_tokens: int = 96
    exits: dict[int, float] = field(default_factory=lambda: {2: 0.3, 3: 0.7, 4: 1.0})
    class_weight: float = 1.0
    pair_weight: float = 1.0
    token_weight: float = 1.0
    shared_word_weight: float = 0.3
    dropout: float = 0.1
    token_dropout: float = 0.1
    frozen_embeddings: bool = True
    seed: int = 20260101
    checkpoint_every: int = 500
    validate_every: int = 1000


@dataclass(frozen=True, slots=True)
class _Side:
    ids: list[int]
    labels: list[float]
    weights: list[float]


@dataclass(frozen=True, slots=True)
class _Example:
    original: _Side
    text: _Side
    original_label: int
    label: int

    @property
    def length(self) -> int:
        return max(len(self.original.ids), len(self.text.ids))


def prepare_examples(
    pairs: Sequence[LabelledPair], tokenizer: Any, config: TuningConfig
) -> list[_Example]:
    """Cut the words of labelled pairs into the encoder's tokens, labels along with them."""
    examples = []
    for at in range(0, len(pairs), 4096):
        part = pairs[at : at + 4096]
        encoded = tokenizer(
            [list(masked.words) for pair in part for masked in (pair.original, pair.text)],
            is_split_into_words=True,
            truncation=True,
            max_length=config.maximum_tokens,
        )
        for i, pair in enumerate(part):
            sides = []
            for j, words in ((2 * i, pair.original_words), (2 * i + 1, pair.text_words)):
                machine = j % 2 == 1
                labels, weights = [], []
                for word_id in encoded.word_ids(j):
                    word = UNLABELLED if word_id is None else words[word_id]
                    labels.append(float(machine and word == OWN))
                    weights.append(
                        0.0
                        if word == UNLABELLED
                        else 1.0
                        if word == OWN
                        else config.shared_word_weight
                    )
                sides.append(_Side(encoded["input_ids"][j], labels, weights))
            origin = HUMAN_TRANSLATION if pair.is_translation else NATIVE
            examples.append(_Example(sides[0], sides[1], origin, SENTENCE_CLASSES.index(pair.kind)))
    return examples


def make_batches(
    examples: Sequence[_Example], config: TuningConfig, rng: random.Random
) -> list[list[int]]:
    """Batches of pairs of about one length, within the token budget, in random order."""
    order = sorted(range(len(examples)), key=lambda i: (examples[i].length, rng.random()))
    batches: list[list[int]] = []
    batch: list[int] = []
    for i in order:
        if batch and 2 * (len(batch) + 1) * examples[i].length > config.tokens_per_batch:
            batches.append(batch)
            batch = []
        batch.append(i)
    if batch:
        batches.append(batch)
    rng.shuffle(batches)
    return batches


def _collate(examples: Sequence[_Example], device: torch.device) -> dict[str, torch.Tensor]:
    sides = [e.original for e in examples] + [e.text for e in examples]
    width = max(len(s.ids) for s in sides)

    def pad(rows: Iterator[Sequence[float]], dtype: torch.dtype) -> torch.Tensor:
        padded = [list(row) + [0] * (width - len(row)) for row in rows]
        return torch.tensor(padded, dtype=dtype, device=device)

    return {
        "ids": pad((s.ids for s in sides), torch.long),
        "mask": pad(([1] * len(s.ids) for s in sides), torch.long),
        "token_labels": pad((s.labels for s in sides), torch.float32),
        "token_weights": pad((s.weights for s in sides), torch.float32),
        "labels": torch.tensor(
            [e.original_label for e in examples] + [e.label for e in examples], device=device
        ),
    }


def _mask_tokens(batch: dict[str, torch.Tensor], share: float, tokenizer: Any) -> None:
    """Mask a share of the tokens in place; nothing is asked of a masked token."""
    special = (batch["ids"] == tokenizer.cls_token_id) | (batch["ids"] == tokenizer.sep_token_id)
    drawn = torch.rand(batch["ids"].shape, device=batch["ids"].device) < share
    masked = drawn & batch["mask"].bool() & ~special
    batch["ids"] = batch["ids"].masked_fill(masked, tokenizer.mask_token_id)
    batch["token_weights"] = batch["token_weights"].masked_fill(masked, 0.0)


def rank_pairs(class_logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """How far each machine's version lies above the human one, between the classes of that pair."""
    half = len(labels) // 2
    rows = torch.arange(half, device=labels.device)
    origin, made = labels[:half], labels[half:]
    human, machine = class_logits[:half], class_logits[half:]
    difference = machine - human
    return difference[rows, made] - difference[rows, origin]


def compute_loss(
    outputs: dict[int, tuple[torch.Tensor, torch.Tensor]],
    batch: dict[str, torch.Tensor],
    config: TuningConfig,
) -> tuple[torch.Tensor, dict[str, float]]:
    """The weighted sum of the three losses over the exits, and each at the last exit."""
    total = torch.zeros((), device=batch["ids"].device)
    parts: dict[str, float] = {}
    for e, (class_logits, token_logits) in outputs.items():
        by_class = nn.functional.cross_entropy(class_logits, batch["labels"], label_smoothing=0.02)
        by_pair = nn.functional.softplus(-rank_pairs(class_logits, batch["labels"])).mean()
        by_token = nn.functional.binary_cross_entropy_with_logits(
            token_logits, batch["token_labels"], weight=batch["token_weights"], reduction="sum"
        ) / batch["token_weights"].sum().clamp(min=1.0)
        total = total + config.exits[e] * (
            config.class_weight * by_class
            + config.pair_weight * by_pair
            + config.token_weight * by_token
        )
        parts = {"class": by_class.item(), "pair": by_pair.item(), "token": by_token.item()}
    return total, parts


def _choose_device() -> torch.device:
    """A GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@dataclass
class _Training:
    """A model in training, with everything that a checkpoint must hold.

    Attributes:
        model: on the device.
        tokenizer: of the base.
        config: of the run.
        batches: steps of the run.
        optimizer, schedule: of the parameters that are not frozen.
        losses: exponential means of each part of the loss.
    """

    model: TunedEncoder
    tokenizer: Any
    config: TuningConfig
    batches: int
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LambdaLR
    losses: dict[str, float] = field(default_factory=dict)

    @classmethod
    def start(
        cls, base: Path | str, tokenizer: Any, config: TuningConfig, batches: int
    ) -> _Training:
        """The base with new heads, before the first step."""
        model = TunedEncoder(base, list(config.exits), config.dropout).to(_choose_device())
        if config.frozen_embeddings:
            model.transformer.embeddings.word_embeddings.weight.requires_grad_(False)
        optimizer = torch.optim.AdamW(
            [p for p in model.parameters() if p.requires_grad],
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            fused=True,
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: _learning_rate_factor(step, batches, config.warmup)
        )
        return cls(model, tokenizer, config, batches, optimizer, schedule)

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.model.parameters()).device

    @property
    def settings(self) -> dict[str, Any]:
        """The configuration as JSON holds it."""
        settings: dict[str, Any] = json.loads(json.dumps(asdict(self.config)))
        return settings

    def restore(self, checkpoint: Path) -> int:
        """Go back to where a checkpoint was saved: the number of steps that are done.

        Raises:
            ValueError: it is of another run.
        """
        state = torch.load(checkpoint, map_location=self.device, weights_only=True)
        if state["settings"] != self.settings or state["batches"] != self.batches:
            raise ValueError(
                f"{checkpoint} belongs to a run with another configuration or other pairs; "
                "delete it or choose another output folder"
            )
        for name in ("model", "optimizer", "schedule"):
            getattr(self, name).load_state_dict(state[name])
        return int(state["step"])

    def save(self, checkpoint: Path, step: int) -> None:
        """Write a checkpoint, whole or not at all."""
        state = {n: getattr(self, n).state_dict() for n in ("model", "optimizer", "schedule")}
        counts = {"step": step, "batches": self.batches, "settings": self.settings}
        with replace_whole(checkpoint) as stream:
            torch.save(state | counts, stream)

    def learn(self, examples: Sequence[_Example], step: int) -> None:
        """One step on one batch."""
        self.model.train()
        # What dropout draws depends on the step alone, so that a resumed run draws it too.
        torch.manual_seed(self.config.seed + step)
        batch = _collate(examples, self.device)
        _mask_tokens(batch, self.config.token_dropout, self.tokenizer)
        with torch.autocast(self.device.type, **choose_precision(self.device)):
            outputs = self.model(batch["ids"], batch["mask"])
        loss, parts = compute_loss(outputs, batch, self.config)
        loss.backward()
        trained = [p for p in self.model.parameters() if p.requires_grad]
        nn.utils.clip_grad_norm_(trained, 1.0)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad(set_to_none=True)
        for name, value in parts.items():
            self.losses[name] = 0.98 * self.losses.get(name, value) + 0.02 * value


def tune(
    base: Path | str,
    pairs: Sequence[LabelledPair],
    output: Path,
    config: TuningConfig,
    validate: Callable[[TunedEncoder, Any], dict[str, float]] | None = None,
    resume: bool = False,
    report: Callable[[str], None] = print,
) -> TunedEncoder:
    """Tune `base` on `pairs`, one pass, with checkpoints in `output`.

    Args:
        base: a sentence-transformers or transformers model folder (or hub name).
        pairs: labelled pairs, see `detector.training.corpora.labelled_pairs.label_pair`.
        output: folder for ``checkpoint.pt``, ``config.json`` and ``log.jsonl``.
        config: see `TuningConfig`.
        validate: called with the model and tokenizer every `validate_every` steps; its figures
            go into the log.
        resume: continue from the checkpoint in `output`, with the same pairs and configuration.
        report: receives a line of progress now and then.

    Returns:
        The tuned model, in evaluation mode, on the CPU.

    Raises:
        ValueError: if `resume` finds a checkpoint of another configuration.
    """
    torch.manual_seed(config.seed)
    tokenizer = AutoTokenizer.from_pretrained(str(base))
    examples = prepare_examples(pairs, tokenizer, config)
    batches = make_batches(examples, config, random.Random(config.seed))
    training = _Training.start(base, tokenizer, config, len(batches))
    output.mkdir(parents=True, exist_ok=True)
    checkpoint = output / "checkpoint.pt"
    first = training.restore(checkpoint) if resume and checkpoint.exists() else 0
    (output / "config.json").write_text(json.dumps(training.settings, indent=2))
    started, seen = time.monotonic(), 0
    with (output / "log.jsonl").open("a" if first else "w") as log:
        for step in range(first, len(batches)):
            training.learn([examples[i] for i in batches[step]], step)
            seen += 2 * len(batches[step])
            done, is_last = step + 1, step + 1 == len(batches)
            if done % 50 == 0 or is_last:
                speed = seen / (time.monotonic() - started)
                losses = " ".join(f"{n} {v:.3f}" for n, v in training.losses.items())
                report(f"step {done}/{len(batches)}  {speed:.0f} sentences/s  {losses}")
            if done % config.validate_every == 0 or is_last:
                figures = validate(training.model.eval(), tokenizer) if validate else {}
                log.write(json.dumps({"step": done, **training.losses, **figures}) + "\n")
                log.flush()
                if figures:
                    report("  ".join(f"{n} {v:.3f}" for n, v in figures.items()))
            if done % config.checkpoint_every == 0 or is_last:
                training.save(checkpoint, done)
    return training.model.eval().cpu()


def _learning_rate_factor(step: int, steps: int, warmup: float) -> float:
    warm = max(1, math.ceil(steps * warmup))
    if step < warm:
        return (step + 1) / warm
    return max(0.0, (steps - step) / max(1, steps - warm))
