"""The errors that callers may want to catch, each under one base class."""


class DetectorError(Exception):
    """Base of every error that this package raises on purpose."""


class BundleError(DetectorError):
    """A model folder cannot be found, trusted, read or written."""


class MissingPackageError(DetectorError):
    """Something was asked for that needs a package which only an extra installs.

    Args:
        what: was asked for.
        package: is missing.
        extra: of this package that installs it.
    """

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(f"{what} needs {package}: pip install 'mt-artifact-detector[{extra}]'")
