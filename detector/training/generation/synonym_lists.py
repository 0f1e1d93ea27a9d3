"""Where the lists of synonyms lie, and the spinners that take words from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from detector.errors import DetectorError
from detector.text.hashing import hash_widely
from detector.training.generation.apertium import ApertiumRoundTrip
from detector.training.generation.freedict import DICTD_FOLDER, FreeDictPivotSource
from detector.training.generation.inflection import (
    WORDNET_FOLDER,
    MissingPackageError,
    open_inflector,
)
from detector.training.generation.spinner import Spinner
from detector.training.generation.synonym_sources import (
    AIKSAURUS_FOLDER,
    SynonymSource,
    ThesaurusSource,
    WordNetSource,
)

WORDNET, WORDNET_NEIGHBOURS, AIKSAURUS = "wordnet", "wordnet-neighbours", "aiksaurus"

_FREEDICT = "freedict-"


@dataclass(frozen=True)
class SynonymLists:
    """The lists that are installed, opened when they are first asked for.

    A list's name is "wordnet", "wordnet-neighbours", "aiksaurus", or "freedict-" with a pivot
    language such as "deu".

    Attributes:
        wordnet: folder of WordNet, which also tells a spinner how words are inflected.
        dictd: folder of the FreeDict dictionaries.
        aiksaurus: folder of the thesaurus.
        apertium: the command that translates by rules.
    """

    wordnet: Path = WORDNET_FOLDER
    dictd: Path = DICTD_FOLDER
    aiksaurus: Path = AIKSAURUS_FOLDER
    apertium: str = "apertium"

    def open(self, name: str) -> SynonymSource:
        """The list of a name.

        Raises:
            MissingPackageError: it is not installed.
            ValueError: no list has that name.
        """
        return _open_list(self, name)

    def make_spinner(self, names: Sequence[str], rate: float, seed: int, **habits: Any) -> Spinner:
        """A spinner that takes words from some lists; see `Spinner` for its habits.

        Those that are not given differ from list to list and from rate to rate.
        """
        sources = [self.open(name) for name in names]
        own = hash_widely(f"{seed} {' '.join(names)} {rate}".encode(), "big")
        return Spinner(sources, rate, own, inflector=open_inflector(self.wordnet), **habits)

    def list_files(self, names: Iterable[str]) -> tuple[str, ...]:
        """The files that spinners of some lists read, WordNet's among them."""
        files = [*_find_files(self.wordnet, "*")]
        for name in names:
            if name == AIKSAURUS:
                files += _find_files(self.aiksaurus, "*.dat")
            elif name.startswith(_FREEDICT):
                pivot = name.removeprefix(_FREEDICT)
                for pair in (f"eng-{pivot}", f"{pivot}-eng"):
                    files += _find_files(self.dictd, f"freedict-{pair}.*")
        return tuple(dict.fromkeys(files))

    def check(self, names: Iterable[str], apertium_pivots: Iterable[str] = ()) -> None:
        """See that lists and rule-based engines are installed, before anything is made of them.

        Raises:
            DetectorError: some are not; the message says what to install.
        """
        attempts: list[Callable[[], object]] = [partial(open_inflector, self.wordnet)]
        attempts += [partial(self._look_up, name) for name in names]
        attempts += [partial(self._translate, pivot) for pivot in apertium_pivots]
        missing = []
        for attempt in attempts:
            try:
                attempt()
            except MissingPackageError as error:
                missing.append(error)
        if missing:
            packages = sorted({error.package for error in missing})
            lines = "\n".join(f"  {str(error).partition(';')[0]}" for error in missing)
            raise DetectorError(
                f"lists of synonyms that the recipe spins with are missing:\n{lines}\n"
                f"install them with: apt-get install {' '.join(packages)}"
            )

    def _look_up(self, name: str) -> list[str]:
        # A missing file may show only when a word is looked up.
        return self.open(name).candidates("house", "noun")

    def _translate(self, pivot: str) -> list[str]:
        return ApertiumRoundTrip(pivot, self.apertium).translate(["A house."])


def _find_files(folder: Path, pattern: str) -> list[str]:
    return [str(path) for path in sorted(folder.resolve().glob(pattern)) if path.is_file()]


@cache
def _open_list(lists: SynonymLists, name: str) -> SynonymSource:
    if name.startswith(_FREEDICT):
        return FreeDictPivotSource(name.removeprefix(_FREEDICT), lists.dictd)
    if name == AIKSAURUS:
        return ThesaurusSource(lists.aiksaurus)
    if name in (WORDNET, WORDNET_NEIGHBOURS):
        return WordNetSource(lists.wordnet, neighbours=name == WORDNET_NEIGHBOURS)
    raise ValueError(f"no list of synonyms is called {name!r}")
