"""Fuzz readers, text and comparison.

    python benchmarks/fuzz                                    # ten minutes
    python benchmarks/fuzz --only pair --seed 17 --minutes 0  # the round of that seed again

Every round of a target draws its examples from a seed of its own. Each is a line of the record
(``fuzz.jsonl`` unless told), with what was found and the smallest example of it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from promises import TARGETS


def main() -> None:
    """Run rounds until time is up; exit with 1 where something was found."""
    arguments = _parse_arguments()
    end = time.monotonic() + 60 * arguments.minutes
    seed, found = arguments.seed, 0
    with arguments.record.open("a", encoding="utf-8") as record:
        while True:
            for target in arguments.only or TARGETS:
                line = run_round(target, seed)
                record.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
                record.flush()
                found += line["found"] is not None
                if line["found"]:
                    print(
                        f"{target}, seed {seed}: {line['found']}\n{line['example']}\n", flush=True
                    )
                if time.monotonic() >= end > 0 and arguments.minutes:
                    break
            seed += 1
            if time.monotonic() >= end:
                break
    print(f"{found} rounds found something; seeds {arguments.seed} to {seed - 1}")
    sys.exit(bool(found))


def run_round(target: str, seed: int) -> dict[str, Any]:
    """Check a target with the examples of a seed; the line for the record."""
    check, strategy, examples = TARGETS[target]
    begun = time.monotonic()

    def test(example: Any) -> None:
        check(example)

    limited = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )(given(strategy)(test))
    found = example = None
    try:
        hypothesis.seed(seed)(limited)()
    except Exception as error:  # whatever it is, it is what was looked for
        place = traceback.extract_tb(error.__traceback__)[-1]
        found = f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})"
        example = "\n".join(getattr(error, "__notes__", []))
    seconds = round(time.monotonic() - begun, 1)
    return {
        "target": target, "seed": seed, "examples": examples, "seconds": seconds,
        "found": found, "example": example,
    }  # fmt: skip


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="0 is one round")
    parser.add_argument("--seed", type=int, default=1, help="of the first round")
    parser.add_argument("--only", action="append", choices=list(TARGETS), metavar="TARGET")
    parser.add_argument("--record", type=Path, default=Path("fuzz.jsonl"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
