"""How the gradient flows back in a run, as the mean over the first texts of a file."""

from __future__ import annotations

from rnntool.errors import UserError
from rnntool.formats.rundir import Run
from rnntool.inspection.gradient_flow import Flow, gradient_flow, mean_flow
from rnntool.inspection.probe import RunProbes
from rnntool.inspection.texts import read_texts
from rnntool.reporting import Reporter

TEXTS = 20
_TOKENS = 60  # tokens read of a text: each step stores a gradient as large as the weights


def flow_of_texts(run: Run, data: str, report: Reporter) -> Flow | None:
    """The mean flow over up to `TEXTS` texts; None if the run cannot be inspected."""
    if run.config.task not in ("classify", "lm"):
        return None
    least = 2 if run.config.task == "lm" else 1
    try:
        prober = RunProbes(run)
        texts = [tokens[:_TOKENS] for tokens, _ in read_texts(run, data, None, TEXTS, 0)]
        flows = [
            gradient_flow(prober.probe(tokens), jacobians=False)
            for tokens in texts if len(tokens) >= least
        ]  # fmt: skip
    except UserError as error:
        report.detail(str(error))
        return None
    return mean_flow(flows) if flows else None
