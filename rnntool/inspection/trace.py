"""`rnntool trace`: a recurrent network step by step.

Shapes: T time, H hidden, C classes or V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from rnntool.cells import CELLS, Array, Cell, Record, softmax, unroll_stack
from rnntool.errors import UserError
from rnntool.inspection.probe import Network, RunProbes
from rnntool.inspection.running import Answer, class_answers, likeliest, next_tokens
from rnntool.inspection.unit_names import UnitName
from rnntool.tasks.lm.text import unit_of

GATES = ("i", "f", "o", "r", "z")  # the gates of all cells: sigmoids, between 0 and 1
_DIRECTIONS = ("forward", "backward")


class TraceStep(NamedTuple):
    """One step of one layer and direction."""

    step: int  # from 1; 0 is the start token of a language model
    token: str
    layer: int  # from 1
    direction: str  # forward or backward
    values: dict[str, Array]  # (H,) each: a (pre-activation), the gates, c, h


@dataclass(frozen=True)
class Trace:
    """All steps of a text, ordered by time, then layer, then direction."""

    name: str  # of the run, or the file of --weights
    task: str  # classify or lm; empty for a network from --weights
    cell: Cell
    steps: list[TraceStep]
    answers: list[Answer]  # after each token
    unknown: tuple[str, ...] = ()  # tokens that the model does not know, read as <unk>

    @property
    def tokens(self) -> list[str]:
        """T tokens, in order."""
        return [answer.token for answer in self.answers]

    def of(self, layer: int, direction: str) -> list[TraceStep]:
        """The T steps of one layer (from 1) and direction."""
        return [s for s in self.steps if (s.layer, s.direction) == (layer, direction)]

    @property
    def places(self) -> list[tuple[int, str]]:
        """Each layer and direction."""
        return list(dict.fromkeys((step.layer, step.direction) for step in self.steps))

    @property
    def widths(self) -> list[int]:
        """Number of units of each layer, both directions together."""
        first = self.steps[: len(self.places)]
        return [sum(len(s.values["h"]) for s in first if s.layer == n)
                for n in range(1, first[-1].layer + 1)]  # fmt: skip

    @property
    def quantities(self) -> list[str]:
        """The quantities with one number per unit; not `a`, which has one per unit and gate."""
        H = len(self.steps[0].values["h"])
        return [name for name, value in self.steps[0].values.items() if len(value) == H]

    def values_of(self, quantity: str, layer: int) -> Array:
        """(T, units of the layer): h, c or a gate after each token, the forward units first.

        Raises:
            UserError: the cell has no such quantity.
        """
        if quantity not in self.quantities:
            raise UserError(f"the cell {self.cell.name} has no {quantity!r}",
                            hint=f"expected one of: {', '.join(self.quantities)}")  # fmt: skip
        found: Array = np.concatenate(
            [np.stack([step.values[quantity] for step in self.of(layer, direction)])
             for n, direction in self.places if n == layer], axis=1,
        )  # fmt: skip
        return found

    def records(self, units: Sequence[UnitName] = ()) -> Iterator[dict[str, Any]]:
        """Plain values of each step, as `--json` prints them.

        The record of the last layer's last direction has the model's answer after the token.

        Args:
            units: the units to keep; none: every unit.
        """
        places = len(self.places)
        for n, step in enumerate(self.steps):
            record: dict[str, Any] = {**step._asdict(), "values": _chosen(step, units)}
            answer, last = self.answers[n // places], (n + 1) % places == 0
            record["output"] = answer.output if last else {}
            if self.task == "lm" and last:
                record |= {"next": answer.next, "surprise": answer.surprise}
            yield record


def _chosen(step: TraceStep, units: Sequence[UnitName]) -> dict[str, Any]:
    """A step's values of every unit, or of the chosen units by their numbers."""
    if not units:
        return {name: value.tolist() for name, value in step.values.items()}
    H = len(step.values["h"])
    start = H if step.direction == "backward" else 0
    own = [u.unit for u in units if u.layer == step.layer and start <= u.unit < start + H]
    return {
        name: {str(n): float(value[n - start]) for n in own}
        for name, value in step.values.items() if len(value) == H
    }  # fmt: skip


def trace_run(prober: RunProbes, tokens: Sequence[str], top: int = 3) -> Trace:
    """A trained model on a text: its states, and its answer after each token.

    A classifier answers as `predict` would if the text ended there. A language model gives the
    likeliest next tokens; it first reads the token from which the first one is predicted.
    """
    run, vocabulary = prober.run, prober.run.vocabulary
    tokens = list(tokens)
    unknown = tuple(dict.fromkeys(token for token in tokens if token not in vocabulary.ids))
    first = 1
    if run.config.task == "classify":
        tokens = tokens[: run.config.settings.get("max_length") or None]  # as predict reads it
        answers = class_answers(run, tokens, top)
    else:
        start = unit_of(run).start
        if start in vocabulary.ids:
            tokens, first = [start, *tokens], 0
        answers = next_tokens(run, tokens, top, first)
    steps = list(trace(prober.network, tokens, prober.inputs(tokens), first))
    name = prober.network.name
    return Trace(name, run.config.task, prober.network.cell, steps, answers, unknown)


def trace(network: Network, tokens: Sequence[str], x: Array, first: int = 1) -> Iterator[TraceStep]:
    """Every step of every layer, in order of time.

    Args:
        x: (1, T, D).
        first: the first step's number.
    """
    records: list[list[list[Record]]] = []
    unroll_stack(network.cell, network.layers, x, records=records, gradient=False)
    for t, token in enumerate(tokens):
        for n, layer in enumerate(records, 1):
            for direction, own in zip(_DIRECTIONS, layer, strict=False):
                values = {name: value[0] for name, value in own[t].items()}
                yield TraceStep(first + t, token, n, direction, values)


def trace_weights(path: str, text: str | None, top: int = 3) -> Trace:
    """A network from a YAML file with `cell, inputs, outputs, W_xh, W_hh, b`, instead of a run.

    Without W_hy, the output is the softmax of the state, and H is the number of outputs.

    Raises:
        UserError: the file cannot be read, a key is missing, shapes do not fit, a token is unknown.
    """
    loaded = _read_yaml(path)
    try:
        cell = CELLS[loaded["cell"]]
        inputs, names = list(map(str, loaded["inputs"])), list(map(str, loaded["outputs"]))
        weights: dict[str, Array] = {
            name: np.array(loaded[name], dtype=np.float64) for name in cell.shapes(1, 1)
        }
        D, H = cell.check(weights)
    except KeyError as error:
        raise UserError(f"{error} is missing, or is an unknown cell", where=path) from None
    except (ValueError, TypeError) as error:
        raise UserError(str(error), where=path) from None
    if len(inputs) != D:
        raise UserError(f"{len(inputs)} inputs, but W_xh has {D} columns", where=path)
    W = np.array(loaded.get("W_hy", np.eye(H)), dtype=np.float64)
    b = np.array(loaded.get("b_y", np.zeros(len(W))), dtype=np.float64)
    if W.shape != (len(names), H) or b.shape != (len(names),):
        raise UserError(f"{len(names)} outputs, but the output layer is {W.shape}", where=path)
    tokens = text.split() if text is not None else inputs
    if not tokens:
        raise UserError("has no token", where="--text", hint="give at least one word")
    for token in tokens:
        if token not in inputs:
            raise UserError(
                f"unknown input {token!r}",
                where=path,
                hint=f"expected one of: {' '.join(inputs)}",
            )
    x = np.eye(D)[[inputs.index(token) for token in tokens]][None]
    steps = list(trace(Network(path, cell, [[weights]]), tokens, x))
    answers = [
        Answer(step.step, step.token, likeliest(softmax(W @ step.values["h"] + b), names, top))
        for step in steps
    ]
    return Trace(path, "", cell, steps, answers)


def _read_yaml(path: str) -> dict[str, Any]:
    from rnntool.configuration import read_config

    return read_config(path)
