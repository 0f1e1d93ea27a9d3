"""Formats in and out, one way to read rows of tables, and files written whole or not at all."""
