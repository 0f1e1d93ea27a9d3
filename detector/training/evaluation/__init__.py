"""Measuring: metrics with intervals, tables by group, plots, the model card."""
