"""How well, how fast and in how much memory `detector cluster` groups a crawl of known families.

    python benchmarks/crawl.py make --corpora FOLDER --documents 10000 --families 200 --output crawl.parquet
    python benchmarks/crawl.py measure crawl.parquet --output groups.parquet [--results results.jsonl]
    python benchmarks/crawl.py misses crawl.parquet groups.parquet
    python benchmarks/crawl.py kill crawl.parquet --folder FOLDER [--times 10] [--seed 1]
    python benchmarks/crawl.py draw results.jsonl docs/crawl.png

`make` reads the training corpora (planted_families.py says what is planted); `measure` runs the
command on it and prints what it found, each share with its 95 % interval; `misses` lists the pairs
that were missed and the documents that were joined wrongly; `kill` ends a run by SIGKILL at random
moments, resumes it, and compares what it wrote with what an undisturbed run writes; `draw` draws
seconds and memory against documents, of every line that `measure` wrote.
"""  # noqa: E501

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from detector.intervals import wilson_interval

_COMMAND = "from detector.cli import main; main()"
_SECONDS_BETWEEN_LOOKS = 0.5


def cluster(crawl: Path, output: Path, options: Sequence[str]) -> dict[str, Any]:
    """Run the command: seconds, processor seconds, and the peak of all its processes in MiB."""
    from batch import measure_memory

    arguments = make_call(crawl, output, options)
    peak = 0.0
    before, started = os.times(), time.perf_counter()
    process = subprocess.Popen(arguments)
    while process.poll() is None:
        peak = max(peak, measure_memory()[1])
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    seconds = time.perf_counter() - started
    after = os.times()
    if process.returncode:
        raise SystemExit(f"detector cluster ended with {process.returncode}")
    used = after.children_user + after.children_system
    used -= before.children_user + before.children_system
    return {"seconds": round(seconds), "processor seconds": round(used), "peak MiB": round(peak)}


def make_call(crawl: Path, output: Path, options: Sequence[str]) -> list[str]:
    call = [sys.executable, "-c", _COMMAND, "cluster", str(crawl)]
    return [*call, "--output", str(output), *options]


# --------------------------------------------------------------------------------------
# What was found
# --------------------------------------------------------------------------------------


def join_truth(crawl: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """A row for each document: what is true of it and what was said of it, by its id."""
    said = ["id", "group", "size", "role", "relation", "machine", "flagged", "coverage",
            "original_id"]  # fmt: skip
    frame = crawl.merge(groups[said], on="id", validate="one_to_one")
    if len(frame) != len(crawl):
        raise SystemExit(f"{len(crawl) - len(frame)} documents of the crawl have no row")
    return frame


def list_pairs(frame: pd.DataFrame) -> pd.DataFrame:
    """Each copy with its family's original, or the family's first member where that is missing.

    Returns:
        ``id``, ``other``, ``kind`` and ``found``.
    """
    rows = []
    for _, members in frame[frame["family"].notna()].groupby("family"):
        is_original = members["kind"] == "original"
        first = members[is_original].iloc[0] if is_original.any() else members.iloc[0]
        for one in members[members["id"] != first["id"]].itertuples():
            kind = one.kind if one.copied_kind == "original" else "copy of a copy"
            rows.append((one.id, first["id"], kind, one.group == first["group"]))
    return pd.DataFrame(rows, columns=["id", "other", "kind", "found"])


def find_joined_wrongly(frame: pd.DataFrame) -> pd.DataFrame:
    """Documents in a group of strangers: all but the family that has most members in it."""
    wrong = []
    for _, members in frame[frame["size"] > 1].groupby("group"):
        counts = members["family"].value_counts()
        host = counts.index[0] if len(counts) and counts.iloc[0] > 1 else None
        wrong += members[(members["family"] != host).fillna(True)]["id"].tolist()
    return frame[frame["id"].isin(wrong)]


def judge_originals(frame: pd.DataFrame) -> tuple[int, int]:
    """How many groups of a family whose original is among them name it, or a copy word for word.

    A repost of it counts, and what has the same words; nobody could tell them apart.
    """
    right = total = 0
    for _, members in frame[frame["family"].notna() & (frame["size"] > 1)].groupby("family"):
        original = members[members["kind"] == "original"]
        if original.empty or original["size"].iloc[0] == 1:
            continue
        named = members[(members["role"] == "original")
                        & (members["group"] == original["group"].iloc[0])]  # fmt: skip
        words = join_words(original["text"].iloc[0])
        same = (
            (named["kind"] == "original")
            | ((named["kind"] == "repost") & named["copied_kind"].isin(["original", "repost"]))
            | (named["text"].map(join_words) == words)
        )
        right, total = right + int(same.any()), total + 1
    return right, total


def join_words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def list_shares(frame: pd.DataFrame) -> Iterator[tuple[str, int, int]]:
    """What is measured: a name, how many, of how many."""
    pairs = list_pairs(frame)
    telling = pairs["kind"].str.startswith(("round trip", "language model", "spun, 2", "spun, 5"))
    yield count("pairs found: machines', spun from 20 %", pairs[telling]["found"])
    for kind, rows in pairs.groupby("kind"):
        yield count(f"pairs found: {kind}", rows["found"])
    yield "documents joined wrongly", len(find_joined_wrongly(frame)), len(frame)
    yield "original named right", *judge_originals(frame)
    machine, in_family = frame["made_by_machine"].astype(bool), frame["family"].notna()
    has_original = frame["true_original"].notna()
    yield count("flagged: machine-made members", frame[machine & has_original]["flagged"])
    for kind, rows in frame[machine & has_original].groupby("kind"):
        yield count(f"flagged: {kind}", rows["flagged"])
    yield count("flagged: original missing", frame[machine & ~has_original]["flagged"])
    yield count("flagged: others", frame[~machine]["flagged"])
    copies = ~machine & in_family & (frame["kind"] != "original")
    yield count("flagged: people's copies", frame[copies]["flagged"])


def count(name: str, hits: pd.Series) -> tuple[str, int, int]:
    return name, int(hits.sum()), len(hits)


def format_share(name: str, count: int, total: int) -> str:
    interval = wilson_interval(count, total)
    if interval is None:
        return f"{name:45} –"
    low, high = interval
    return f"{name:45} {count:6,} of {total:7,}  {count / total:.4f}  ({low:.4f}–{high:.4f})"


# --------------------------------------------------------------------------------------
# The verbs
# --------------------------------------------------------------------------------------


def make(options: argparse.Namespace) -> None:
    from planted_families import make_crawl

    spared: set[str] = set()
    for path in options.without:
        tuned = pd.read_parquet(path, columns=["text", "family"])
        spared.update(tuned[tuned["family"].notna()]["text"])
    frame = make_crawl(
        options.corpora, options.documents, options.families, options.seed, frozenset(spared)
    )
    frame.to_parquet(options.output, index=False)
    print(frame["kind"].value_counts().to_string())


def measure(options: argparse.Namespace) -> None:
    crawl = pd.read_parquet(options.crawl)
    figures: dict[str, Any] = {"documents": len(crawl), "families": int(crawl["family"].nunique())}
    if not options.scored:
        figures |= cluster(options.crawl, options.output, options.options)
    frame = join_truth(crawl, pd.read_parquet(options.output))
    print(figures)
    for name, count, total in list_shares(frame):
        print(format_share(name, count, total))
        figures[name] = [count, total]
    if options.results:
        with options.results.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(figures) + "\n")


def list_misses(options: argparse.Namespace) -> None:
    crawl = pd.read_parquet(options.crawl)
    frame = join_truth(crawl, pd.read_parquet(options.output))
    pairs = list_pairs(frame)
    print(pairs[~pairs["found"].astype(bool)].to_string(index=False))
    wrong = find_joined_wrongly(frame)
    shown = ["id", "group", "family", "kind", "role", "relation", "coverage", "original_id"]
    print(wrong.sort_values("group")[shown].to_string(index=False))


def kill(options: argparse.Namespace) -> None:
    rng = random.Random(options.seed)
    options.folder.mkdir(parents=True)
    whole, broken = options.folder / "whole.parquet", options.folder / "broken.parquet"
    started = time.perf_counter()
    subprocess.run(make_call(options.crawl, whole, options.options), check=True)
    longest = 2 * (time.perf_counter() - started) / options.times
    call = make_call(options.crawl, broken, [*options.options, "--resume"])
    killed = 0
    while killed < options.times and not broken.exists():
        seconds = rng.uniform(0, longest)
        process = subprocess.Popen(call)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed += 1
            print(f"killed after {seconds:.1f} s", flush=True)
    if not broken.exists():
        subprocess.run(call, check=True)
    same = broken.read_bytes() == whole.read_bytes()
    print(f"killed {killed} times: the output is {'the same' if same else 'ANOTHER'}")


def draw(options: argparse.Namespace) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    lines = options.results.read_text(encoding="utf-8").splitlines()
    runs = sorted((json.loads(line) for line in lines), key=lambda run: run["documents"])
    documents = [run["documents"] for run in runs]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    spent = [run["processor seconds"] for run in runs]
    left.loglog(documents, spent, "o-", label="measured")
    first = spent[0] / documents[0]
    left.loglog(documents, [first * n for n in documents], "--", label="as the input grows")
    left.set(xlabel="documents", ylabel="processor seconds")
    left.legend()
    right.semilogx(documents, [run["peak MiB"] for run in runs], "o-")
    right.set(xlabel="documents", ylabel="peak memory, MiB", ylim=(0, None))
    figure.savefig(options.picture, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(required=True)
    making = verbs.add_parser("make")
    making.add_argument("--corpora", type=Path, required=True)
    making.add_argument("--documents", type=int, required=True)
    making.add_argument("--families", type=int, required=True)
    making.add_argument("--seed", type=int, default=1)
    making.add_argument("--without", type=Path, nargs="*", default=[], help="crawls whose "
                        "originals are left out")  # fmt: skip
    making.add_argument("--output", type=Path, required=True)
    making.set_defaults(run=make)
    measuring = verbs.add_parser("measure")
    measuring.add_argument("crawl", type=Path)
    measuring.add_argument("--output", type=Path, required=True, help="the groups")
    measuring.add_argument("--results", type=Path, help="a line of JSON is added to it")
    measuring.add_argument("--scored", action="store_true", help="the groups are there already")
    measuring.add_argument("--options", type=shlex.split, default=[], help="of the command, quoted")
    measuring.set_defaults(run=measure)
    listing = verbs.add_parser("misses")
    listing.add_argument("crawl", type=Path)
    listing.add_argument("output", type=Path)
    listing.set_defaults(run=list_misses)
    killing = verbs.add_parser("kill")
    killing.add_argument("crawl", type=Path)
    killing.add_argument("--folder", type=Path, required=True, help="must be new")
    killing.add_argument("--times", type=int, default=10)
    killing.add_argument("--seed", type=int, default=1)
    killing.add_argument("--options", type=shlex.split, default=[], help="of the command, quoted")
    killing.set_defaults(run=kill)
    drawing = verbs.add_parser("draw")
    drawing.add_argument("results", type=Path)
    drawing.add_argument("picture", type=Path)
    drawing.set_defaults(run=draw)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
