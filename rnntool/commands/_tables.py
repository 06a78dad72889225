"""Reports as tables on standard output."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rnntool.tables import draw_table


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under their columns; numbers to the right."""
    draw_table(sys.stdout, columns, rows)
