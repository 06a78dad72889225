"""eval and score answer alike, whether the NumPy cells or torch computes."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys

import pytest

from rnntool import tasks
from rnntool.reporting import QuietReporter
from rnntool.runs import answerer
from rnntool.tasks.classify.settings import ClassifySettings
from rnntool.tasks.lm import scorer
from rnntool.tasks.lm.settings import LMSettings
from rnntool.tasks.tag.settings import TagSettings
from tests.commands.test_workflow import write_reviews

TINY = {"hidden": 5, "embedding_dim": 4, "epochs": 1, "batch_size": 4}
TEXT = "가나 다라\n\n마\n가나다라마바사 아자차카\n다\n"
MODELS = {
    "lstm": LMSettings(**TINY, bptt=4, layers=2),
    "gru": LMSettings(**TINY, bptt=4, cell="gru", lines=True),
    "one-hot": LMSettings(hidden=5, epochs=1, batch_size=4, bptt=4, input="one-hot", cell="rnn"),
    "adaptive": LMSettings(**TINY, bptt=4, softmax="adaptive", unit="word", min_count=1),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("likelihood")
    words = [f"낱말{n}" for n in range(60)]
    text = folder / "text.txt"
    text.write_text(TEXT * 20 + "".join(f"{a} {b}\n" for a, b in itertools.pairwise(words)))
    for name, settings in MODELS.items():
        tasks.train("lm", [str(text)], str(folder / name), settings, QuietReporter())
    write_reviews(folder / "reviews", 40, 5)
    settings = ClassifySettings(**TINY, bidirectional=True)
    tasks.train("classify", [str(folder / "reviews")], str(folder / "c"), settings, QuietReporter())
    (folder / "tags").write_text("가\tB-X\n나다\tI-X\n\n다\tO\n라\tB-X\n\n" * 8)
    tag = TagSettings(**TINY)
    tasks.train("tag", [str(folder / "tags")], str(folder / "t"), tag, QuietReporter())
    return folder


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("command", [("score", "--tokens", "--json"), ("eval", "--json")])
def test_numpy_and_torch_score_alike(cli, runs, tmp_path, monkeypatch, name, command):
    text = tmp_path / "text.txt"
    text.write_text(TEXT)
    arguments = (command[0], runs / name, text, *command[1:])
    ours = cli(*arguments, "-v")
    assert ours.code == 0, ours.err
    assert "torch" not in ours.err
    with monkeypatch.context() as patch:
        patch.setattr(scorer, "_SHORT", 0)
        theirs = cli(*arguments, "-v")
    assert "torch computes the answers" in theirs.err
    pairs = zip(ours.out.splitlines(), theirs.out.splitlines(), strict=True)
    for own, other in pairs:
        a, b = json.loads(own), json.loads(other)
        assert a.keys() == b.keys()
        for key in a:
            if key == "by_token":
                assert [t for t, _ in a[key]] == [t for t, _ in b[key]]
                assert [v for _, v in a[key]] == pytest.approx([v for _, v in b[key]], abs=2e-5)
            elif isinstance(a[key], str):
                assert a[key] == b[key]
            else:
                assert a[key] == pytest.approx(b[key], rel=2e-5)


@pytest.mark.parametrize(("run", "data"), [("c", "reviews"), ("t", "tags")])
def test_eval_of_labels_answers_alike(cli, runs, monkeypatch, run, data):
    arguments = ("eval", runs / run, runs / data, "--json", "-v")
    ours = cli(*arguments)
    assert "torch" not in ours.err
    # Where there is a GPU, and nothing is too little for a start of torch.
    monkeypatch.setattr(answerer, "may_have_gpu", lambda: True)
    monkeypatch.setattr(answerer, "_WORK", 0)
    monkeypatch.setattr(answerer, "_FEW", 0)
    theirs = cli(*arguments)
    assert "torch computes the answers" in theirs.err
    a, b = json.loads(ours.out), json.loads(theirs.out)
    a, b = (found.get("by_tag", found) for found in (a, b))
    assert a["confusion"] == b["confusion"]
    assert a["loss"] == pytest.approx(b["loss"], rel=1e-4)


@pytest.mark.parametrize(
    "command", [("eval", "c", "reviews"), ("eval", "t", "tags"), ("score", "lstm", "text.txt"),
                ("eval", "lstm", "text.txt")],
)  # fmt: skip
def test_torch_is_not_imported_where_numpy_answers(runs, command):
    name, run, data = command
    code = (
        "import sys; from rnntool.commands import main; sys.argv[1:] = sys.argv[1:]\n"
        "try: main()\nexcept SystemExit as end: assert not end.code, end.code\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, name, str(runs / run), str(runs / data), "-q"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_unknown_rate_is_of_the_scored_part(cli, runs, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("가" * 50 + "힣" * 10)
    last = json.loads(cli("eval", runs / "lstm", text, "--skip", 0.8, "--json", "-q").out)
    first = json.loads(cli("eval", runs / "lstm", text, "--json", "-q").out)
    assert first["unknown_rate"] == pytest.approx(10 / 61)
    assert last["unknown_rate"] == pytest.approx(10 / 13)
