"""Owns Rates and the price of a step: allocated resources × elapsed time × what they cost."""

from dataclasses import dataclass

from qoa_platform.records import Usage

HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """USD per allocated vCPU-hour and per allocated GB-hour. The defaults are AWS Fargate's (Linux/x86, us-east-1)."""

    vcpu_hour: float = 0.04048
    gb_hour: float = 0.004445

    def __post_init__(self) -> None:
        for name, rate in (("vcpu_hour", self.vcpu_hour), ("gb_hour", self.gb_hour)):
            if not 0.0 <= rate < float("inf"):
                message = f"rate {name} is {rate}. Allowed: USD, finite and not negative"
                raise ValueError(message)


FARGATE = Rates()


def price(usage: Usage, rates: Rates = FARGATE) -> float | None:
    """What a step cost: ``vCPU · s · vcpu_rate + GB · s · gb_rate``, in USD, ≥ 0; ``None`` when no allocation is known.

    What is *allocated* is paid for, busy or not, and real elapsed time is paid for once: CPU percent and the sampling
    interval play no part (fault RF-5 of the original, which came out 187 times too high).

    >>> round(price(Usage(seconds=1000, vcpus=1, gigabytes=4)), 4)
    0.0162
    """
    if usage.vcpus is None or usage.gigabytes is None:
        return None
    hours = usage.seconds / HOUR
    return hours * (usage.vcpus * rates.vcpu_hour + usage.gigabytes * rates.gb_hour)
