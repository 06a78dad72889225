"""`rnntool inspect-grad`: the gradient flow of a run, or of untrained models to compare."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np

from rnntool.cells import CELLS
from rnntool.errors import UserError, one_of
from rnntool.formats.rundir import Run
from rnntool.inspection.gradient_flow import Flow, gradient_flow, mean_flow
from rnntool.inspection.probe import Probe, RunProbes, fresh_network, fresh_probe
from rnntool.inspection.settings import InspectSettings
from rnntool.inspection.texts import Text, read_texts
from rnntool.registry import NUMPY_CELLS
from rnntool.reporting import Reporter
from rnntool.runs.open import open_run


def inspect(paths: list[str], settings: InspectSettings, report: Reporter) -> list[Flow]:
    """The gradient flow of each model, over the same texts.

    Args:
        paths: a run directory and a text file; with `--cell` or `--compare` only a text file.

    Raises:
        UserError: run, cell or text cannot be used.
    """
    run, source = split_paths(paths, settings)
    if run is not None:
        run.note(report)
    if settings.over_training and (run is None or settings.at_init):
        raise UserError("--over-training needs a run, without --at-init")
    texts = read_texts(run, source, settings.text, settings.limit, settings.length)
    each: dict[str, list[Flow]] = {}
    total = settings.limit if settings.limit > 1 else None
    with report.progress("computing gradients", total, "texts") as bar:
        for text in texts:
            for probe in probes(run, text, settings):
                # Jacobians cost H³ per step, so they are computed only for a single text.
                wanted = settings.limit == 1 and not settings.over_training
                flow = gradient_flow(probe, jacobians=wanted)
                each.setdefault(probe.network.name, []).append(flow)
            bar.advance()
    return [mean_flow(flows) if len(flows) > 1 else flows[0] for flows in each.values()]


def split_paths(paths: list[str], settings: InspectSettings) -> tuple[Run | None, str | None]:
    """The run, if one is inspected, and the path of the text."""
    wanted = 0 if settings.cell or settings.compare else 1
    if len(paths) < wanted:
        raise UserError("nothing to inspect", hint="give a run directory, or --cell lstm")
    if len(paths) > wanted + 1:
        raise UserError(f"{len(paths) - wanted} text files, but only one is read", where=paths[-1])
    source = paths[wanted] if len(paths) > wanted else None
    return (open_run(paths[0]) if wanted else None), source


def probes(run: Run | None, text: Text, settings: InspectSettings) -> Iterable[Probe]:
    """The models of the settings, each with the text."""
    tokens, label = text
    if run is not None and settings.over_training:
        return [_run_probe(run, tokens, label, settings, epoch) for epoch in run.epochs()]
    if run is not None and not settings.at_init:
        return [_run_probe(run, tokens, label, settings)]
    return [_fresh(name, run, tokens, settings) for name in cells(run, settings)]


def cells(run: Run | None, settings: InspectSettings) -> list[str]:
    """Names of the cells of untrained models.

    Raises:
        UserError: a cell is unknown.
    """
    if settings.compare is None:
        return [settings.cell or (run.config.settings["cell"] if run else "lstm")]
    names = [name.strip() for name in settings.compare.split(",")]
    for name in names:
        if name not in NUMPY_CELLS:
            raise UserError(f"--compare: unknown cell {name!r}", hint=one_of(name, NUMPY_CELLS))
    return names


@lru_cache
def _opened(path: Path, weights: Path | None) -> RunProbes:
    """Cached, so that the weights are read once and not for each text."""
    return RunProbes(open_run(str(path)), weights)


def _run_probe(
    run: Run,
    tokens: list[str],
    label: str | None,
    settings: InspectSettings,
    weights: Path | None = None,
) -> Probe:
    if run.config.task == "lm" and len(tokens) < 2:
        raise UserError("a language model needs two tokens: one to read, one to predict")
    prober = _opened(run.path, weights)
    wanted = settings.label if settings.label is not None else label
    if wanted is None or run.config.task == "lm":
        return prober.probe(tokens)
    if wanted not in run.labels:
        raise UserError(f"label {wanted!r} was not seen in training",
                        where=run.path, hint=one_of(wanted, tuple(run.labels)))  # fmt: skip
    return prober.probe(tokens, run.labels.index(wanted))


def _fresh(name: str, run: Run | None, tokens: list[str], settings: InspectSettings) -> Probe:
    own = run.config.settings if run is not None else {}
    dim = own.get("embedding_dim", settings.embedding_dim)
    both = own.get("bidirectional", settings.bidirectional)
    network = fresh_network(
        name,
        dim,
        own.get("hidden", settings.hidden),
        own.get("layers", settings.layers),
        2 if both else 1,
        np.random.default_rng(settings.seed),
        init=settings.init,
        forget_bias=settings.forget_bias,
        spectral_radius=settings.spectral_radius,
    )
    return fresh_probe(network, tokens, dim, settings.seed)


def graph_numbers(cell: str, seed: int) -> dict[str, float]:
    """Random numbers in ±1 with two digits for `--graph`, for a cell with one input and one unit.

    Raises:
        UserError: there is no graph for the cell.
    """
    if cell not in ("rnn", "lstm", "gru"):
        raise UserError(f"--graph draws rnn, lstm and gru, not {cell!r}")
    names = ["x", *CELLS[cell].states]
    if cell == "rnn":
        names += ["W_xh", "W_hh", "b"]
    else:
        names += [f"{w}{k}" for w in ("W_x", "W_h", "b_") for k in CELLS[cell].blocks]
    names += ["b_hg"] if cell == "gru" else []
    drawn = np.random.default_rng(seed).uniform(-1, 1, len(names)).round(2)
    return dict(zip(names, drawn.tolist(), strict=True))
