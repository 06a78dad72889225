"""The worked example: the published table, the sentence it should have been fed, and its README."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from rnntool.cells import CELLS, softmax, unroll
from tests.cells.helpers import same

FOLDER = Path(__file__).parents[2] / "examples" / "by-hand"

W = [
    [0.5344613383, 0.2340135574, 0.6833450257, 0.134806233],
    [0.005400196945, 0.3850176626, 0.9667685167, 0.7758002355],
    [0.3359488417, 0.7829360944, 0.1415861303, 0.423786741],
]
U = [
    [0.1524336548, 0.8001560108, 0.159796803],
    [0.8479080448, 0.6059535281, 0.2086256969],
    [0.2940066967, 0.710345277, 0.6300805231],
]
B = [0.6397506561, 0.948082303, 0.644066256]
WEIGHTS = {"W_xh": np.array(W), "W_hh": np.array(U), "b": np.array(B)}


@pytest.mark.parametrize(
    ("fed", "published", "within"),
    [
        (
            [0, 0, 0],
            [
                [0.3509740057, 0.3226118845, 0.3264141098],
                [0.3305215335, 0.3350053806, 0.3344730858],
                [0.3311340611, 0.3344102744, 0.3344556645],
            ],
            5e-11,  # half a unit of the last digit
        ),
        (
            [0, 1, 2],
            [
                [0.3509740, 0.3226119, 0.3264141],
                [0.3216330, 0.3390794, 0.3392876],
                [0.3318684, 0.3365614, 0.3315702],
            ],
            1e-7,  # a unit of the last digit: step two begins 0.32163305, given as 0.3216330
        ),
    ],
    ids=["I, I, I", "I, love, you"],
)
def test_the_softmax_of_each_step(
    fed: list[int], published: list[list[float]], within: float
) -> None:
    run = unroll(CELLS["rnn"], WEIGHTS, np.eye(4)[[fed]])
    np.testing.assert_allclose(softmax(run.outputs[0]), published, rtol=0, atol=within)


def test_the_file_of_weights_holds_the_published_numbers() -> None:
    file = yaml.safe_load((FOLDER / "weights.yaml").read_text(encoding="utf-8"))
    assert file["inputs"] == ["I", "love", "you", "her"]
    assert file["outputs"] == ["난", "널", "사랑해"]
    for name, values in WEIGHTS.items():
        same(np.array(file[name]), values, rtol=0)


def test_the_readme_shows_what_the_program_prints() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    block = text.split("```console\n")[1].split("```")[0]
    command, shown = block.split("\n", 1)
    assert command == "$ python examples/by-hand/worked_example.py"
    printed = subprocess.run(
        [sys.executable, "-X", "utf8", *command.split()[2:]],
        cwd=FOLDER.parents[1],
        capture_output=True,
        check=True,
        encoding="utf-8",
    ).stdout
    assert shown == printed
    assert "ABOVE" not in printed
