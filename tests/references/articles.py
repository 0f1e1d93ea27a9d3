"""Articles for an index of originals, and copies of them."""

from __future__ import annotations

import random

HARBOUR = """\
The harbour opened again on Monday morning, a week after the worst storm in a decade closed it.
Fishermen had waited for days in the small cafe beside the pier, complaining about the forecast.
The council says it will pay for repairs to the sea wall, but has not said when the work starts.
"""
HARBOUR_SPUN = """\
The haven commenced again on Monday morning, a week after the worst tempest in a decade shut it.
Fishermen had waited for days in the little coffee house beside the pier, moaning about the outlook.
The council says it will compensate for fixes to the ocean wall, but has not said when works start.
"""
LIBRARY = """\
The town library will lend tools as well as books from next month, the librarian said on Friday.
Drills, ladders and sewing machines have been given by residents who no longer need them.
A similar scheme in the next valley lent four hundred tools in its first year.
"""
ORCHARD = """\
Frost in late April destroyed two thirds of the apple blossom in the valley, growers reported.
They lit candles between the trees for three nights and lost most of the crop all the same.
An insurer has promised to visit every orchard before the end of June.
"""
ARTICLES = [("harbour", HARBOUR), ("library", LIBRARY), ("orchard", ORCHARD)]


def make_crowd(count: int, seed: int = 1) -> list[tuple[str, str]]:
    """Articles of sixty made-up words, some common and some rare."""
    rng = random.Random(seed)
    words = [
        "".join(rng.choices("bdfgklmnprstv", k=2) + rng.choices("aeiou", k=3)) for _ in range(2000)
    ]
    weights = [1 / (i + 5) for i in range(len(words))]
    return [
        (f"crowd-{seed}-{i}", " ".join(rng.choices(words, weights, k=60))) for i in range(count)
    ]
