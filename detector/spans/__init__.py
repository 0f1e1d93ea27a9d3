"""Which words to point at, without the original."""
