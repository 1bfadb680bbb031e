"""Owns ArtifactError: a file that is not what was asked for, or may not be loaded."""


class ArtifactError(Exception):
    """The artifact is missing, damaged, misnamed or not allowed; nothing of it was parsed or used."""
