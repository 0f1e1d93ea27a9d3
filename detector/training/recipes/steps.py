"""A recipe is a list of steps: each reads files and writes files, and is skipped once it is done.

A step is done if its outputs are there as it wrote them, made of the same inputs, with the same
settings, by the same code. What it wrote is recorded in ``steps/NAME.json`` of the work folder.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import detector
from detector.errors import DetectorError
from detector.io.atomic_files import replace_whole
from detector.model.manifest import compute_checksum
from detector.training.evaluation.model_card import list_versions

_RECORDS = "steps"

_SOURCE_FILES = ("*.py", "*.txt", "*.tsv", "*.json")


@dataclass(frozen=True)
class Step:
    """One step of a recipe.

    Attributes:
        name: what it makes.
        inputs: files and folders that it reads: paths in the work folder, where an earlier step
            wrote them, or absolute ones.
        outputs: files and folders that it writes. Those in the work folder appear there together
            once the step has ended; a step writes an absolute one itself, whole or not at all.
        run: takes the work folder, and an empty folder to write outputs into.
        settings: JSON values that decide what it makes.
        code: modules and packages below ``detector``, by path, that decide what it makes.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    run: Callable[[Path, Path], None]
    settings: Mapping[str, Any] = field(default_factory=dict)
    code: tuple[str, ...] = (".",)

    def is_done(self, work: Path) -> bool:
        """Whether the outputs are there as this step, as it is now, would make them."""
        record = read_record(work, self.name)
        if record is None or record["made_from"] != self.identify(work):
            return False
        return record["outputs"] == _compute_checksums(work, self.outputs)

    def identify(self, work: Path) -> dict[str, Any]:
        """What the outputs depend on: checksums of the inputs and of the code, and the settings."""
        return {
            "inputs": _compute_checksums(work, self.inputs),
            "settings": json.loads(json.dumps(self.settings)),
            "code": compute_code_checksum(self.code),
        }


def run_steps(
    steps: Sequence[Step],
    work: Path,
    until: str | None = None,
    only: str | None = None,
    report: Callable[[str], None] = print,
) -> None:
    """Run the steps of a recipe, in order, but those that are done.

    Args:
        steps: the recipe.
        work: the folder of their files; made if it is not there.
        until: name of the last step to run.
        only: name of the one step to run, whether it is done or not.
        report: receives a line of progress for each step.

    Raises:
        DetectorError: no step has that name, an input is missing, or a step did not write one of
            its outputs.
    """
    work.mkdir(parents=True, exist_ok=True)
    for step in choose_steps(steps, until, only):
        _check_inputs(step, work)
        if only is None and step.is_done(work):
            report(f"{step.name}: done before")
            continue
        report(f"{step.name} …")
        record = _run_step(step, work)
        report(f"{step.name}: {record['seconds']:,.1f} s")


def choose_steps(
    steps: Sequence[Step], until: str | None = None, only: str | None = None
) -> list[Step]:
    """The steps up to one, or one alone.

    Raises:
        DetectorError: no step has that name.
    """
    names = [step.name for step in steps]
    for name in (until, only):
        if name is not None and name not in names:
            raise DetectorError(f"no step is called {name!r}: {', '.join(names)}")
    if only is not None:
        return [steps[names.index(only)]]
    return list(steps if until is None else steps[: names.index(until) + 1])


def read_record(work: Path, name: str) -> dict[str, Any] | None:
    """What was recorded of a step when it ended; None if it never did."""
    try:
        record = json.loads((work / _RECORDS / f"{name}.json").read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def read_log(work: Path, steps: Sequence[Step]) -> list[dict[str, Any]]:
    """The records of those steps that have ended, in the recipe's order."""
    return [record for step in steps if (record := read_record(work, step.name)) is not None]


def _check_inputs(step: Step, work: Path) -> None:
    if missing := [name for name in step.inputs if not (work / name).exists()]:
        raise DetectorError(
            f"{step.name}: {work / missing[0]} is missing; run the steps before it, too"
        )


def _run_step(step: Step, work: Path) -> dict[str, Any]:
    """Run a step, put its outputs in place, and record it."""
    for left in work.glob(f".{step.name}-*"):  # of a run that was killed
        shutil.rmtree(left)
    made_from = step.identify(work)
    started = time.monotonic()
    fresh = Path(tempfile.mkdtemp(prefix=f".{step.name}-", dir=work))
    try:
        step.run(work, fresh)
        _put_in_place(step, work, fresh)
    finally:
        shutil.rmtree(fresh)
    record = {
        "step": step.name,
        "seconds": round(time.monotonic() - started, 1),
        "made_from": made_from,
        "outputs": _compute_checksums(work, step.outputs),
        "versions": list_versions(),
    }
    path = work / _RECORDS / f"{step.name}.json"
    path.parent.mkdir(exist_ok=True)
    with replace_whole(path) as stream:
        stream.write(json.dumps(record, indent=1).encode() + b"\n")
    return record


def _put_in_place(step: Step, work: Path, fresh: Path) -> None:
    written = [name for name in step.outputs if not Path(name).is_absolute()]
    for name in step.outputs:
        if not (fresh / name).exists():
            raise DetectorError(f"{step.name}: did not write {name}")
    # Without its record a step is not done, whatever happens while its outputs are moved.
    (work / _RECORDS / f"{step.name}.json").unlink(missing_ok=True)
    for name in written:
        target = work / name
        if target.is_dir():
            shutil.rmtree(target)
        (fresh / name).replace(target)


def _compute_checksums(work: Path, names: Sequence[str]) -> dict[str, str | None]:
    """The checksum of each file or folder, None for what is not there.

    What lies outside of the work folder goes by its name alone: it may be moved.
    """
    return {
        Path(name).name if Path(name).is_absolute() else name: compute_tree_checksum(work / name)
        for name in names
    }


def compute_tree_checksum(path: Path) -> str | None:
    """SHA-256 of a file, or of the names and checksums of a folder's files; None for neither."""
    if path.is_file():
        return compute_checksum(path)
    if not path.is_dir():
        return None
    lines = [
        f"{compute_checksum(file)}  {file.relative_to(path).as_posix()}\n"
        for file in sorted(path.rglob("*"))
        if file.is_file()
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def compute_code_checksum(places: Sequence[str]) -> str:
    """SHA-256 over the source files of modules and packages below ``detector``."""
    root = Path(detector.__file__).parent
    digest = hashlib.sha256()
    for place in sorted(places):
        path = root / place
        files = [path] if path.is_file() else [f for p in _SOURCE_FILES for f in path.rglob(p)]
        if not files:
            raise DetectorError(f"{path}: no code")
        for file in sorted(files):
            digest.update(f"{file.relative_to(root).as_posix()}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()
