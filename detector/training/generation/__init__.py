"""What machines and people do to a text: spinners, round trips, editing."""
