"""The classes of a sentence."""

from __future__ import annotations

#: A professional's translation is a class of its own: what sets a round trip apart from native
#: English is mostly that it was translated, and the model would unlearn that if it had to take
#: professionals' translations for native English. The document classifier, which sees both
#: contrasts, counts both as ``original``.
SENTENCE_CLASSES = ("native", "translated", "spun", "human_translation")
