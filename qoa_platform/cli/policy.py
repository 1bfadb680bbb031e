"""Owns ``qoa policy``: the group of what the policy does now, and would have done."""

from qoa_platform.cli.lazy import Entry, LazyGroup

HERE = "qoa_platform.cli"

policy = LazyGroup(
    name="policy",
    help="What the policy does now, and would have done.",
    entries={
        "explain": Entry(
            module=f"{HERE}.planning",
            attribute="explain",
            summary="The plan of now: every step, taken or not, and why.",
        ),
        "replay": Entry(
            module=f"{HERE}.replaying", attribute="replay", summary="What a contract would have done over the past."
        ),
    },
)
