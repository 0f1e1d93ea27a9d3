"""Formats in and out, and files that are written whole or not at all."""
