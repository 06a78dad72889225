"""Tagging from columns or CoNLL-U to tags in the same form, through the commands."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from rnntool.errors import UserError
from rnntool.formats.tagged import TaggedOptions, format_tagged, read_tagged
from rnntool.tasks.tag.load import load_tagger
from rnntool.tasks.tag.task import batch_scores, entity_f1, has_entities
from tests.conftest import one_line_error

SMALL = ("--hidden", 8, "--embedding-dim", 8, "--character-dim", 8, "--character-hidden", 8,
         "--batch-size", 4, "--threads", 1, "-q")  # fmt: skip
CONLLU = """# sent_id = 1
1	먹었다	먹다	VERB	VV	_	0	root	_	_

# sent_id = 2
1-2	집에	_	_	_	_	_	_	_	_
1	집	집	NOUN	NNG	_	0	root	_	_
2	에	에	ADP	JKB	_	1	case	_	_
2.1	비어	_	X	_	_	_	_	_	_

"""


def sentences(count: int) -> str:
    """Words that end in 다 are verbs, digits numbers, all others nouns: spelling tells the tag."""
    generator = np.random.default_rng(1)
    blocks = []
    for _ in range(count):
        rows = []
        for _ in range(int(generator.integers(1, 6))):
            stem = "".join(generator.choice(list("가나라마바사"), 2))
            word, tag = [(stem + "다", "V"), (stem, "N"), (str(generator.integers(99)), "M")][
                int(generator.integers(3))
            ]
            rows.append(f"{word}\t{tag}\n")
        blocks.append("".join(rows))
    return "\n".join(blocks)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("tag") / "train.tsv"
    path.write_text(sentences(150), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def run(data) -> Path:
    from typer.testing import CliRunner

    from rnntool.commands import app

    path = data.parent / "run"
    arguments = ["train", "tag", str(data), "-o", str(path), "--epochs", "12", *map(str, SMALL)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.stderr
    return path


def test_spelling_is_learned_also_for_words_never_seen(cli, run, tmp_path):
    new = tmp_path / "new.tsv"
    new.write_text("하자다\tV\n하자\tN\n\n77\tM\n자하다\tV\n", encoding="utf-8")
    result = cli("eval", run, new, "--json", "-q", "--threads", 1)
    figures = json.loads(result.out)
    assert figures["tokens"] == 4
    assert figures["unknown_share"] >= 0.75
    assert figures["unknown_accuracy"] > 0.6
    assert figures["accuracy"] >= 0.75


def test_predict_answers_plain_lines_columns_and_json(cli, run, tmp_path):
    result = cli("predict", run, "-q", "--threads", 1, input="가나다 7\n\n사바\n")
    assert result.code == 0, result.err
    assert [row.split("\t")[0] for row in result.out.split("\n")] == [
        "가나다", "7", "", "", "사바", "", "",
    ]  # fmt: skip
    result = cli("predict", run, "--json", "--proba", "-q", "--threads", 1, input="가나다 7\n")
    record = json.loads(result.out)
    assert record["tokens"] == ["가나다", "7"]
    assert record["tags"] == ["V", "M"]
    assert all(0 < p <= 1 for p in record["probabilities"])


def test_a_sentence_alone_and_in_a_padded_batch_has_the_same_scores(run, data):
    tagger = load_tagger(str(run), threads=1)
    some = list(read_tagged(str(data), TaggedOptions()))[:7]
    together = tagger.reader.encode(some, "data")
    scores, tags, real = batch_scores(tagger.model, together, np.arange(7), tagger.device)
    for row, sentence in enumerate(some):
        alone, own, _ = batch_scores(tagger.model, together, np.array([row]), tagger.device)
        count = len(sentence.tokens)
        assert int(real[row].sum()) == count
        assert torch.allclose(scores[row, :count], alone[0], atol=1e-5)
        assert own[0].tolist() == [tagger.run.labels.index(tag) for tag in sentence.tags]
        assert torch.equal(tags[row, :count], own[0])


def test_a_tagger_answers_without_torch_unless_it_must(run, data, cli, tmp_path):
    code = (
        "import sys\n"
        f"sys.argv = ['rnntool', 'predict', {str(run)!r}, '-v', '--log-format', 'plain']\n"
        "from rnntool.commands import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input="가나다 7\n", capture_output=True, text=True, check=True
    )
    assert done.stdout == "가나다\tV\n7\tM\n\n"
    assert "torch computes the answers" not in done.stderr
    by_torch = tmp_path / "crf"
    extra = ("--crf", "--epochs", 1, *SMALL)
    assert cli("train", "tag", data, "-o", by_torch, *extra).code == 0
    answer = cli("predict", by_torch, "-v", "--log-format", "plain", input="가나다 7\n")
    assert "torch computes the answers" in answer.err


def test_a_tagger_with_more_characters_than_its_weights_have_is_refused(run, cli, tmp_path):
    other = shutil.copytree(run, tmp_path / "other")
    with (other / "characters.tsv").open("a", encoding="utf-8") as characters:
        characters.write("힣\t1\n")
    error = one_line_error(cli("predict", other, "-q", input="힣 7\n"))
    assert "characters.tsv: has" in error
    assert str(other) in error


def test_one_to_one_a_single_token_trains_and_answers(cli, tmp_path):
    path = tmp_path / "one.tsv"
    path.write_text("가\tA\n\n나\tB\n\n" * 20, encoding="utf-8")
    result = cli("train", "tag", path, "-o", tmp_path / "run", "--epochs", 15, *SMALL)
    assert result.code == 0, result.err
    answer = cli("predict", tmp_path / "run", "-q", "--threads", 1, input="가\n나\n")
    assert answer.out == "가\tA\n\n나\tB\n\n"


@pytest.mark.parametrize("extra", [
    ("--encoder", "cnn", "--conv-filters", 8), ("--encoder", "cnn-rnn", "--conv-filters", 8),
    ("--crf",), ("--characters", "recurrent"), ("--characters", "none", "--input", "one-hot"),
    ("--layer-norm", "--residual", "--layers", 2, "--recurrent-dropout", 0.1),
    ("--character-unit", "char", "--cell", "gru-reset-before"),
])  # fmt: skip
def test_every_encoder_trains_and_opens_again(cli, data, tmp_path, extra):
    result = cli("train", "tag", data, "-o", tmp_path / "run", "--epochs", 1, *SMALL, *extra)
    assert result.code == 0, result.err
    assert cli("eval", tmp_path / "run", data, "-q", "--threads", 1).code == 0


def test_conllu_is_written_back_with_the_tags_in_their_column(tmp_path):
    path = tmp_path / "some.conllu"
    path.write_text(CONLLU, encoding="utf-8")
    first, second = read_tagged(str(path), TaggedOptions())
    assert (first.tokens, first.tags) == (["먹었다"], ["VERB"])
    assert (second.tokens, second.tags) == (["집", "에"], ["NOUN", "ADP"])
    assert format_tagged(first, first.tags) + format_tagged(second, second.tags) == CONLLU
    changed = format_tagged(second, ["X", "Y"])
    assert changed == CONLLU[CONLLU.index("# sent_id = 2") :].replace("NOUN", "X").replace(
        "ADP", "Y"
    )
    xpos = list(read_tagged(str(path), TaggedOptions(tag_column="xpos")))
    assert xpos[1].tags == ["NNG", "JKB"]


@pytest.mark.parametrize(("text", "message"), [
    ("tokens\ttags\na b\tX Y\na b c\tX Y\n", ":3: 3 tokens, but 2 tags"),
    ("a\tX\nb\t\n", ":2: 'b' has no tag"),
    ("a\tX\nb\tX\tY\n", ":2: 3 columns, but 2 in the sentence's first line"),
    ("# c\n1\ta\tb\n", ":2: 3 columns where CoNLL-U has 10"),
    ("a\nb\n", ":1: has a token without a tag"),
    ("a\tX\n\nb\tX\n", "has only one tag, 'X'"),
    ("\n\n", "contains no sentence"),
    ("", "is empty"),
])  # fmt: skip
def test_bad_input_is_named_with_its_line(cli, tmp_path, text, message):
    path = tmp_path / "bad.tsv"
    path.write_text(text, encoding="utf-8")
    result = cli("train", "tag", path, "-o", tmp_path / "run", *SMALL)
    assert message in one_line_error(result)
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "run.partial").exists()


def test_a_tag_not_seen_in_training_is_refused(cli, run, tmp_path):
    path = tmp_path / "new.tsv"
    path.write_text("가\tN\n나\tZ\n", encoding="utf-8")
    assert "tag 'Z' was not seen" in one_line_error(cli("eval", run, path, "-q", "--threads", 1))


def test_columns_that_are_not_there_are_named(tmp_path):
    path = tmp_path / "some.tsv"
    path.write_text("a\tX\n", encoding="utf-8")
    with pytest.raises(UserError, match="--tag-column: no column '9'"):
        list(read_tagged(str(path), TaggedOptions(tag_column="9")))


def test_entity_f1_counts_whole_entities():
    tags = ["B-P", "I-P", "O"]
    truth = np.array([0, 1, 2, 0, 2])
    wrong = np.array([0, 2, 2, 0, 2])  # the first entity is cut short: one of two is right
    assert entity_f1(truth, truth, np.array([0, 3, 5]), tags) == 1.0
    assert entity_f1(truth, wrong, np.array([0, 3, 5]), tags) == pytest.approx(0.5)
    assert has_entities(tags)
    assert not has_entities(["NOUN", "B-P"])


def test_bio_tags_are_validated_by_entities(cli, tmp_path):
    path = tmp_path / "bio.tsv"
    path.write_text("서울\tB-L\n시\tI-L\n가자\tO\n\n가자\tO\n부산\tB-L\n\n" * 20, encoding="utf-8")
    result = cli("train", "tag", path, "-o", tmp_path / "run", "--epochs", 20, "--average", 0,
                 *SMALL)  # fmt: skip
    assert result.code == 0, result.err
    figures = json.loads(cli("eval", tmp_path / "run", path, "--json", "-q", "--threads", 1).out)
    assert figures["entity_f1"] > 0.9


def test_real_korean_tags_are_learned(cli, real_data, tmp_path):
    dev = real_data / "tagging" / "ko_gsd-ud-dev.conllu"
    part = tmp_path / "part.conllu"
    part.write_text("\n\n".join(dev.read_text(encoding="utf-8").split("\n\n")[:120]) + "\n\n",
                    encoding="utf-8")  # fmt: skip
    result = cli("train", "tag", part, "-o", tmp_path / "run", "--epochs", 12, "--threads", 1, "-q",
                 "--average", 0.9)  # fmt: skip
    assert result.code == 0, result.err
    figures = json.loads(cli("eval", tmp_path / "run", part, "--json", "-q", "--threads", 1).out)
    assert figures["accuracy"] > 0.5  # the most frequent tag alone: 0.41
