"""Ids and texts as they are stored."""

from __future__ import annotations

import json
import math
import zlib
from typing import Any, NamedTuple

import numpy as np

from detector.text.hashing import hash_widely

Id = str | int | float

_DIGEST_BYTES = 8


class RefusedError(Exception):
    """Why a document cannot be added, on its way to becoming a `BadInput`."""


def encode_id(identity: Any) -> str:
    """An id as JSON, so that 7 and "7" differ."""
    if isinstance(identity, np.generic):
        identity = identity.item()
    if not isinstance(identity, (str, int, float)):
        raise RefusedError(f"the id is a {type(identity).__name__}, neither text nor a number")
    if identity != identity or identity in (math.inf, -math.inf):
        raise RefusedError(f"the id {identity} is no number")
    return json.dumps(identity)


def decode_id(encoded: str) -> Id:
    """The id that `encode_id` was given."""
    identity: Id = json.loads(encoded)
    return identity


def _encode_text(text: str) -> bytes:
    # Half a surrogate pair is no character, but what was added must come back.
    return text.encode("utf-8", "surrogatepass")


def compress_text(text: str) -> bytes:
    """A text as it is stored, zlib-compressed UTF-8."""
    return zlib.compress(_encode_text(text))


def decompress_text(content: bytes) -> str:
    """The text that `compress_text` was given."""
    return zlib.decompress(content).decode("utf-8", "surrogatepass")


class Addition(NamedTuple):
    """A document that is to be added."""

    encoded_id: str
    digest: bytes
    text: str
    place: str


def prepare_addition(identity: Any, text: Any, place: str) -> Addition:
    """A document as the index stores it."""
    encoded = encode_id(identity)
    if not isinstance(text, str):
        raise RefusedError(f"a {type(text).__name__} where text is meant")
    digest = hash_widely(_encode_text(text)).to_bytes(_DIGEST_BYTES, "little")
    return Addition(encoded, digest, text, place)
