"""YAML that somebody else may have written: plain values alone, and no more than fit on a page."""

from __future__ import annotations

from typing import Any

_CHARACTERS = 4_000_000  # of a file at most: settings are a few thousand


class YamlError(ValueError):
    """Not YAML, or not such as is read here; the message says why."""


def parse_yaml(text: str) -> Any:
    """The value of a YAML document.

    An alias (`*name`) is refused: a few lines of them can stand for gigabytes.

    Raises:
        YamlError: it is no YAML, is too long, or holds an alias.
    """
    import yaml

    class Loader(yaml.SafeLoader):
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise YamlError("an alias (*) is not read here")
            return super().compose_node(parent, index)

    if len(text) > _CHARACTERS:
        raise YamlError(f"{len(text):,} characters, too many for settings")
    try:
        return yaml.load(text, Loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise YamlError(" ".join(str(error).split())) from None
