"""`trace`: the answer after each token, gates, single units, the heat map."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.cells import cell_len

from rnntool.inspection.probe import RunProbes
from rnntool.inspection.trace import trace_run
from rnntool.inspection.trace_tables import gate_tables
from rnntool.runs.open import open_run
from tests.conftest import one_line_error
from tests.inspection.small_runs import train_small_runs
from tests.inspection.test_pictures import words

TEXT = "좋다 정말 영화 보고"


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    return train_small_runs(tmp_path_factory.mktemp("trace"))


def records_of(result) -> list[dict]:
    assert result.code == 0, result.err
    return [json.loads(line) for line in result.out.splitlines()]


@pytest.mark.parametrize("run", ["both", "last", "rnn"])
def test_the_running_answer_is_what_predict_says_of_each_beginning(cli, runs, run):
    tokens = TEXT.split()
    beginnings = "".join(f"{' '.join(tokens[:n])}\n" for n in range(1, len(tokens) + 1))
    predicted = records_of(cli("predict", runs / run, "--proba", "--json", "-q", input=beginnings))
    traced = records_of(cli("trace", runs / run, "--text", TEXT, "--json"))
    outputs = [record["output"] for record in traced if record["output"]]
    assert [record["token"] for record in traced if record["output"]] == tokens
    for output, answer in zip(outputs, predicted, strict=True):
        assert output == pytest.approx(answer["probabilities"], abs=1e-6)
        assert next(iter(output)) == answer["label"]
    table = cli("trace", runs / run, "--text", TEXT).out
    assert "answer if the text ended here" in table
    assert f"보고   {next(iter(outputs[-1]))} {max(outputs[-1].values()):.4f}" in table


@pytest.mark.parametrize(("run", "text"), [("lm", "hello"), ("words", "hello world hello")])
def test_surprises_are_those_of_score(cli, runs, run, text):
    (scored,) = records_of(cli("score", runs / run, "--tokens", "--json", "-q", input=text + "\n"))
    traced = records_of(cli("trace", runs / run, "--text", text, "--json"))
    by_token = [(t["next"], -t["surprise"]) for t in traced[:-1]]
    assert [t for t, _ in by_token] == [t for t, _ in scored["by_token"][:-1]]
    np.testing.assert_allclose(
        [v for _, v in by_token], [v for _, v in scored["by_token"][:-1]], atol=1e-5
    )
    assert traced[-1]["surprise"] is None  # nothing came after the last token
    rows = cli("trace", runs / run, "--text", text).out.splitlines()[2 : 2 + len(traced)]
    shown = [row.split()[2] for row in rows[1:]]  # each surprise beside the token that it is of
    assert shown == [f"{t['surprise']:.3f}" for t in traced[:-1]]


def test_the_likeliest_next_tokens_are_those_of_torch(cli, runs):
    from rnntool.tasks.lm.load import load_language_model

    traced = records_of(cli("trace", runs / "lm", "--text", "hell", "--json", "--top", 3))
    assert [t["step"] for t in traced] == [0, 1, 2, 3, 4]
    assert traced[0]["token"] == "␊"  # what a text begins after
    run = open_run(str(runs / "lm"))
    model = load_language_model(run, "cpu", 1).model.eval()
    names = run.vocabulary.tokens
    ids = torch.tensor(run.vocabulary.encode([t["token"] for t in traced]))[:, None]
    with torch.no_grad():
        states, _, _ = model(ids, None)
        p = torch.softmax(model.output.linear(states[:, 0]), dim=1).double().numpy()
    for row, step in zip(p, traced, strict=True):
        best = np.argsort(-row)[:3]
        assert list(step["output"]) == [names[i] for i in best]
        assert list(step["output"].values()) == pytest.approx(row[best].tolist(), abs=1e-5)


def test_gates_are_shown_as_shares_of_closed_and_open_units(runs):
    run = open_run(str(runs / "both"))
    prober = RunProbes(run)
    for layer in prober.network.layers:
        for weights in layer:
            H = weights["W_hh"].shape[1]
            for name in ("W_hh", "W_xh"):
                weights[name][:] = 0
            # i: two of six closed, three open; f: all closed; o: none of both
            bias = np.array([-5, -5, 0, 5, 5, 5, *[-9] * H, *[0.5] * H, *[0] * H], dtype=float)
            weights["b"][:] = bias
    found = trace_run(prober, ["좋다"])
    for table in gate_tables(found):
        columns = dict(zip(table.columns, table.rows[0], strict=True))
        assert columns["i closed/open"] == " 33% / 50%"
        assert columns["f closed/open"] == "100% /  0%"
        assert columns["o closed/open"] == "  0% /  0%"
        g, i = np.tanh(0.5), 1 / (1 + np.exp(-bias[:6]))
        assert columns["‖c‖"] == pytest.approx(np.linalg.norm(i * g))


def test_a_cell_without_gates_shows_how_many_units_are_saturated(cli, runs):
    out = cli("trace", runs / "rnn", "--text", TEXT).out
    assert "saturated (|h| > 0.95)" in out
    assert "closed" not in out


def test_a_units_own_values_are_those_of_its_direction(cli, runs):
    run = open_run(str(runs / "both"))
    found = trace_run(RunProbes(run), TEXT.split())
    backward = [step.values["h"][4] for step in found.of(1, "backward")]
    table = cli("trace", runs / "both", "--text", TEXT, "--unit", "1:10").out
    assert "Unit 1:10" in table
    for h in backward:
        assert f"{h:.4f} \n" in table
    rows = csv.DictReader(io.StringIO(
        cli("trace", runs / "both", "--text", TEXT, "--unit", "1:10", "--csv").out
    ))  # fmt: skip
    own = [row for row in rows if row["quantity"] not in ("output", "surprise")]
    assert {(row["direction"], row["unit"]) for row in own} == {("backward", "10")}
    csv_h = [float(row["value"]) for row in own if row["quantity"] == "h"]
    assert csv_h == pytest.approx(backward, abs=0)
    record = records_of(cli("trace", runs / "both", "--text", TEXT, "--unit", "1:10", "--json"))[1]
    assert record["values"]["h"] == {"10": pytest.approx(backward[0], abs=0)}


def test_the_tables_fit_a_terminal(cli, runs):
    for run in ("both", "last", "rnn", "lm", "words"):
        text = "좋다 " + "아주" * 40 + " " + "x" * 200
        out = cli("trace", runs / run, "--text", text).out
        rows = [line.rstrip() for line in out.splitlines()]
        assert [row for row in rows if cell_len(row) > 80] == [], run


def test_the_heat_map_has_tokens_and_units_at_its_axes(cli, runs, tmp_path):
    out = tmp_path / "heat.svg"
    result = cli("trace", runs / "both", "--text", TEXT, "--plot", out, "--most", 5)
    assert result.code == 0, result.err
    found = trace_run(RunProbes(open_run(str(runs / "both"))), TEXT.split())
    activity = np.abs(found.values_of("h", 1)).mean(axis=0)
    lines = words(out).split("\n")
    units = [line for line in lines if line.startswith("1:")]
    assert units == [f"1:{n}" for n in np.argsort(-activity)[:5]]
    assert set(TEXT.split()) <= set(lines)
    assert "both: h of the 5 most active of 12 units over the text" in lines
    assert any(line.startswith("p(") for line in lines)
    chosen = cli("trace", runs / "both", "--text", TEXT, "--plot", out, "--unit", "1:3", "--unit",
                 "1:7", "--quantity", "f", "--force", "-q")  # fmt: skip
    assert chosen.code == 0, chosen.err
    assert [li for li in words(out).split("\n") if li.startswith("1:")] == ["1:3", "1:7"]
    assert "both: f of 2 units over the text" in words(out)


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_a_language_models_heat_map_has_its_surprise(cli, runs, tmp_path, suffix):
    out = tmp_path / f"heat.{suffix}"
    assert cli("trace", runs / "lm", "--text", "hello $x$", "--plot", out, "-q").code == 0
    assert out.stat().st_size > 2000
    if suffix == "svg":
        assert {"surprise, nats", "$", "↵"} <= set(words(out).split("\n"))


def test_a_text_comes_from_a_file_or_a_pipe(cli, runs, tmp_path):
    file = tmp_path / "texts.txt"
    file.write_text(f"{TEXT}\n다른 글\n", encoding="utf-8")
    by_file = cli("trace", runs / "both", file)
    assert by_file.out == cli("trace", runs / "both", "--text", TEXT).out
    assert by_file.out == cli("trace", runs / "both", input=f"{TEXT}\n").out
    assert "only the first text is traced" in by_file.err
    assert "only the first" not in cli("trace", runs / "both", "--text", TEXT).err


def test_tokens_that_the_model_has_not_seen_are_named(cli, runs):
    assert "read as <unk>: 보고" in cli("trace", runs / "both", "--text", TEXT).err
    assert "<unk>" not in cli("trace", runs / "both", "--text", "좋다 정말").err


def test_more_tokens_than_the_model_reads_are_left_out_as_predict_does(cli, runs, tmp_path):
    run = tmp_path / "short"
    assert cli("train", "classify", runs / "train.tsv", "-o", run, "--epochs", 1, "--hidden", 6,
               "--threads", 1, "-q", "--max-length", 2).code == 0  # fmt: skip
    result = cli("trace", run, "--text", TEXT, "--json")
    assert [r["token"] for r in records_of(result) if r["output"]] == ["좋다", "정말"]
    assert "reads 2 of 4 tokens" in result.err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--unit", "3:0"), "there is no layer 3; the model has layer 1"),
        (("--unit", "1:12"), "layer 1 has no unit 12; its units are 1:0 to 1:11"),
        (("--unit", "0:1"), "there is no layer 0"),
        (("--unit", "forget"), "is not a unit; write LAYER:UNIT"),
        (("--unit", "1:-1"), "is not a unit"),
        (
            ("--plot", "{tmp}/x.png", "--quantity", "z"),
            "has no 'z'; expected one of: i, f, g, o, c, h",
        ),
        (("--plot", "{tmp}/x.jpg"), "is not the name of a picture"),
    ],
)
def test_an_unknown_unit_or_quantity_is_one_line(cli, runs, tmp_path, flags, said):
    filled = [flag.format(tmp=tmp_path) for flag in flags]
    assert said in one_line_error(cli("trace", runs / "both", "--text", TEXT, *filled))
    assert list(tmp_path.iterdir()) == []
