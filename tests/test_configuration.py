from __future__ import annotations

from dataclasses import dataclass

import pytest

from rnntool.configuration import resolve, setting, to_yaml
from rnntool.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Sample:
    rate: float = setting(0.1, "Rate.", min=0.0, max=1.0)
    size: int = setting(3, "Size.", min=1)
    kind: str = setting("a", "Kind.", choices=("a", "b"))
    name: str | None = setting(None, "Name.")
    fast: bool = setting(False, "Fast.")


def test_flags_beat_the_file_and_the_file_beats_defaults(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("size: 5\nrate: 0.5\n")
    settings = resolve(Sample, str(path), {"rate": 0.9, "kind": None})
    assert settings == Sample(rate=0.9, size=5)


def test_print_config_reads_back(tmp_path):
    path = tmp_path / "c.yaml"
    original = Sample(rate=0.25, kind="b", name="이름", fast=True)
    path.write_text(to_yaml(original), encoding="utf-8")
    assert resolve(Sample, str(path), {}) == original


def test_a_runs_configuration_gives_its_settings(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("format: 1\ntask: sample\nsettings:\n  size: 7\n")
    assert resolve(Sample, str(path), {"rate": 0.5}) == Sample(size=7, rate=0.5)


def test_yaml_exponents_and_whole_numbers_are_floats(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("rate: 1e-3\n")
    assert resolve(Sample, str(path), {}).rate == 0.001
    path.write_text("rate: 1\n")
    assert resolve(Sample, str(path), {}).rate == 1.0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sise: 4\n", "did you mean 'size'"),
        ("size: 0\n", "at least 1"),
        ("size: many\n", "not a whole number"),
        ("size: true\n", "not a whole number"),
        ("kind: c\n", "expected one of: a, b"),
        ("rate: 1.5\n", "from 0.0 to 1.0"),
        ("fast: 1\n", "not true or false"),
        ("size:\n", "needs a value"),
        ("- size\n", "not a mapping"),
        ("size: [\n", "not a YAML file"),
    ],
)
def test_a_bad_file_is_refused_with_the_reason(tmp_path, text, says):
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        resolve(Sample, str(path), {})
    assert says in str(caught.value)
    assert str(path) in str(caught.value)
