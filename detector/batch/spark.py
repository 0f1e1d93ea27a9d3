"""Score a Spark DataFrame: `score` as a function, and a program for ``spark-submit``.

    python -m detector.batch.spark INPUT OUTPUT [--text-column text] [--model FOLDER] ...
    spark-submit detector/batch/spark.py INPUT OUTPUT ...

The package must be installed where the executors run. The model shipped with it is then there
already; another is found by its path, or sent along with ``--distribute``.
"""

from __future__ import annotations

import argparse
import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from detector.batch.given_texts import take_given
from detector.batch.judge import Judge, Judgement, Settings, make_failure
from detector.choices import DEFAULT_FALSE_POSITIVE_RATE, VERDICT_RATES, check_count, check_rate
from detector.columns import name_columns, rename_clashes
from detector.errors import DetectorError
from detector.io.readers import BadInput

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

    from detector.batch.summary import Tally


if __name__ == "__main__" and not __package__:
    # Run as a file, this one's folder comes first, and the package, in a checkout, is not found.
    sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

# CSV as the command reads and writes it: a header, doubled quotes, cells as they are.
_CSV: dict[str, bool | str] = {
    "header": True,
    "quote": '"',
    "escape": '"',
    "ignoreLeadingWhiteSpace": False,
    "ignoreTrailingWhiteSpace": False,
}

# Options of what Spark writes, by format. JSON with nulls, or a column without any value is lost.
_WRITTEN: dict[str, dict[str, bool | str]] = {
    "csv": _CSV,
    "json": {"ignoreNullFields": False},
    "parquet": {},
}

_FORMATS = tuple(_WRITTEN)

# One judge for a model and settings in each Python worker of Spark, which serves many tasks.
_judges: dict[tuple[str | None, Settings], Judge] = {}


def score(
    df: DataFrame,
    text_column: str = "text",
    id_column: str | None = None,
    model: str | None = None,
    false_positive_rate: float = DEFAULT_FALSE_POSITIVE_RATE,
    *,
    reference_column: str | None = None,
    references: str | None = None,
    distribute: bool = False,
) -> DataFrame:
    """Score a column of texts; every row is answered, with its own columns as they were.

    The model is loaded once in each Python worker of Spark, with one thread. Rows that cannot be
    scored have no probability, but the reason.

    Args:
        df: holds the texts; a missing one is answered as an empty one is, and one that is binary
            or too long for an article with the reason.
        text_column: where they are.
        id_column: a column to be called ``id`` in the answer, as the command's output has it.
        model: a model folder, at this path on every machine; the shipped one unless told.
        false_positive_rate: see `Detector.score`.
        reference_column: the original of each text, null or blank where there is none.
        references: folder of an index in which originals are sought, on every machine.
        distribute: the model folder is on this machine only, and is sent to the others.

    Returns:
        The columns of `df`, one that is named like one of ours with "input_" before its name;
        then those of `detector.columns`: `JUDGED_COLUMNS` and, where originals are given,
        `COMPARED_COLUMNS`.

    Raises:
        ImportError: pyspark or pyarrow is not installed.
        ValueError: there is no such column, or it holds no strings, or there is no such rate.
        BundleError: the model that is to be sent is missing, incomplete or altered.
    """
    settings = Settings(
        false_positive_rate, references, reference_column is not None or references is not None
    )
    _check(df, text_column, id_column, reference_column, false_positive_rate)
    df, texts, originals = _rename_clashes(df, settings, id_column, text_column, reference_column)
    find_model = send_model(df, model) if distribute else ModelPath(model)
    # Spark would read a dot in a column's name as a path into a structure.
    plain = [f"c{i}" for i in range(len(df.columns))]
    at = dict(zip(df.columns, plain, strict=True))
    bare = df.toDF(*plain)
    judge = _JudgeBatches(
        find_model,
        settings,
        at[texts],
        at[originals] if originals else None,
        reference_column or "",
    )
    judged = bare.mapInArrow(judge, _extend_schema(bare, settings))
    return judged.toDF(*df.columns, *_name_types(settings))


def _name_types(settings: Settings) -> dict[str, type]:
    """Our columns and their types, in order."""
    return name_columns(comparing=settings.comparing)


def _check(
    df: DataFrame, text: str, identity: str | None, reference: str | None, rate: float
) -> None:
    check_rate("false_positive_rate", rate)
    types = dict(df.dtypes)
    for name in filter(None, (text, identity, reference)):
        if name not in types:
            raise ValueError(f"no column {name!r}; there is {', '.join(map(repr, types))}")
    for name in filter(None, (text, reference)):
        if types[name] != "string":
            raise ValueError(f"column {name!r} holds {types[name]}, not texts")


def _rename_clashes(
    df: DataFrame, settings: Settings, identity: str | None, text: str, reference: str | None
) -> tuple[DataFrame, str, str | None]:
    """The frame with its columns out of the way of ours, and what text and original are now."""
    ours = {*_name_types(settings)} | ({"id"} if identity is not None else set())
    new = rename_clashes(df.columns, ours)
    if identity is not None:
        new[identity] = identity if identity == text else "id"
    renamed = df.toDF(*(new[name] for name in df.columns))
    return renamed, new[text], new[reference] if reference else None


def _extend_schema(df: DataFrame, settings: Settings) -> StructType:
    from pyspark.sql import types as t

    kinds = {bool: t.BooleanType, float: t.DoubleType, int: t.LongType, str: t.StringType}
    added = [t.StructField(name, kinds[kind]()) for name, kind in _name_types(settings).items()]
    return t.StructType([*df.schema.fields, *added])


class ModelPath:
    """A model folder that is where it was said to be; None is the one shipped."""

    def __init__(self, path: str | None) -> None:
        self.path = path

    def find(self) -> str | None:
        """The folder, on the machine that asks."""
        return self.path


class SentModel:
    """A model folder that Spark unpacked beside the worker."""

    def __init__(self, archive: str) -> None:
        self.archive = archive

    def find(self) -> str | None:
        """The folder, on the machine that asks."""
        from pyspark import SparkFiles

        return str(SparkFiles.get(self.archive))


class _JudgeBatches:
    """What a Python worker does with the record batches of a partition.

    Arrow, not pandas: pandas has no integers with gaps, and other columns must come back as they
    were.

    Args:
        model: where the worker finds it.
        settings: what else a judgement depends on.
        text_column: of the batches.
        reference_column: of the batches, if there is one.
        reference_name: what that is called where it comes from.
    """

    def __init__(
        self,
        model: ModelPath | SentModel,
        settings: Settings,
        text_column: str,
        reference_column: str | None,
        reference_name: str = "",
    ) -> None:
        self.model = model
        self.settings = settings
        self.text_column = text_column
        self.reference_column = reference_column
        self.reference_name = reference_name

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        judge = _load_judge(self.model.find(), self.settings)
        for batch in batches:
            yield self._judge(judge, batch)

    def _judge(self, judge: Judge, batch: pa.RecordBatch) -> pa.RecordBatch:
        import pyarrow as pa

        texts = batch.column(self.text_column).to_pylist()
        originals: list[str | None] = [None] * len(texts)
        if self.reference_column is not None:
            originals = batch.column(self.reference_column).to_pylist()
        rows = [
            self._judge_row(judge, text or "", original, row).columns
            for row, (text, original) in enumerate(zip(texts, originals, strict=True))
        ]
        arrow = {bool: pa.bool_(), float: pa.float64(), int: pa.int64(), str: pa.string()}
        types = _name_types(self.settings)
        added = [pa.array([row.get(n) for row in rows], arrow[t]) for n, t in types.items()]
        return pa.RecordBatch.from_arrays(
            [*batch.columns, *added], names=[*batch.schema.names, *types]
        )

    def _judge_row(self, judge: Judge, text: str, original: str | None, row: int) -> Judgement:
        item = take_given(text, original, self.reference_name, source="Spark", row=row)
        if isinstance(item, BadInput):
            return make_failure(item.reason)
        return judge.judge(item.text, item.reference)


def _load_judge(model: str | None, settings: Settings) -> Judge:
    from detector.detector import Detector

    key = (model, settings)
    if key not in _judges:
        _judges[key] = Judge(Detector.load(model, threads=1), settings)
    return _judges[key]


def send_model(df: DataFrame, model: str | None) -> SentModel:
    """Have Spark send the model folder, packed, to every executor, which unpacks it once."""
    from detector.model.bundle import Bundle

    bundle = Bundle.open(model)
    # The checksum in the name keeps the models of one session apart.
    name = f"detector-{bundle.identifier.replace('@', '-')}"
    packed = Path(tempfile.mkdtemp(prefix="detector-spark-"))
    # Executors fetch it when their first task begins, which may be much later.
    atexit.register(shutil.rmtree, packed, ignore_errors=True)
    archive = shutil.make_archive(str(packed / name), "zip", root_dir=bundle.folder)
    df.sparkSession.sparkContext.addArchive(archive)
    return SentModel(Path(archive).name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read, score and write with Spark; a summary goes to standard error.

    Returns:
        0 when all was scored, 1 when some rows could not be, 2 when the call is wrong.
    """
    options = _parse(arguments)
    try:
        model = _check_call(options)
    except (DetectorError, ValueError) as error:
        return _refuse(error)
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError:
        return _refuse("pyspark is not installed: pip install 'mt-artifact-detector[spark]'")
    running = SparkSession.getActiveSession()
    spark = running or SparkSession.builder.appName("detector").getOrCreate()
    master = spark.sparkContext.master or ""
    if master.startswith("local") and "PYSPARK_PYTHON" not in os.environ:
        # Otherwise the first python3 of the path, which may know nothing of this package.
        spark.sparkContext.pythonExec = sys.executable
    try:
        return _run(spark, options, model)
    except (PySparkException, DetectorError, ValueError) as error:
        return _refuse(error)
    finally:
        if running is None:
            spark.stop()


def _refuse(fault: object) -> int:
    print(f"error: {fault}", file=sys.stderr)
    return 2


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="detector.batch.spark", description="Score texts with Spark."
    )
    parser.add_argument("input", help="file or folder that Spark can read")
    parser.add_argument("output", help="folder that Spark writes to")
    parser.add_argument("--input-format", choices=_FORMATS, help="[default: by extension]")
    parser.add_argument(
        "--output-format", choices=_FORMATS, default="parquet", help="[default: parquet]"
    )
    parser.add_argument("--text-column", default="text", help="with the texts  [default: text]")
    parser.add_argument("--id-column", help="to be called id in the output")
    parser.add_argument("--reference-column", help="with the original of each text")
    parser.add_argument("--references", help="index of originals, at this path on every machine")
    parser.add_argument("--model", help="model folder  [default: the one shipped]")
    parser.add_argument("--distribute", action="store_true", help="send the model to the executors")
    rates = ", ".join(f"{rate:g}" for rate in VERDICT_RATES)
    parser.add_argument(
        "--fpr", type=float, default=DEFAULT_FALSE_POSITIVE_RATE,
        help="share of people's articles that may be flagged by mistake: "
        f"{rates}  [default: {DEFAULT_FALSE_POSITIVE_RATE:g}]",
    )  # fmt: skip
    parser.add_argument("--partitions", type=int, help="deal the rows out anew to so many tasks")
    parser.add_argument("--overwrite", action="store_true", help="replace an output that exists")
    return parser.parse_args(arguments)


def _check_call(options: argparse.Namespace) -> str:
    """Name the model, before Spark starts and makes a folder that would be in the next call's way.

    Raises:
        DetectorError: there is no such model or index.
        ValueError: there is no such rate or number of partitions.
    """
    from detector.model.bundle import Bundle
    from detector.references.index import ReferenceIndex

    check_rate("--fpr", options.fpr)
    if options.partitions is not None:
        check_count("--partitions", options.partitions)
    if options.references is not None:
        ReferenceIndex.open(options.references).close()
    return Bundle.open(options.model).identifier


def _run(spark: SparkSession, options: argparse.Namespace, model: str) -> int:
    import time

    from detector.batch.summary import format_summary

    started = time.monotonic()
    frame = _read(spark, options.input, options.input_format)
    if options.partitions is not None:
        frame = frame.repartition(options.partitions)
    columns = options.text_column, options.reference_column
    judged = score(
        frame,
        options.text_column,
        options.id_column,
        options.model,
        options.fpr,
        reference_column=options.reference_column,
        references=options.references,
        distribute=options.distribute,
    )
    mode = "overwrite" if options.overwrite else "errorifexists"
    dropped = _find_positions(frame, columns)
    kept = [_quote(name) for i, name in enumerate(judged.columns) if i not in dropped]
    written = judged.select(*kept)
    form = options.output_format
    written.write.mode(mode).format(form).options(**_WRITTEN[form]).save(options.output)
    # A format that keeps no types, or no columns without a value, is read as what was written.
    tally = _count(_read(spark, options.output, form, written.schema))
    tally.seconds = time.monotonic() - started
    print(format_summary(tally.summarize(model, options.fpr)), file=sys.stderr)
    return 1 if tally.failed else 0


def _read(
    spark: SparkSession, path: str, form: str | None, schema: StructType | None = None
) -> DataFrame:
    suffixes = {".csv": "csv", ".json": "json", ".jsonl": "json", ".ndjson": "json"}
    form = form or suffixes.get(Path(path).suffix.lower(), "parquet")
    reader = spark.read if schema is None else spark.read.schema(schema)
    if form == "csv":
        reader = reader.options(**_CSV, multiLine=True)
    return reader.format(form).load(path)


def _quote(name: str) -> str:
    """A column's name as Spark reads it: a dot in it is no path into a structure."""
    return "`" + name.replace("`", "``") + "`"


def _find_positions(frame: DataFrame, names: Sequence[str | None]) -> set[int]:
    """Where these columns are: in the answer they may be called otherwise, but keep their place."""
    return {i for i, name in enumerate(frame.columns) if name in names}


def _count(judged: DataFrame) -> Tally:
    """The tally of what was written, counted by Spark."""
    from pyspark.sql import functions as f

    from detector.batch.summary import Tally, name_kind

    tally = Tally()
    kind = f.trim(f.split(f.split("reason", ":", 2)[0], r" \(", 2)[0]).alias("reason")
    relation = f.col("relation") if "relation" in judged.columns else f.lit(None).alias("relation")
    known = f.col("probability").isNotNull()
    if "comparison_probability" in judged.columns:
        known = known | f.col("comparison_probability").isNotNull()
    kinds = judged.select(
        "label", f.col("flagged").cast("boolean"), kind, relation, known.alias("known")
    )
    for row in kinds.groupBy("label", "flagged", "reason", "relation", "known").count().collect():
        tally.count(
            None if row["known"] else name_kind(row["reason"] or "unknown"),
            label=row["label"],
            flagged=bool(row["flagged"]),
            reason=row["reason"],
            relation=row["relation"],
            times=row["count"],
        )
    return tally


if __name__ == "__main__":
    from detector.batch.spark import main as run  # as the module that executors import

    sys.exit(run())
