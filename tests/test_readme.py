"""What the READMEs tell a reader to type must work: flags, files, and the order of the stages."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from torch.distributed.run import get_args_parser

from rnntool.registry import COMMANDS, TASKS
from tests.commands.test_workflow import write_reviews
from tests.conftest import Cli
from tests.sandbox import make_sandbox, run_line

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PIPELINES = (ROOT / "examples" / "pipelines" / "README.md").read_text(encoding="utf-8")
PAGES = [*ROOT.glob("examples/*/*.md"), ROOT / "examples" / "README.md"]
KOREAN = (ROOT / "README.ko.md").read_text(encoding="utf-8")
# Enough to learn nothing and to prove that the stages fit each other.
QUICK = {
    "train classify": ["--epochs", "1", "--hidden", "8", "--threads", "1"],
    "train-embeddings cbow": ["--epochs", "1", "--dim", "8"],
    "train-embeddings skipgram": ["--epochs", "1", "--dim", "8"],
}


def stages(text: str) -> list[list[str]]:
    """The workflow of a README, a list of words for each command, data replaced by the sample."""
    block = next(b for b in re.findall(r"```\w+\n(.*?)```", text, re.DOTALL) if "tokenize -t" in b)
    lines = [re.sub(r"^\$ ", "", line).partition("  #")[0] for line in block.splitlines()]
    commands = [shlex.split(line) for line in lines if line.startswith(("rnntool", "echo"))]
    return [command for command in commands if command[:3] != ["rnntool", "data", "nsmc"]]


@pytest.mark.parametrize("text", [README, KOREAN], ids=["README.md", "README.ko.md"])
def test_the_workflow_runs_as_it_is_written(text, cli: Cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli("data", "sample", "nsmc", "-q").code == 0
    ran = set()
    for words in stages(text):
        prompt = None
        if words[0] == "echo":
            prompt, words = words[1] + "\n", words[3:]
        assert words[0] == "rnntool"
        name = words[1] if words[1] in ("tokenize", "build-vocab") else " ".join(words[1:3])
        result = cli(*words[1:], *QUICK.get(name, []), "-q", input=prompt)
        assert result.code == 0, (words, result.err)
        ran.add(words[1])
    assert {"tokenize", "build-vocab", "train-embeddings", "train", "eval", "predict"} <= ran


def console_lines() -> list[str]:
    """What stands after a `$` in every block but the workflow's, lines that go on joined."""
    blocks = re.findall(r"```console\n(.*?)```", README + PIPELINES, re.DOTALL)
    lines = "\n".join(b for b in blocks if "tokenize -t" not in b).replace("\\\n", " ")
    return [line.removeprefix("$ ") for line in lines.splitlines() if line.startswith("$ ")]


def test_every_other_command_runs_as_it_is_written(cli: Cli, tmp_path, monkeypatch):
    monkeypatch.chdir(make_sandbox(tmp_path))
    before = [
        "rnntool tokenize -t mecab ratings_train.txt -o train.tok",
        "rnntool tokenize -t mecab ratings_test.txt -o test.tok",
        *(
            f"rnntool train classify train.tok --cell {c} -o runs/{c}"
            for c in ("rnn", "lstm", "gru")
        ),
    ]
    lines = console_lines()
    here = [line for line in lines if not line.startswith("torchrun")]  # tests/training/test_group
    for line in [*before, *here]:
        result = run_line(line, cli)
        assert "-o " in line or " --plot " in line or result.out.strip(), line
    assert len(here) > 20


def test_every_command_stands_in_the_table():
    table = README.partition("## Commands")[2].partition("##")[0]
    assert all(f"| `{name}" in table for name in COMMANDS)


def test_every_flag_that_is_mentioned_exists(cli: Cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")  # a narrow help breaks long flags
    known = set()
    plain = [name for name in COMMANDS if name not in ("data", "train", "train-embeddings")]
    trains = [f"train {task}" for task in TASKS]
    for command in ("data nsmc", "train-embeddings cbow", *trains, *plain):
        known |= set(re.findall(r"--[a-z][a-z-]+", cli(*command.split(), "--help").out))
    known |= {"--install-completion"}
    torchrun = get_args_parser()._actions
    known |= {flag for action in torchrun for flag in action.option_strings}
    pages = [page.read_text("utf-8") for page in PAGES if page.parent.name != "benchmarks"]
    lines = "\n".join([README, KOREAN, *pages]).splitlines()
    lines = [
        line for line in lines if not re.search(r"\.py|make |--distances", line)
    ]  # flags of their own
    mentioned = set(re.findall(r"--[a-z][a-z-]+", "\n".join(lines)))
    assert mentioned <= known, mentioned - known


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_the_demo_falls_back_to_the_sample_and_ends_with_a_model(tmp_path):
    folder = tmp_path / "nsmc"
    shutil.copytree(
        ROOT / "examples" / "nsmc", folder, ignore=shutil.ignore_patterns("work", "data")
    )
    offline = f"{sys.executable} -m rnntool"
    done = subprocess.run(
        ["make", "demo", f"RNNTOOL={offline}", "HIDDEN=8", "DIM=8", "EPOCHS=1",
         "NSMC_MIRROR=http://127.0.0.1:9"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "BUNDLED SAMPLE" in done.stderr
    assert "accuracy" in done.stdout
    assert len(re.findall(r"^[01]\t0\.\d+\t", done.stdout, re.MULTILINE)) == 5
    assert (folder / "work" / "sample-mecab" / "demo-gru" / "weights.safetensors").is_file()
    again = subprocess.run(
        ["make", "demo", f"RNNTOOL={offline}", "HIDDEN=8", "DIM=8", "EPOCHS=1",
         "NSMC_MIRROR=http://127.0.0.1:9"],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "train classify" not in again.stdout  # all files stand: nothing is made twice


def makefile() -> str:
    """The rules that the page on pipelines shows."""
    return next(iter(re.findall(r"```make\n(.*?)```", PIPELINES, re.DOTALL)))


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_the_makefile_builds_rebuilds_and_survives_an_interruption(tmp_path):
    rules = (
        makefile()
        .replace("-t okt --norm", "-t char")
        .replace(
            "--vocab vocab.tsv",
            "--vocab vocab.tsv --hidden 8 --threads 1 --checkpoint-steps 1 $(MORE)",
        )
    )
    rules = rules.replace("rnntool", f"{sys.executable} -m rnntool")
    (tmp_path / "Makefile").write_text(rules, encoding="utf-8")
    for name in ("train", "test"):
        write_reviews(tmp_path / f"{name}.txt", 60, 5)

    def make(*words: str) -> subprocess.CompletedProcess[str]:
        command = ["make", "lstm.json", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    run, report = tmp_path / "runs" / "lstm", tmp_path / "lstm.json"
    built = make()
    assert built.returncode == 0, built.stderr
    assert json.loads(report.read_text())["documents"] == 60
    assert "up to date" in make().stdout
    weights = (run / "weights.safetensors").read_bytes()
    (tmp_path / "train.txt").touch()  # the same data with a new date: all is done, nothing trained
    touched = make()
    assert touched.returncode == 0, touched.stderr
    assert "already trained" in touched.stderr
    assert (run / "weights.safetensors").read_bytes() == weights
    assert "up to date" in make().stdout
    write_reviews(tmp_path / "train.txt", 80, 6)  # other data: trained anew
    process = subprocess.Popen(["make", "lstm.json", "MORE=--epochs 400"], cwd=tmp_path,
                               start_new_session=True, stderr=subprocess.DEVNULL)  # fmt: skip
    checkpoint = tmp_path / "runs" / "lstm.partial" / "checkpoint"
    while not checkpoint.is_dir():
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait() != 0
    assert (run / "weights.safetensors").read_bytes() == weights  # the old run stands until then
    again = make("MORE=--epochs 3")
    assert again.returncode == 0, again.stderr
    assert (run / "weights.safetensors").read_bytes() != weights
    broken = make("-B", "MORE=--epochs 0")
    assert broken.returncode != 0
    assert json.loads(report.read_text())["documents"] == 60  # a failure leaves the report whole


def test_links_between_the_pages_lead_somewhere():
    for page in [ROOT / "README.md", ROOT / "README.ko.md", *PAGES]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert target.startswith("http") or (page.parent / target).exists(), (page, target)


def test_the_first_page_is_short():
    assert len(README.splitlines()) <= 160


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_shards_are_tokenized_by_make_side_by_side(cli: Cli, tmp_path):
    rules = makefile()
    rule = rules.partition("vocab.tsv:")[0]
    rule = rule.replace("rnntool tokenize -t okt --norm",
                        f"{sys.executable} -m rnntool tokenize -t char --workers 1")  # fmt: skip
    (tmp_path / "Makefile").write_text(rule, encoding="utf-8")
    (tmp_path / "shards").mkdir()
    names = [f"shards/{n}" for n in range(3)]
    for name in names:
        (tmp_path / f"{name}.txt").write_text(f"가나 {name}\n다라\n", encoding="utf-8")
    done = subprocess.run(["make", "-j2", *(f"{name}.tok" for name in names)], cwd=tmp_path,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    tokens = [tmp_path / f"{name}.tok" for name in names]
    assert [path.read_text("utf-8").count("\n") for path in tokens] == [3, 3, 3]
    assert cli("build-vocab", *tokens, "-o", tmp_path / "vocab.tsv", "-q").code == 0
    assert "가\t3" in (tmp_path / "vocab.tsv").read_text("utf-8")
