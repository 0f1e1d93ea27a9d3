"""What ``detector score`` reads, writes and prints."""
