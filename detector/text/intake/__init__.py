"""A text at the door: what is repaired, what is left out, and whether it has an article's form."""
