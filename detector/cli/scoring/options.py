"""What a call of ``detector score`` asked for, and what of it does not go together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from detector.choices import ArtifactSetting
from detector.cli.options import (
    check_output,
    name_quarantine,
    refuse_addresses,
    refuse_existing,
    refuse_no_files,
    refuse_overwriting,
)
from detector.columns import name_columns


@dataclass(frozen=True)
class ScoreOptions:
    """The options of a call by their names; see ``detector score --help``."""

    files: tuple[str, ...]
    form: str | None
    fpr: str
    output: str | None
    model: str | None
    second_model: str | None
    text_column: str
    id_column: str
    reference_column: str | None
    references: str | None
    among: bool
    input_format: str | None
    workers: int | None
    resume: bool
    overwrite: bool
    quarantine: str | None
    summary: str | None
    quiet: bool
    artifacts: ArtifactSetting | None
    report: str | None
    show: str | None
    color: str
    keep_text: bool
    named_columns: str | None

    @property
    def comparing(self) -> bool:
        """Whether texts are compared with their originals."""
        given = self.references is not None or self.reference_column is not None
        return given or self.among

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that say something of every row, before the row's own."""
        shown = ("artifacts",) if self.artifacts not in (None, "none") else ()
        return ("id", *name_columns(comparing=self.comparing), *shown, "error")

    @property
    def chosen(self) -> tuple[str, ...] | None:
        """The columns that were asked for, in this order, be they ours or the row's own."""
        if self.named_columns is None:
            return None
        return tuple(name.strip() for name in self.named_columns.split(","))

    @property
    def written_columns(self) -> tuple[str, ...]:
        """The columns that a file begins with; an input with an error is not among its rows."""
        if self.chosen is not None:
            return self.chosen
        return tuple(name for name in self.columns if name != "error")

    @property
    def quarantine_path(self) -> str | None:
        """Where inputs go that could not be scored; None where they are only named."""
        return name_quarantine(self.quarantine, self.output)

    @property
    def keeps_text(self) -> bool:
        """Whether a row gets the text that was scored, in the column that it came in."""
        return self.keep_text or self.text_column in (self.chosen or ())

    def choose_artifacts(self, form: str) -> ArtifactSetting:
        """Which artifacts to find: those that are shown, or in rows those that were asked for.

        Args:
            form: "text" or a form of rows.
        """
        return self.artifacts or ("few" if form == "text" or self.report else "none")

    @property
    def rate(self) -> float:
        """Share of human articles that may be flagged by mistake."""
        return float(self.fpr)

    def check(self) -> None:
        """Refuse what does not go together, before any model is loaded.

        Raises:
            click.UsageError: two options contradict each other, or a file cannot be written.
        """
        refuse_addresses(self.files)
        check_output(self.output, form=self.form, resume=self.resume)
        if self.overwrite and not any((self.output, self.quarantine, self.summary, self.report)):
            raise click.UsageError("--overwrite speaks of a file to write, such as --output")
        if self.show is not None and (self.output is not None or self.form in ("json", "csv")):
            raise click.UsageError(
                "--show says how much is printed as text: leave it out, or --output and --format"
            )
        if self.report is not None and self.resume:
            raise click.UsageError("--report shows a whole run, and --resume scores only the rest")
        as_text = self.form == "text" or self.show is not None
        if as_text and (self.keep_text or self.chosen is not None):
            raise click.UsageError(
                "--columns and --keep-text say what rows hold: print them with --format json or "
                "csv, and without --show"
            )
        self._check_columns()
        self._check_paths()

    def _check_columns(self) -> None:
        chosen = self.chosen or ()
        if "" in chosen:
            raise click.UsageError("--columns takes names with commas between: id,flagged")
        if len(set(chosen)) < len(chosen):
            raise click.UsageError(f"--columns {self.named_columns}: name each column once")

    def _check_paths(self) -> None:
        named = {
            "--output": self.output,
            "--quarantine": self.quarantine_path,
            "--summary": self.summary,
            "--report": self.report,
        }
        refuse_no_files(named)
        refuse_overwriting(self.files, named)
        # Whether an output may be replaced depends on the run that it is of: see `Journal.begin`.
        alone = (
            ("--summary", "--report") if self.output else ("--summary", "--report", "--quarantine")
        )
        free = self.overwrite or (self.resume and self._has_begun())
        refuse_existing({name: named[name] for name in alone}, overwrite=free)

    def _has_begun(self) -> bool:
        """Whether parts of a run to the output lie there."""
        from detector.batch.journal import name_folder

        return self.output is not None and name_folder(Path(self.output)).is_dir()
