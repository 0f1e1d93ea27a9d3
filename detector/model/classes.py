"""The classes of a sentence."""

from __future__ import annotations

#: Classes of a sentence. A professional's translation is a class of its own here: what sets a
#: round trip apart from native English is mostly that it was translated, and that would be
#: unlearnt if people's translations had to pass for native English. The document classifier,
#: which sees both contrasts, counts both kinds of people as ``original``.
SENTENCE_CLASSES = ("native", "translated", "spun", "human_translation")
