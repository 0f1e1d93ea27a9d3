"""Lists of synonyms are opened by name, and what is not installed is named all at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tiny_lists import write_aiksaurus, write_dictd, write_wordnet

from detector.errors import DetectorError
from detector.training.generation.synonym_lists import SynonymLists

SYNSETS = {"noun": [["house", "dwelling"]], "verb": [["house", "lodge"]]}


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> SynonymLists:
    """WordNet, a German dictionary and a thesaurus of one word each, and no engine."""
    folder = tmp_path_factory.mktemp("lists")
    for name in ("wordnet", "dictd", "aiksaurus"):
        (folder / name).mkdir()
    write_dictd(folder / "dictd", "freedict-eng-deu", [("house", "house\nHaus <neut>\n")])
    write_dictd(folder / "dictd", "freedict-deu-eng", [("haus", "Haus\nhome, house\n")])
    return SynonymLists(
        write_wordnet(folder / "wordnet", SYNSETS, {"house%1": 3}, {}),
        folder / "dictd",
        write_aiksaurus(folder / "aiksaurus", [("house", [0]), ("shed", [0])], [[0, 1, 0, 1]]),
        "no-such-command",
    )


@pytest.mark.parametrize(
    ("name", "candidates"),
    [
        ("wordnet", ["dwelling"]),
        ("wordnet-neighbours", ["dwelling"]),
        ("freedict-deu", ["home"]),
        ("aiksaurus", ["shed"]),
    ],
)
def test_a_list_is_opened_once_by_its_name(
    lists: SynonymLists, name: str, candidates: list[str]
) -> None:
    assert lists.open(name).candidates("house", "noun") == candidates
    assert lists.open(name) is lists.open(name)


def test_no_other_name_is_known(lists: SynonymLists) -> None:
    with pytest.raises(ValueError, match="no list of synonyms is called 'roget'"):
        lists.open("roget")


def test_spinners_inflect_by_the_same_wordnet(lists: SynonymLists) -> None:
    spinner = lists.make_spinner(["wordnet"], 1.0, seed=1, choice="fixed", sense="any")
    assert spinner.spin("The houses burnt.").text == "The dwellings burnt."


def test_habits_differ_from_list_to_list_and_from_rate_to_rate(lists: SynonymLists) -> None:
    def read_habits(name: str, rate: float, seed: int = 1) -> tuple[object, ...]:
        spinner = lists.make_spinner([name], rate, seed)
        return spinner.sense, spinner.choice, spinner.consistent, spinner.common_only

    names, rates = ("wordnet", "freedict-deu", "aiksaurus"), (0.1, 0.2, 0.3, 0.5, 0.7)
    habits = {read_habits(name, rate) for name in names for rate in rates}
    for one in zip(*habits, strict=True):
        assert len(set(one)) == 2
    assert read_habits("wordnet", 0.1) == read_habits("wordnet", 0.1)


def test_files_of_a_list_are_listed(lists: SynonymLists) -> None:
    names = [Path(file).name for file in lists.list_files(["freedict-deu", "aiksaurus"])]
    assert {"data.noun", "freedict-eng-deu.index", "freedict-deu-eng.dict.dz"} <= set(names)
    assert names[-2:] == ["meanings.dat", "words.dat"]
    assert all(Path(file).is_absolute() for file in lists.list_files(["wordnet"]))


def test_everything_that_is_missing_is_told_at_once(lists: SynonymLists, tmp_path: Path) -> None:
    lists.check(["wordnet", "freedict-deu", "aiksaurus"])
    empty = replace(lists, wordnet=tmp_path)
    with pytest.raises(DetectorError) as caught:
        empty.check(["freedict-deu", "freedict-hun"], apertium_pivots=["cat"])
    assert str(caught.value).splitlines()[-1] == (
        "install them with: apt-get install apertium-eng-cat dict-freedict-eng-hun wordnet-base"
    )
