"""The errors that callers may want to catch, each under one base class."""


class DetectorError(Exception):
    """Base of every error that this package raises on purpose."""


class BundleError(DetectorError):
    """A model folder cannot be found, trusted, read or written."""
