"""HTML that was given as text: its tags, and what of it is prose."""
