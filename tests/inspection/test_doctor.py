from __future__ import annotations

import json

from rnntool.errors import UserError
from rnntool.inspection import doctor
from tests.conftest import Cli


def test_everything_the_main_job_needs_works_here():
    findings = {f.name: f for f in doctor.examine(tokenizers=("mecab", "char"))}
    assert all(f.works for f in findings.values() if f.needed)
    assert findings["mecab"].detail.startswith("이 영화 정말 재밌 다")
    assert "threads" in findings["compute"].detail


def test_a_failure_says_how_to_mend_it_and_is_exit_code_1(cli: Cli, monkeypatch):
    def fails() -> str:
        raise UserError("torch is broken", hint="pip install torch")

    monkeypatch.setattr(doctor, "_compute", fails)
    monkeypatch.setattr(doctor, "_PACKAGES", ("torch", "no-such-package"))
    monkeypatch.setattr(doctor.examine, "__defaults__", (("char",),))
    result = cli("doctor", "-q")
    assert result.code == 1
    assert "torch is broken; to fix: pip install torch" in result.out
    assert "not installed; to fix: pip install no-such-package" in result.out
    rows = json.loads(cli("doctor", "-q", "--json").out)
    assert {"name": "no-such-package", "works": False, "needed": True, "detail": "not installed",
            "fix": "pip install no-such-package"} in rows  # fmt: skip


def test_a_tokenizer_without_its_library_is_one_finding():
    [finding] = [f for f in doctor.examine(tokenizers=("mecab|subword@0",)) if "|" in f.name]
    assert not finding.works
    assert "subword model is missing" in finding.detail
