"""Settings of `search` (without torch, so that `--help` is fast)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting


@dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """Settings of `search`."""

    minutes: float = setting(
        10.0, "Time budget in minutes; a trial that is running at its end is stopped.", min=0.01
    )
    trials: int = setting(0, "Maximum number of trials; 0: as many as the budget allows.", min=0)
    method: str = setting(
        "tpe", "Search method: TPE (learns from earlier trials), random, or a full grid.",
        choices=("tpe", "random", "grid"),
    )  # fmt: skip
    base: str | None = setting(None, "YAML file of the settings that stay fixed.")
    seed: int = setting(
        1, "Random seed of the search; the trainings use the setting `seed`.", min=0
    )
