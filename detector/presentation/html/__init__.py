"""Verdicts and comparisons as pages: each one HTML file that needs no network.

Python computes what a page shows; the files under ``templates`` say how, and escape all of it, so
that no text becomes markup or script. Style and script are the files under ``assets``.
"""

from __future__ import annotations

from detector.presentation.html.article import write_article_report
from detector.presentation.html.batch import ROW_LIMIT, BatchReport
from detector.presentation.html.batch_rows import ReportRow
from detector.presentation.html.cluster_page import write_cluster_report
from detector.presentation.html.comparison import write_comparison_report
from detector.presentation.html.page import SIZE_LIMIT
from detector.presentation.html.sources import Source, describe_source

__all__ = [
    "ROW_LIMIT",
    "SIZE_LIMIT",
    "BatchReport",
    "ReportRow",
    "Source",
    "describe_source",
    "write_article_report",
    "write_cluster_report",
    "write_comparison_report",
]
