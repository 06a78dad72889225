"""Read YAML from files that may be damaged or hostile: plain values only, limited in size."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any

from rnntool.yaml_plain import NotPlainError, parse_plain

_CHARACTERS = 4_000_000  # maximum length of a file; settings have a few thousand
_DEPTH = 50  # maximum nesting of lists and mappings


class YamlError(ValueError):
    """The text is not YAML, or uses a feature that is not read here; the message says why."""


def parse_yaml(text: str) -> Any:
    """The value of a YAML document.

    An alias (`*name`) is refused: a few lines with aliases can expand to gigabytes.

    Raises:
        YamlError: the text is not YAML, is too long or nested too deep, or contains an alias.
    """
    if len(text) > _CHARACTERS:
        raise YamlError(f"{len(text):,} characters, too many for settings")
    with contextlib.suppress(NotPlainError):
        return parse_plain(text)
    import yaml

    # libyaml's loader, where PyYAML has it, takes a tenth of the time.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _require_plain(yaml.parse(text, loader))
        return yaml.load(text, loader)
    except yaml.YAMLError as error:
        raise YamlError(" ".join(str(error).split())) from None


def _require_plain(events: Iterable[Any]) -> None:
    """Raise a YamlError at an alias, or where values are nested too deep."""
    import yaml

    depth = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            raise YamlError("aliases (*name) are not allowed")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEPTH:
            raise YamlError(f"values nested {depth} deep, too deep for settings")
