"""Records in chunks for workers, and answers that are remembered."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from detector.batch.judge import Judgement
from detector.io.readers import BadInput, Record

# A chunk goes to a worker and back: about a second's work, and little beside a model's memory.
_CHUNK_CHARACTERS = 50_000

CHUNK_DOCUMENTS = 256

_CHUNK_HELD = 1 << 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """One input and what became of it.

    Attributes:
        source: the input.
        judgement: None where there was nothing to judge.
        duplicate: the same text came before, and was judged then.
    """

    source: Record | BadInput
    judgement: Judgement | None = None
    duplicate: bool = False

    @property
    def reason(self) -> str | None:
        """Why it was not scored, or could not be flagged."""
        if isinstance(self.source, BadInput):
            return self.source.reason
        return self.judgement.columns["reason"] if self.judgement else None

    @property
    def failure(self) -> str | None:
        """Why there is no figure for this input; None where there is one."""
        if isinstance(self.source, BadInput):
            return self.source.reason
        return self.judgement.failure if self.judgement else None

    def get(self, column: str) -> Any:
        """A column of the judgement; None where there is none."""
        return self.judgement.columns.get(column) if self.judgement else None


Request = tuple[str, str | None]


@dataclass(slots=True)
class _Slot:
    """The place of one input; `twin` is an earlier place with the same text, not yet judged."""

    item: Record | BadInput
    key: bytes = b""
    judgement: Judgement | None = None
    twin: _Slot | None = None
    asked: bool = False

    def to_outcome(self) -> Outcome:
        judgement = self.twin.judgement if self.twin is not None else self.judgement
        duplicate = isinstance(self.item, Record) and not self.asked
        return Outcome(self.item, judgement, duplicate)


@dataclass(slots=True)
class Chunk:
    """Neighbouring inputs: what is asked of a worker, and what needs no asking."""

    slots: list[_Slot] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    asked_characters: int = 0
    held_characters: int = 0

    @property
    def full(self) -> bool:
        """Whether it is time to hand the chunk over."""
        return (
            self.asked_characters >= _CHUNK_CHARACTERS
            or len(self.slots) >= CHUNK_DOCUMENTS
            or self.held_characters >= _CHUNK_HELD
        )

    def add(self, slot: _Slot) -> None:
        """Take the next input's place."""
        self.slots.append(slot)
        self.held_characters += weigh_input(slot.item)
        if slot.asked and isinstance(slot.item, Record):
            self.requests.append((slot.item.text, slot.item.reference))
            self.asked_characters += len(slot.item.text) + len(slot.item.reference or "")


def weigh_input(item: Record | BadInput) -> int:
    """About how many characters an input holds in memory, its other fields included."""
    texts = [*item.fields.values()]
    if isinstance(item, Record):
        texts += [item.text, item.reference]
    return sum(len(value) if isinstance(value, str) else 16 for value in texts)


class Memory:
    """Judgements by text: those lately used, and those still to come."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._known: OrderedDict[bytes, Judgement] = OrderedDict()
        self._asked: dict[bytes, _Slot] = {}

    def place(self, item: Record | BadInput) -> _Slot:
        """The input's place, with its judgement, or that which will have it, if it was seen."""
        if isinstance(item, BadInput):
            return _Slot(item)
        key = _digest(item.text, item.reference)
        if (known := self._known.get(key)) is not None:
            self._known.move_to_end(key)
            return _Slot(item, key, known)
        if (twin := self._asked.get(key)) is not None:
            return _Slot(item, key, twin=twin)
        slot = self._asked[key] = _Slot(item, key, asked=True)
        return slot

    def learn(self, slot: _Slot, judgement: Judgement) -> None:
        """Keep what was asked for."""
        slot.judgement = judgement
        del self._asked[slot.key]
        self._known[slot.key] = judgement
        if len(self._known) > self._size:
            self._known.popitem(last=False)


def _digest(text: str, reference: str | None) -> bytes:
    # Lone surrogates are in no encoding, yet in some texts.
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16)
    if reference is not None:
        digest.update(b"\xff" + reference.encode("utf-8", "surrogatepass"))
    return digest.digest()
