"""The settings of a command are a frozen dataclass: each field is a flag and a YAML key.

Precedence: the field's default < `--config FILE.yaml` < the flag.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

from rnntool.errors import UserError, one_of
from rnntool.yaml_text import YamlError, parse_yaml

S = TypeVar("S")


def setting(
    default: Any,
    help: str,
    *,
    flag: str | None = None,
    choices: tuple[str, ...] | None = None,
    min: float | None = None,
    max: float | None = None,
    panel: str | None = None,
    tasks: tuple[str, ...] | None = None,
) -> Any:
    """Declare a field: its default, its help, and the values it allows.

    Args:
        default: value where neither a file nor a flag gives one.
        help: one line, with the unit where there is one.
        flag: the flag's spelling where it is not `--name-of-the-field`; a short form may precede
            it: `"-t --tokenizer"`.
        choices: the allowed words.
        min, max: the smallest and the largest allowed value.
        panel: heading under which `--help` lists the flag.
        tasks: the tasks whose runs use the flag; None: every task.
    """
    metadata = {
        "help": help,
        "flag": flag,
        "choices": choices,
        "min": min,
        "max": max,
        "panel": panel,
        "tasks": tasks,
    }
    return dataclasses.field(default=default, metadata=metadata)


def resolve(cls: type[S], config: str | None, given: Mapping[str, Any]) -> S:
    """Settings from defaults, then the YAML file `config`, then the flags `given` (not None).

    Raises:
        UserError: the file cannot be read, holds an unknown key or a value of the wrong kind.
    """
    values: dict[str, Any] = {}
    if config is not None:
        values.update(read_config(config))
    known = {field.name for field in dataclasses.fields(cast(Any, cls))}
    for key in values:
        if key not in known:
            raise UserError(f"unknown setting {key!r}", where=config, hint=one_of(key, known))
    values.update({key: value for key, value in given.items() if value is not None})
    return build(cls, values, where=config)


def build(cls: type[S], values: Mapping[str, Any], where: object | None = None) -> S:
    """The dataclass from plain values, each checked against its field's type and range.

    Raises:
        UserError: a value is of the wrong kind, out of range, or not one of the choices.
    """
    hints = typing.get_type_hints(cls)
    checked = {}
    for field in dataclasses.fields(cast(Any, cls)):
        if field.name in values:
            checked[field.name] = _check(field, hints[field.name], values[field.name], where)
    return cls(**checked)


def refuse_foreign(settings: Any, task: str, where: str) -> None:
    """Raise a UserError if a setting was changed that runs of the task do not use.

    Args:
        task: what the run at `where` was trained for.
    """
    for field in dataclasses.fields(settings):
        tasks = field.metadata["tasks"]
        if tasks and task not in tasks and getattr(settings, field.name) != field.default:
            flag = flag_of(field.name, field.metadata)
            raise UserError(f"is a run of {task!r}, but {flag} is for {' and '.join(tasks)}",
                            where=where, hint=f"leave out {flag}")  # fmt: skip


def read_config(path: str) -> dict[str, Any]:
    """The settings in a YAML file, keys written with `_` or `-`, or in a run's `config.yaml`.

    Raises:
        UserError: it cannot be read, is not YAML, or is not a mapping.
    """
    try:
        loaded = parse_yaml(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(error.strerror or str(error), where=path) from error
    except (YamlError, UnicodeDecodeError) as error:
        raise UserError(f"not a YAML file: {error}", where=path) from error
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise UserError("not a mapping of settings", where=path, hint="write `name: value` lines")
    if isinstance(loaded.get("settings"), dict):  # a run directory's config.yaml
        loaded = loaded["settings"]
    return {str(key).replace("-", "_"): value for key, value in loaded.items()}


def as_dict(settings: Any) -> dict[str, Any]:
    """Plain values, as YAML and JSON write them."""
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in dataclasses.asdict(settings).items()
    }


def to_yaml(settings: Any) -> str:
    """The text that `--print-config` prints and `--config` reads."""
    import yaml

    return yaml.safe_dump(as_dict(settings), sort_keys=False, allow_unicode=True)


def flag_of(name: str, metadata: Mapping[str, Any]) -> str:
    """The long flag that sets a field."""
    spelled = metadata.get("flag")
    return spelled.split()[-1] if spelled else "--" + name.replace("_", "-")


def optional_type(hint: Any) -> tuple[Any, bool]:
    """`(T, True)` for `T | None`, `(T, False)` for any other type."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        members = [member for member in typing.get_args(hint) if member is not type(None)]
        if len(members) == 1:
            return members[0], True
    return hint, False


def _check(field: dataclasses.Field[Any], hint: Any, value: Any, where: object | None) -> Any:
    """The value as the field's type holds it, or a UserError that names flag and value."""
    kind, optional = optional_type(hint)
    name = flag_of(field.name, field.metadata)
    if value is None:
        if optional:
            return None
        raise UserError(f"{name} needs a value", where=where)
    if kind is float and type(value) in (int, str):
        value = _number(value)  # YAML 1.1 reads `1e-3` as a string
    if typing.get_origin(kind) is tuple:
        if not isinstance(value, (list, tuple)):
            raise UserError(f"{name} is {value!r}, not a list", where=where)
        return tuple(value)
    if type(value) is not kind:
        wanted = {int: "a whole number", float: "a number", bool: "true or false"}
        raise UserError(f"{name} is {value!r}, not {wanted.get(kind, 'text')}", where=where)
    _check_range(name, field.metadata, value, where)
    return value


def _number(value: int | str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return cast(str, value)


def _check_range(name: str, metadata: Mapping[str, Any], value: Any, where: object | None) -> None:
    choices, low, high = metadata["choices"], metadata["min"], metadata["max"]
    if choices is not None and value not in choices:
        raise UserError(f"{name} is {value!r}", where=where, hint=one_of(str(value), choices))
    if (low is not None and not value >= low) or (high is not None and not value <= high):
        bounds = f"from {low} to {high}" if high is not None else f"at least {low}"
        raise UserError(f"{name} is {value}; it must be {bounds}", where=where)
