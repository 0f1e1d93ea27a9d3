"""A copy beside its original: alignment, substitutions, relation."""
