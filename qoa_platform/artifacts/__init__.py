"""Owns content-addressed files: frames and models, written durably and never parsed before their digest matches."""

from qoa_platform.artifacts.errors import ArtifactError
from qoa_platform.artifacts.files import FileStore
from qoa_platform.artifacts.frames import PARQUET, frame_to_parquet, parquet_to_frame
from qoa_platform.artifacts.models import SKOPS, TRUSTED, dumps, load_model, loads, save_model

__all__ = [
    "PARQUET",
    "SKOPS",
    "TRUSTED",
    "ArtifactError",
    "FileStore",
    "dumps",
    "frame_to_parquet",
    "load_model",
    "loads",
    "parquet_to_frame",
    "save_model",
]
