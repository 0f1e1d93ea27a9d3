"""Labelled text: loading, splits, pairs, documents and what is wrong with them."""
