"""What machines and humans do to a text: spinners, round trips, editing."""
