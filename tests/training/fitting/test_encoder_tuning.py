"""Tuning lowers its loss, survives an interruption, and exports what it learnt."""

from __future__ import annotations

import dataclasses
import json
import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from detector.features.encoder import SentenceEncoder  # noqa: E402
from detector.model.classes import SENTENCE_CLASSES  # noqa: E402
from detector.training.corpora.labelled_pairs import LabelledPair, label_pair  # noqa: E402
from detector.training.fitting.encoder import tuned_encoder  # noqa: E402
from detector.training.fitting.encoder.examples import (  # noqa: E402
    Example,
    Side,
    Unpaired,
    collate,
    draw_versions,
    load_examples,
    make_batches,
    prepare_examples,
    save_examples,
)
from detector.training.fitting.encoder.export import export_encoder  # noqa: E402
from detector.training.fitting.encoder.settings import Schedule, TuningConfig  # noqa: E402
from detector.training.fitting.encoder.tuned_encoder import (  # noqa: E402
    SharedDropout,
    TunedEncoder,
    choose_precision,
    log_odds,
    score_masked,
)
from detector.training.fitting.encoder.tuning import (  # noqa: E402
    PLAN,
    _mask_tokens,
    compute_loss,
    rank_pairs,
    tune,
    tune_on_examples,
)

if TYPE_CHECKING:
    from conftest import TinyEncoder

PEOPLE = [
    "The harbour opened again on Monday morning.",
    "The men waited for days in the small cafe.",
    "The council will pay for the repairs.",
    "By noon the boats were back with their catch.",
    "Nobody can remember a spring as cold as this one.",
    "The market was full.",
]
ENGINES = [
    "The haven did commence anew on Monday morning.",
    "The elderly men did utilize the small coffee house.",
    "The council did pay currency for the aqueous repairs.",
    "At noon the boats did commence anew with currency.",
    "Nobody can utilize the memory of an aqueous spring.",
    "The haven was full of elderly currency.",
]
COMMON = frozenset(" ".join(PEOPLE + ENGINES).lower().replace(".", "").split()) - {"monday"}
CONFIG = TuningConfig(
    learning_rate=2e-2,
    tokens_per_batch=120,
    exits={1: 0.3, 2: 1.0},
    checkpoint_every=4,
    validate_every=6,
    frozen_embeddings=False,
)


def silent(line: str) -> None:
    """Progress that nobody reads."""


def make_pairs(times: int) -> list[LabelledPair]:
    return [
        label_pair(human, engine, ("translated", "spun")[i % 2], COMMON, is_translation=i == 3)
        for _ in range(times)
        for i, (human, engine) in enumerate(zip(PEOPLE, ENGINES, strict=True))
    ]


# --------------------------------------------------------------------------------------
# Losses
# --------------------------------------------------------------------------------------


def test_log_odds_are_both_machines_against_both_people() -> None:
    assert SENTENCE_CLASSES == ("native", "translated", "spun", "human_translation")
    logits = torch.tensor([[0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 3.0, 4.0]])
    expected = [0.0, np.log((np.e**2 + np.e**3) / (np.e + np.e**4))]
    np.testing.assert_allclose(log_odds(logits).numpy(), expected, atol=1e-6)


def test_pairs_are_ranked_between_their_own_classes() -> None:
    # person native / machine translated; person human translation / machine spun
    labels = torch.tensor([0, 3, 1, 2])
    human = [[5.0, 1.0, 9.0, 9.0], [9.0, 9.0, 2.0, 3.0]]
    machine = [[1.0, 4.0, 0.0, 0.0], [0.0, 0.0, 2.5, 7.0]]
    ranked = rank_pairs(torch.tensor(human + machine), labels)
    assert ranked.tolist() == [(4 - 1) - (1 - 5), (2.5 - 2) - (7 - 3)]


def test_loss_is_the_weighted_sum_of_its_parts() -> None:
    labels = torch.tensor([0, 1])
    batch = {
        "ids": torch.zeros(2, 2, dtype=torch.long),
        "labels": labels,
        "token_labels": torch.tensor([[0.0, 0.0], [1.0, 0.0]]),
        "token_weights": torch.tensor([[0.5, 0.0], [1.0, 0.5]]),
        "pairs": torch.tensor(1),
    }
    class_logits = torch.tensor([[2.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]])
    token_logits = torch.tensor([[0.0, 99.0], [1.0, -1.0]])
    config = dataclasses.replace(
        CONFIG, exits={1: 0.5, 2: 2.0}, class_weight=3.0, pair_weight=5.0, token_weight=7.0
    )
    outputs = dict.fromkeys((1, 2), (class_logits, token_logits))
    total, parts = compute_loss(outputs, batch, config)
    by_class = torch.nn.functional.cross_entropy(class_logits, labels, label_smoothing=0.02).item()
    # the machine's version lies 1 + 2 above: log(1 + exp(-3))
    by_pair = np.log1p(np.exp(-3))
    softplus = np.log1p(np.exp(-1))
    by_token = (0.5 * np.log(2) + 1.0 * softplus + 0.5 * softplus) / 2.0
    assert parts == pytest.approx({"class": by_class, "pair": by_pair, "token": by_token}, abs=1e-6)
    expected = (0.5 + 2.0) * (3 * by_class + 5 * by_pair + 7 * by_token)
    assert total.item() == pytest.approx(expected, rel=1e-5)


def test_better_answers_cost_less() -> None:
    batch = {
        "ids": torch.zeros(2, 1, dtype=torch.long),
        "labels": torch.tensor([0, 2]),
        "token_labels": torch.tensor([[0.0], [1.0]]),
        "token_weights": torch.ones(2, 1),
        "pairs": torch.tensor(1),
    }
    right = torch.tensor([[3.0, 0.0, 0.0, 0.0], [0.0, 0.0, 3.0, 0.0]])
    tokens = torch.tensor([[-3.0], [3.0]])
    good, _ = compute_loss({2: (right, tokens)}, batch, CONFIG)
    poor, _ = compute_loss({2: (-right, -tokens)}, batch, CONFIG)
    assert good < poor


@pytest.mark.parametrize(
    ("step", "expected"), [(0, 0.2), (4, 1.0), (5, 1.0), (50, 50 / 95), (100, 0.0), (101, 0.0)]
)
def test_learning_rate_warms_up_and_falls(step: int, expected: float) -> None:
    assert Schedule(100, 0.05).find_factor(step) == pytest.approx(expected)


def test_dropout_takes_whole_features_of_a_sentence() -> None:
    layer = SharedDropout(0.5)
    states = torch.ones(4, 7, 32)
    assert torch.equal(layer.eval()(states), states)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        dropped = layer.train()(states)
    assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))
    assert set(dropped.unique().tolist()) == {0.0, 2.0}
    assert not torch.equal(dropped[0], dropped[1])


# --------------------------------------------------------------------------------------
# Examples and batches
# --------------------------------------------------------------------------------------


def example(length: int) -> Example:
    side = Side([7] * length, [0.0] * length, [1.0] * length)
    return Example(side, 0, side, 1)


def test_batches_keep_to_the_budget_and_miss_nobody() -> None:
    rng = random.Random(3)
    examples = [example(rng.randint(3, 40)) for _ in range(100)] + [example(90)]
    config = dataclasses.replace(CONFIG, tokens_per_batch=160)
    batches = make_batches(examples, config, random.Random(1))
    assert sorted(i for batch in batches for i in batch) == list(range(101))
    for batch in batches:
        assert 2 * len(batch) * max(examples[i].length for i in batch) <= 160 or len(batch) == 1
    assert batches == make_batches(examples, config, random.Random(1))
    assert batches != make_batches(examples, config, random.Random(2))
    assert make_batches([], config, random.Random(1)) == []


def test_pieces_carry_the_label_of_their_word(tiny_base: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(tiny_base))
    pair = label_pair("The men waited.", "The zzx waited.", "spun", COMMON | {"zzx"})
    (made,) = prepare_examples([pair], tokenizer, CONFIG)
    # [CLS] the z ##z ##x waited . [SEP]
    assert tokenizer.convert_ids_to_tokens(made.text.ids)[1:6] == [
        "the",
        "z",
        "##z",
        "##x",
        "waited",
    ]
    assert made.text.labels == [0, 0, 1, 1, 1, 0, 0, 0]
    assert made.text.weights == [0, 0.3, 1, 1, 1, 0.3, 0, 0]
    # the person's own word is told apart by its weight, and is not the machine's
    assert made.original.labels == [0] * 6
    assert made.original.weights == [0, 0.3, 1, 0.3, 0, 0]
    assert (made.original_label, made.label) == (0, 2)


def test_long_sentences_are_cut(tiny_base: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(tiny_base))
    pair = label_pair("the men " * 40, "the boats " * 40, "translated", COMMON, is_translation=True)
    config = dataclasses.replace(CONFIG, maximum_tokens=16)
    (made,) = prepare_examples([pair], tokenizer, config)
    assert made.length == len(made.text.labels) == len(made.text.weights) == 16
    assert made.original_label == SENTENCE_CLASSES.index("human_translation")


def test_collated_batch_pads_both_sides() -> None:
    batch = collate([example(3), example(5)], torch.device("cpu"))
    assert batch["ids"].shape == (4, 5)
    assert batch["mask"].sum(1).tolist() == [3, 5, 3, 5]
    assert batch["token_weights"][0].tolist() == [1, 1, 1, 0, 0]
    assert batch["labels"].tolist() == [0, 0, 1, 1]


def test_masking_spares_the_ends_and_asks_nothing_of_what_it_hides(tiny_base: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(tiny_base))
    examples = list(prepare_examples(make_pairs(1), tokenizer, CONFIG))
    batch = collate(examples, torch.device("cpu"))
    before = {name: values.clone() for name, values in batch.items()}
    _mask_tokens(batch, 1.0, tokenizer)
    special = (before["ids"] == tokenizer.cls_token_id) | (before["ids"] == tokenizer.sep_token_id)
    hidden = before["mask"].bool() & ~special
    assert (batch["ids"][hidden] == tokenizer.mask_token_id).all()
    assert torch.equal(batch["ids"][~hidden], before["ids"][~hidden])
    assert not batch["token_weights"][hidden].any()
    unmasked = {name: values.clone() for name, values in before.items()}
    _mask_tokens(unmasked, 0.0, tokenizer)
    assert torch.equal(unmasked["ids"], before["ids"])


# --------------------------------------------------------------------------------------
# Tuning
# --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tuned(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """A model tuned without interruption, and the folder of its run."""
    output = tmp_path_factory.mktemp("run")
    return tune(tiny_base, make_pairs(30), output, CONFIG, report=silent), output


def mean_loss(model: TunedEncoder, base: Path) -> float:
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(base))
    examples = list(prepare_examples(make_pairs(1), tokenizer, CONFIG))
    batch = collate(examples, torch.device("cpu"))
    with torch.no_grad():
        loss, _ = compute_loss(model.eval()(batch["ids"], batch["mask"]), batch, CONFIG)
    return float(loss)


def test_tuning_lowers_the_loss(tuned: tuple[Any, Path], tiny_base: Path) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(CONFIG.seed)
        untuned = TunedEncoder(tiny_base, list(CONFIG.exits))
    assert mean_loss(tuned[0], tiny_base) < 0.6 * mean_loss(untuned, tiny_base)


def test_tuned_model_ranks_the_machine_above_the_person(
    tuned: tuple[Any, Path], tiny_base: Path
) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(tiny_base))
    pairs = make_pairs(1)
    human = score_masked(tuned[0], tokenizer, [p.original.words for p in pairs])[2]
    engines = score_masked(tuned[0], tokenizer, [p.text.words for p in pairs])[2]
    assert human.shape == (len(pairs), len(SENTENCE_CLASSES))
    difference = log_odds(torch.tensor(engines)) - log_odds(torch.tensor(human))
    assert (difference > 0).all()


def test_run_is_recorded(tuned: tuple[Any, Path]) -> None:
    output = tuned[1]
    assert json.loads((output / "config.json").read_text())["tokens_per_batch"] == 120
    records = [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]
    steps = [record["step"] for record in records]
    assert steps[:2] == [6, 12]
    state = torch.load(output / "checkpoint.pt", weights_only=True)
    assert (state["step"],) == tuple(state["ends"]) == (steps[-1],)
    assert records[-1]["class"] < records[0]["class"]
    assert not list(output.glob("*.part"))


class SwitchedOffError(Exception):
    """Stands for a machine that was switched off."""


def test_resumed_run_ends_where_an_uninterrupted_one_does(
    tuned: tuple[Any, Path], tiny_base: Path, tmp_path: Path
) -> None:
    steps: list[int] = []

    def interrupt(model: Any, tokenizer: Any) -> dict[str, float]:
        steps.append(1)
        if len(steps) == 3:
            raise SwitchedOffError
        return {"validated": 1.0}

    pairs = make_pairs(30)
    with pytest.raises(SwitchedOffError):
        tune(tiny_base, pairs, tmp_path, CONFIG, validate=interrupt, report=silent)
    # stopped at step 18: the last checkpoint is that of step 16
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == 16
    resumed = tune(tiny_base, pairs, tmp_path, CONFIG, resume=True, report=silent)
    expected = tuned[0].state_dict()
    for name, values in resumed.state_dict().items():
        torch.testing.assert_close(values, expected[name], rtol=0, atol=1e-6)


def test_finished_run_is_not_trained_again(tuned: tuple[Any, Path], tiny_base: Path) -> None:
    again = tune(tiny_base, make_pairs(30), tuned[1], CONFIG, resume=True, report=silent)
    for name, values in again.state_dict().items():
        assert torch.equal(values, tuned[0].state_dict()[name])


def test_checkpoint_of_another_run_is_refused(tuned: tuple[Any, Path], tiny_base: Path) -> None:
    other = dataclasses.replace(CONFIG, learning_rate=1e-3)
    with pytest.raises(ValueError, match="another configuration"):
        tune(tiny_base, make_pairs(30), tuned[1], other, resume=True, report=silent)
    with pytest.raises(ValueError, match="with other pairs; leave out --resume"):
        tune(tiny_base, make_pairs(2), tuned[1], CONFIG, resume=True, report=silent)


def test_checkpoint_of_as_many_other_pairs_is_refused(
    tuned: tuple[Any, Path], tiny_base: Path
) -> None:
    exchanged = [
        dataclasses.replace(
            pair,
            original=pair.text,
            text=pair.original,
            original_words=pair.text_words,
            text_words=pair.original_words,
        )
        for pair in make_pairs(30)
    ]
    with pytest.raises(ValueError, match="with other pairs; leave out --resume"):
        tune(tiny_base, exchanged, tuned[1], CONFIG, resume=True, report=silent)


def test_checkpoint_of_another_base_is_refused(
    tuned: tuple[Any, Path], tiny_base: Path, tmp_path: Path
) -> None:
    shutil.copytree(tiny_base, tmp_path / "moved")
    again = tune(tmp_path / "moved", make_pairs(30), tuned[1], CONFIG, resume=True, report=silent)
    for name, values in again.state_dict().items():
        assert torch.equal(values, tuned[0].state_dict()[name])
    other = transformers.AutoModel.from_pretrained(str(tiny_base))
    with torch.no_grad():
        other.embeddings.word_embeddings.weight.add_(1.0)
    other.save_pretrained(tmp_path / "moved")
    with pytest.raises(ValueError, match="with another base; leave out --resume"):
        tune(tmp_path / "moved", make_pairs(30), tuned[1], CONFIG, resume=True, report=silent)


def test_checkpoint_that_names_no_base_is_refused(
    tuned: tuple[Any, Path], tiny_base: Path, tmp_path: Path
) -> None:
    state = torch.load(tuned[1] / "checkpoint.pt", weights_only=True)
    kept = {name: value for name, value in state.items() if name not in ("base", "draws")}
    torch.save(kept, tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match="a base and pairs that it does not name"):
        tune(tiny_base, make_pairs(30), tmp_path, CONFIG, resume=True, report=silent)


def test_frozen_embeddings_stay_as_they_were(tiny_base: Path, tmp_path: Path) -> None:
    config = dataclasses.replace(CONFIG, frozen_embeddings=True)
    model = tune(tiny_base, make_pairs(2), tmp_path, config, report=silent)
    base = transformers.AutoModel.from_pretrained(str(tiny_base))
    words = model.transformer.embeddings.word_embeddings.weight
    assert torch.equal(words, base.embeddings.word_embeddings.weight)
    layer = "encoder.layer.0.output.dense.weight"
    assert not torch.equal(model.transformer.state_dict()[layer], base.state_dict()[layer])


def test_positions_stay_as_they_were_where_that_is_asked(tiny_base: Path, tmp_path: Path) -> None:
    base = transformers.AutoModel.from_pretrained(str(tiny_base)).embeddings.state_dict()
    for are_frozen in (True, False):
        config = dataclasses.replace(CONFIG, frozen_positions=are_frozen, frozen_embeddings=True)
        model = tune(tiny_base, make_pairs(2), tmp_path / str(are_frozen), config, report=silent)
        tuned = model.transformer.embeddings.state_dict()
        same = {name: torch.equal(tuned[name], values) for name, values in base.items()}
        assert same.pop("word_embeddings.weight")
        assert same["position_embeddings.weight"] == same["LayerNorm.weight"] == are_frozen


def test_one_version_of_each_original_is_drawn() -> None:
    side = Side([1, 2], [0.0, 0.0], [0.0, 0.0])
    other = Side([1, 3], [0.0, 0.0], [0.0, 0.0])
    versions = [Example(side, 0, Side([n], [1.0], [1.0]), 1) for n in range(4, 12)]
    alone = [Example(side, 0), Example(side, 0)]
    examples = [*versions, alone[0], Example(other, 0, side, 1), alone[1]]
    drawn = draw_versions(examples, random.Random(3))
    assert drawn[0] in versions
    assert drawn[1:] == [alone[0], examples[-2], alone[1]]
    assert len({id(draw_versions(examples, random.Random(seed))[0]) for seed in range(20)}) > 1


def test_exits_beyond_the_base_are_left_out(tiny_base: Path) -> None:
    assert TunedEncoder(tiny_base, [1, 2, 4]).exits == [1, 2]
    assert len(TunedEncoder(tiny_base, [1]).transformer.encoder.layer) == 1
    with pytest.raises(ValueError, match="has 2 layers"):
        TunedEncoder(tiny_base, [3, 6])


# --------------------------------------------------------------------------------------
# Export
# --------------------------------------------------------------------------------------


def embed_with_torch(encoder: TinyEncoder, sentences: list[str]) -> Any:
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(encoder.base))
    encoded = tokenizer(sentences, padding=True, return_tensors="pt")
    with torch.no_grad():
        states = encoder.model.transformer(
            input_ids=encoded["input_ids"], attention_mask=encoded["attention_mask"]
        ).last_hidden_state
    weights = encoded["attention_mask"].unsqueeze(-1)
    return ((states * weights).sum(1) / weights.sum(1)).numpy()


def test_exported_model_embeds_as_the_torch_model_does(tiny_encoder: TinyEncoder) -> None:
    expected = embed_with_torch(tiny_encoder, PEOPLE)
    plain = SentenceEncoder(tiny_encoder.plain, threads=1).embed(PEOPLE)
    np.testing.assert_allclose(plain, expected, atol=1e-5)
    quantized = SentenceEncoder(tiny_encoder.quantized, threads=1).embed(PEOPLE)
    assert np.abs(quantized - expected).max() < 0.1 * expected.std()


def test_exported_heads_score_as_the_torch_heads_do(tiny_encoder: TinyEncoder) -> None:
    heads = tiny_encoder.heads
    shapes = {name: values.shape for name, values in heads.items()}
    assert shapes == {
        "class_weights": (16, 4),
        "class_bias": (4,),
        "token_weights": (16, 1),
        "token_bias": (1,),
    }
    embeddings = embed_with_torch(tiny_encoder, PEOPLE)
    with torch.no_grad():
        expected = tiny_encoder.model.class_heads["2"](torch.tensor(embeddings)).numpy()
    scores = embeddings @ heads["class_weights"] + heads["class_bias"]
    np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_fewer_layers_can_be_exported(tiny_encoder: TinyEncoder, tmp_path: Path) -> None:
    heads = export_encoder(tiny_encoder.model, 1, tiny_encoder.base, tmp_path, quantize=False)
    assert json.loads((tmp_path / "config.json").read_text())["num_hidden_layers"] == 1
    assert len(tiny_encoder.model.transformer.encoder.layer) == 2
    shallow = SentenceEncoder(tmp_path, threads=1).embed(PEOPLE)
    deep = SentenceEncoder(tiny_encoder.plain, threads=1).embed(PEOPLE)
    assert np.abs(shallow - deep).max() > 1e-2
    bias = tiny_encoder.model.class_heads["1"].bias.detach().numpy()
    np.testing.assert_array_equal(heads["class_bias"], bias)


def test_layers_without_an_exit_are_refused(tiny_encoder: TinyEncoder, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"exits at \[1, 2\], none at 3"):
        export_encoder(tiny_encoder.model, 3, tiny_encoder.base, tmp_path)


@pytest.mark.parametrize(("of_bfloat16", "chosen"), [(1.0, True), (1.9, False), (9.0, False)])
def test_bfloat16_only_where_it_is_clearly_faster(
    of_bfloat16: float, chosen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = {torch.bfloat16: of_bfloat16, torch.float32: 2.0}
    monkeypatch.setattr(tuned_encoder, "_time_product", seconds.__getitem__)
    tuned_encoder._is_bfloat16_faster.cache_clear()
    assert choose_precision(torch.device("cpu"))["enabled"] is chosen
    assert choose_precision(torch.device("cuda"))["enabled"]
    tuned_encoder._is_bfloat16_faster.cache_clear()


# --------------------------------------------------------------------------------------
# Unpaired sentences, and another plan
# --------------------------------------------------------------------------------------

UNPAIRED = [Unpaired(("the", "market", "was", "full", "."), "human_translation")]


def prepare_mixed(base: Path, times: int = 1) -> list[Example]:
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(base))
    return list(prepare_examples(make_pairs(times), tokenizer, CONFIG, UNPAIRED * times))


def test_unpaired_sentences_come_after_the_pairs(tiny_base: Path) -> None:
    examples = prepare_mixed(tiny_base)
    assert [e.sides for e in examples] == [2] * len(PEOPLE) + [1]
    batch = collate([examples[-1], examples[0]], torch.device("cpu"))
    assert int(batch["pairs"]) == 1
    assert batch["labels"].tolist() == [0, 1, SENTENCE_CLASSES.index("human_translation")]
    assert not batch["token_weights"][2].any()


def test_unpaired_sentences_take_part_in_the_class_loss_alone(tiny_base: Path) -> None:
    examples = prepare_mixed(tiny_base)
    model = TunedEncoder(tiny_base, list(CONFIG.exits)).eval()

    def measure(some: list[Example]) -> dict[str, float]:
        batch = collate(some, torch.device("cpu"))
        with torch.no_grad():
            return compute_loss(model(batch["ids"], batch["mask"]), batch, CONFIG)[1]

    pairs, mixed, alone = measure(examples[:-1]), measure(examples), measure(examples[-1:])
    assert mixed["pair"] == pytest.approx(pairs["pair"], abs=1e-5)
    assert mixed["token"] == pytest.approx(pairs["token"], abs=1e-5)
    assert set(alone) == {"class"}
    both = 2 * len(PEOPLE)
    expected = (both * pairs["class"] + alone["class"]) / (both + 1)
    assert mixed["class"] == pytest.approx(expected, abs=1e-5)


def test_prepared_examples_are_kept(tiny_base: Path, tmp_path: Path) -> None:
    examples = prepare_mixed(tiny_base)
    save_examples(tmp_path / "examples.npz", examples, "made of this")
    kept = load_examples(tmp_path / "examples.npz", "made of this")
    assert kept is not None
    before, after = (collate(some, torch.device("cpu")) for some in (examples, kept))
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert load_examples(tmp_path / "examples.npz", "made of something else") is None
    assert load_examples(tmp_path / "nothing.npz", "made of this") is None


def test_a_changed_plan_bends_the_schedule() -> None:
    before = Schedule(100, 0.05)
    after = before.bend(40, 60)
    assert after.find_factor(40) == pytest.approx(before.find_factor(40))
    assert after.find_factor(50) == pytest.approx(before.find_factor(40) / 2)
    assert after.find_factor(60) == 0.0


def test_a_plan_that_changes_while_the_rate_rises_keeps_its_peak() -> None:
    planned = Schedule(1000, 0.05).bend(2, 100)
    assert planned == Schedule(100, 0.05)
    assert planned.find_factor(5) == 1.0


def write_tiny_mpnet(tiny_base: Path, folder: Path) -> Path:
    """An MPNet of the sizes of `tiny_base`, with its tokenizer."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_base)
    tokenizer.save_pretrained(folder)
    sizes = {"vocab_size": len(tokenizer), "hidden_size": 16, "num_hidden_layers": 2}
    config = transformers.MPNetConfig(**sizes, num_attention_heads=2, intermediate_size=32)
    transformers.MPNetModel(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("is_mpnet", [False, True])
def test_frozen_layers_stay_as_they_are(is_mpnet: bool, tiny_base: Path, tmp_path: Path) -> None:
    base = write_tiny_mpnet(tiny_base, tmp_path / "base") if is_mpnet else tiny_base
    config = dataclasses.replace(
        CONFIG, frozen_embeddings=True, frozen_positions=True, frozen_layers=1
    )
    before = TunedEncoder(base, list(config.exits)).state_dict()
    run = tmp_path / "run"
    after = tune_on_examples(base, [prepare_mixed(base, 8)], run, config, report=silent)
    changed = {
        name
        for name, values in after.state_dict().items()
        if "transformer." in name and not torch.equal(values, before[name])
    }
    assert changed
    assert all(".layer.1." in name for name in changed)


def test_a_run_on_mixed_examples_keeps_to_its_plan_when_resumed(
    tiny_base: Path, tmp_path: Path
) -> None:
    examples = prepare_mixed(tiny_base, 12)
    (tmp_path / PLAN).write_text("6")
    whole = tune_on_examples(tiny_base, [examples], tmp_path, CONFIG, report=silent)
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == 6
    again = tune_on_examples(tiny_base, [examples], tmp_path, CONFIG, resume=True, report=silent)
    for name, values in again.state_dict().items():
        assert torch.equal(values, whole.state_dict()[name])


def test_a_pass_goes_over_each_draw(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, other = prepare_mixed(tiny_base, 4), prepare_mixed(tiny_base, 5)
    seen: list[int] = []

    def note(training: object, examples: Sequence[Example], step: int) -> None:
        seen.extend(map(id, examples))

    monkeypatch.setattr(f"{tune_on_examples.__module__}._Training.learn", note)
    draws = [first, other, first]
    tune_on_examples(tiny_base, draws, tmp_path, CONFIG, report=silent)
    for examples in draws:
        now, seen = seen[: len(examples)], seen[len(examples) :]
        assert sorted(now) == sorted(map(id, examples))
    assert not seen


def test_another_pass_raises_the_rate_again() -> None:
    again = Schedule(100, 0.05, bent_at=30, height=0.7).restart(40, 240)
    assert again.find_factor(40) == pytest.approx(0.1)
    assert again.find_factor(49) == 1.0
    assert again.find_factor(145) == pytest.approx(95 / 190)
    assert again.find_factor(240) == 0.0
    assert again.bend(60, 100).find_factor(80) == pytest.approx(again.find_factor(60) / 2)


def test_a_run_that_is_over_goes_on_for_more_draws(tiny_base: Path, tmp_path: Path) -> None:
    examples = prepare_mixed(tiny_base, 4)
    once = tune_on_examples(tiny_base, [examples], tmp_path, CONFIG, report=silent)
    first = {name: values.clone() for name, values in once.state_dict().items()}
    steps = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"]
    twice = [examples, examples]
    longer = tune_on_examples(tiny_base, twice, tmp_path, CONFIG, resume=True, report=silent)
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert state["step"] >= 2 * steps - 1
    for name, values in longer.state_dict().items():
        if values.is_floating_point():
            mean = (first[name] + state["model"][name]) / 2
            assert torch.allclose(values, mean, atol=1e-6)
    assert any(not torch.equal(v, first[name]) for name, v in longer.state_dict().items())
    at_once = tune_on_examples(tiny_base, twice, tmp_path / "at once", CONFIG, report=silent)
    for name, values in at_once.state_dict().items():
        assert torch.allclose(values, longer.state_dict()[name], atol=1e-6)
    with pytest.raises(ValueError, match="other pairs"):
        tune_on_examples(tiny_base, [examples], tmp_path, CONFIG, resume=True, report=silent)
