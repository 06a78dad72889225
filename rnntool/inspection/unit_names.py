"""Names of hidden units: `LAYER:UNIT`, the layer from 1 and the unit from 0.

With two directions, a layer has 2H units: 0 to H-1 read forward, H to 2H-1 backward, in the order
in which the next layer reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rnntool.errors import UserError


class UnitName(NamedTuple):
    """The name of a unit."""

    layer: int  # from 1
    unit: int  # from 0

    def __str__(self) -> str:
        return f"{self.layer}:{self.unit}"


def parse_unit(text: str, widths: Sequence[int]) -> UnitName:
    """The unit that a user named.

    Args:
        text: `L:N`.
        widths: number of units of each layer, both directions together.

    Raises:
        UserError: the text has another format, or the model has no such unit.
    """
    layer, colon, unit = text.partition(":")
    if not (colon and layer.isdecimal() and unit.isdecimal()):
        raise UserError(f"--unit {text!r} is not a unit", hint="write LAYER:UNIT, such as 1:0")
    name = UnitName(int(layer), int(unit))
    if not 1 <= name.layer <= len(widths):
        known = "layer 1" if len(widths) == 1 else f"layers 1 to {len(widths)}"
        raise UserError(f"--unit {text}: there is no layer {name.layer}",
                        hint=f"the model has {known}")  # fmt: skip
    width = widths[name.layer - 1]
    if name.unit >= width:
        hint = f"its units are {name.layer}:0 to {name.layer}:{width - 1}"
        raise UserError(f"--unit {text}: layer {name.layer} has no unit {name.unit}", hint=hint)
    return name
