"""Tune a sentence encoder on pairs until the machine's version of a sentence stands apart.

A sentence encoder is trained to ignore paraphrase, which is the very signal. Three objectives
turn it round, on the human and the machine version of the same sentence side by side:

* **class**: original, translated or spun, from the sentence embedding (mean of the tokens);
* **pair**: the machine's version scores above the human one (a logistic ranking loss, Burges et
  al. 2005, "Learning to rank using gradient descent");
* **token**: which words of the machine's version are not the human's, in the manner of
  replaced-token detection (Clark et al. 2020, "ELECTRA"), and words that experts marked.

A human sentence without a machine's version takes part in the class objective alone.

Each objective is also put on the embeddings that leave lower layers ("exits", Schwartz et al.
2020, "The right tool for the job"), so one run gives the 2-, 3-, 4- and 6-layer models. The loop
is our own because no trainer of sentence-transformers joins a token loss, a pair loss and exits;
the model that comes out is a plain sentence-transformers folder.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import AutoTokenizer

from detector.errors import DetectorError
from detector.io.atomic_files import replace_whole
from detector.training.corpora.labelled_pairs import LabelledPair
from detector.training.fitting.encoder.examples import (
    Example,
    collate,
    make_batches,
    prepare_examples,
)
from detector.training.fitting.encoder.loading_errors import describe_loading_error
from detector.training.fitting.encoder.settings import MAXIMUM_TOKENS, Schedule, TuningConfig
from detector.training.fitting.encoder.tuned_encoder import TunedEncoder, choose_precision

#: A number in this file of the run's folder is a new plan of how many steps the run has.
PLAN = "steps"

_STEPS_BETWEEN_PLANS = 25

_WITHOUT_CHECKPOINT = (
    "leave out --resume to start anew in its place, or choose another folder with --work"
)

#: What PyTorch raises for a file that is cut off, altered or none of its own.
_DAMAGES = (
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
)


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
    """The weighted sum of the three losses over the exits, and each at the last exit.

    The class loss is over all sentences. Those of pairs and of tokens are over the pairs, and weigh
    as much as the pairs' share of the sentences.
    """
    total = torch.zeros((), device=batch["ids"].device)
    parts: dict[str, float] = {}
    paired = 2 * int(batch["pairs"])
    for e, (class_logits, token_logits) in outputs.items():
        by_class = nn.functional.cross_entropy(class_logits, batch["labels"], label_smoothing=0.02)
        loss = config.class_weight * by_class
        parts = {"class": by_class.item()}
        if paired:
            ranks = rank_pairs(class_logits[:paired], batch["labels"][:paired])
            by_pair = nn.functional.softplus(-ranks).mean()
            by_token = nn.functional.binary_cross_entropy_with_logits(
                token_logits, batch["token_labels"], weight=batch["token_weights"], reduction="sum"
            ) / batch["token_weights"].sum().clamp(min=1.0)
            share = paired / len(class_logits)
            loss = loss + share * config.pair_weight * by_pair
            loss = loss + share * config.token_weight * by_token
            parts |= {"pair": by_pair.item(), "token": by_token.item()}
        total = total + config.exits[e] * loss
    return total, parts


def _identify_weights(model: nn.Module) -> str:
    """SHA-256 of a model's weights, whatever its file is called and wherever it lies."""
    digest = hashlib.sha256()
    for name, values in model.state_dict().items():
        digest.update(f"{name} {values.dtype} {tuple(values.shape)}\0".encode())
        digest.update(values.cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


def _identify_examples(examples: Sequence[Example]) -> str:
    """SHA-256 of a draw of examples, in its order."""
    digest = hashlib.sha256()
    for example in examples:
        sides = [example.original] if example.text is None else [example.original, example.text]
        lengths = [len(side.ids) for side in sides]
        digest.update(f"{example.original_label} {example.label} {lengths}\0".encode())
        for side in sides:
            digest.update(np.asarray(side.ids, dtype=np.int32).tobytes())
            digest.update(np.asarray(side.labels, dtype=np.float32).tobytes())
            digest.update(np.asarray(side.weights, dtype=np.float32).tobytes())
    return digest.hexdigest()


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
        ends: steps that are done after each pass.
        base: checksum of the base's weights.
        draws: checksum of the examples of each pass.
        optimizer: of the parameters that are not frozen.
        schedule: of the learning rate in this pass.
        last: the step that ends the run; earlier than the last pass does where that is planned.
        losses: exponential means of each part of the loss.
        average: mean of the weights at the ends of passes, where the rate had fallen to 0.
        averaged: how many ends that is the mean of.
    """

    model: TunedEncoder
    tokenizer: Any
    config: TuningConfig
    ends: tuple[int, ...]
    base: str
    draws: tuple[str, ...]
    optimizer: torch.optim.Optimizer
    schedule: Schedule
    last: int
    losses: dict[str, float] = field(default_factory=dict)
    average: dict[str, torch.Tensor] = field(default_factory=dict)
    averaged: int = 0

    @classmethod
    def start(
        cls,
        base: Path | str,
        tokenizer: Any,
        config: TuningConfig,
        ends: tuple[int, ...],
        draws: tuple[str, ...],
    ) -> _Training:
        """The base with new heads, before the first step."""
        tokens = max(config.maximum_tokens, MAXIMUM_TOKENS)
        model = TunedEncoder(base, list(config.exits), config.dropout, tokens)
        checksum = _identify_weights(model.transformer)
        model.to(_choose_device())
        embeddings = model.transformer.embeddings
        embeddings.requires_grad_(not config.frozen_positions)
        embeddings.word_embeddings.weight.requires_grad_(not config.frozen_embeddings)
        if config.frozen_layers:
            encoder = model.transformer.encoder
            encoder.layer[: config.frozen_layers].requires_grad_(False)
            # Other encoders than MPNet have none.
            getattr(encoder, "relative_attention_bias", nn.Identity()).requires_grad_(False)
        optimizer = torch.optim.AdamW(
            [p for p in model.parameters() if p.requires_grad],
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            fused=True,
        )
        schedule = Schedule(ends[0], config.warmup)
        return cls(model, tokenizer, config, ends, checksum, draws, optimizer, schedule, ends[-1])

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
            ValueError: it is damaged, of another run, or of one with more draws.
        """
        try:
            state = torch.load(checkpoint, map_location=self.device, weights_only=True)
            others = self._find_differences(state)
            done = 0 if others else self._take_over(state)
        except _DAMAGES as error:
            raise ValueError(
                f"{checkpoint} cannot be read as a checkpoint; {_WITHOUT_CHECKPOINT}"
            ) from error
        if others:
            raise ValueError(
                f"{checkpoint} belongs to a run with {' and '.join(others)}; {_WITHOUT_CHECKPOINT}"
            )
        return done

    def _take_over(self, state: dict[str, Any]) -> int:
        """Go on from what a checkpoint holds: the number of steps that are done."""
        for name in ("model", "optimizer"):
            getattr(self, name).load_state_dict(state[name])
        self.schedule = Schedule(**state["schedule"])
        self.average, self.averaged = state["average"], int(state["averaged"])
        return int(state["step"])

    def _find_differences(self, state: dict[str, Any]) -> list[str]:
        """What a checkpoint was made of that this run is not made of."""
        if "base" not in state:
            return ["a base and pairs that it does not name"]
        ends, draws = tuple(state["ends"]), tuple(state["draws"])
        differences = {
            "another configuration": state["settings"] != self.settings,
            "another base": state["base"] != self.base,
            "other pairs": draws != self.draws[: len(draws)],
        }
        found = [name for name, is_other in differences.items() if is_other]
        is_batched_alike = ends == self.ends[: len(ends)]
        return found if found or is_batched_alike else ["other batches of the same pairs"]

    def save(self, checkpoint: Path, step: int) -> None:
        """Write a checkpoint, whole or not at all."""
        state = {n: getattr(self, n).state_dict() for n in ("model", "optimizer")}
        counts = {"step": step, "ends": self.ends, "settings": self.settings}
        counts |= {"base": self.base, "draws": self.draws}
        averages = {"average": self.average, "averaged": self.averaged}
        with replace_whole(checkpoint) as stream:
            torch.save(state | counts | averages | {"schedule": asdict(self.schedule)}, stream)

    def plan(self, path: Path, step: int, report: Callable[[str], None]) -> None:
        """Let the run end, and the rate fall to 0, at the step that stands in a file."""
        last = self.ends[-1]
        with suppress(FileNotFoundError, ValueError):
            planned = int(path.read_text())
            if planned > step or planned == step == self.schedule.steps:
                last = min(planned, last)
        if last != self.last:
            report(f"step {step}: {last} steps are planned")
            self.last = last
        steps = min(last, self._find_end(step))
        if step < self.schedule.steps != steps > step:
            self.schedule = self.schedule.bend(step, steps)

    def _find_end(self, step: int) -> int:
        """Where the pass ends that a step is in."""
        return next((end for end in self.ends if end > step), self.ends[-1])

    def start_pass(self, step: int) -> None:
        """Let the rate rise again where it has fallen to 0."""
        if step == self.schedule.steps:
            self.schedule = self.schedule.restart(step, min(self.last, self._find_end(step)))

    def end_pass(self) -> None:
        """Take the weights into the average of those where the rate had fallen to 0."""
        self.averaged += 1
        weights = {name: values.clone() for name, values in self.model.state_dict().items()}
        for name, values in self.average.items():
            if values.is_floating_point():
                weights[name] = values + (weights[name] - values) / self.averaged
        self.average = weights

    def learn(self, examples: Sequence[Example], step: int) -> None:
        """One step on one batch."""
        self.model.train()
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * self.schedule.find_factor(step)
        # What dropout draws depends on the step alone, so that a resumed run draws it too.
        torch.manual_seed(self.config.seed + step)
        batch = collate(examples, self.device)
        _mask_tokens(batch, self.config.token_dropout, self.tokenizer)
        with torch.autocast(self.device.type, **choose_precision(self.device)):
            outputs = self.model(batch["ids"], batch["mask"])
        loss, parts = compute_loss(outputs, batch, self.config)
        loss.backward()
        trained = [p for p in self.model.parameters() if p.requires_grad]
        nn.utils.clip_grad_norm_(trained, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        for name, value in parts.items():
            self.losses[name] = 0.98 * self.losses.get(name, value) + 0.02 * value


@contextmanager
def explain_failures(base: Path | str) -> Iterator[None]:
    """Say in a line why an encoder cannot be tuned: its files, or a checkpoint's.

    Raises:
        DetectorError: an `OSError` or `ValueError` came up.
    """
    try:
        yield
    except (OSError, ValueError) as error:
        reason = describe_loading_error(base, error)
        raise DetectorError(f"the encoder {base} cannot be tuned: {reason}") from error


def tune(
    base: Path | str,
    pairs: Sequence[LabelledPair],
    output: Path,
    config: TuningConfig,
    validate: Callable[[TunedEncoder, Any], dict[str, float]] | None = None,
    resume: bool = False,
    report: Callable[[str], None] = print,
) -> TunedEncoder:
    """Tune `base` in one pass over `pairs`; all but these is as `tune_on_examples` takes it.

    Args:
        base: a sentence-transformers or transformers model folder (or hub name).
        pairs: labelled pairs, see `detector.training.corpora.labelled_pairs.label_pair`.
        output: folder of the checkpoint.
        config: of the run.
        validate: measures the model now and then.
        resume: go on from the checkpoint.
        report: receives a line of progress now and then.

    Raises:
        ValueError: `base` is of a kind that cannot be tuned, or `resume` finds a checkpoint that is
            damaged or of another configuration, base or pairs.
    """
    tokenizer = AutoTokenizer.from_pretrained(str(base))
    examples = list(prepare_examples(pairs, tokenizer, config))
    return tune_on_examples(base, [examples], output, config, validate, resume, report)


def tune_on_examples(
    base: Path | str,
    draws: Sequence[Sequence[Example]],
    output: Path,
    config: TuningConfig,
    validate: Callable[[TunedEncoder, Any], dict[str, float]] | None = None,
    resume: bool = False,
    report: Callable[[str], None] = print,
) -> TunedEncoder:
    """Tune `base` on `draws` of examples, a pass over each, with checkpoints in `output`.

    A number in the file `PLAN` of `output`, also one that is written there while the run goes on,
    ends the run after so many steps: the learning rate falls to 0 there.

    Args:
        base: a sentence-transformers or transformers model folder (or hub name).
        draws: of examples, see `detector.training.fitting.encoder.examples.prepare_examples`;
            each is gone through once, in an order of its own.
        output: folder for ``checkpoint.pt``, ``config.json`` and ``log.jsonl``.
        config: see `TuningConfig`.
        validate: called with the model and tokenizer every `validate_every` steps; its figures
            go into the log.
        resume: continue from the checkpoint in `output`, with the same base, configuration and
            draws; further draws may follow them. Without a checkpoint the run starts anew, and
            `report` is told.
        report: receives a line of progress now and then.

    Returns:
        The tuned model, in evaluation mode, on the CPU. Its weights are the mean of those at the
        ends of the passes, each of which lets the rate fall to 0 (Izmailov et al. 2018, "Averaging
        weights leads to wider optima and better generalization").

    Raises:
        ValueError: `base` is of a kind that cannot be tuned, or `resume` finds a checkpoint that is
            damaged or of another configuration, base or pairs.
    """
    torch.manual_seed(config.seed)
    tokenizer = AutoTokenizer.from_pretrained(str(base))
    batches: list[list[Example]] = []
    ends: list[int] = []
    for number, examples in enumerate(draws):
        found = make_batches(examples, config, random.Random(config.seed + number))
        batches += [[examples[i] for i in batch] for batch in found]
        ends.append(len(batches))
    checksums = tuple(_identify_examples(examples) for examples in draws)
    training = _Training.start(base, tokenizer, config, tuple(ends), checksums)
    output.mkdir(parents=True, exist_ok=True)
    checkpoint = output / "checkpoint.pt"
    done = 0
    if resume and checkpoint.exists():
        done = training.restore(checkpoint)
    elif resume:
        report(f"no checkpoint in {output}: starting anew")
    (output / "config.json").write_text(json.dumps(training.settings, indent=2))
    started, seen = time.monotonic(), 0
    training.plan(output / PLAN, done, report)
    with (output / "log.jsonl").open("a" if done else "w") as log:
        while done < training.last:
            training.start_pass(done)
            batch = batches[done]
            training.learn(batch, done)
            seen += sum(example.sides for example in batch)
            done += 1
            if done % _STEPS_BETWEEN_PLANS == 0:
                training.plan(output / PLAN, done, report)
            is_end = done == training.schedule.steps
            if is_end:
                training.end_pass()
            if done % 50 == 0 or is_end:
                speed = seen / (time.monotonic() - started)
                losses = " ".join(f"{n} {v:.3f}" for n, v in training.losses.items())
                report(f"step {done}/{training.last}  {speed:.0f} sentences/s  {losses}")
            if done % config.validate_every == 0 or is_end:
                figures = validate(training.model.eval(), tokenizer) if validate else {}
                log.write(json.dumps({"step": done, **training.losses, **figures}) + "\n")
                log.flush()
                if figures:
                    report("  ".join(f"{n} {v:.3f}" for n, v in figures.items()))
            if done % config.checkpoint_every == 0 or is_end:
                training.save(checkpoint, done)
    if training.averaged:
        training.model.load_state_dict(training.average)
    return training.model.eval().cpu()
