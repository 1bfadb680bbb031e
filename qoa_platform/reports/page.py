"""Owns the page: templates filled with Jinja2, every text escaped, nothing loaded from anywhere."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from qoa_platform.reports.cells import cell, count, number, share

if TYPE_CHECKING:
    from jinja2 import Environment


@lru_cache(maxsize=1)
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 (heavy)

    found = Environment(
        loader=PackageLoader("qoa_platform.reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    found.filters.update(cell=cell, count=count, number=number, share=share)
    return found


def page(template: str, **context: Any) -> str:
    """The page that *template* makes of *context*: one HTML document with its styles and plots in it.

    What comes from data is text wherever it stands: the template engine escapes it, and no value is ever joined into
    markup by hand.
    """
    text = _environment().get_template(f"{template}.html.j2").render(**context)
    return "\n".join(line for line in (line.strip() for line in text.splitlines()) if line) + "\n"
