"""Owns ``python -m qoa_platform.cli``: the same as ``qoa``, for a checkout that is not installed."""

from qoa_platform.cli.root import main

if __name__ == "__main__":
    main()
