"""What `pip install .` installs: built offline from the sources alone, and run from elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from rnntool import __version__

ROOT = Path(__file__).parent.parent
BUILD = "from setuptools.build_meta import build_{0} as build; build('dist')"


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder with a wheel and an sdist."""
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(ROOT / "rnntool", folder / "rnntool",
                    ignore=shutil.ignore_patterns("__pycache__"))  # fmt: skip
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    for kind in ("wheel", "sdist"):
        subprocess.run([sys.executable, "-c", BUILD.format(kind)], cwd=folder, check=True,
                       capture_output=True)  # fmt: skip
    return folder / "dist"


def sources() -> set[str]:
    """Every file that the package needs."""
    kinds = ("*.py", "py.typed", "sample/*", "pretrained/*/*")
    return {str(p.relative_to(ROOT)) for kind in kinds for p in (ROOT / "rnntool").rglob(kind)}


def test_the_wheel_and_the_sdist_hold_every_file(built):
    (wheel,) = built.glob("*.whl")
    assert f"-{__version__}-" in wheel.name
    assert sources() <= set(zipfile.ZipFile(wheel).namelist())
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as packed:
        assert sources() <= {name.partition("/")[2] for name in packed.getnames()}


def test_the_wheel_stays_small_with_its_models(built):
    (wheel,) = built.glob("*.whl")
    assert wheel.stat().st_size < 12_000_000
    places = [name.split("/") for name in zipfile.ZipFile(wheel).namelist()]
    held = {place[2] for place in places if place[1] == "pretrained"}
    assert held == {"nsmc", "reviews"}


def test_the_installed_package_runs_and_brings_its_sample(built, tmp_path):
    (wheel,) = built.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    for words in (["--version"], ["data", "sample", "here", "-q"]):
        subprocess.run([sys.executable, "-m", "rnntool", *words], cwd=tmp_path, env=environment,
                       check=True, capture_output=True)  # fmt: skip
    assert (tmp_path / "here" / "ratings_train.txt").stat().st_size > 1000
    done = subprocess.run([sys.executable, "-m", "rnntool", "predict", "nsmc"], cwd=tmp_path,
                          env=environment, input="정말 재밌다\n".encode(), check=True,
                          capture_output=True)  # fmt: skip
    assert done.stdout.startswith(b"1\t0.9")
