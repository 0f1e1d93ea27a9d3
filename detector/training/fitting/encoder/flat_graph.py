"""The int8 ONNX graph of a BERT or MPNet: no work on padding, and figures that no batch changes.

ONNX Runtime's own dynamic quantisation scales activations over a whole batch: a sentence's states
depend on what it is encoded with, and one outlier coarsens all. Here every token has a scale of its
own, and states err by .03 where they erred by .07 (against float32). Tokens lie side by side
without padding, except where attention keeps sentences apart.

Weights are int8 by output column. On x86 without VNNI instructions, the fast kernel adds products
of two neighbouring inputs in 16 bits, and saturates. So each column's scale is such that no two
neighbours' weights add up to more than `_PAIR_BOUND`: nothing saturates in the fast kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from detector.features.encoder import NO_SATURATION

Arrays = Mapping[str, npt.NDArray[np.float32]]
Floats = npt.NDArray[np.float32]

_MICROSOFT = "com.microsoft"

#: 255 (the largest activation) times 128 fits into 16 bits with its sign, times 129 does not.
_PAIR_BOUND = 128

_LARGEST_WEIGHT = 127

#: Zero of the activations, which are spread evenly around it.
_ZERO = 128

#: Of a token whose activations are all 0.
_LEAST_SCALE = 1e-9

_GELU_MINIMUM = 0.1701

#: Parts of the names of an MPNet's weights, and what a BERT calls them.
_BERT_NAMES = (
    ("attention.LayerNorm", "attention.output.LayerNorm"),
    ("attn.o.", "output.dense."),
    ("attn.q.", "self.query."),
    ("attn.k.", "self.key."),
    ("attn.v.", "self.value."),
)


@dataclass(frozen=True, slots=True)
class _Quantized:
    """Names of activations in 8 bits, and of the scale (tokens, 1) of each."""

    values: str
    scale: str


@dataclass(frozen=True, slots=True)
class Encoder:
    """A BERT's weights, or an MPNet's, and what their names and shapes do not tell.

    Attributes:
        weights: by a BERT's names.
        positions: (tokens, width), what is added to the word embeddings.
        layers: how many of its layers are kept.
        heads: of attention.
        epsilon: of its layer normalisations.
        position_bias: (1, heads, tokens, tokens), what an MPNet adds to the attention that one
            token pays to another, by how far they lie apart.
    """

    weights: Arrays
    positions: Floats
    layers: int
    heads: int
    epsilon: float
    position_bias: Floats | None = None


def fits(config: Any) -> bool:
    """Whether a transformers config is of the encoders that this module knows."""
    is_known = config.model_type == "mpnet" or (
        config.model_type == "bert"
        and getattr(config, "position_embedding_type", "absolute") == "absolute"
    )
    return is_known and config.hidden_act == "gelu"


def describe(transformer: Any, tokens: int) -> Encoder:
    """The weights of a `transformers.BertModel` or `MPNetModel` that `fits`.

    Args:
        transformer: the model.
        tokens: of the longest sentence that it is to encode.
    """
    config = transformer.config
    weights = {name: values.float().numpy() for name, values in transformer.state_dict().items()}
    shape = config.num_hidden_layers, config.num_attention_heads, config.layer_norm_eps
    positions = weights["embeddings.position_embeddings.weight"]
    if config.model_type == "bert":
        positions = positions + weights["embeddings.token_type_embeddings.weight"][0]
        return Encoder(weights, positions, *shape)
    for ours, theirs in _BERT_NAMES:
        weights = {name.replace(ours, theirs): values for name, values in weights.items()}
    bias = transformer.encoder.compute_position_bias(torch.zeros(1, tokens, 1)).detach().numpy()
    return Encoder(weights, positions[config.pad_token_id + 1 :], *shape, bias)


def build_flat_graph(encoder: Encoder) -> onnx.ModelProto:
    """The int8 model: ``input_ids``, ``attention_mask`` → ``last_hidden_state``.

    Returns:
        A model of (batch, tokens) integers; states (batch, tokens, width) of padding mean nothing.
    """
    return _Builder(encoder).build()


def quantize_columns(weights: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """Weights (inputs, outputs) as int8 and the scale (outputs,) of each column.

    Of inputs 2i and 2i + 1, no column's weights add up to more than `_PAIR_BOUND`.
    """
    first, second = weights[0::2], weights[1::2]
    pairs = np.abs(first[: len(second)] + second).max(0)
    largest = np.abs(weights).max(0)
    # One less than the bound: both of a pair may be rounded up.
    scale = np.maximum(largest / _LARGEST_WEIGHT, pairs / (_PAIR_BOUND - 1))
    scale = np.maximum(scale, np.finfo(np.float32).tiny).astype(np.float32)
    rounded = np.clip(np.round(weights / scale), -_LARGEST_WEIGHT, _LARGEST_WEIGHT)
    return rounded.astype(np.int8), scale


class _Builder:
    """Writes the nodes of a graph, one after the other."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.weights = encoder.weights
        self.width = encoder.positions.shape[1]
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def build(self) -> onnx.ModelProto:
        self._lay_tokens_flat()
        states = self._embed()
        for layer in range(self.encoder.layers):
            states = self._add_layer(states, f"encoder.layer.{layer}")
        apart = self._add("Gather", states, self.places)
        self._add("Reshape", apart, self._join_sizes(self.width), output="last_hidden_state")
        axes = ["batch", "tokens"]
        integers, floats = TensorProto.INT64, TensorProto.FLOAT
        graph = helper.make_graph(
            self.nodes,
            "encoder",
            [
                helper.make_tensor_value_info(name, integers, axes)
                for name in ("input_ids", "attention_mask")
            ],
            [helper.make_tensor_value_info("last_hidden_state", floats, [*axes, self.width])],
            self.constants,
        )
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid(_MICROSOFT, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        helper.set_model_props(model, {NO_SATURATION: "1"})
        return model

    # ----------------------------------------------------------------------------------
    # Nodes and constants
    # ----------------------------------------------------------------------------------

    def _add(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        output = output or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def _hold(self, values: npt.ArrayLike, kind: Any = np.float32) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values, kind), name))
        return name

    def _hold_integers(self, *values: int) -> str:
        return self._hold(np.array(values), np.int64)

    def _join_sizes(self, *last: int) -> str:
        """The shape (batch, tokens, `last`)."""
        return self._add("Concat", self.sizes, self._hold_integers(*last), axis=0)

    # ----------------------------------------------------------------------------------
    # Tokens and embeddings
    # ----------------------------------------------------------------------------------

    def _lay_tokens_flat(self) -> None:
        """Where each token lies in (batch × tokens), and which token lies at each place."""
        self.sizes = self._add("Shape", "input_ids")
        every = self._hold_integers(-1)
        mask = self._add("Reshape", "attention_mask", every)
        self.kept = self._add("Reshape", self._add("NonZero", mask), every)
        count = self._add("CumSum", mask, self._hold(0, np.int64))
        before = self._add("Sub", count, self._hold_integers(1))
        # Padding shows the token before it, which attention does not look at.
        self.places = self._add("Max", before, self._hold_integers(0))
        self.mask = self._add("Cast", "attention_mask", to=TensorProto.INT32)
        self.length = self._add("Slice", self.sizes, *map(self._hold_integers, (1, 2)))
        self.position_bias = self._hold_position_bias()

    def _hold_position_bias(self) -> str:
        """Of as many tokens as the batch is wide."""
        if self.encoder.position_bias is None:
            return ""
        lengths = self._add("Concat", self.length, self.length, axis=0)
        ends = self._hold(self.encoder.position_bias), self._hold_integers(0, 0), lengths
        return self._add("Slice", *ends, self._hold_integers(2, 3))

    def _embed(self) -> str:
        ids = self._add("Reshape", "input_ids", self._hold_integers(-1))
        words = self._look_up(
            self.weights["embeddings.word_embeddings.weight"], self._add("Gather", ids, self.kept)
        )
        place = self._add("Mod", self.kept, self.length)
        positions = self._look_up(self.encoder.positions, place)
        return self._normalize(self._add("Add", words, positions), "embeddings.LayerNorm")

    def _look_up(self, table: Floats, rows: str) -> str:
        """Rows of a table that is kept in 8 bits, each by its own scale."""
        scale = np.maximum(np.abs(table).max(1), _LEAST_SCALE) / _LARGEST_WEIGHT
        small = np.round(table / scale[:, None])
        found = self._add("Gather", self._hold(small, np.int8), rows)
        scales = self._add("Gather", self._hold(scale), rows)
        return self._add("DequantizeLinear", found, scales, axis=0)

    def _normalize(self, states: str, name: str) -> str:
        weight, bias = (self._hold(self.weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        return self._add(
            "LayerNormalization", states, weight, bias, axis=-1, epsilon=self.encoder.epsilon
        )

    # ----------------------------------------------------------------------------------
    # Layers
    # ----------------------------------------------------------------------------------

    def _add_layer(self, states: str, name: str) -> str:
        seen = self._attend(states, f"{name}.attention.self")
        seen = self._project(
            self._quantize(seen, self._find_largest), f"{name}.attention.output.dense"
        )
        states = self._normalize(
            self._add("Add", seen, states), f"{name}.attention.output.LayerNorm"
        )
        inner = self._project(
            self._quantize(states, self._find_largest), f"{name}.intermediate.dense"
        )
        inner = self._add("Gelu", inner, domain=_MICROSOFT)
        outer = self._project(
            self._quantize(inner, self._find_largest_of_gelu), f"{name}.output.dense"
        )
        return self._normalize(self._add("Add", outer, states), f"{name}.output.LayerNorm")

    def _attend(self, states: str, name: str) -> str:
        """Attention within each sentence; queries, keys and values come of one product."""
        parts = [f"{name}.{part}" for part in ("query", "key", "value")]
        weights = np.concatenate([self.weights[f"{part}.weight"].T for part in parts], axis=1)
        bias = np.concatenate([self.weights[f"{part}.bias"] for part in parts])
        joint = self._multiply(self._quantize(states, self._find_largest), weights, bias)
        joint = self._add("Gather", joint, self.places)
        joint = self._add("Reshape", joint, self._join_sizes(3 * self.width))
        queries, keys, values = (
            self._add(
                "Slice",
                joint,
                self._hold_integers(i * self.width),
                self._hold_integers((i + 1) * self.width),
                self._hold_integers(-1),
            )
            for i in range(3)
        )
        seen = self._add(
            "MultiHeadAttention",
            *(queries, keys, values, "", self.mask, self.position_bias),
            domain=_MICROSOFT,
            num_heads=self.encoder.heads,
        )
        seen = self._add("Reshape", seen, self._hold_integers(-1, self.width))
        return self._add("Gather", seen, self.kept)

    def _project(self, activations: _Quantized, name: str) -> str:
        return self._multiply(
            activations, self.weights[f"{name}.weight"].T, self.weights[f"{name}.bias"]
        )

    def _quantize(self, states: str, find_largest: Callable[[str], str]) -> _Quantized:
        """States (tokens, width) in 8 bits, each token by its own scale."""
        largest = find_largest(states)
        scale = self._add("Mul", largest, self._hold(1 / (255 - _ZERO)))
        scale = self._add("Max", scale, self._hold(_LEAST_SCALE))
        zeros = self._add("Expand", self._hold([_ZERO], np.uint8), self._add("Shape", scale))
        values = self._add("QuantizeLinear", states, scale, zeros, axis=0)
        return _Quantized(values, self._add("Unsqueeze", scale, self._hold_integers(1)))

    def _find_largest(self, states: str) -> str:
        size = self._add("Abs", states)
        return self._add("ReduceMax", size, axes=[-1], keepdims=0)

    def _find_largest_of_gelu(self, states: str) -> str:
        """Likewise, without a pass over what GELU bounds from below."""
        highest = self._add("ReduceMax", states, axes=[-1], keepdims=0)
        return self._add("Max", highest, self._hold(_GELU_MINIMUM))

    def _multiply(self, activations: _Quantized, weights: Floats, bias: Floats) -> str:
        small, scale = quantize_columns(weights)
        product = self._add(
            "MatMulIntegerToFloat",
            *(activations.values, self._hold(small, np.int8), self._hold(1), self._hold(scale)),
            *(self._hold(_ZERO, np.uint8), self._hold(np.zeros(len(scale)), np.int8)),
            domain=_MICROSOFT,
        )
        product = self._add("Mul", product, activations.scale)
        return self._add("Add", product, self._hold(bias))
