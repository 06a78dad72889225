"""What is set for the threads of torch and NumPy before they are imported."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys
from types import SimpleNamespace

import pytest

from rnntool import machine
from rnntool.machine import _MALLOC, keep_freed_memory, may_have_gpu, short_spin
from rnntool.tasks.classify.load import load_classifier


@pytest.mark.parametrize(
    ("given", "after"),
    [
        ({}, "1000"),
        ({"OMP_NUM_THREADS": "3"}, "1000"),
        ({"GOMP_SPINCOUNT": "7"}, "7"),
        ({"OMP_WAIT_POLICY": "active"}, None),
    ],
)
def test_the_spin_is_short_unless_the_user_has_said_how_to_wait(monkeypatch, given, after):
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    short_spin()
    assert os.environ.get("GOMP_SPINCOUNT") == after
    assert {name: os.environ[name] for name in given} == given


@pytest.mark.parametrize(("given", "after"), [(None, "14"), ("20", "20")])
def test_numpys_threads_sleep_soon_unless_the_user_has_said_when(monkeypatch, given, after):
    monkeypatch.delenv("OPENBLAS_THREAD_TIMEOUT", raising=False)
    if given is not None:
        monkeypatch.setenv("OPENBLAS_THREAD_TIMEOUT", given)
    short_spin()
    assert os.environ["OPENBLAS_THREAD_TIMEOUT"] == after


def test_every_command_sets_it_before_torch_and_numpy():
    code = (
        "import os, sys\n"
        "from rnntool.commands import main\n"
        "sys.argv = ['rnntool', '--version']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "assert not {'numpy', 'torch'} & set(sys.modules)\n"
        "print(os.environ['GOMP_SPINCOUNT'], os.environ['OPENBLAS_THREAD_TIMEOUT'])\n"
    )
    bare = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "GOMP_", "OPENBLAS_"))}
    done = subprocess.run([sys.executable, "-c", code], env=bare, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "1000 14", done.stderr


@pytest.mark.parametrize(("visible", "found"), [
    (None, True), ("0", True), ("1,2", True), ("", False), ("-1", False),
])  # fmt: skip
def test_hidden_gpus_are_none(monkeypatch, tmp_path, visible, found):
    monkeypatch.setattr(machine, "Path", lambda name: tmp_path)  # the driver's files are there
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert may_have_gpu() is found


# Frees blocks of 64 MiB and counts the page faults of writing to new ones.
FAULTS = """
import resource, sys
import numpy as np
from rnntool.machine import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
write = lambda: np.empty(1 << 23).fill(1)
write()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    write()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(way: str, **variables: str) -> int:
    bare = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_"))}
    done = subprocess.run([sys.executable, "-c", FAULTS, way], env=bare | variables,
                          capture_output=True, text=True, check=True)  # fmt: skip
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_freed_blocks_are_used_again():
    pages = 5 * 64 * 1024 // 2048  # if they were huge
    assert faults("keep") < pages / 4 < faults("leave")
    assert faults("keep", MALLOC_TRIM_THRESHOLD_="131072") > pages / 4  # as the user wishes
    keep_freed_memory()  # twice is no harm


def test_a_training_keeps_freed_memory_and_answers_leave_it_as_it_is(cli, tmp_path, monkeypatch):
    asked = []
    for name in (*_MALLOC, "GLIBC_TUNABLES"):
        monkeypatch.delenv(name, raising=False)
    real, fake = ctypes.CDLL, SimpleNamespace(mallopt=lambda *given: asked.append(given))
    monkeypatch.setattr(ctypes, "CDLL", lambda name, *more: real(name, *more) if name else fake)
    (tmp_path / "a.tsv").write_text("document\tlabel\n" + "가 나\t0\n다 라\t1\n" * 8, "utf-8")
    small = ("--hidden", 4, "--embedding-dim", 4, "--epochs", 1, "--min-count", 1)
    run = tmp_path / "run"
    assert cli("train", "classify", tmp_path / "a.tsv", *small, "-o", run).code == 0
    assert asked == list(_MALLOC.values())
    load_classifier(str(run))  # in torch, perhaps in a program of someone else
    assert asked == list(_MALLOC.values())
