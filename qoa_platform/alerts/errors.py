"""Owns NotDelivered: why a receiver did not get (or did not accept) what it was sent."""


class NotDelivered(Exception):
    """A channel did not deliver. *cause* is safe to log: it never holds a secret, nor what the receiver answered.

    *unreachable*: nobody answered (or for all), so that there is no use in trying the next message at once; else this
    message alone was refused.
    """

    def __init__(self, cause: str, *, unreachable: bool = True) -> None:
        super().__init__(cause)
        self.cause = cause
        self.unreachable = unreachable
