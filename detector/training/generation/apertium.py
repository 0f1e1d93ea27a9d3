"""Round trips by rule-based translation (Apertium)."""

from __future__ import annotations

import shutil
import subprocess

from detector.errors import DetectorError
from detector.training.generation.inflection import MissingPackageError

_LONGEST_MESSAGE = 500  # the engines print what they have translated so far, too

_EMPTY_LINE = "0"  # what is sent for an empty sentence: the engines would swallow it


class ApertiumError(DetectorError):
    """An engine failed; the message holds what it printed."""


class ApertiumRoundTrip:
    """English → pivot → English through Apertium's rule-based engines (Forcada et al. 2011).

    `pivot` is `spa` or `cat`. Raises `MissingPackageError` when the command or the language pair
    is missing, `ApertiumError` when an engine fails.
    """

    def __init__(self, pivot: str, command: str = "apertium") -> None:
        if pivot not in ("spa", "cat"):
            raise ValueError(f"pivot must be 'spa' or 'cat', not {pivot!r}")
        self.name = f"apertium-{pivot}"
        self.pivot = pivot
        self.command = command
        self.package = f"apertium-eng-{pivot}"
        if shutil.which(command) is None:
            raise MissingPackageError(f"the command {command!r}", self.package)

    def translate(self, sentences: list[str]) -> list[str]:
        """Send sentences round, in order; a line break inside one becomes a space."""
        lines = [" ".join(sentence.split()) for sentence in sentences]
        for mode in (f"eng-{self.pivot}", f"{self.pivot}-eng"):
            lines = self._run(mode, lines)
        return lines

    def _run(self, mode: str, lines: list[str]) -> list[str]:
        if not any(lines):
            return lines
        # The engines end a sentence at a blank line but may translate across a single line break.
        # -u leaves unknown words without their asterisk.
        result = subprocess.run(
            [self.command, "-u", mode],
            input="\n\n".join(line or _EMPTY_LINE for line in lines) + "\n",
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if result.returncode:
            message = (result.stderr + result.stdout).strip()
            if "does not exist" in message:
                raise MissingPackageError(f"Apertium's mode {mode}", self.package)
            raise ApertiumError(f"apertium {mode} failed: {message[:_LONGEST_MESSAGE]}")
        translated = [" ".join(line.split()) for line in result.stdout.split("\n\n")]
        if len(translated) == len(lines):
            pairs = zip(lines, translated, strict=True)
            return [translation if line else "" for line, translation in pairs]
        if len(lines) == 1:
            return [" ".join(translated)]
        middle = len(lines) // 2  # one of the lines broke the count: find it
        return self._run(mode, lines[:middle]) + self._run(mode, lines[middle:])
