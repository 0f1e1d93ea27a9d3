"""Export a tuned encoder as a sentence-transformers folder with ONNX weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import nn
from transformers import AutoTokenizer

from detector.io.atomic_files import replace_folder_whole
from detector.training.fitting.encoder.flat_graph import build_flat_graph, describe, fits
from detector.training.fitting.encoder.settings import MAXIMUM_TOKENS
from detector.training.fitting.encoder.tuned_encoder import TunedEncoder


def export_encoder(
    model: TunedEncoder, layers: int, base: Path | str, folder: Path, quantize: bool = True
) -> dict[str, npt.NDArray[np.float32]]:
    """Write the first `layers` layers as a sentence-transformers folder with an ONNX model.

    Args:
        model: a tuned model with an exit at `layers`.
        layers: how many layers to keep.
        base: where the tokenizer comes from.
        folder: written anew, whole or not at all: ``modules.json``, tokenizer, ``1_Pooling`` and
            ``onnx/``. What it held before goes.
        quantize: store int8 weights (``onnx/model_quantized.onnx``), else float32.

    Returns:
        The heads of that exit: ``class_weights`` (width, 4), ``class_bias`` (4,),
        ``token_weights`` (width, 1), ``token_bias`` (1,).
    """
    import copy

    import sentence_transformers

    if layers not in model.exits:
        raise ValueError(f"the model has exits at {model.exits}, none at {layers}")
    transformer = copy.deepcopy(model.transformer).eval()
    transformer.encoder.layer = transformer.encoder.layer[:layers]
    transformer.config.num_hidden_layers = layers
    tokenizer = AutoTokenizer.from_pretrained(str(base))
    with replace_folder_whole(folder) as fresh:
        _write_model_folder(fresh, transformer, tokenizer, sentence_transformers.__version__)
        _write_onnx(fresh / "onnx", transformer, quantize)
    class_head: nn.Linear = model.class_heads[str(layers)]  # type: ignore[assignment]
    token_head: nn.Linear = model.token_heads[str(layers)]  # type: ignore[assignment]

    def array(parameter: torch.Tensor) -> npt.NDArray[np.float32]:
        return np.ascontiguousarray(parameter.detach().float().cpu().numpy().T)

    return {
        "class_weights": array(class_head.weight),
        "class_bias": array(class_head.bias),
        "token_weights": array(token_head.weight),
        "token_bias": array(token_head.bias),
    }


def _write_onnx(folder: Path, transformer: Any, quantize: bool) -> None:
    """The encoder as a graph, in a new folder: ``model.onnx`` or ``model_quantized.onnx``."""
    folder.mkdir()
    plain, quantized = (folder / name for name in ("model.onnx", "model_quantized.onnx"))
    if not quantize:
        _export_onnx(transformer, plain)
    elif fits(transformer.config):
        onnx.save(build_flat_graph(describe(transformer, MAXIMUM_TOKENS)), quantized)
    else:
        _export_onnx(transformer, plain)
        _quantize(plain, quantized)
        plain.unlink()


def _write_model_folder(folder: Path, transformer: Any, tokenizer: Any, version: str) -> None:
    """The files that `SentenceTransformer` looks for, without a second copy of the weights."""
    tokenizer.save_pretrained(folder)
    transformer.config.save_pretrained(folder)
    width = transformer.config.hidden_size
    (folder / "1_Pooling").mkdir()
    files: dict[str, Any] = {
        "modules.json": [
            {
                "idx": 0,
                "name": "0",
                "path": "",
                "type": "sentence_transformers.models.Transformer",
            },
            {
                "idx": 1,
                "name": "1",
                "path": "1_Pooling",
                "type": "sentence_transformers.models.Pooling",
            },
        ],
        "1_Pooling/config.json": {
            "word_embedding_dimension": width,
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
        },
        "sentence_bert_config.json": {"max_seq_length": MAXIMUM_TOKENS, "do_lower_case": False},
        "config_sentence_transformers.json": {
            "__version__": {"sentence_transformers": version},
            "prompts": {},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, indent=2) + "\n")


class _HiddenStates(nn.Module):
    """The transformer as ONNX sees it: three inputs, the last hidden state."""

    def __init__(self, transformer: Any) -> None:
        super().__init__()
        self.transformer = transformer

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> torch.Tensor:
        state: torch.Tensor = self.transformer(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        return state


def _export_onnx(transformer: Any, path: Path) -> None:
    ids = torch.arange(24).reshape(2, 12) % transformer.config.vocab_size
    names = ["input_ids", "attention_mask", "token_type_ids"]
    axes = {0: "batch", 1: "tokens"}
    torch.onnx.export(
        _HiddenStates(transformer).eval(),
        (ids, torch.ones_like(ids), torch.zeros_like(ids)),
        str(path),
        input_names=names,
        output_names=["last_hidden_state"],
        dynamic_axes=dict.fromkeys([*names, "last_hidden_state"], axes),
        opset_version=17,
        dynamo=False,
    )


def _quantize(source: Path, target: Path) -> None:
    """Of an encoder that `flat_graph` does not know: ONNX Runtime's own, which is slower."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(source, target, per_channel=True, weight_type=QuantType.QInt8)
