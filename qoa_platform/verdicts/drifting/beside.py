"""Owns input drift and error drift beside one another: which of four things happened to a model, in words."""

from enum import StrEnum


class Happened(StrEnum):
    """What drift of the inputs and drift of the error mean together."""

    QUIET = "quiet"
    HARMLESS = "covariate shift without harm"
    HARMFUL = "harmful covariate shift"
    CONCEPT = "concept drift"
    UNKNOWN = "unknown"


WORDS = {
    Happened.QUIET: "neither the inputs nor the error moved",
    Happened.HARMLESS: "the inputs moved and the error did not: the model copes; watch, and freeze a new reference",
    Happened.HARMFUL: "the inputs moved and the error with them: train on what comes now, or look at the source",
    Happened.CONCEPT: "the error moved and the inputs did not: what the inputs mean has changed; retrain on new labels",
    Happened.UNKNOWN: "inputs or error could not be judged: without both it is not known which it is",
}
"""What each means, and what usually follows."""


def happened(inputs: bool | None, error: bool | None) -> Happened:  # noqa: FBT001 (the two axes of a table)
    """Which it is, of whether the *inputs* drifted and whether the *error* did; ``None`` is not known.

    They are complements: a test of inputs sees no change of what they mean, and one of errors none that does no harm.

    >>> str(happened(inputs=False, error=True)), str(happened(inputs=True, error=None))
    ('concept drift', 'unknown')
    """
    match inputs, error:
        case (None, _) | (_, None):
            return Happened.UNKNOWN
        case True, True:
            return Happened.HARMFUL
        case True, False:
            return Happened.HARMLESS
        case False, True:
            return Happened.CONCEPT
        case _:
            return Happened.QUIET
