"""Verdicts and comparisons as pages: each one HTML file that needs no network.

The pages are built from escaped parts (`markup`), so that no text becomes markup or script.
"""

from detector.report.article import write_article_report
from detector.report.batch import ROW_LIMIT, BatchReport, ReportRow
from detector.report.comparison import write_comparison_report
from detector.report.page import SIZE_LIMIT

__all__ = [
    "ROW_LIMIT",
    "SIZE_LIMIT",
    "BatchReport",
    "ReportRow",
    "write_article_report",
    "write_comparison_report",
]
