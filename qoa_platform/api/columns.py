"""Owns what models and truths are handed over as: columns of any kind, as arrays that can be compared, or why not."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qoa_platform.verdicts.comparing.pairing import AUC
from qoa_platform.verdicts.comparing.scores import CLASSES

Values = NDArray[Any]


def array(given: Any, name: str, n: int | None = None) -> Values:
    """*given* (list, Series, array) as an array of one dimension (scores of several classes: two).

    Raises ValueError for another length than *n*.
    """
    if given is None:
        message = f"{name} is not given"
        raise ValueError(message)
    found = np.asarray(given.to_numpy() if hasattr(given, "to_numpy") else given)
    if n is not None and len(found) != n:
        message = f"{name} has {len(found):,} rows. Allowed: one for each of the {n:,} of the truth"
        raise ValueError(message)
    return found


def missing(values: Values) -> NDArray[np.bool_]:
    """Which rows have no value: null, NaN, and of numbers also the infinite ones."""
    if values.ndim > 1:
        return np.asarray(np.stack([missing(column) for column in values.T]).any(axis=0))
    if values.dtype.kind in "fc":
        return np.asarray(~np.isfinite(values))
    if values.dtype.kind in "mM":
        return np.asarray(np.isnat(values))
    if values.dtype.kind == "O":
        return np.array([_none(v) for v in values.tolist()], dtype=np.bool_)
    return np.zeros(len(values), dtype=np.bool_)


def named(given: Any) -> dict[str, Values]:
    """Predictions by model: a mapping, a frame with a column each, or two arrays (champion, challenger).

    Raises ValueError for fewer than two.
    """
    if isinstance(given, Mapping):
        found = {str(name): array(values, str(name)) for name, values in given.items()}
    elif hasattr(given, "columns"):
        found = {str(name): array(given[name], str(name)) for name in given.columns}
    elif isinstance(given, list | tuple) and len(given) == 2:  # noqa: PLR2004 (champion and challenger)
        found = {n: array(v, n) for n, v in zip(("champion", "challenger"), given, strict=True)}
    else:
        found = {}
    if len(found) < 2:  # noqa: PLR2004 (a comparison is of two)
        message = "predictions hold fewer than two models. Allowed: name → array of two or more, or two arrays"
        raise ValueError(message)
    return found


def plain(values: Values) -> Values:
    """Objects as what they are: texts, numbers, or, where both are among them, texts; rows must have a value."""
    if values.dtype.kind != "O" or values.ndim > 1:
        return values
    if all(isinstance(v, str) for v in values.tolist()):
        return values.astype(str)
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError):
        return values.astype(str)


def unfit(truth: Values, given: Mapping[str, Values], metric: Any, labels: Values) -> str | None:
    """Why the metric cannot be taken of such values, or ``None``."""
    if callable(metric) or len(truth) == 0:
        return None
    if metric == AUC:
        columns = {name: 1 if p.ndim == 1 else p.shape[1] for name, p in given.items()}
        wanted = {1} if len(labels) == 2 else {len(labels)}  # noqa: PLR2004 (two classes have one score)
        wrong = {name: k for name, k in columns.items() if k not in wanted}
        said = ", ".join(f"{name} has {k}" for name, k in wrong.items())
        if wrong:
            return f"scores of {len(labels)} classes are {wanted.pop()} column(s): {said}"
        texts = [name for name, p in given.items() if p.dtype.kind not in "fiub"]
        return f"scores of {', '.join(texts)} are no numbers" if texts else None
    wide = [name for name, p in given.items() if p.ndim > 1]
    if wide:
        return f"predictions of {', '.join(wide)} have several columns; scores are compared by roc_auc"
    if metric in CLASSES:
        strange = [name for name, p in given.items() if not np.isin(p, labels).any()]
        return f"none of the truth's labels is among the predictions of {', '.join(strange)}" if strange else None
    texts = [name for name, p in {"the truth": truth, **given}.items() if p.dtype.kind not in "fiub"]
    return f"values of {', '.join(texts)} are no numbers" if texts else None


def _none(value: Any) -> bool:
    try:
        return value is None or bool(value != value)  # noqa: PLR0124 (NaN is not itself)
    except (TypeError, ValueError):  # pandas.NA is neither
        return True
