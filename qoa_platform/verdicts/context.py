"""Owns Context: what every verdict of one judging has in common."""

from dataclasses import dataclass
from datetime import datetime

from qoa_platform.records import Contract, Mode, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Under which contract, about which subject and window, when, and from which data a judgement is made.

    *subject* is the subject's id in the contract; *version* the model version judged; *data* the digest of the frame;
    *imported* and *provisional* as on the Verdict. Under ``observe`` nothing blocks publishing.
    """

    contract: str
    contract_version: int
    contract_digest: str
    subject: str
    window: Window
    at: datetime
    wall: datetime
    mode: Mode = Mode.ENFORCE
    version: str | None = None
    data: str | None = None
    trial: str | None = None
    imported: bool = False
    provisional: bool = False

    @classmethod
    def under(cls, contract: Contract, subject: str, window: Window, *, at: datetime, wall: datetime) -> "Context":
        """The context of judging *subject* in *window* under *contract*; ``dataclasses.replace`` adds the rest."""
        return cls(
            contract=contract.name, contract_version=contract.version, contract_digest=contract.digest,
            mode=contract.mode, subject=subject, window=window, at=at, wall=wall,
        )  # fmt: skip
