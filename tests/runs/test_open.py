"""A run whose vocabulary does not fit its weights is refused, by whatever command opens it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from rnntool import tasks
from rnntool.formats.rundir import read_run
from rnntool.formats.weights import read_shapes
from rnntool.models.tensor_names import products_of_a_token, vocabulary_rows
from rnntool.reporting import QuietReporter
from rnntool.tasks.bilm.settings import BiLMSettings
from rnntool.tasks.caption.settings import CaptionSettings
from rnntool.tasks.classify.settings import ClassifySettings
from rnntool.tasks.lm.settings import LMSettings
from rnntool.tasks.seq2seq.settings import Seq2SeqSettings
from rnntool.tasks.tag.settings import TagSettings
from tests.commands.test_workflow import write_reviews
from tests.conftest import Cli, one_line_error

TINY = {"hidden": 4, "epochs": 1, "batch_size": 4}
SMALL = {**TINY, "embedding_dim": 4}
# name -> task, settings
MODELS = {
    "classify": ("classify", ClassifySettings(**SMALL)),
    "one-hot": ("classify", ClassifySettings(**TINY, input="one-hot", bidirectional=True)),
    "cnn": ("classify", ClassifySettings(**TINY, input="one-hot", encoder="cnn")),
    "cnn-rnn": ("classify", ClassifySettings(**TINY, input="one-hot", encoder="cnn-rnn")),
    "norm": ("classify", ClassifySettings(**TINY, input="one-hot", layer_norm=True)),
    "characters": ("classify", ClassifySettings(**SMALL, input="characters")),
    "lm": ("lm", LMSettings(**SMALL, bptt=4)),
    "lm-one-hot": ("lm", LMSettings(**TINY, bptt=4, input="one-hot")),
    "bilm": ("bilm", BiLMSettings(**SMALL, min_count=1, validation="0")),
    "tag": ("tag", TagSettings(**SMALL)),
    "tag-one-hot": ("tag", TagSettings(**TINY, input="one-hot", characters="recurrent")),
    "tag-cnn": ("tag", TagSettings(**TINY, input="one-hot", characters="cnn")),
    "seq2seq": ("seq2seq", Seq2SeqSettings(**SMALL)),
    "caption": ("caption", CaptionSettings(**SMALL)),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Every kind of run, and what it was trained on."""
    place = tmp_path_factory.mktemp("open")
    write_reviews(place / "classify", 40, 5)
    (place / "lm").write_text("가나 다라 마바\n나다 라마 바사\n" * 20)
    (place / "tag").write_text("가\tN\n나다\tV\n\n다\tN\n라\tV\n\n" * 8)
    (place / "seq2seq").write_text("source\ttarget\n" + "가나\t나가\n다라\t라다\n" * 8)
    np.save(place / "vectors.npy", np.random.default_rng(1).normal(size=(40, 3)))
    inputs = {"bilm": ["lm"], "caption": ["lm", "vectors.npy"]}
    for name, (task, settings) in MODELS.items():
        files = [str(place / file) for file in inputs.get(task, [task])]
        tasks.train(task, files, str(place / f"run-{name}"), settings, QuietReporter())
    return place


@pytest.mark.parametrize("name", MODELS)
def test_the_weights_tell_how_large_each_vocabulary_is(folder, name):
    run = read_run(str(folder / f"run-{name}"))
    rows = vocabulary_rows(read_shapes(run.weights))
    assert rows["tokens"] == len(run.vocabulary)
    files = {"targets": "target.tsv", "characters": "characters.tsv", "spelling": "spelling.tsv"}
    for of, file in files.items():
        if of in rows:
            lines = (run.path / file).read_text().splitlines()
            assert rows[of] == len(lines) - 1  # the first names the tokenizer


def damaged(folder: Path, name: str, tmp_path: Path, file: str, change: int) -> Path:
    """A copy of a run, a vocabulary of which lacks its last token, or has one more."""
    run = Path(shutil.copytree(folder / f"run-{name}", tmp_path / f"{name}-{change}"))
    path = run / file
    text = path.read_text()
    lines = text.splitlines(keepends=True)
    path.write_text("".join(lines[:-1]) if change < 0 else text + "새것\t1\n")
    return run


COMMANDS = [
    ("classify", ("predict", "RUN", "classify")),
    ("classify", ("eval", "RUN", "classify")),
    ("classify", ("export", "RUN", "-o", "OUT")),
    ("classify", ("describe", "RUN")),
    ("classify", ("trace", "RUN", "--text", "재밌다")),
    ("classify", ("inspect-grad", "RUN", "--text", "재밌다 정말")),
    ("classify", ("predict", "run-classify", "--ensemble", "RUN", "classify")),
    ("classify", ("train", "classify", "classify", "--distil", "RUN", "-o", "OUT")),
    ("classify", ("train", "classify", "classify", "--init-from", "RUN", "-o", "OUT")),
    ("classify", ("plot", "RUN", "-o", "OUT.png")),
    ("one-hot", ("predict", "RUN", "classify")),
    ("cnn", ("eval", "RUN", "classify")),
    ("characters", ("predict", "RUN", "classify")),
    ("lm", ("generate", "RUN", "--length", "3")),
    ("lm", ("score", "RUN", "lm")),
    ("lm", ("eval", "RUN", "lm")),
    ("lm-one-hot", ("generate", "RUN", "--length", "3")),
    ("bilm", ("embed", "RUN", "lm")),
    ("bilm", ("eval", "RUN", "lm")),
    ("bilm", ("train", "classify", "classify", "--init", "RUN", "-o", "OUT")),
    ("bilm", ("train", "classify", "classify", "--features", "RUN", "-o", "OUT")),
    ("tag", ("predict", "RUN", "tag")),
    ("tag", ("eval", "RUN", "tag")),
    ("seq2seq", ("predict", "RUN", "lm")),
    ("seq2seq", ("eval", "RUN", "seq2seq")),
    ("caption", ("generate", "RUN", "--length", "3")),
]


@pytest.mark.parametrize("change", [-1, 1], ids=["too few", "too many"])
@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=lambda value: str(value)[:40])
def test_every_way_of_opening_a_run_compares_vocabulary_and_weights(
    cli: Cli, folder, tmp_path, monkeypatch, name, command, change
):
    run = damaged(folder, name, tmp_path, "vocab.tsv", change)
    monkeypatch.chdir(folder)
    places = {"RUN": run, "OUT": tmp_path / "out", "OUT.png": tmp_path / "out.png"}
    error = one_line_error(cli(*(places.get(part, part) for part in command), "-q"))
    assert f"{run}/vocab.tsv: has" in error
    assert "the weights were trained with" in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "file"),
    [("tag", "characters.tsv"), ("seq2seq", "target.tsv"), ("characters", "spelling.tsv")],
)
def test_the_other_vocabularies_are_compared_too(cli: Cli, folder, tmp_path, name, file):
    run = damaged(folder, name, tmp_path, file, -1)
    assert f"{run}/{file}: has" in one_line_error(cli("predict", run, folder / "lm", "-q"))


def test_a_token_is_multiplied_with_all_weights_but_those_of_its_own_vector():
    def layer(n: int, D: int) -> dict[str, list[int]]:
        return {
            f"encoder.layers.{n}.{way}.{name}_l0": shape
            for way in (0, 1)
            for name, shape in (("weight_ih", [12, D]), ("weight_hh", [12, 3]))
        }

    shapes = {"input.embedding.weight": [99, 5], "output.weight": [2, 6]}
    assert products_of_a_token(shapes) == 0
    assert products_of_a_token(shapes | layer(0, 5)) == 2 * 12 * 3
    assert products_of_a_token(shapes | layer(0, 5) | layer(1, 6)) == 2 * 12 * (3 + 6 + 3)
