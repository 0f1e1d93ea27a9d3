"""A document as named columns: encoder, n-grams, style, and their summary."""
