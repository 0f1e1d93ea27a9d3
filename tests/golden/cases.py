"""Golden cases: numbered rules of language, each with a name, one text and what comes of it.

A fault that is found becomes a new case, at the end of its file.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def load_cases(name: str) -> list[dict[str, Any]]:
    """The cases of ``NAME.jsonl`` beside this module: number, name, text, expected."""
    path = Path(__file__).with_name(f"{name}.jsonl")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def list_faults(name: str, measure: Callable[[str], Any]) -> list[str]:
    """A report of each case whose text `measure` does not make what is expected."""
    return [
        f"{case['number']} {case['name']}: {found!r} instead of {case['expected']!r}"
        for case in load_cases(name)
        if (found := measure(case["text"])) != case["expected"]
    ]
