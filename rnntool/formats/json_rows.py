"""Rows of JSON lines: one object per line, with text and label in two of its fields.

A label may be a text, a number, true or false, or a list of these if a text has several labels.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rnntool.errors import UserError
from rnntool.formats.rows import Layout, Row, place_of

_MAY_BE_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # of a surrogate pair


def json_records(
    lines: Iterable[tuple[int, str]], name: str
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each line's object, with the line's number.

    Raises:
        UserError: a line is not a JSON object.
    """
    for number, line in lines:
        yield number, parse_object(line, f"{name}:{number}")


def parse_object(line: str, where: str) -> dict[str, Any]:
    """The object in a line.

    Raises:
        UserError: it is none.
    """
    try:
        record = json.loads(line)
        if _MAY_BE_HALF.search(line):
            json.dumps(record, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise UserError("contains half of a surrogate pair, which is not a character",
                        where=where) from None  # fmt: skip
    except (ValueError, RecursionError) as error:
        reason = "the line is empty" if not line.strip() else " ".join(str(error).split())
        raise UserError(f"not JSON: {reason}", where=where,
                        hint="each line must be a JSON object") from None  # fmt: skip
    if not isinstance(record, dict):
        hint = "each line must be a JSON object"
        if isinstance(record, list):
            hint += "; jq -c '.[]' makes them of an array"
        raise UserError(f"is {_kind(record)}, not a JSON object", where=where, hint=hint)
    return record


def json_rows(
    name: str, layout: Layout, records: Iterable[tuple[int, dict[str, Any]]]
) -> Iterator[Row]:
    """Rows of objects; a missing label is read as an empty one.

    Raises:
        UserError: an object has no text, or its text or label has the wrong type.
    """
    text_field = layout.columns[layout.text]
    for number, record in records:
        if text_field not in record:
            raise UserError(f"has no field {text_field!r}", where=place_of(name, layout, number),
                            hint=f"expected one of: {', '.join(record) or 'none'}")  # fmt: skip
        values = [record.get(column) for column in layout.columns]
        yield typed_row(name, layout, number, values, record)


def typed_row(
    name: str, layout: Layout, number: int, values: Sequence[Any], record: dict[str, Any]
) -> Row:
    """A row of typed values.

    Args:
        values: in the order of the layout's columns.
        record: the same values by their names.

    Raises:
        UserError: its text or label has the wrong type.
    """
    where = place_of(name, layout, number)
    text = _text_of(values[layout.text], layout.columns[layout.text], where)
    label, several = None, None
    if layout.label is not None:
        label, several = _label_of(values[layout.label], layout.columns[layout.label], where)
    return Row(number, text, label, [_shown(value) for value in values], several, record)


def _text_of(value: Any, name: str, where: str) -> str:
    """A value as text; null becomes an empty text.

    Raises:
        UserError: it is none.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise UserError(f"{name} is {_kind(value)}, not a text", where=where)
    if "\0" in value:
        raise UserError(f"{name} contains a NUL character, so it is not text", where=where)
    return value


def _label_of(value: Any, name: str, where: str) -> tuple[str, tuple[str, ...] | None]:
    """A label; for a list, its labels joined for display, and the labels themselves.

    Raises:
        UserError: it is neither.
    """
    if isinstance(value, list):
        several = tuple(_label(one, name, where) for one in value)
        return ", ".join(several), several
    return _label(value, name, where), None


def _label(value: Any, name: str, where: str) -> str:
    if isinstance(value, (list, dict)):
        raise UserError(f"{name} is {_kind(value)}, not a label", where=where)
    return _shown(value)


def _shown(value: Any) -> str:
    """A value as a text column: text unchanged, null empty, everything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    if value is None:
        return "null"
    return kinds.get(type(value), "a number")
