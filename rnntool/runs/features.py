"""`--features RUN`: a biLM whose frozen states are additional inputs of a task (ELMo)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rnntool.configuration import as_dict, build
from rnntool.configuration import read_config as read_settings
from rnntool.errors import UserError
from rnntool.formats.rundir import CONFIG, FEATURES, VOCAB, WEIGHTS, Run, require_task
from rnntool.formats.weights import read_weights
from rnntool.models.features import ContextFeatures
from rnntool.models.settings import BiLMModelSettings
from rnntool.models.tensor_names import mixture_of_layers
from rnntool.reporting import Reporter
from rnntool.runs.open import open_run
from rnntool.training.checkpoint import load_weights


@dataclass(frozen=True)
class Context:
    """The biLM of `--features`, opened."""

    run: Run
    sizes: BiLMModelSettings

    def vocabulary_file(self, vocab: str | None) -> str:
        """The biLM's vocabulary, which the task has to use.

        Raises:
            UserError: `--vocab` is given as well.
        """
        if vocab is not None:
            raise UserError("--features has its own vocabulary; leave out --vocab")
        return str(self.run.path / VOCAB)

    def load(self, features: ContextFeatures) -> None:
        """Load the biLM's weights into a part of the model.

        Raises:
            UserError: the weights are damaged or do not fit.
        """
        tensors = load_weights(self.run.weights)
        own = {n: t for n, t in tensors.items() if n.startswith(("input.", "encoder."))}
        try:
            missing = features.load_state_dict(own, strict=False).missing_keys
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:200]
            raise UserError(f"do not fit: {reason}", where=self.run.weights) from None
        if set(missing) != {"scores", "scale"}:
            raise UserError(f"damaged: {sorted(missing)[0]} is missing", where=self.run.weights)

    def write(self, folder: Path) -> None:
        """Write the biLM's sizes into a run directory, for `read_sizes`."""
        import yaml

        (folder / FEATURES).write_text(yaml.safe_dump(as_dict(self.sizes)), encoding="utf-8")


def open_context(features: str | None) -> Context | None:
    """The biLM of `--features`, or None without it.

    Raises:
        UserError: it is not a run of `train bilm`.
    """
    if features is None:
        return None
    run = require_task(open_run(features), "bilm")
    if run.config.settings.get("input", "embedding") != "embedding":
        raise UserError("reads characters, which --features does not support", where=features,
                        hint="use it with train classify --init")  # fmt: skip
    return Context(run, _sizes(run.config.settings, f"{features}/{CONFIG}"))


def read_sizes(run: Run) -> BiLMModelSettings | None:
    """The sizes of the biLM inside a run, or None if the run has no biLM.

    Raises:
        UserError: the sizes are missing or damaged.
    """
    if not run.config.settings.get("features"):
        return None
    path = str(run.path / FEATURES)
    return _sizes(read_settings(path), path)


def _sizes(settings: dict[str, object], where: str) -> BiLMModelSettings:
    known = BiLMModelSettings.__dataclass_fields__
    return build(BiLMModelSettings, {k: v for k, v in settings.items() if k in known}, where)


def mixture(run: Path) -> dict[str, float]:
    """The learned mixture of the biLM's layers: the share of each, and the scale γ."""
    scores, scale, layers = mixture_of_layers(read_weights(run / WEIGHTS))
    shares = np.exp(scores - scores.max())
    shares /= shares.sum()
    names = [
        *(["token"] if len(shares) > layers else []),
        *(f"layer {n + 1}" for n in range(layers)),
    ]
    return {**dict(zip(names, shares.tolist(), strict=True)), "scale": scale}


def note_mixture(run: Path, report: Reporter) -> None:
    """Report the learned mixture of the biLM's layers."""
    shown = ", ".join(f"{name} {value:.2f}" for name, value in mixture(run).items())
    report.note(f"learned mixture of the biLM's layers: {shown}")
