"""Streams of documents through one detector: workers, a journal, counts, frames, Spark."""
