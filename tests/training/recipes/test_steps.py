"""Steps run in order, once, and leave whole outputs or none."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from detector.errors import DetectorError
from detector.training.recipes.steps import Step, read_log, run_steps


def copy_twice(source: str, target: str, work: Path, fresh: Path) -> None:
    (fresh / target).write_text(2 * (work / source).read_text())


def make_steps(folder: Path) -> list[Step]:
    """One step after the other; the first reads a file from elsewhere, the last makes a folder."""

    def fill(work: Path, fresh: Path) -> None:
        (fresh / "three").mkdir()
        (fresh / "three" / "of.txt").write_text((work / "two.txt").read_text())

    (folder / "given.txt").write_text("a")
    given = str(folder / "given.txt")
    return [
        Step("one", (given,), ("one.txt",), partial(copy_twice, given, "one.txt")),
        Step("two", ("one.txt",), ("two.txt",), partial(copy_twice, "one.txt", "two.txt")),
        Step("three", ("two.txt",), ("three",), fill),
    ]


@pytest.fixture
def steps(tmp_path: Path) -> list[Step]:
    return make_steps(tmp_path)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "work"


def run(steps: list[Step], work: Path, **how: str) -> list[str]:
    """The names of the steps that ran."""
    said: list[str] = []
    run_steps(steps, work, report=said.append, **how)  # type: ignore[arg-type]
    return [line.removesuffix(" …") for line in said if line.endswith(" …")]


def test_steps_run_in_order_and_once(steps: list[Step], work: Path) -> None:
    assert run(steps, work) == ["one", "two", "three"]
    assert (work / "three" / "of.txt").read_text() == "aaaa"
    assert run(steps, work) == []


def test_a_part_of_the_steps_can_be_asked_for(steps: list[Step], work: Path) -> None:
    assert run(steps, work, until="two") == ["one", "two"]
    assert run(steps, work, only="two") == ["two"]
    assert not (work / "three").exists()
    with pytest.raises(DetectorError, match="no step is called 'four': one, two, three"):
        run(steps, work, until="four")


def test_a_step_needs_its_inputs(steps: list[Step], work: Path) -> None:
    with pytest.raises(DetectorError, match=r"two: .*one\.txt is missing"):
        run(steps, work, only="two")


@pytest.mark.parametrize(
    ("change", "anew"),
    [
        (lambda work: (work.parent / "given.txt").write_text("b"), ["one", "two", "three"]),
        (lambda work: (work / "one.txt").unlink(), ["one"]),
        (lambda work: (work / "two.txt").write_text("half"), ["two"]),
        (lambda work: (work / "three" / "of.txt").write_text("half"), ["three"]),
        (lambda work: (work / "three" / "more.txt").write_text("too much"), ["three"]),
        (lambda work: (work / "steps" / "two.json").write_text("{"), ["two"]),
        (lambda work: None, []),
    ],
    ids=["input", "no output", "output", "in a folder", "beside it", "record", "nothing"],
)
def test_what_changed_is_made_anew(
    steps: list[Step], work: Path, change: Callable[[Path], object], anew: list[str]
) -> None:
    run(steps, work)
    change(work)
    assert run(steps, work) == anew
    assert (work / "three" / "of.txt").read_text() in ("aaaa", "bbbb")


def test_other_settings_or_code_are_heeded(steps: list[Step], work: Path) -> None:
    run(steps, work)
    changed = [steps[0], replace(steps[1], settings={"rates": (0.1, 0.2)}), steps[2]]
    assert run(changed, work) == ["two"]
    assert run(changed, work) == []
    assert run([replace(steps[0], code=("text",)), *changed[1:]], work) == ["one"]


def test_what_came_from_elsewhere_may_be_moved(
    steps: list[Step], work: Path, tmp_path: Path
) -> None:
    run(steps, work)
    (tmp_path / "moved").mkdir()
    assert run(make_steps(tmp_path / "moved"), work) == []


def test_a_step_that_fails_leaves_what_was_there(steps: list[Step], work: Path) -> None:
    run(steps, work)

    def fail(work: Path, fresh: Path) -> None:
        (fresh / "two.txt").write_text("half of it")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run([steps[0], replace(steps[1], run=fail, settings={"new": True})], work)
    assert (work / "two.txt").read_text() == "aaaa"
    assert sorted(p.name for p in work.iterdir()) == ["one.txt", "steps", "three", "two.txt"]


def test_what_a_killed_run_left_is_cleared_away(steps: list[Step], work: Path) -> None:
    run(steps, work, until="one")
    (work / ".two-left").mkdir()
    (work / ".two-left" / "two.txt").write_text("half of it")
    run(steps, work)
    assert not list(work.glob(".*"))


def test_a_step_must_write_what_it_declares(steps: list[Step], work: Path) -> None:
    lazy = replace(steps[0], run=lambda work, fresh: None)
    with pytest.raises(DetectorError, match=r"one: did not write one\.txt"):
        run([lazy], work)
    assert not (work / "one.txt").exists()


def test_an_output_elsewhere_is_the_steps_own(work: Path, tmp_path: Path) -> None:
    target = tmp_path / "model.txt"
    step = Step("model", (), (str(target),), lambda work, fresh: target.write_text("m") and None)
    assert run([step], work) == ["model"]
    assert run([step], work) == []
    target.unlink()
    assert run([step], work) == ["model"]


def test_the_log_says_what_each_step_took_and_made(steps: list[Step], work: Path) -> None:
    run(steps, work, until="two")
    log = read_log(work, steps)
    assert [record["step"] for record in log] == ["one", "two"]
    assert list(log[1]["outputs"]) == ["two.txt"]
    assert log[1]["made_from"]["inputs"] == log[0]["outputs"]
    assert {"seconds", "versions"} <= set(log[0])
    assert json.loads((work / "steps" / "one.json").read_text()) == log[0]
