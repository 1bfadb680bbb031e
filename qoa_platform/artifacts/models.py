"""Owns models as bytes: scikit-learn estimators through skops, with an allow-list of our own and never a pickle."""

from typing import Any, Final

from qoa_platform.artifacts.errors import ArtifactError
from qoa_platform.ports import Artifacts, Ledger
from qoa_platform.records import ModelVersion, short

SKOPS: Final = ".skops"

TRUSTED: Final = frozenset({
    "sklearn.tree._tree.Tree",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.utils.validation.check_array",
    "functools.partial",
})  # fmt: skip
"""Reviewed types beyond those that skops trusts itself: trees, and how HistGradientBoosting encodes categories.

Crafted node indices of a tree break memory safety, so they are granted only to artifacts whose digest the ledger
recorded, never to bytes from anywhere else. The list lives here, never in the artifact.
"""


def dumps(model: Any, *, trusted: frozenset[str] = TRUSTED) -> bytes:
    """A fitted estimator as skops bytes. ArtifactError, listing the types, when it holds any that is not *trusted*.

    Refusing at registration means that no version is recorded which could not be loaded again.
    """
    from skops.io import dumps as skops_dumps  # noqa: PLC0415 (heavy)

    content: bytes = skops_dumps(model)
    _allowed(content, trusted, "registered")
    return content


def loads(content: bytes, *, trusted: frozenset[str] = frozenset()) -> Any:
    """The estimator in *content*, of types that skops trusts itself or that are in *trusted*.

    ArtifactError, listing the types, when it holds any other, and when the bytes are no skops file. Grant ``TRUSTED``
    only to bytes whose digest the ledger recorded (``load_model`` does).
    """
    from skops.io import loads as skops_loads  # noqa: PLC0415 (heavy)

    types = _allowed(content, trusted, "loaded")
    try:
        return skops_loads(content, trusted=types)
    except Exception as error:  # skops raises what the constructors of the types raise
        message = f"model of {len(content)} bytes cannot be loaded: {type(error).__name__}: {error}"
        raise ArtifactError(message) from error


def save_model(artifacts: Artifacts, name: str, model: Any, *, trusted: frozenset[str] = TRUSTED) -> str:
    """Keep a fitted estimator under *name*; the digest that its ``ModelVersion`` names."""
    return artifacts.put(name, dumps(model, trusted=trusted), suffix=SKOPS)


def load_model(
    artifacts: Artifacts, ledger: Ledger, name: str, model: str, version: str, *, trusted: frozenset[str] = TRUSTED
) -> Any:  # fmt: skip
    """The estimator of a version that the ledger recorded, its digest checked before a byte is parsed.

    *name* is where ``save_model`` kept it. ArtifactError when the ledger knows no such version, or the file is missing,
    damaged or holds types that are not allowed.
    """
    recorded = ledger.last(ModelVersion, short("model_version", model, version))
    if recorded is None:
        known = ", ".join(v.version for v in ledger.find(ModelVersion, series=model)) or "none"
        message = f"model {model}: no version {version!r} was recorded, so nothing of it is loaded. Known: {known}"
        raise ArtifactError(message)
    return loads(artifacts.get(name, recorded.artifact, suffix=SKOPS), trusted=trusted)


def _allowed(content: bytes, trusted: frozenset[str], verb: str) -> list[str]:
    """The untrusted types in *content*, all of them in *trusted*."""
    from skops.io import get_untrusted_types  # noqa: PLC0415 (heavy)

    try:
        found: list[str] = get_untrusted_types(data=content)
    except Exception as error:  # a zip or JSON error of any kind
        message = f"{len(content)} bytes are no skops file: {type(error).__name__}: {error}"
        raise ArtifactError(message) from error
    refused = sorted(set(found) - trusted)
    if refused:
        allowed = ", ".join(sorted(trusted)) or "only what skops trusts itself"
        message = f"the model holds types that may not be {verb}: {', '.join(refused)}. Allowed: {allowed}"
        raise ArtifactError(message)
    return found
