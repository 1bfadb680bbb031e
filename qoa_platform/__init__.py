"""Declarative monitoring and quality of analytics on Dagster. Importing this imports nothing else."""


def __getattr__(name: str) -> str:
    """``__version__``, asked of the installed distribution only when somebody wants it."""
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 (costs 40 ms)

        try:
            return version("qoa-platform")
        except PackageNotFoundError:
            return "(a checkout, not installed)"
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
