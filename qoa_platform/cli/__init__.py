"""Owns the command line: ``qoa …``, and the project template of ``qoa init``. Heavy imports happen in the commands."""

from qoa_platform.cli.root import main

__all__ = ["main"]
