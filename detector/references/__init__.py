"""Which of a million articles is this a copy of: an index on disk, searched by rare words."""
