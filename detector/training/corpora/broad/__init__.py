"""The document corpora: what of them may be trained on, and the traps in them."""
