"""What decides the outcome of a tuning run."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

#: Of a sentence; what `detector.features.encoder.SentenceEncoder` cuts it to.
MAXIMUM_TOKENS = 96


@dataclass(frozen=True)
class TuningConfig:
    """Everything that decides the outcome of a tuning run.

    Attributes:
        learning_rate: peak, after a linear warm-up over `warmup` of a pass's steps; falls linearly
            to 0.
        tokens_per_batch: padded tokens, both sides of the pairs together.
        exits: layers whose output is trained to be used, with the weight of each in the loss.
        shared_word_weight: weight of words that both sides have, in the token loss.
        dropout: of hidden features, one mask for all tokens of a sentence.
        token_dropout: share of tokens that are masked, on both sides: the same original comes
            with several versions, and must not be learnt by heart.
        frozen_embeddings: whether word embeddings stay as they are (names cannot be learnt).
        frozen_positions: whether those of positions, and what normalises both, do too.
        frozen_layers: how many of the lowest layers do, and with them the bias of relative
            positions that all layers of MPNet share. Where embeddings and positions are frozen
            too, no gradient has to go through them.
    """

    learning_rate: float = 2e-4
    weight_decay: float = 0.01
    warmup: float = 0.05
    tokens_per_batch: int = 2304
    maximum_tokens: int = MAXIMUM_TOKENS
    exits: dict[int, float] = field(default_factory=lambda: {2: 0.3, 3: 0.7, 4: 1.0})
    class_weight: float = 1.0
    pair_weight: float = 1.0
    token_weight: float = 1.0
    shared_word_weight: float = 0.3
    dropout: float = 0.1
    token_dropout: float = 0.1
    frozen_embeddings: bool = True
    frozen_positions: bool = False
    frozen_layers: int = 0
    seed: int = 20260101
    checkpoint_every: int = 500
    validate_every: int = 1000


@dataclass(frozen=True)
class Schedule:
    """The learning rate by step: a linear warm-up, then a linear fall to 0.

    Attributes:
        steps: where the rate reaches 0: the end of a pass.
        warmup: share of the steps over which it rises.
        bent_at: the step at which the plan was changed; 0 if it never was.
        height: share of the peak rate at which it was changed.
        started_at: the step from which it rises, where the pass before ended (a warm restart,
            Loshchilov and Hutter 2017, "SGDR").
    """

    steps: int
    warmup: float
    bent_at: int = 0
    height: float = 1.0
    started_at: int = 0

    def find_factor(self, step: int) -> float:
        """Share of the peak rate at a step, counted from 0."""
        top = self._find_top()
        if step < top:
            return min(1.0, (step - self.started_at + 1) / self._count_rising())
        return self.height * max(0.0, (self.steps - step) / max(1, self.steps - top))

    def _count_rising(self) -> int:
        return max(1, math.ceil((self.steps - self.started_at) * self.warmup))

    def _find_top(self) -> int:
        """The step from which the rate falls."""
        return self.bent_at or self.started_at + self._count_rising()

    def bend(self, step: int, steps: int) -> Schedule:
        """The same up to `step`, from where the rate falls linearly to 0 at `steps`.

        While the rate still rises, it is as if so many steps had been planned from the start.
        """
        if step < self._find_top():
            return Schedule(steps, self.warmup, started_at=self.started_at)
        height = self.find_factor(step)
        return Schedule(steps, self.warmup, max(1, step), height, self.started_at)

    def restart(self, step: int, steps: int) -> Schedule:
        """A new rise from `step` on, and a fall to 0 at `steps`."""
        return Schedule(steps, self.warmup, started_at=step)
