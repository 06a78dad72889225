"""The models that the package brings: what their cards say is so, and they answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from rnntool.data.nsmc import SHA256
from rnntool.formats.reading import sha256_of
from rnntool.formats.run_names import BRINGS
from rnntool.reporting import QuietReporter
from rnntool.runs.models import list_models
from tests.conftest import Cli

MOST = {"nsmc": 5_000_000, "reviews": 3_000_000}  # bytes


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """An empty folder, and no models of a user's own."""
    monkeypatch.delenv("RNNTOOL_MODELS", raising=False)
    monkeypatch.chdir(tmp_path)


def card_of(name: str) -> dict:
    return yaml.safe_load((BRINGS / name / "card.yaml").read_text(encoding="utf-8"))


def test_there_are_two_and_models_lists_them(cli: Cli):
    found = {model.name: model for model in list_models(QuietReporter())}
    assert set(found) == set(MOST)
    assert {name: model.task for name, model in found.items()} == {
        "nsmc": "classify",
        "reviews": "lm",
    }
    for name, model in found.items():
        assert f"{card_of(name)['score']['value']:.4g}" in model.score
        assert name in cli("models").out


@pytest.mark.parametrize("name", MOST)
def test_a_card_lists_every_file_with_its_size_and_sum(name):
    folder, card = BRINGS / name, card_of(name)
    files = {place.name: place for place in folder.iterdir()}
    assert set(files) == set(card["files"]) | {"card.yaml"}
    for file, entry in card["files"].items():
        assert entry == {"bytes": files[file].stat().st_size, "sha256": sha256_of(str(files[file]))}
    assert sum(place.stat().st_size for place in files.values()) <= MOST[name]
    assert card["licence"].startswith("CC0 1.0")
    assert card["limits"]
    for key in ("command", "seed", "versions", "note"):
        assert card[key]


@pytest.mark.parametrize("name", MOST)
def test_a_card_names_the_published_data(name):
    data = {entry["file"]: entry for entry in card_of(name)["data"]}
    for file, sha256 in SHA256.items():
        assert data[file]["sha256"] == sha256
    assert data["ratings_test.txt"]["use"] == "left out of the training; the score"
    assert "unlabelled.txt" in data


@pytest.mark.parametrize("name", MOST)
def test_the_cards_sums_are_those_of_the_data_here(name, real_data):
    for entry in card_of(name)["data"]:
        place = real_data / "nsmc" / entry["file"]
        assert (entry["bytes"], entry["sha256"]) == (place.stat().st_size, sha256_of(str(place)))


@pytest.mark.parametrize(("text", "label"), [
    ("정말 재밌다", "1"), ("시간 가는 줄 모르고 봤다. 강추!", "1"), ("배우들 연기가 훌륭하다", "1"),
    ("지루하고 재미없다", "0"), ("돈이 아깝다 ㅡㅡ", "0"), ("이런 쓰레기를 영화라고", "0"),
])  # fmt: skip
def test_nsmc_knows_what_anybody_would_say(cli: Cli, text, label):
    result = cli("predict", "nsmc", "-q", input=text + "\n")
    answer, probability = result.out.split()
    assert answer == label
    assert float(probability) > 0.8


def test_nsmc_scores_the_bundled_sample_well(cli: Cli):
    assert cli("data", "sample", "here", "-q").code == 0
    result = cli("eval", "nsmc", "here/ratings_test.txt", "--json", "-q")
    assert json.loads(result.out)["accuracy"] >= 0.75


def test_nsmc_is_as_good_as_its_card_says(cli: Cli, real_data, tmp_path):
    """On the first 3,000 reviews: a standard error is 0.0055."""
    with open(real_data / "nsmc" / "ratings_test.txt", encoding="utf-8") as source:
        (tmp_path / "some.txt").write_text("".join(source.readlines()[:3001]), encoding="utf-8")
    result = cli("eval", "nsmc", "some.txt", "--json", "-q")
    assert json.loads(result.out)["accuracy"] == pytest.approx(card_of("nsmc")["score"]["value"],
                                                              abs=0.018)  # fmt: skip


def test_reviews_writes_on_the_same_for_the_same_seed(cli: Cli):
    arguments = ["generate", "reviews", "--prompt", "이 영화는", "--length", 40, "--seed", 3, "-q"]
    first = cli(*arguments)
    assert first.out.startswith("이 영화는")
    assert len(first.out) > 10
    assert cli(*arguments).out == first.out
    other = cli(*[4 if word == 3 else word for word in arguments])
    assert other.out != first.out


def test_reviews_finds_reviews_likelier_than_shuffled_ones(cli: Cli):
    result = cli("score", "reviews", "-q", input="정말 재미있게 봤어요\n재봤요미정 있게어말\n")
    likely, unlikely = (float(line.split("\t")[0]) for line in result.out.splitlines())
    assert likely > unlikely + 10


@pytest.mark.parametrize("arguments", [
    ["describe", "nsmc"], ["describe", "reviews"], ["trace", "nsmc", "--text", "정말 재밌다"],
    ["explain", "nsmc", "--text", "정말 재밌다"],
    ["trace", "reviews", "--text", "정말 재밌다"], ["compress", "nsmc", "-o", "x"],
    ["inspect-grad", "nsmc", "--text", "정말 재밌다"],
])  # fmt: skip
def test_commands_take_them(cli: Cli, arguments):
    result = cli(*arguments, "-q")
    if arguments[0] == "compress":
        assert "is compressed already" in result.err
    else:
        assert result.code == 0, result.err
        assert result.out.strip()


def test_a_name_with_a_typo_is_answered_with_the_names(cli: Cli):
    result = cli("predict", "nsmcc", input="x\n")
    assert result.code == 1
    assert "models that are there by name: nsmc, reviews" in result.err


def test_a_folder_of_the_same_name_comes_first(cli: Cli):
    Path("nsmc").mkdir()
    assert "nsmc: is not a run directory" in cli("predict", "nsmc", input="x\n").err
