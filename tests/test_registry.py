"""The torch-free names and what implements them must not drift apart."""

from __future__ import annotations

import importlib
import importlib.util

import pytest

from rnntool import registry
from rnntool.models.written import GATES
from rnntool.text.spec import TokenizerSpec
from rnntool.text.tokenizers import make_tokenizer


@pytest.mark.parametrize("name", registry.COMMANDS)
def test_every_command_has_a_module_and_help_with_an_example(name, cli):
    importlib.import_module(f"rnntool.commands.{name.replace('-', '_')}")
    groups = {
        "data": ("nsmc", "sample"),
        "train": tuple(registry.TASKS),
        "train-embeddings": ("cbow", "skipgram"),
        "query-embeddings": ("neighbors", "analogy", "similarity"),
    }
    for sub in groups.get(name, ("",)):
        result = cli(*[part for part in (name, sub) if part], "--help")
        assert result.code == 0, result.err
        example = " ".join(result.out.split()).partition("Example: ")[2]
        assert f"rnntool {name}" in example


def test_cells_are_those_of_the_encoder():
    assert set(registry.CELLS) == set(GATES)


def test_every_task_has_settings_a_command_and_commands_that_fit_its_runs():
    from rnntool.commands.train import app

    assert {command.name for command in app.registered_commands} == set(registry.TASKS)
    roles = (("evaluate", "eval"), ("predict", "predict"), ("compare", "compare"),
             ("score", "score"), ("fill", "fill"))  # fmt: skip
    for task, entry in registry.TASKS.items():
        module = importlib.import_module(f"rnntool.tasks.{task}.settings")
        assert getattr(module, entry.settings)().epochs >= 1
        for role, name in roles:
            found = importlib.util.find_spec(f"rnntool.tasks.{task}.{role}") is not None
            assert found == (name in entry.commands), (task, role)


@pytest.mark.parametrize("name", ["mecab", "char", "jamo", "whitespace"])
def test_light_tokenizers_can_be_made(name):
    assert make_tokenizer(TokenizerSpec(name)).identity == name
