"""Tune an encoder further on runs of sentences out of whole articles.

`detector.training.encoder_tuning` parts the human and the machine version of a sentence. What is
judged is an article, and articles differ in subject and outlet far more than in who wrote them; a
lean that all sentences of an article share does not average out. So here the mean embedding of a
run of an article's sentences is scored, and what a machine adds to the score of its original must
outweigh what people's articles differ in among themselves, by a logistic ranking loss over all
pairs of people's runs, a smooth bound on one minus the AUROC (Gao & Zhou 2015, "On the consistency
of AUC pairwise optimization"). The objectives of sentences and tokens go on beside it.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from transformers import AutoTokenizer

from detector.evidence import SENTENCE_CLASSES
from detector.training.encoder_tuning import (
    HUMAN_TRANSLATION,
    NATIVE,
    TunedEncoder,
    TuningConfig,
    choose_device,
    choose_precision,
    learning_rate_factor,
    prepare_examples,
    rank_pairs,
    save_checkpoint,
)
from detector.training.pairs import LabelledPair

TRANSLATED, SPUN = map(SENTENCE_CLASSES.index, ("translated", "spun"))
#: What a run is asked: translated against native, spun against people, and among translations a
#: machine's against a person's.
QUESTIONS = ("translated", "spun", "machine")


@dataclass(frozen=True, slots=True)
class ArticleVersion:
    """An article beside one machine's version of it, sentence by sentence, in order.

    Attributes:
        corpus: names the weight in `ArticleTuningConfig.corpora`.
        article_id: which article.
        pairs: its sentences.
    """

    corpus: str
    article_id: str
    pairs: Sequence[LabelledPair]


@dataclass(frozen=True)
class ArticleTuningConfig:
    """Everything that decides the outcome.

    Attributes:
        steps: batches.
        learning_rate: peak, after a linear warm-up; falls linearly to 0.
        layers: how many are kept and tuned.
        run: sentences in a run, at most.
        runs: machines' runs in a batch, each with its original's.
        people: further runs of people's articles in a batch.
        corpora: how often a run is drawn from each corpus.
        people_corpora: how often a further run of people's is drawn from each.
        token_dropout: share of tokens that are masked of the words that one side has for itself.
        hidden: share of tokens, at most, that are masked of the words that both sides have; how
            large it is, is drawn for each run. What an article is about is there said in other
            words, or not at all, each time it comes, so that it cannot be learnt by heart; what
            one side put differently stays.
        average: decay of the running average of weights that is returned (Polyak & Juditsky
            1992): steadier on articles left out than the last step's.
        seed: draws runs, masks and dropout.
    """

    corpora: Mapping[str, float]
    people_corpora: Mapping[str, float]
    steps: int = 4000
    learning_rate: float = 1e-4
    weight_decay: float = 0.01
    warmup: float = 0.05
    layers: int = 3
    run: int = 8
    runs: int = 10
    people: int = 4
    maximum_tokens: int = 96
    dropout: float = 0.1
    token_dropout: float = 0.05
    hidden: float = 0.5
    class_weight: float = 0.5
    pair_weight: float = 0.5
    token_weight: float = 1.0
    run_weight: float = 1.0
    shared_word_weight: float = 0.3
    average: float = 0.998
    chunks: int = 4
    seed: int = 20260101
    checkpoint_every: int = 250
    validate_every: int = 500


@dataclass(slots=True)
class _Side:
    ids: npt.NDArray[np.int32]
    labels: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]


@dataclass(slots=True)
class _Version:
    originals: list[_Side]
    texts: list[_Side]
    original_label: int
    label: int


@dataclass(slots=True)
class _Article:
    versions: list[_Version] = field(default_factory=list)


class ArticleTuner(nn.Module):
    """A tuned encoder with a head that scores the mean embedding of a run of sentences."""

    def __init__(self, base: Path | str, config: ArticleTuningConfig) -> None:
        super().__init__()
        self.encoder = TunedEncoder(base, [config.layers], config.dropout)
        self.run_head = nn.Linear(
            self.encoder.transformer.config.hidden_size, len(QUESTIONS), bias=False
        )
        nn.init.zeros_(self.run_head.weight)


def _compact(side: Any) -> _Side:
    return _Side(
        np.array(side.ids, dtype=np.int32),
        np.array(side.labels, dtype=np.float32),
        np.array(side.weights, dtype=np.float32),
    )


def _prepare(
    versions: Sequence[ArticleVersion], tokenizer: Any, config: ArticleTuningConfig
) -> dict[str, list[_Article]]:
    """Articles of each corpus, cut into tokens."""
    settings = TuningConfig(
        maximum_tokens=config.maximum_tokens, shared_word_weight=config.shared_word_weight
    )
    articles: dict[tuple[str, str], _Article] = {}
    for version in versions:
        examples = prepare_examples(version.pairs, tokenizer, settings)
        article = articles.setdefault((version.corpus, version.article_id), _Article())
        article.versions.append(
            _Version(
                [_compact(e.original) for e in examples],
                [_compact(e.text) for e in examples],
                examples[0].original_label,
                examples[0].label,
            )
        )
    by_corpus: dict[str, list[_Article]] = {}
    for (corpus, _), article in sorted(articles.items(), key=lambda item: item[0]):
        by_corpus.setdefault(corpus, []).append(article)
    return by_corpus


@dataclass(slots=True)
class _Batch:
    """Sentences of a batch: the runs' originals, the machines' versions, other people's.

    `run_of` is the run that each sentence is of; runs are numbered in the same order.
    """

    sides: list[_Side]
    labels: list[int]
    run_of: list[int]
    run_labels: list[int]
    paired: int


def _draw(
    articles: Mapping[str, list[_Article]], config: ArticleTuningConfig, rng: random.Random
) -> _Batch:
    names = [n for n in config.corpora if n in articles]
    chosen = rng.choices(names, [config.corpora[n] for n in names], k=config.runs)
    originals: list[tuple[list[_Side], int]] = []
    texts: list[tuple[list[_Side], int]] = []
    for name in chosen:
        version, rows = _draw_run(articles[name], config.run, rng)
        originals.append((version.originals[rows], version.original_label))
        texts.append((version.texts[rows], version.label))
    names = [n for n in config.people_corpora if n in articles]
    others = []
    for name in rng.choices(names, [config.people_corpora[n] for n in names], k=config.people):
        version, rows = _draw_run(articles[name], config.run, rng)
        others.append((version.originals[rows], version.original_label))
    batch = _Batch([], [], [], [], 0)
    for run, (sides, label) in enumerate([*originals, *texts, *others]):
        batch.sides += sides
        batch.labels += [label] * len(sides)
        batch.run_of += [run] * len(sides)
        batch.run_labels.append(label)
    batch.paired = sum(len(sides) for sides, _ in originals)
    return batch


def _draw_run(
    articles: Sequence[_Article], run: int, rng: random.Random
) -> tuple[_Version, slice]:
    version = rng.choice(rng.choice(articles).versions)
    start = rng.randrange(max(1, len(version.texts) - run + 1))
    return version, slice(start, start + run)


def _pad(sides: Sequence[_Side], device: torch.device) -> dict[str, torch.Tensor]:
    width = max(len(s.ids) for s in sides)
    ids = np.zeros((len(sides), width), dtype=np.int64)
    mask = np.zeros((len(sides), width), dtype=np.int64)
    labels = np.zeros((len(sides), width), dtype=np.float32)
    weights = np.zeros((len(sides), width), dtype=np.float32)
    for row, side in enumerate(sides):
        size = len(side.ids)
        ids[row, :size], mask[row, :size] = side.ids, 1
        labels[row, :size], weights[row, :size] = side.labels, side.weights
    arrays = {"ids": ids, "mask": mask, "token_labels": labels, "token_weights": weights}
    return {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}


def _draw_hidden(batch: _Batch, config: ArticleTuningConfig) -> npt.NDArray[np.float32]:
    """For each sentence the share of shared words that is masked: one share for a run and its own.

    A run and its original have the same, or how much is masked would tell them apart.
    """
    runs = np.array(batch.run_of)
    drawn = torch.rand(len(batch.run_labels)).numpy() * config.hidden
    drawn[config.runs : 2 * config.runs] = drawn[: config.runs]
    return drawn[runs].astype(np.float32)


def _hide_tokens(
    batch: dict[str, torch.Tensor], shares: torch.Tensor, config: ArticleTuningConfig, tokenizer: Any
) -> None:
    """Mask tokens in place, of words that both sides have more; nothing is asked of them."""
    special = (batch["ids"] == tokenizer.cls_token_id) | (batch["ids"] == tokenizer.sep_token_id)
    shared = batch["token_weights"] == config.shared_word_weight
    share = torch.where(shared, shares.unsqueeze(1), config.token_dropout)
    drawn = torch.rand(batch["ids"].shape, device=batch["ids"].device) < share
    masked = drawn & batch["mask"].bool() & ~special
    batch["ids"] = batch["ids"].masked_fill(masked, tokenizer.mask_token_id)
    batch["token_weights"] = batch["token_weights"].masked_fill(masked, 0.0)


def _compute_loss(
    model: ArticleTuner, batch: _Batch, config: ArticleTuningConfig, tokenizer: Any,
    device: torch.device,
) -> tuple[torch.Tensor, dict[str, float]]:  # fmt: skip
    order = np.argsort([len(s.ids) for s in batch.sides], kind="stable")
    pooled, logits, rows = [], [], []
    token_loss = torch.zeros((), device=device)
    token_weight = torch.zeros((), device=device)
    hidden = _draw_hidden(batch, config)
    for part in np.array_split(order, config.chunks):
        padded = _pad([batch.sides[i] for i in part], device)
        shares = torch.from_numpy(hidden[part]).to(device)
        _hide_tokens(padded, shares, config, tokenizer)
        with torch.autocast(device.type, **choose_precision(device)):
            embeddings, class_logits, token_logits = model.encoder.encode(
                padded["ids"], padded["mask"], config.layers
            )
        pooled.append(embeddings.float())
        logits.append(class_logits)
        rows.append(part)
        token_loss = token_loss + nn.functional.binary_cross_entropy_with_logits(
            token_logits, padded["token_labels"], weight=padded["token_weights"], reduction="sum"
        )
        token_weight = token_weight + padded["token_weights"].sum()
    back = torch.from_numpy(np.argsort(np.concatenate(rows))).to(device)
    embeddings, class_logits = torch.cat(pooled)[back], torch.cat(logits)[back]
    labels = torch.tensor(batch.labels, device=device)
    by_class = nn.functional.cross_entropy(class_logits, labels, label_smoothing=0.02)
    both = 2 * batch.paired
    by_pair = nn.functional.softplus(-rank_pairs(class_logits[:both], labels[:both])).mean()
    by_token = token_loss / token_weight.clamp(min=1.0)
    runs = torch.tensor(batch.run_of, device=device)
    sums = torch.zeros(len(batch.run_labels), embeddings.shape[1], device=device)
    sums = sums.index_add(0, runs, embeddings)
    means = sums / torch.bincount(runs).unsqueeze(1)
    by_run = rank_runs(model.run_head(means), batch.run_labels, config.runs)
    loss = (
        config.class_weight * by_class + config.pair_weight * by_pair
        + config.token_weight * by_token + config.run_weight * by_run
    )  # fmt: skip
    parts = {"class": by_class, "pair": by_pair, "token": by_token, "run": by_run}
    return loss, {name: value.item() for name, value in parts.items()}


def rank_runs(scores: torch.Tensor, labels: Sequence[int], paired: int) -> torch.Tensor:
    """How seldom a machine's lean would lift one person's run above another's.

    The lean of each machine's run, its score less its own original's, is added to the score of
    every person's run, and should lift it above every other's. So articles of people are drawn
    together and machines' are pushed away, and nothing is gained by telling outlets apart: that
    machines' versions are of other outlets than most of people's articles here is no evidence.

    Args:
        scores: (runs, `QUESTIONS`).
        labels: the class of each run: first `paired` originals, then their versions in the same
            order, then other people's.
        paired: how many runs have a version.
    """
    label = np.array(labels)
    of_translator = np.zeros(len(label), dtype=bool)
    of_translator[paired : 2 * paired] = label[:paired] == HUMAN_TRANSLATION
    translated, spun = label == TRANSLATED, label == SPUN
    native, translator = label == NATIVE, label == HUMAN_TRANSLATION
    asked = {
        "translated": (translated & ~of_translator, native),
        "spun": (spun, native | translator),
        "machine": (translated & of_translator, translator),
    }
    total = torch.zeros((), device=scores.device)
    for column, question in enumerate(QUESTIONS):
        machine, people = (np.flatnonzero(rows) for rows in asked[question])
        if not len(machine) or not len(people):
            continue
        lean = scores[machine, column] - scores[machine - paired, column]
        person = scores[people, column]
        apart = person.unsqueeze(1) - person.unsqueeze(0)
        lifted = lean.unsqueeze(1) + apart.flatten().unsqueeze(0)
        total = total + nn.functional.softplus(-lifted).mean()
    return total


def tune_on_articles(
    base: Path | str,
    versions: Sequence[ArticleVersion],
    output: Path,
    config: ArticleTuningConfig,
    start: Mapping[str, torch.Tensor] | None = None,
    validate: Callable[[TunedEncoder, nn.Linear, Any], dict[str, float]] | None = None,
    resume: bool = False,
    report: Callable[[str], None] = print,
) -> TunedEncoder:
    """Tune an encoder on runs of articles, with checkpoints in `output`.

    Args:
        base: the sentence-transformers or transformers model that the encoder was tuned from.
        versions: articles beside machines' versions of them.
        output: folder for ``articles.pt``, ``articles.json`` and ``articles.jsonl``.
        config: see `ArticleTuningConfig`.
        start: weights of a `TunedEncoder` to go on from; heads that it lacks begin anew.
        validate: called with the averaged encoder, the run head and the tokenizer.
        resume: go on from the checkpoint in `output`.
        report: receives a line of progress now and then.

    Returns:
        The tuned encoder, weights averaged, in evaluation mode, on the CPU.

    Raises:
        ValueError: if `resume` finds a checkpoint of another configuration.
    """
    torch.manual_seed(config.seed)
    device = choose_device()
    tokenizer = AutoTokenizer.from_pretrained(str(base))
    articles = _prepare(versions, tokenizer, config)
    model = ArticleTuner(base, config)
    if start is not None:
        model.encoder.load_state_dict(
            {k: v for k, v in start.items() if k in model.encoder.state_dict()}, strict=False
        )
    model = model.to(device)
    model.encoder.transformer.embeddings.word_embeddings.weight.requires_grad_(False)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        trained, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: learning_rate_factor(step, config.steps, config.warmup)
    )
    averaged = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(config.average)
    )
    output.mkdir(parents=True, exist_ok=True)
    settings = json.loads(json.dumps(asdict(config)))
    checkpoint, first = output / "articles.pt", 0
    if resume and checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        if state["settings"] != settings:
            raise ValueError(
                f"{checkpoint} belongs to a run with another configuration; delete it or choose "
                "another output folder"
            )
        model.load_state_dict(state["model"])
        averaged.load_state_dict(state["averaged"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        first = state["step"]
    (output / "articles.json").write_text(json.dumps(settings, indent=2))
    started, seen = time.monotonic(), 0
    smoothed: dict[str, float] = {}
    with (output / "articles.jsonl").open("a" if first else "w") as log:
        for step in range(first, config.steps):
            model.train()
            # What is drawn depends on the step alone, so that a resumed run draws it too.
            torch.manual_seed(config.seed + step)
            batch = _draw(articles, config, random.Random(f"{config.seed} {step}"))
            loss, parts = _compute_loss(model, batch, config, tokenizer, device)
            loss.backward()
            nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
            averaged.update_parameters(model)
            seen += len(batch.sides)
            for name, value in parts.items():
                smoothed[name] = 0.98 * smoothed.get(name, value) + 0.02 * value
            done, last = step + 1, step + 1 == config.steps
            if done % 50 == 0 or last:
                speed = seen / (time.monotonic() - started)
                losses = " ".join(f"{n} {v:.3f}" for n, v in smoothed.items())
                report(f"step {done}/{config.steps}  {speed:.0f} sentences/s  {losses}")
            if done % config.validate_every == 0 or last:
                tuner: Any = averaged.module.eval()
                figures = (
                    validate(tuner.encoder, tuner.run_head, tokenizer) if validate else {}
                )
                log.write(json.dumps({"step": done, **smoothed, **figures}) + "\n")
                log.flush()
                report("  " + "  ".join(f"{n} {v:.3f}" for n, v in figures.items()))
            if done % config.checkpoint_every == 0 or last:
                save_checkpoint(
                    checkpoint,
                    model=model.state_dict(),
                    averaged=averaged.state_dict(),
                    optimizer=optimizer.state_dict(),
                    schedule=schedule.state_dict(),
                    step=done,
                    settings=settings,
                )
    tuned: Any = averaged.module.encoder
    return tuned.eval().cpu()
