"""YAML that somebody else may have written: plain values alone, and no more than fit on a page."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any

from rnntool.yaml_plain import NotPlainError, parse_plain

_CHARACTERS = 4_000_000  # of a file at most: settings are a few thousand
_DEPTH = 50  # of lists and mappings in each other


class YamlError(ValueError):
    """Not YAML, or not such as is read here; the message says why."""


def parse_yaml(text: str) -> Any:
    """The value of a YAML document.

    An alias (`*name`) is refused: a few lines of them can stand for gigabytes.

    Raises:
        YamlError: it is no YAML, is too long or too deep, or holds an alias.
    """
    if len(text) > _CHARACTERS:
        raise YamlError(f"{len(text):,} characters, too many for settings")
    with contextlib.suppress(NotPlainError):
        return parse_plain(text)
    import yaml

    # libyaml's, where PyYAML was built with it, takes a tenth of the time.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _require_plain(yaml.parse(text, loader))
        return yaml.load(text, loader)
    except yaml.YAMLError as error:
        raise YamlError(" ".join(str(error).split())) from None


def _require_plain(events: Iterable[Any]) -> None:
    """Raise a YamlError at an alias, or where values are nested as no settings are."""
    import yaml

    depth = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            raise YamlError("an alias (*) is not read here")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEPTH:
            raise YamlError(f"values nested {depth} deep, too deep for settings")
