"""``detector score --among``: the texts of a batch, grouped before they are scored."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from detector.cli.logs import tell_unread_dates
from detector.cli.scoring.options import ScoreOptions
from detector.io.readers import BadInput, Record

if TYPE_CHECKING:
    from detector.batch.judge import Scorer
    from detector.detector import Detector

_DATE_COLUMN = "date"


@dataclass(frozen=True)
class Batch:
    """What is to be scored.

    Attributes:
        items: the inputs, in order.
        siblings: file of the `CrawlStore` in which they are grouped; None where they are not.
    """

    items: Iterator[Record | BadInput]
    siblings: str | None = None


@contextmanager
def group_batch(
    detector: Scorer, options: ScoreOptions, items: Iterator[Record | BadInput]
) -> Iterator[Batch]:
    """The inputs, among which each text's original can be sought if that was asked for.

    They are kept on disk meanwhile: beside the output, so that a run that was broken off need not
    group them again.

    Raises:
        ClusterError: they cannot be kept, or have changed since the run began.
    """
    if not options.among:
        yield Batch(items)
        return
    from detector.batch.cascade import Cascade
    from detector.clusters.grouping import Grouping
    from detector.clusters.store import CrawlStore

    with ExitStack() as stack:
        if options.output is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="detector-")))
        else:
            folder = Path(f"{options.output}.siblings")
            if not options.resume:
                shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(exist_ok=True)
        path = folder / "crawl.sqlite"
        store = stack.enter_context(CrawlStore(path, {"model": detector.model}))
        store.read(items, _DATE_COLUMN)
        quick = detector.quick if isinstance(detector, Cascade) else detector
        # `load_scorer` made it, or both parts of it, a Detector, which a Scorer need not be.
        Grouping(store, cast("Detector", quick), workers=options.workers).run()
        yield Batch(store.items(), str(path))
        tell_unread_dates(store, _DATE_COLUMN)
    shutil.rmtree(folder, ignore_errors=True)
