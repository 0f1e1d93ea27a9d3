"""The shipped model says of an article in any dress what it says of the article, or says why not.

The articles are those of ``data``: invented, and written by hand in a human's manner and in a
machine's.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from dresses import DRESSES

from detector import Detector, Verdict

DATA = Path(__file__).parents[1] / "data"
EXAMPLES = {
    name: (DATA / f"example_articles/{name}.txt").read_text(encoding="utf-8")
    for name in ("original", "translated", "spun")
}
#: Figures move by so much at most, unless there is a reason why there is no flag.
MOST = 0.05


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector.load(threads=1)


@pytest.fixture(scope="module")
def originals(detector: Detector) -> dict[str, Verdict]:
    """The articles of the pairs, and what is said of each as it is."""
    with (DATA / "pairs.csv").open(encoding="utf-8", newline="") as stream:
        texts = dict.fromkeys(row["original"] for row in csv.DictReader(stream))
    return {text: detector.score(text, artifacts="none") for text in texts}


def check(plain: Verdict, dressed: Verdict) -> None:
    assert dressed.reason is None or not dressed.flagged
    if dressed.reason is None:
        assert plain.probability is not None
        assert dressed.probability == pytest.approx(plain.probability, abs=MOST)
        assert dressed.flagged == plain.flagged


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_in_every_dress(detector: Detector, name: str) -> None:
    plain = detector.score(EXAMPLES[name], artifacts="none")
    assert plain.flagged == (name == "spun")
    for dress, wear in DRESSES.items():
        with_dress = detector.score(wear(EXAMPLES[name]), artifacts="none")
        try:
            check(plain, with_dress)
        except AssertionError as error:
            raise AssertionError(f"{name} in {dress}") from error


@pytest.mark.slow
@pytest.mark.parametrize("dress", DRESSES)
def test_originals_in_a_dress_are_not_flagged(
    detector: Detector, originals: dict[str, Verdict], dress: str
) -> None:
    for original, plain in originals.items():
        dressed = detector.score(DRESSES[dress](original), artifacts="none")
        check(plain, dressed)
        assert not dressed.flagged
