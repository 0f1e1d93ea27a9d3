"""Encoders of other kinds and sizes, checkpoints that are damaged, and what is said of them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from detector.errors import DetectorError  # noqa: E402
from detector.features.encoder import SentenceEncoder  # noqa: E402
from detector.training.corpora.labelled_pairs import LabelledPair, label_pair  # noqa: E402
from detector.training.fitting.encoder.export import export_encoder  # noqa: E402
from detector.training.fitting.encoder.loading_errors import describe_loading_error  # noqa: E402
from detector.training.fitting.encoder.settings import MAXIMUM_TOKENS, TuningConfig  # noqa: E402
from detector.training.fitting.encoder.tuned_encoder import TunedEncoder  # noqa: E402
from detector.training.fitting.encoder.tuning import explain_failures, tune  # noqa: E402

if TYPE_CHECKING:
    from conftest import TinyEncoder

CONFIG = TuningConfig(tokens_per_batch=400, exits={1: 0.3, 2: 1.0}, frozen_embeddings=False)
SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
LONG = "the men waited for the boats and " * 20


def silent(line: str) -> None:
    """Progress that nobody reads."""


def make_pairs(text: str = LONG) -> list[LabelledPair]:
    return [label_pair(text, f"{text} {n} zzx", "spun", frozenset(text.split())) for n in range(6)]


def write_base(tiny_base: Path, folder: Path, kind: str, positions: int) -> Path:
    """An encoder of another kind with random weights and the tokenizer of `tiny_base`."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_base)
    tokenizer.save_pretrained(folder)
    names = {
        "distilbert": {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32},
        "albert": SIZES | {"embedding_size": 8, "intermediate_size": 32},
    }
    sizes = names.get(kind, SIZES | {"intermediate_size": 32}) | {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "max_position_embeddings": positions,
    }
    config = transformers.AutoConfig.for_model(kind, **sizes)
    with torch.random.fork_rng():
        torch.manual_seed(4)
        transformers.AutoModel.from_config(config).save_pretrained(folder)
    return folder


# --------------------------------------------------------------------------------------
# Bases
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["distilbert", "albert"])
def test_kinds_that_cannot_be_tuned_are_named(kind: str, tiny_base: Path, tmp_path: Path) -> None:
    base = write_base(tiny_base, tmp_path / "base", kind, 128)
    with (
        pytest.raises(DetectorError, match=f"kind {kind}; BERT, MPNet, RoBERTa and what is built"),
        explain_failures(base),
    ):
        tune(base, make_pairs(), tmp_path / "run", CONFIG, report=silent)


@pytest.mark.parametrize(
    ("kind", "quantize"),
    [("bert", False), ("bert", True), ("mpnet", True), ("roberta", False), ("roberta", True)],
)
def test_a_base_with_few_positions_is_tuned_and_reads_long_sentences(
    kind: str, quantize: bool, tiny_base: Path, tmp_path: Path
) -> None:
    pytest.importorskip("sentence_transformers")
    base = write_base(tiny_base, tmp_path / "base", kind, 24)
    model = tune(base, make_pairs(), tmp_path / "run", CONFIG, report=silent)
    export_encoder(model, 2, base, tmp_path / "encoder", quantize)
    encoder = SentenceEncoder(tmp_path / "encoder", threads=1)
    embeddings = encoder.embed([LONG, "the men waited"])
    assert np.isfinite(embeddings).all()
    if quantize:
        return
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(base))
    encoded = tokenizer([LONG], truncation=True, max_length=MAXIMUM_TOKENS, return_tensors="pt")
    assert encoded["input_ids"].shape[1] == MAXIMUM_TOKENS
    with torch.no_grad():
        states = model.transformer(encoded["input_ids"], encoded["attention_mask"])
    expected = states.last_hidden_state.mean(1).numpy()
    np.testing.assert_allclose(embeddings[:1], expected, atol=1e-5)


def test_positions_that_a_base_lacks_are_its_last_one(tiny_base: Path, tmp_path: Path) -> None:
    base = write_base(tiny_base, tmp_path / "base", "bert", 24)
    before = transformers.AutoModel.from_pretrained(base).embeddings.position_embeddings.weight
    transformer = TunedEncoder(base, [1]).transformer
    after = transformer.embeddings.position_embeddings.weight
    assert after.shape == (MAXIMUM_TOKENS, 16)
    assert transformer.config.max_position_embeddings == MAXIMUM_TOKENS
    assert torch.equal(after[:24], before)
    assert torch.equal(after[24:], before[-1:].expand(MAXIMUM_TOKENS - 24, -1))
    assert after.requires_grad
    enough = TunedEncoder(tiny_base, [1]).transformer.embeddings.position_embeddings
    assert enough.num_embeddings == 128


# --------------------------------------------------------------------------------------
# What cannot be loaded
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("/nowhere/x", "there is no such folder"),
        ("./x", "there is no such folder"),
        ("../x", "there is no such folder"),
        ("~/x", "there is no such folder"),
        ("some/folder/below", "there is no such folder"),
        ("owner/name", "no hub"),
        ("name", "no hub"),
        ("/", "no hub"),
    ],
)
def test_a_missing_folder_is_told_from_a_hub_name(name: str, expected: str) -> None:
    assert describe_loading_error(name, OSError("no hub\nand more")) == expected


def test_an_error_without_a_message_goes_by_its_class() -> None:
    assert describe_loading_error("name", ValueError()) == "ValueError"
    with (
        pytest.raises(DetectorError, match="the encoder name cannot be tuned: ValueError"),
        explain_failures("name"),
    ):
        raise ValueError


def test_a_base_that_is_not_there_is_named(tmp_path: Path) -> None:
    base = tmp_path / "nowhere"
    with (
        pytest.raises(DetectorError, match="nowhere cannot be tuned: there is no such folder"),
        explain_failures(base),
    ):
        tune(base, make_pairs(), tmp_path / "run", CONFIG, report=silent)


# --------------------------------------------------------------------------------------
# Checkpoints
# --------------------------------------------------------------------------------------


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def drop_steps(data: bytes) -> bytes:
    state = torch.load(io.BytesIO(data), weights_only=True)
    stream = io.BytesIO()
    torch.save({name: value for name, value in state.items() if name != "ends"}, stream)
    return stream.getvalue()


@pytest.fixture(scope="module")
def checkpoint(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("run")
    tune(tiny_base, make_pairs(), folder, CONFIG, report=silent)
    return (folder / "checkpoint.pt").read_bytes()


@pytest.mark.parametrize("damage", [cut, drop_steps, lambda data: b"", lambda data: b"a text"])
def test_a_damaged_checkpoint_is_told_with_the_ways_out(
    damage: Callable[[bytes], bytes], checkpoint: bytes, tiny_base: Path, tmp_path: Path
) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(damage(checkpoint))
    with pytest.raises(ValueError, match=r"cannot be read as a checkpoint; leave out --resume"):
        tune(tiny_base, make_pairs(), tmp_path, CONFIG, resume=True, report=silent)


def test_a_run_without_a_checkpoint_to_resume_says_that_it_starts_anew(
    tiny_base: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    tune(tiny_base, make_pairs(), tmp_path, CONFIG, resume=True, report=said.append)
    assert said[0] == f"no checkpoint in {tmp_path}: starting anew"
    said.clear()
    tune(tiny_base, make_pairs(), tmp_path, CONFIG, resume=True, report=said.append)
    tune(tiny_base, make_pairs(), tmp_path, CONFIG, report=said.append)
    assert not any("anew" in line for line in said)


# --------------------------------------------------------------------------------------
# The exported folder
# --------------------------------------------------------------------------------------


def test_nothing_of_an_older_export_stays(tiny_encoder: TinyEncoder, tmp_path: Path) -> None:
    folder = tmp_path / "encoder"
    (folder / "onnx").mkdir(parents=True)
    for name in ("onnx/model_quantized.onnx", "vocab.txt", "modules.json"):
        (folder / name).write_text("old")
    (tmp_path / "beside").write_text("kept")
    export_encoder(tiny_encoder.model, 2, tiny_encoder.base, folder, quantize=False)
    assert [path.name for path in (folder / "onnx").iterdir()] == ["model.onnx"]
    assert not (folder / "vocab.txt").exists()
    assert json.loads((folder / "modules.json").read_text())[0]["name"] == "0"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["beside", "encoder"]
