"""`make -C examples/nsmc box`: from raw files to the bundled models, without the test set's texts.

The recipe runs whole, in miniature, on data with copies of test reviews planted in both files.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from rnntool.formats.reading import sha256_of
from tests.conftest import Cli

NSMC = Path(__file__).parent.parent / "examples" / "nsmc"
RNNTOOL = f"{sys.executable} -m rnntool"
TINY = {
    "BILM_tuned-large": "--hidden 8 --epochs 1 --samples 16 --batch-size 16 --threads 1",
    "TUNE_tuned-large": "--epochs 1 --threads 1", "SELF_tuned-large": "--epochs 1 --threads 1",
    "FLAGS_box": "--bidirectional --hidden 8 --epochs 1 --threads 1",
    "FLAGS_reviews": "--unit char --lines --hidden 8 --embedding-dim 8 --batch-size 4 --bptt 16"
    " --epochs 1 --threads 1",
    "LARGE_DIM": "8", "BOX_DIM": "8", "LARGE_VOCAB": "--min-count 1",
}  # fmt: skip

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")


def bare(text: str) -> str:
    """What a copy with other spaces still has in common."""
    return "".join(character for character in text if not character.isspace())


def make(folder: Path, *arguments: str) -> str:
    variables = [f"{name}={value}" for name, value in TINY.items()]
    variables += [f"RNNTOOL={RNNTOOL}", f"PYTHON={sys.executable}"]
    variables += ["NSMC_DIR=data", "UNLABELLED=data/unlabelled.txt"]
    command = ["make", "-C", str(folder), *variables, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A copy of the example with planted data, its box made."""
    place = tmp_path_factory.mktemp("box") / "nsmc"
    shutil.copytree(NSMC, place, ignore=shutil.ignore_patterns("work", "data"))
    data = place / "data"
    subprocess.run([*shlex.split(RNNTOOL), "data", "sample", str(data), "-q"], check=True)
    train, test = data / "ratings_train.txt", data / "ratings_test.txt"
    tests = texts_of(test)
    planted = [f"9{n}\t{text}\t1" for n, text in enumerate([tests[0], tests[1].replace(" ", "")])]
    train.write_text(train.read_text("utf-8") + "\n".join(planted) + "\n", "utf-8")
    more = [tests[2], f" {tests[3]} ", tests[4].replace(" ", "  "), texts_of(train)[0]]
    own = [f"처음 보는 영화 {n} 편 정말 좋았다" for n in range(40)]
    (data / "unlabelled.txt").write_text("\n".join(own + more) + "\n", "utf-8")
    make(place, "box", "tuned-large")
    return place


def texts_of(table: Path) -> list[str]:
    rows = table.read_text("utf-8").splitlines()[1:]
    return [row.split("\t")[1] for row in rows]


@pytest.fixture(scope="module")
def work(folder) -> Path:
    (found,) = (folder / "work").iterdir()
    return found


def test_no_text_of_the_test_set_is_among_the_texts(folder, work):
    tests = {bare(text) for text in texts_of(folder / "data" / "ratings_test.txt")} - {""}
    raw = (folder / "data" / "unlabelled.txt").read_text("utf-8").splitlines()
    assert sum(bare(line) in tests for line in raw) == 3  # else the test could not fail
    train = texts_of(work / "clean" / "train.txt")
    assert sum(bare(t) in tests for t in texts_of(folder / "data" / "ratings_train.txt")) >= 2
    assert not tests & {bare(text) for text in train}
    unlabelled = (work / "clean" / "unlabelled.txt").read_text("utf-8").splitlines()
    assert not (tests | {bare(text) for text in train}) & {bare(line) for line in unlabelled}
    assert len(unlabelled) == 40
    for name in ("train", "unlabelled"):
        rows = (work / "clean" / f"{name}.tok").read_text("utf-8").splitlines()
        assert not tests & {
            bare(part.replace("▁", " ")) for row in rows for part in row.split("\t")
        }
    assert len(train) >= 100


def test_every_training_reads_those_texts_alone(folder, work):
    """Each run notes the sha256 of what it has read."""
    clean = {sha256_of(str(file)) for file in (work / "clean").iterdir()}
    runs = {file.parent: yaml.safe_load(file.read_text("utf-8"))
            for file in work.glob("*/config.yaml")}  # fmt: skip
    weights = {sha256_of(str(run / "weights.safetensors")) for run in runs}
    vocabularies = {sha256_of(str(run / "vocab.tsv")) for run in runs}
    assert {run.name for run in runs} == {
        "tuned-large-bilm", "tuned-large-teacher", "tuned-large", "student-box", "reviews-lm"
    }  # fmt: skip
    for run, config in runs.items():
        assert config["inputs"], run
        for name, entry in config["inputs"].items():
            known = clean | weights | (vocabularies if name == "vocab" else set())
            assert entry["sha256"] in known, (run.name, name)


def test_what_makes_those_texts_and_vectors_reads_no_test_set(folder):
    lines = make(folder, "-n", "-B", "box", "tuned-large").replace("\\\n", " ").splitlines()
    learning = ("train", "train-embeddings", "build-vocab")
    seen = set()
    for line in lines:
        words = shlex.split(line)
        name = words[3] if line.startswith(RNNTOOL) else ""
        reads = [word for word in words if word.startswith("data/")]
        if name in learning:
            seen.add(name)
            assert not reads, line
        elif name == "tokenize" and reads:  # the test set's tokens, which `eval` alone reads
            assert reads == ["data/ratings_test.txt"]
            tokens = words[words.index("-o") + 1]
            readers = [other for other in lines if tokens in shlex.split(other)[4:]]
            assert {shlex.split(reader)[3] for reader in readers} == {"tokenize", "eval"}
        elif reads:
            assert name == "eval" or "without_copies.py" in line or "make_card.py" in line, line
    assert seen == set(learning)


def test_the_box_is_two_models_with_cards(cli: Cli, folder, work, monkeypatch):
    monkeypatch.setenv("RNNTOOL_MODELS", str(work / "box"))
    monkeypatch.chdir(folder)
    listed = {m["name"]: m for m in map(json.loads, cli("models", "--json").out.splitlines())}
    for name, task in (("nsmc", "classify"), ("reviews", "lm")):
        assert listed[name]["folder"] == str(work / "box" / name)
        assert listed[name]["task"] == task
        assert cli("models", name).code == 0
    assert cli("predict", "nsmc", input="정말 재밌다\n").out[0] in "01"
    assert cli("generate", "reviews", "--prompt", "영화", "--length", 5).out.startswith("영화")
    card = yaml.safe_load((work / "box" / "nsmc" / "card.yaml").read_text("utf-8"))
    figures = json.loads((work / "box" / "nsmc.json").read_text("utf-8"))
    assert card["score"]["value"] == pytest.approx(figures["accuracy"], abs=1e-5)
    assert [entry["file"] for entry in card["data"]] == [
        "ratings_train.txt", "ratings_test.txt", "unlabelled.txt"
    ]  # fmt: skip
    for entry in card["data"]:
        place = folder / "data" / entry["file"]
        assert (entry["bytes"], entry["sha256"]) == (place.stat().st_size, sha256_of(str(place)))


def test_make_again_makes_nothing(folder):
    assert "train" not in make(folder, "box").split()
