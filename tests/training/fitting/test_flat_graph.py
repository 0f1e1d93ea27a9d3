"""The int8 graph of the encoder: near the float model, whatever is encoded together, on any CPU."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
pytest.importorskip("torch")

from detector.features.encoder import NO_SATURATION, SentenceEncoder, _may_saturate  # noqa: E402
from detector.training.fitting.encoder.export import export_encoder  # noqa: E402
from detector.training.fitting.encoder.flat_graph import (  # noqa: E402
    build_flat_graph,
    describe,
    fits,
    quantize_columns,
)

if TYPE_CHECKING:
    from conftest import TinyEncoder

QUANTIZED = Path("onnx") / "model_quantized.onnx"
SENTENCES = [
    "The harbour opened again on Monday morning.",
    "Prices!",
    "Fishermen had waited for days in the small cafe beside the pier, drinking coffee.",
    "The council says it will pay for repairs to the sea wall.",
    "Some of the older men shook their heads.",
]


@pytest.fixture(scope="module")
def quantized(tiny_encoder: TinyEncoder) -> SentenceEncoder:
    return SentenceEncoder(tiny_encoder.quantized, threads=1)


def test_states_are_those_of_the_float_model(
    tiny_encoder: TinyEncoder, quantized: SentenceEncoder
) -> None:
    plain = SentenceEncoder(tiny_encoder.plain, threads=1)
    assert plain.width == quantized.width
    one, other = quantized.embed(SENTENCES), plain.embed(SENTENCES)
    assert np.abs(one - other).max() < 0.15
    assert np.sqrt(((one - other) ** 2).mean()) < 0.03


def test_a_sentence_is_encoded_alike_in_any_company(quantized: SentenceEncoder) -> None:
    together = quantized.embed(SENTENCES)
    alone = np.concatenate([quantized.embed([sentence]) for sentence in SENTENCES])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_padding_changes_nothing(quantized: SentenceEncoder) -> None:
    ids = np.array([[2, 7, 9, 3, 0, 0], [2, 8, 3, 0, 0, 0]])
    mask = (ids > 0).astype(np.int64)
    states = quantized._run(ids, mask)
    assert states.shape == (2, 6, quantized.width)
    np.testing.assert_allclose(
        states[0, :4], quantized._run(ids[:1, :4], mask[:1, :4])[0], atol=1e-5
    )
    np.testing.assert_allclose(
        states[1, :3], quantized._run(ids[1:, :3], mask[1:, :3])[0], atol=1e-5
    )


# --------------------------------------------------------------------------------------
# MPNet, whose attention depends on how far tokens lie apart
# --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny_mpnet() -> Any:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    config = transformers.MPNetConfig(
        vocab_size=50,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=40,
        initializer_range=0.3,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return transformers.MPNetModel(config, add_pooling_layer=False).eval()


def test_states_of_an_mpnet_are_those_of_the_float_model(tiny_mpnet: Any) -> None:
    import torch

    assert fits(tiny_mpnet.config)
    # The third pads with 0, which to this encoder is a token like others: the mask alone tells.
    ids = np.array([[0, 7, 9, 30, 12, 2], [0, 8, 2, 1, 1, 1], [0, 9, 2, 0, 0, 0]])
    mask = np.array([[1] * 6, [1, 1, 1, 0, 0, 0], [1, 1, 1, 0, 0, 0]])
    with torch.no_grad():
        expected = tiny_mpnet(torch.tensor(ids), torch.tensor(mask)).last_hidden_state.numpy()
    graph = build_flat_graph(describe(tiny_mpnet, 20)).SerializeToString()
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    (states,) = session.run(None, {"input_ids": ids, "attention_mask": mask})
    error = (states - expected)[mask > 0]
    assert np.sqrt((error**2).mean()) < 0.03
    without = dataclasses.replace(describe(tiny_mpnet, 20), position_bias=None)
    session = ort.InferenceSession(build_flat_graph(without).SerializeToString())
    (blind,) = session.run(None, {"input_ids": ids, "attention_mask": mask})
    assert np.sqrt((((blind - expected)[mask > 0]) ** 2).mean()) > 0.05


# --------------------------------------------------------------------------------------
# Weights that cannot saturate
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize("inputs", [7, 64])
def test_weights_of_neighbours_fit_into_sixteen_bits(inputs: int) -> None:
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((inputs, 200)).astype(np.float32)
    weights[:2, 0] = 5.0  # two large ones side by side
    weights[:, 1] = 0.0
    small, scale = quantize_columns(weights)
    assert small.dtype == np.int8
    wide = small.astype(np.int64)
    sums = wide[0::2][: inputs // 2] + wide[1::2]
    assert 255 * np.abs(sums).max() < 2**15
    assert 255 * np.abs(wide).max() < 2**15
    assert np.abs(wide * scale - weights).max() <= scale.max() / 2 + 1e-6


def test_the_fast_product_is_exact(tmp_path: Path) -> None:
    # The largest activations on the largest weights; where VNNI is, any weights would pass.
    rng = np.random.default_rng(0)
    small, _ = quantize_columns(rng.standard_normal((64, 32)).astype(np.float32))
    activations = rng.choice([0, 255], size=(8, 64)).astype(np.uint8)
    kinds = onnx.TensorProto
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMulInteger", ["x", "weights"], ["y"])],
        "product",
        [onnx.helper.make_tensor_value_info("x", kinds.UINT8, [8, 64])],
        [onnx.helper.make_tensor_value_info("y", kinds.INT32, [8, 32])],
        [onnx.numpy_helper.from_array(small, "weights")],
    )
    opset = onnx.helper.make_opsetid("", 17)
    model = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (product,) = session.run(None, {"x": activations})
    np.testing.assert_array_equal(product, activations.astype(np.int64) @ small.astype(np.int64))


def test_the_model_says_that_it_cannot_saturate(tiny_encoder: TinyEncoder, tmp_path: Path) -> None:
    path = tiny_encoder.quantized / QUANTIZED
    model = onnx.load(path)
    assert {entry.key for entry in model.metadata_props} == {NO_SATURATION}
    assert not _may_saturate(path)
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "unsaid.onnx")
    assert _may_saturate(tmp_path / "unsaid.onnx")


# --------------------------------------------------------------------------------------
# Encoders that the graph does not know
# --------------------------------------------------------------------------------------


def test_another_activation_is_exported_the_general_way(
    tiny_encoder: TinyEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config: Any = tiny_encoder.model.transformer.config
    assert fits(config)
    monkeypatch.setattr(config, "hidden_act", "relu")
    assert not fits(config)
    export_encoder(tiny_encoder.model, 2, tiny_encoder.base, tmp_path)
    path = tmp_path / QUANTIZED
    assert _may_saturate(path)
    assert not path.with_name("model.onnx").exists()
    assert SentenceEncoder(tmp_path, threads=1).embed(SENTENCES).shape == (5, 16)


def test_graph_opens_beside_a_folder_with_the_float_model(
    tiny_encoder: TinyEncoder, tmp_path: Path
) -> None:
    shutil.copytree(tiny_encoder.plain, tmp_path / "both")
    shutil.copy(tiny_encoder.quantized / QUANTIZED, tmp_path / "both" / QUANTIZED)
    one = SentenceEncoder(tmp_path / "both", threads=1).embed(SENTENCES)
    np.testing.assert_array_equal(
        one, SentenceEncoder(tiny_encoder.quantized, threads=1).embed(SENTENCES)
    )
