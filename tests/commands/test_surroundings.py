"""Where a user may be: another locale, a home and a folder with spaces and 한글, no colours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.test_workflow import SMALL, write_reviews


@pytest.mark.parametrize("locale", ["C", "POSIX", "ko_KR.UTF-8", "ko_KR.eucKR"])
def test_a_workflow_in_a_folder_with_spaces_and_hangul(tmp_path, locale):
    home = tmp_path / "내 집 폴더"
    home.mkdir()
    write_reviews(home / "리뷰 모음.txt", 120, 3)
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(home), "LANG": locale, "LC_ALL": locale,
        "TERM": "dumb", "COLUMNS": "80", "PYTHONPATH": str(Path(__file__).parents[2]),
    }  # fmt: skip

    def rnntool(*words: str, text: str = "") -> str:
        done = subprocess.run([sys.executable, "-m", "rnntool", *words], cwd=home, env=environment,
                              input=text.encode(), capture_output=True)  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    rnntool("tokenize", "-t", "char", "리뷰 모음.txt", "-o", "낱자 파일.tok")
    rnntool("train", "classify", "낱자 파일.tok", "-o", "모델 하나", "--epochs", "1", *SMALL)
    assert rnntool("predict", "모델 하나", "--text", text="정말 최고\n").endswith("\t정말 최고\n")
    assert "낱자 파일.tok" in (home / "모델 하나" / "config.yaml").read_text("utf-8")
    assert "encoder.layers.0.0.weight_hh_l0" in rnntool("describe", "--all", "모델 하나")
    assert max(map(len, rnntool("--help").splitlines())) <= 80
