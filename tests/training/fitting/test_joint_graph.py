"""Two encoders as one: its states are those of both, whatever either calls a piece of a word."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
torch = pytest.importorskip("torch")

from detector.errors import DetectorError  # noqa: E402
from detector.features.encoder import SentenceEncoder, _may_saturate  # noqa: E402
from detector.training.fitting.encoder.export import export_encoder  # noqa: E402
from detector.training.fitting.encoder.joint_graph import (  # noqa: E402
    join_encoders,
    join_heads,
)
from detector.training.fitting.encoder.tuned_encoder import TunedEncoder  # noqa: E402

if TYPE_CHECKING:
    from conftest import TinyEncoder

SENTENCES = [
    "The harbour opened again on Monday morning.",
    "Prices!",
    "A piece that no encoder knows: \u5317.",
    "Fishermen had waited for days in the small cafe beside the pier, drinking coffee.",
]


@pytest.fixture(scope="module")
def other(tiny_encoder: TinyEncoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder that numbers the same pieces from behind, and begins a sentence with "<s>"."""
    base = tmp_path_factory.mktemp("other") / "base"
    shutil.copytree(tiny_encoder.base, base)
    content = json.loads((base / "tokenizer.json").read_bytes())
    size = len(content["model"]["vocab"])
    numbers = {piece: size - 1 - number for piece, number in content["model"]["vocab"].items()}
    numbers["<s>"] = numbers.pop("[CLS]")
    content["model"]["vocab"] = numbers
    for token in content["added_tokens"]:
        token["content"] = "<s>" if token["content"] == "[CLS]" else token["content"]
        token["id"] = numbers[token["content"]]
    content["post_processor"]["cls"] = ["<s>", numbers["<s>"]]
    content["post_processor"]["sep"] = ["[SEP]", numbers["[SEP]"]]
    (base / "tokenizer.json").write_text(json.dumps(content))
    with torch.random.fork_rng():
        torch.manual_seed(5)
        model = TunedEncoder(tiny_encoder.base, [2]).eval()
        for parameter in model.parameters():
            parameter.data.add_(0.1 * torch.randn_like(parameter))
    folder = base.parent / "exported"
    export_encoder(model, 2, tiny_encoder.base, folder)
    shutil.copy(base / "tokenizer.json", folder)
    return folder


@pytest.mark.parametrize("is_first", [True, False])
def test_joint_states_are_those_of_both(
    tiny_encoder: TinyEncoder, other: Path, tmp_path: Path, is_first: bool
) -> None:
    folders = [tiny_encoder.quantized, other][:: 1 if is_first else -1]
    join_encoders(*folders, tmp_path / "joint")
    joint = SentenceEncoder(tmp_path / "joint", threads=1)
    alone = [SentenceEncoder(folder, threads=1).embed(SENTENCES) for folder in folders]
    assert joint.width == sum(states.shape[1] for states in alone)
    np.testing.assert_allclose(joint.embed(SENTENCES), np.hstack(alone), atol=1e-6)
    # They tell sentences apart, or any numbers of pieces would do.
    assert min(states.std(axis=0).min() for states in alone) > 1e-3
    assert not _may_saturate(tmp_path / "joint" / "onnx" / "model_quantized.onnx")
    pooling = json.loads((tmp_path / "joint" / "1_Pooling" / "config.json").read_bytes())
    assert pooling["word_embedding_dimension"] == joint.width


def test_encoders_of_other_pieces_cannot_be_joined(
    tiny_encoder: TinyEncoder, other: Path, tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger"
    shutil.copytree(other, stranger)
    text = (stranger / "tokenizer.json").read_text().replace('"harbour"', '"hafen"')
    (stranger / "tokenizer.json").write_text(text)
    with pytest.raises(
        DetectorError, match=r"2 are known to one of them alone, 'hafen' among them"
    ):
        join_encoders(tiny_encoder.quantized, stranger, tmp_path / "joint")
    assert not (tmp_path / "joint").exists()


def test_joint_heads_answer_with_the_mean(tiny_encoder: TinyEncoder) -> None:
    rng = np.random.default_rng(0)
    other = {name: rng.normal(size=v.shape).astype(np.float32) for name, v in
             tiny_encoder.heads.items()}  # fmt: skip
    joint = join_heads(tiny_encoder.heads, other)
    one, two = (rng.normal(size=(3, 16)).astype(np.float32) for _ in range(2))
    for head in ("class", "token"):
        answers = [
            states @ heads[f"{head}_weights"] + heads[f"{head}_bias"]
            for states, heads in (
                (one, tiny_encoder.heads), (two, other), (np.hstack([one, two]), joint),
            )
        ]  # fmt: skip
        np.testing.assert_allclose(answers[2], (answers[0] + answers[1]) / 2, atol=1e-5)


def test_a_graph_of_another_make_cannot_be_joined(
    tiny_encoder: TinyEncoder, tmp_path: Path
) -> None:
    with pytest.raises(DetectorError, match=r"model_quantized.onnx: no graph as this package"):
        join_encoders(tiny_encoder.quantized, tiny_encoder.plain, tmp_path / "joint")
    assert not (tmp_path / "joint").exists()
