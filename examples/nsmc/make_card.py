"""Write the card of a bundled model into its run directory: its data, score, files and limits.

usage: make_card.py RUN SCORE.json NOTE DATA_FILE...

The last folder of RUN is the model's name in cards.yaml. DATA_FILEs are the raw files of NSMC that
it was trained on, or whose texts were left out. NOTE may be empty.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from rnntool.formats.reading import sha256_of
from rnntool.formats.rundir import CARD, read_config

SOURCE = "https://github.com/e9t/nsmc"
LICENCE = "CC0 1.0"
USE = {
    "ratings_train.txt": "training, without the 3,766 reviews whose text the test set has too",
    "ratings_test.txt": "left out of the training; the score",
    "unlabelled.txt": "training, without texts that the test or training reviews have too",
}


def card_of(run: Path, score: Path, note: str, data: list[Path]) -> dict[str, Any]:
    """The card's entries."""
    told = yaml.safe_load((Path(__file__).parent / "cards.yaml").read_text(encoding="utf-8"))
    own = told[run.name]
    config = read_config(run)
    figures = json.loads(score.read_text(encoding="utf-8"))
    figures |= figures.get("results", {})  # those of its training, where `describe` printed them
    files = sorted(place for place in run.iterdir() if place.name != CARD)
    return {
        "summary": own["summary"],
        "score": {**own["score"], "value": round(figures[own["score"]["figure"]], 5)},
        "limits": own["limits"],
        "data": [
            {"file": place.name, "bytes": place.stat().st_size, "sha256": sha256_of(str(place)),
             "use": USE[place.name], "source": SOURCE, "licence": LICENCE}
            for place in data
        ],
        "command": "make -C examples/nsmc box UNLABELLED=unlabelled.txt",
        **({"note": note} if note else {}),
        "seed": config.settings["seed"],
        "versions": config.versions,
        "files": {
            place.name: {"bytes": place.stat().st_size, "sha256": sha256_of(str(place))}
            for place in files
        },
        "licence": f"{LICENCE}, as the data",
    }  # fmt: skip


def main(run: str, score: str, note: str, *data: str) -> None:
    card = card_of(Path(run), Path(score), note, [Path(place) for place in data])
    text = yaml.safe_dump(card, sort_keys=False, allow_unicode=True, width=100)
    (Path(run) / CARD).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
