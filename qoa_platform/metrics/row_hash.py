"""Owns how an order-free content hash is kept: Σ of row hashes mod 2¹²⁸, as sums of 16-bit limbs in ``Sums``."""

from qoa_platform.states import Sums

LIMBS = 8
LIMB = 1 << 16
MODULUS = 1 << (16 * LIMBS)


def limb_name(index: int) -> str:
    """The name of a limb's sum; 0 is the lowest."""
    return f"limb{index}"


def content_hash(state: Sums) -> int:
    """The hash of all rows, whatever their order.

    >>> content_hash(Sums.of_terms(2, limb0=65536.0, limb1=1.0))
    131072
    """
    return sum(int(state.get(limb_name(i))) << (16 * i) for i in range(LIMBS)) % MODULUS
