"""Settings of `search` (torch-free)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting


@dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """How long and how settings are searched."""

    minutes: float = setting(
        10.0, "Budget in minutes; a trial still running at its end is stopped.", min=0.01
    )
    trials: int = setting(0, "Maximum number of trials; 0: as many as the budget allows.", min=0)
    method: str = setting(
        "tpe", "Search method: TPE (a model of the trials so far), random, or the whole grid.",
        choices=("tpe", "random", "grid"),
    )  # fmt: skip
    base: str | None = setting(None, "YAML file of fixed settings.")
    seed: int = setting(1, "Seed of the search; each training has its own --seed.", min=0)
