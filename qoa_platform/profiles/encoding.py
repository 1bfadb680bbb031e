"""Owns a profile's bytes: what is stored beside a model version, read back and checked."""

import msgspec

from qoa_platform.records import Profile


class ProfileError(ValueError):
    """Bytes that are no profile, or not the one that was asked for."""


def encode(profile: Profile) -> bytes:
    """MessagePack of *profile*; equal profiles give equal bytes."""
    return msgspec.msgpack.encode(profile)


def decode(content: bytes, digest: str | None = None) -> Profile:
    """The profile in *content*; with *digest*, that one or none. Raises ProfileError."""
    try:
        profile = msgspec.msgpack.decode(content, type=Profile)
    except (msgspec.DecodeError, ValueError) as error:
        message = f"{len(content)} bytes are no profile: {error}"
        raise ProfileError(message) from error
    if digest is not None and profile.digest != digest:
        message = f"profile {profile.name!r} has digest {profile.digest}, asked for was {digest}"
        raise ProfileError(message)
    return profile
