"""Owns content-addressed files: frames and models, written durably and never parsed before their digest matches."""

from qoa_platform.artifacts.errors import ArtifactError
from qoa_platform.artifacts.files import Files
from qoa_platform.artifacts.frames import PARQUET, from_parquet, to_parquet
from qoa_platform.artifacts.models import SKOPS, TRUSTED, dumps, load_model, loads, save_model

__all__ = [
    "PARQUET",
    "SKOPS",
    "TRUSTED",
    "ArtifactError",
    "Files",
    "dumps",
    "from_parquet",
    "load_model",
    "loads",
    "save_model",
    "to_parquet",
]
