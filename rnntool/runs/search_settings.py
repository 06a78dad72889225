"""Settings of `search` (torch-free)."""

from __future__ import annotations

from dataclasses import dataclass

from rnntool.configuration import setting


@dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """How long and how settings are searched."""

    minutes: float = setting(10.0, "Budget; a trial under way at its end is stopped.", min=0.01)
    trials: int = setting(0, "Trials at most; 0: as many as the budget allows.", min=0)
    method: str = setting(
        "tpe", "How settings are drawn: by a model of what went well, at random, or all in turn.",
        choices=("tpe", "random", "grid"),
    )  # fmt: skip
    base: str | None = setting(None, "YAML file of the settings that stay as they are.")
    seed: int = setting(1, "Seed of the draws; each training has its own --seed.", min=0)
