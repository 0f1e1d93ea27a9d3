"""Group texts that stem from one another, and name the likeliest original of each group.

For each text its rare words name a few others, so that never all pairs are compared, and only
texts that have such candidates are ever measured. Each of these pairs is compared once. Texts that
stem from one another make a group (reports of the same event do not), and its original is the text
of which the others were rather made than the other way round.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from detector.batch.judge import Scorer
from detector.batch.workers import count_workers
from detector.choices import (
    COMPARISON_RATES,
    DEFAULT_COMPARISON_RATE,
    check_count,
    check_rate,
)
from detector.clusters.candidates import CandidateFinder
from detector.clusters.comparing import Pair, PairComparer, compare_in_workers, deal_out
from detector.clusters.links import Comparer, Link
from detector.clusters.settling import Evidence, Standing, join_pairs, settle
from detector.clusters.store import ClusterError, CrawlStore
from detector.clusters.words import CrawlWords
from detector.io.readers import Record
from detector.reasons import explain_refusal
from detector.results import VERBATIM
from detector.text.intake.arguments import check_pair, check_text

ORIGINAL_ROLE, COPY_ROLE, ALONE_ROLE = ROLES = ("original", "copy", "alone")

CANDIDATES = 8
"""How many likely relatives of a text are compared with it, unless told."""

#: Fewer pairs are compared in less time than it takes to start workers.
_WORTH_WORKERS = 100


@dataclass(frozen=True, slots=True)
class Member:
    """A text in its group.

    Attributes:
        id: the caller's.
        role: one of `ROLES`.
        relation: what it is to the group's original, one of `detector.results.RELATIONS`; None of
            the original itself, and where the two cannot be compared.
        machine: probability that a machine made it of the original; None where `relation` is, and
            of a text that is the original's letter by letter.
        flagged: that probability reaches the threshold of comparisons, and there is no `reason`.
        coverage: share of its words in sentences that stem from the original.
        copied_from: id of the copy that it was made of, where it is a copy of a copy.
        note: what else is to be said: copies of copies, texts merged of two, dates.
        substitutes: the strongest substitutions, as what the original has and what stands here.
        reason: why it cannot be flagged; of a text that holds nothing, or stands alone and is not
            in English, that.
        signature: versions, model and threshold of the comparison.
    """

    id: Any
    role: str
    relation: str | None = None
    machine: float | None = None
    flagged: bool = False
    coverage: float | None = None
    copied_from: Any = None
    note: str | None = None
    substitutes: tuple[tuple[str, str], ...] = ()
    reason: str | None = None
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Texts that stem from one another; a text that stems from no other is one by itself.

    Attributes:
        original: the likeliest original, or the only text.
        copies: the others, in the order of the input.
    """

    original: Member
    copies: tuple[Member, ...] = ()

    @property
    def members(self) -> tuple[Member, ...]:
        """The original, then its copies."""
        return (self.original, *self.copies)

    def __len__(self) -> int:
        return 1 + len(self.copies)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row of a crawl stands.

    Attributes:
        place: of the row in the input, from 0.
        number: of its text.
        group: from 1, in the order of the groups' first rows.
        size: rows in the group.
        member: what it is there.
        original_id: id of the group's original; None where the row is that, or alone.
    """

    place: int
    number: int
    group: int
    size: int
    member: Member
    original_id: Any = None


def group(
    documents: Iterable[tuple[object, str]],
    detector: Comparer | None = None,
    *,
    false_positive_rate: float = DEFAULT_COMPARISON_RATE,
    candidates: int = CANDIDATES,
    workers: int = 1,
    folder: Path | None = None,
) -> list[Group]:
    """Group documents: every one is in one group, in the order of their first members.

    The texts are kept on disk; memory holds the ids and a few numbers of each.

    Args:
        documents: pairs of id and text. Ids need not differ; a missing text (None, NaN) is answered
            as an empty one is.
        detector: compares two texts; the shipped model's unless given.
        false_positive_rate: share of other pairs that may be flagged by mistake, see
            `Detector.compare`.
        candidates: how many likely relatives of a text are compared with it, at most.
        workers: processes that compare; with several, each loads the model once.
        folder: where the texts are kept meanwhile; a temporary one unless told.

    Raises:
        ClusterError: the texts cannot be kept there.
        TypeError: a document is no pair, or its text neither a string nor missing.
        ValueError: `false_positive_rate` is none of `detector.choices.COMPARISON_RATES`,
            `candidates` or `workers` is below 1, or `workers` above 1 for a detector that came from
            no folder. It is told before a document is read.
    """
    check_rate("false_positive_rate", false_positive_rate, COMPARISON_RATES)
    ids: list[object] = []

    def number() -> Iterator[Record]:
        for place, document in enumerate(documents):
            identity, text = check_pair(document, place)
            ids.append(identity)
            yield Record(place, check_text(text, place), source="", row=place + 1)

    with (
        _make_workplace(folder) as workplace,
        CrawlStore(workplace / "crawl.sqlite", {}) as store,
    ):
        detector = detector or _load_detector()
        grouping = Grouping(store, detector, false_positive_rate, candidates, workers)
        store.read(number())
        grouping.run()
        return _collect_groups(list_places(store, lambda place: ids[place]))


@contextmanager
def _make_workplace(folder: Path | None) -> Iterator[Path]:
    with ExitStack() as stack:
        try:
            workplace = stack.enter_context(tempfile.TemporaryDirectory(dir=folder))
        except OSError as error:
            place = "no temporary folder" if folder is None else f"{folder}: no folder for texts"
            raise ClusterError(f"{place} can be made: {error.strerror}") from error
        yield Path(workplace)


def _load_detector() -> Comparer:
    from detector.detector import Detector

    return Detector.load()


def _collect_groups(places: Iterable[Place]) -> list[Group]:
    originals: dict[int, Member] = {}
    copies: defaultdict[int, list[Member]] = defaultdict(list)
    for found in places:
        if found.member.role == COPY_ROLE:
            copies[found.group].append(found.member)
        else:
            originals[found.group] = found.member
    return [Group(originals[at], tuple(copies[at])) for at in sorted(originals)]


class Grouping:
    """Finds and compares candidates among the texts of a store; goes on where it was broken off.

    Args:
        store: has read the crawl by the time that this is run.
        detector: compares two texts.
        rate: share of other pairs that may be flagged by mistake.
        candidates: how many likely relatives of a text are compared with it, at most.
        workers: processes that compare; None for as many as cores, where they can be started.

    Raises:
        ValueError: `candidates` or `workers` is below 1, or `workers` above 1 for a detector that
            came from no folder.
        MissingPackageError: several workers are asked for, and joblib is not installed.
    """

    def __init__(
        self,
        store: CrawlStore,
        detector: Comparer,
        rate: float = DEFAULT_COMPARISON_RATE,
        candidates: int = CANDIDATES,
        workers: int | None = 1,
    ) -> None:
        self._store = store
        self._detector = detector
        self._rate = rate
        self._candidates = check_count("candidates", candidates)
        loadable = getattr(detector, "bundle", None) is not None
        self._workers = count_workers(workers, loadable=loadable)
        if self._workers > 1 and not loadable:
            raise ValueError("several workers need a detector that came from a folder: use 1")
        self._comparer = PairComparer(detector, store.read_text, rate)
        self._evidence = Evidence(self._look, self._compare, store.read_text, store.find_date)

    def run(self, report: Callable[[int, int], object] = lambda done, texts: None) -> None:
        """Find out what hangs together.

        Args:
            report: called with how many texts of how many are done with, now and then.
        """
        if not self._store.get_fact("paired"):
            self._find_pairs(report)
        self._compare_pairs(report)

    def _find_pairs(self, report: Callable[[int, int], object]) -> None:
        store, texts = self._store, self._store.count_texts()
        with tempfile.TemporaryDirectory(dir=store.path.parent) as folder, store.change():
            words = CrawlWords(store.words, Path(folder))
            finder = CandidateFinder(words, Path(folder))
            done = store.get_fact("texts with pairs") or 0
            for block in words.blocks():
                if block.start < done:
                    continue
                for number in block:
                    for other in finder.find(number, self._candidates):
                        store.add_pair(number, other)
                store.set_fact("texts with pairs", block.stop)
                store.commit_now_and_then()
                report(block.stop, 2 * texts)
            store.set_fact("paired", True)

    def _compare_pairs(self, report: Callable[[int, int], object]) -> None:
        store, texts = self._store, self._store.count_texts()
        components = list(list_components(list(store.pairs())))
        pairs = sum(map(len, components))
        done = 0
        with store.change():
            self._compare_ahead(components)
            for component in components:
                first = min(map(min, component))
                if not store.is_settled(first):
                    found = settle(component, self._evidence)
                    store.settle(first, {n: standing.to_dict() for n, standing in found.items()})
                    store.commit_now_and_then()
                done += len(component)
                report(texts + texts * done // pairs, 2 * texts)
            store.set_fact("settled", True)

    def _compare_ahead(self, components: Sequence[Sequence[Pair]]) -> None:
        """Where there are several workers, have them compare; what they leave is done here."""
        if self._workers == 1:
            return
        blocks = list(deal_out(self._list_open(components)))
        if sum(map(len, blocks)) < _WORTH_WORKERS:
            return
        found = compare_in_workers(
            blocks, self._store.read_text, cast(Scorer, self._detector), self._rate, self._workers
        )
        for links in found:
            for link in links or ():
                self._store.add_link(link)
            self._store.commit_now_and_then()

    def _list_open(self, components: Sequence[Sequence[Pair]]) -> Iterator[list[Pair]]:
        """Of what hangs together the pairs that were not compared yet."""
        for component in components:
            if not self._store.is_settled(min(map(min, component))):
                yield [pair for pair in component if not self._was_compared(pair)]

    def _was_compared(self, pair: Pair) -> bool:
        link = self._store.find_link(*pair)
        if link is None or link.tells_all:
            return link is not None
        return self._store.find_link(*pair[::-1]) is not None

    def _look(self, copy: int, original: int) -> Link:
        """What the one text did to the other, if anything; kept, so that it is not asked again."""
        link = self._store.find_link(copy, original)
        return link or self._keep(self._comparer.look(copy, original))

    def _compare(self, copy: int, original: int) -> Link:
        """What the one text did to the other, likewise."""
        link = self._store.find_link(copy, original)
        if link is not None and not link.outlined:
            return link
        return self._keep(self._comparer.compare(copy, original))

    def _keep(self, link: Link) -> Link:
        self._store.add_link(link)
        self._store.commit_now_and_then()
        return link


def list_components(pairs: Sequence[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Pairs that hang together, those of neighbours in a row, so that few texts are at hand."""
    beside: defaultdict[int, list[int]] = defaultdict(list)
    for one, other in pairs:
        beside[one].append(other)
        beside[other].append(one)
    for component in join_pairs(pairs):
        ranks: dict[int, int] = {}
        waiting = deque([component[0]])
        while waiting:
            number = waiting.popleft()
            if number not in ranks:
                ranks[number] = len(ranks)
                waiting.extend(sorted(beside[number]))
        yield [
            (number, other)
            for number in ranks
            for other in sorted(beside[number], key=ranks.__getitem__)
            if ranks[other] < ranks[number]
        ]


def list_places(store: CrawlStore, name: Callable[[int], Any] | None = None) -> Iterator[Place]:
    """What each row of a crawl is, in the order of the rows, once a `Grouping` has run.

    Args:
        store: has the rows.
        name: the id of the row at a place; the row's own unless told.
    """
    name = name or store.get_id
    texts = np.arange(store.count_texts())
    named = np.zeros(len(texts), np.bool_)
    for number, said in store.standings():
        texts[number] = said["original"]
        if said["further"] is not None:
            named[said["further"]] = True
    rows = np.array([(place, number) for place, number, _ in store.numbers()], np.int64)
    rows = rows.reshape(-1, 2)
    keys = texts[rows[:, 1]]
    # Two empty texts are not copies of one another.
    is_blank = np.isin(rows[:, 1], list(store.blank_texts()))
    keys[is_blank] = -1 - rows[is_blank, 0]
    groups, sizes = _number_groups(keys)
    firsts = _find_first_rows(store, (sizes[groups] > 1) | named[rows[:, 1]])
    for (place, number), at, blank in zip(
        rows.tolist(), groups.tolist(), is_blank.tolist(), strict=True
    ):
        size = int(sizes[at])
        if size == 1:
            language = None if blank else store.find_other_language(number)
            reason = explain_alone(language, blank=blank)
            alone = Member(name(place), ALONE_ROLE, reason=reason)
            yield Place(place, number, at + 1, size, alone)
            continue
        said = store.find_standing(number)
        standing = Standing(number) if said is None else Standing.from_dict(said)
        yield make_place(place, standing, (number, at + 1, size), firsts, name)


def explain_alone(language: str | None, *, blank: bool) -> str | None:
    """Why a text that stands alone could not be flagged: it is empty, or in another language."""
    return explain_refusal(language) if blank or language is not None else None


def make_place(
    place: int,
    standing: Standing,
    where: tuple[int, int, int],
    firsts: Mapping[int, int],
    name: Callable[[int], Any],
) -> Place:
    """What a row is in its group.

    Args:
        place: of the row.
        standing: of its text.
        where: number of its text, number of its group, and rows in that.
        firsts: the first row of each text of the group, by the text's number.
        name: the id of the row at a place.
    """
    number, _, size = where
    if size == 1:
        return Place(place, *where, Member(name(place), ALONE_ROLE))
    member = _make_member(place, number, standing, firsts, name)
    original = None if member.role == ORIGINAL_ROLE else name(firsts[standing.original])
    return Place(place, *where, member, original)


def _number_groups(
    keys: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The group of each row, from 0, in the order of their first rows, and the groups' sizes."""
    _, first, inverse, counts = np.unique(
        keys, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.argsort(first)
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(order))
    return ranks[inverse.reshape(-1)], counts[order]


def _find_first_rows(store: CrawlStore, wanted: npt.NDArray[np.bool_]) -> dict[int, int]:
    """Of the texts of the wanted rows the row in which each came first: by date, then place."""
    firsts: dict[int, tuple[float, int]] = {}
    for (place, number, date), is_wanted in zip(store.numbers(), wanted.tolist(), strict=True):
        key = (float("inf") if date is None else date, place)
        if is_wanted and (number not in firsts or key < firsts[number]):
            firsts[number] = key
    return {number: place for number, (_, place) in firsts.items()}


def _make_member(
    place: int,
    number: int,
    standing: Standing,
    firsts: Mapping[int, int],
    name: Callable[[int], Any],
) -> Member:
    identity, first = name(place), firsts[number]
    link = standing.link
    if standing.original == number:
        if place == first:
            return Member(identity, ORIGINAL_ROLE)
        return Member(identity, COPY_ROLE, VERBATIM, coverage=1.0)
    said = dict(_say_more(standing, firsts, name))
    if place != first:
        said["same text"] = f"the same, letter by letter, as {name(first)}"
    parent = None if standing.parent is None else firsts[standing.parent]
    if place != first:
        parent = first
    assert link is not None  # of an original alone
    return Member(
        identity,
        COPY_ROLE,
        link.relation,
        link.probability,
        link.flagged,
        link.coverage,
        None if parent is None else name(parent),
        "; ".join(f"{code}: {words}" for code, words in said.items()) or None,
        link.substitutes,
        link.reason,
        link.signature,
    )


def _say_more(
    standing: Standing, firsts: Mapping[int, int], name: Callable[[int], Any]
) -> Iterator[tuple[str, str]]:
    """Codes and explanations of what is out of the ordinary with a copy."""
    link = standing.link
    if standing.parent is not None:
        yield "copy of a copy", f"made of {name(firsts[standing.parent])}"
    if standing.further is not None:
        yield "merged", f"holds sentences of {name(firsts[standing.further])} too"
    if link is not None and link.original != standing.original:
        yield (
            "compared",
            (f"with {name(firsts[link.original])}, since the original shares too little with it"),
        )
    if standing.predates:
        yield "dated", "before the text that it was made of, as it seems"
