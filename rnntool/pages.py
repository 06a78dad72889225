"""Self-contained pages of HTML: no network, light and dark, whatever a text holds escaped."""

from __future__ import annotations

from typing import Any


def render(template: str, **values: Any) -> str:
    """A page of `rnntool/templates`.

    Args:
        values: what the template names; strings are escaped, a name that is missing is an error.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("rnntool"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template(template).render(**values)


def safe(markup: str) -> Any:
    """Markup that is escaped already, as a template takes it."""
    from markupsafe import Markup

    return Markup(markup)
