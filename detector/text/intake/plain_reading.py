"""Read a text as its readers see it: decoded, repaired, normalised, every offset kept."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from detector.text.intake.encodings import decode_text
from detector.text.intake.hyphenation import rejoin_words
from detector.text.intake.lookalikes import undisguise
from detector.text.intake.markdown import read_markdown
from detector.text.intake.markup.reading import read_markup
from detector.text.intake.mojibake import repair_characters
from detector.text.language import is_binary
from detector.text.normalization import Normalized, compose, normalize

#: Half a character, as broken JSON holds, cannot be encoded; one for one keeps every offset.
_SURROGATES = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class PlainReading:
    """A text as its readers see it.

    Attributes:
        text: normalised, with offsets in the text as it was given.
        notes: what was done to it beyond typography, each as "code: explanation".
        is_binary: it is a file of another kind, read as text.
    """

    text: Normalized
    notes: tuple[str, ...]
    is_binary: bool


def read_plainly(text: str) -> PlainReading:
    """Decode, repair and normalise a text, and note what typography does not explain."""
    encodable, broken = _SURROGATES.subn("\ufffd", text)
    decoded, encoding = decode_text(encodable)
    shown, tags = read_markup(decoded.text)
    bare, marks = read_markdown(shown.text)
    repaired, wrong = repair_characters(bare.text)
    normalized = normalize(repaired.text)
    plain, disguised = undisguise(normalized.text)
    whole, parted = rejoin_words(plain)
    steps = decoded
    for step in (shown, bare, repaired, replace(normalized, text=plain), whole):
        steps = compose(steps, step)
    notes = (
        (broken, f"broken characters: {broken:,} read as \ufffd"),
        (encoding, f"{encoding}: decoded"),
        (tags, f"HTML: {tags:,} tags left out"),
        (marks, f"Markdown: {marks:,} marks left out"),
        (wrong, f"repaired characters: {wrong:,} that were read in the wrong encoding"),
        (disguised, f"disguised letters: {disguised:,} read as the Latin ones they imitate"),
        (parted, f"parted words: {parted:,} at the ends of lines put together"),
    )
    noted = tuple(note for happened, note in notes if happened)
    return PlainReading(steps, noted, is_binary(repaired.text))
