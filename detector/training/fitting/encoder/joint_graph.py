"""Two encoders as one: both read a sentence side by side, and their states are put together.

They must know the same pieces of words, as a BERT and an MPNet of the same vocabulary do. The joint
folder has the first one's tokenizer; a table in the graph gives the second one its own numbers.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import compose, helper, numpy_helper
from tokenizers import Tokenizer

from detector.errors import DetectorError
from detector.features.encoder import NO_SATURATION

_GRAPH = Path("onnx") / "model_quantized.onnx"
_POOLING = Path("1_Pooling") / "config.json"

_OUTPUT = "last_hidden_state"

_SECOND_IDS = "second_input_ids"

Arrays = Mapping[str, npt.NDArray[Any]]


def join_encoders(first: Path, second: Path, folder: Path) -> None:
    """Write a sentence-transformers folder whose states (…, width) are those of both.

    Args:
        first: an encoder's folder, with a graph of `flat_graph`.
        second: another of the same vocabulary.
        folder: written anew.

    Raises:
        DetectorError: they do not know the same pieces of words, or have another graph.
    """
    numbers = _match_vocabularies(first, second)
    joint = _join_graphs(_load_graph(first), _load_graph(second), numbers)
    onnx.checker.check_model(joint)
    shutil.copytree(first, folder)
    onnx.save(joint, folder / _GRAPH)
    pooling = json.loads((first / _POOLING).read_bytes())
    pooling["word_embedding_dimension"] = _read_width(joint)
    (folder / _POOLING).write_text(json.dumps(pooling, indent=2) + "\n")


def join_heads(first: Arrays, second: Arrays) -> dict[str, npt.NDArray[np.float32]]:
    """Heads over joint states that answer with the mean of both encoders' logits.

    Args:
        first: what `export_encoder` returns.
        second: the same, or a model's features, which include them.
    """
    return {
        name: np.asarray(
            np.concatenate([first[name], second[name]]) / 2
            if name.endswith("_weights")
            else (first[name] + second[name]) / 2,
            dtype=np.float32,
        )
        for name in first
    }


def _load_graph(folder: Path) -> onnx.ModelProto:
    path = folder / _GRAPH
    graph = onnx.load(path) if path.is_file() else None
    if graph is None or NO_SATURATION not in {entry.key for entry in graph.metadata_props}:
        raise DetectorError(
            f"{path}: no graph as this package writes it for a BERT or an MPNet; only these are "
            "joined"
        )
    return graph


def _read_width(model: onnx.ModelProto) -> int:
    """Dimensions of a state."""
    return int(model.graph.output[0].type.tensor_type.shape.dim[-1].dim_value)


def _match_vocabularies(first: Path, second: Path) -> npt.NDArray[np.int64]:
    """What the second encoder calls each piece (pieces,) that the first one knows."""
    ours, theirs = (
        Tokenizer.from_file(str(folder / "tokenizer.json")) for folder in (first, second)
    )
    pieces, known = ours.get_vocab(), theirs.get_vocab()
    marks = _list_marks(ours) | _list_marks(theirs)
    if different := (pieces.keys() ^ known.keys()) - marks:
        raise DetectorError(
            f"{first} and {second} do not know the same pieces of words: {len(different):,} are "
            f"known to one of them alone, {min(different)!r} among them"
        )
    unknown, their_unknown = pieces[ours.model.unk_token], known[theirs.model.unk_token]
    numbers = np.full(len(pieces), their_unknown, dtype=np.int64)
    for piece, number in pieces.items():
        numbers[number] = known.get(piece, their_unknown)
    # Marks, whatever either calls them: of an unknown piece, of padding, of a sentence's ends.
    numbers[unknown] = their_unknown
    if ours.padding and theirs.padding:
        numbers[ours.padding["pad_id"]] = theirs.padding["pad_id"]
    for tokenizer in (ours, theirs):
        tokenizer.no_padding()
    numbers[ours.encode("").ids] = theirs.encode("").ids
    return numbers


def _list_marks(tokenizer: Tokenizer) -> set[str]:
    """What stands for no piece of a word, such as the start of a sentence."""
    return {token.content for token in tokenizer.get_added_tokens_decoder().values()}


def _join_graphs(
    first: onnx.ModelProto, second: onnx.ModelProto, numbers: npt.NDArray[np.int64]
) -> onnx.ModelProto:
    # The first keeps the names of its inputs, and the second reads the same mask.
    first = compose.add_prefix(first, "first_", rename_inputs=False)
    second = compose.add_prefix(second, "second_", rename_inputs=False)
    for node in second.graph.node:
        node.input[:] = [_SECOND_IDS if name == "input_ids" else name for name in node.input]
    table = numpy_helper.from_array(numbers, "piece_numbers")
    outputs = [f"{place}_{_OUTPUT}" for place in ("first", "second")]
    nodes = [
        helper.make_node("Gather", [table.name, "input_ids"], [_SECOND_IDS]),
        *first.graph.node,
        *second.graph.node,
        helper.make_node("Concat", outputs, [_OUTPUT], axis=-1),
    ]
    width = _read_width(first) + _read_width(second)
    output = helper.make_tensor_value_info(
        _OUTPUT, onnx.TensorProto.FLOAT, ["batch", "tokens", width]
    )
    graph = helper.make_graph(
        nodes,
        "encoders",
        list(first.graph.input),
        [output],
        [table, *first.graph.initializer, *second.graph.initializer],
    )
    joint = helper.make_model(
        graph, opset_imports=list(first.opset_import), ir_version=first.ir_version
    )
    helper.set_model_props(joint, {NO_SATURATION: "1"})
    return joint
