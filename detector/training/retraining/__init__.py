"""Training on a user's own labelled pairs, and refusing what is worse."""
