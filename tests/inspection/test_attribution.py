"""Shares of tokens in an answer: against captum, and against torch's autograd written out here."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients

from rnntool import tasks
from rnntool.errors import UserError
from rnntool.inspection.attribution import TOLERANCE, Explainer
from rnntool.inspection.numpy_engine import can_explain
from rnntool.models.pooling import pool
from rnntool.reporting import QuietReporter
from rnntool.runs.open import open_run
from rnntool.tasks.classify.load import load_classifier
from rnntool.tasks.classify.settings import ClassifySettings
from rnntool.tasks.tag.load import load_tagger
from rnntool.tasks.tag.settings import TagSettings
from tests.commands.test_workflow import write_reviews

TINY = {"hidden": 6, "embedding_dim": 6, "epochs": 2, "batch_size": 8, "lr": 0.05, "dropout": 0.0}
BOTH = {"bidirectional": True}
NUMPY = {
    "rnn": {"cell": "rnn", "pooling": "last", **BOTH, "layers": 2},
    "rnn-relu": {"cell": "rnn-relu", "pooling": "all"},
    "lstm": {"cell": "lstm", "pooling": "all", **BOTH, "layers": 2},
    "gru": {"cell": "gru", "pooling": "max", **BOTH},
    "gru-reset-before": {"cell": "gru-reset-before", "pooling": "mean", **BOTH, "layers": 2},
    "sigmoid": {"cell": "gru", "output_unit": "sigmoid", "pooling": "last", "layers": 3},
    "one-hot": {"cell": "lstm", "input": "one-hot"},
    "residual": {"cell": "lstm", "residual": True, "layers": 3, "pooling": "all"},
    "residual-both": {"cell": "rnn", "residual": True, "layers": 2, **BOTH},
    "apart": {"cell": "lstm", "encoder": "directional", "layers": 2, "pooling": "all"},
    "apart-residual": {"cell": "gru", "encoder": "directional", "residual": True, "layers": 2,
                       "pooling": "last"},
}  # fmt: skip
TORCH = {
    "layer-norm": {"cell": "gru", "layer_norm": True, **BOTH},
    "cnn": {"encoder": "cnn", "pooling": "max", "conv_filters": 5},
    "cnn-rnn": {"encoder": "cnn-rnn", "cell": "lstm", "conv_filters": 5},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("attribution")
    write_reviews(place / "reviews.tsv", 60, 5)
    return place


def classifier(folder, name, settings):
    path = folder / name
    if not path.is_dir():
        chosen = ClassifySettings(**{**TINY, **settings})
        tasks.train("classify", [str(folder / "reviews.tsv")], str(path), chosen, QuietReporter())
    return open_run(str(path))


def text_of(run):
    """Seven tokens, one of them twice and one unknown."""
    known = run.vocabulary.tokens[4:9]
    return [*known, "⁂", known[1]]


def logit(z, label):
    """Of a label against the rest, from the inputs of a softmax or of one sigmoid unit."""
    if z.shape[-1] == 1:
        return z[..., 0] if label == 1 else -z[..., 0]
    p = torch.softmax(z.double(), dim=-1)[..., label]
    return torch.log(p) - torch.log1p(-p)


def vectors_and_score(run, tokens, label):
    """[1, T, D] that the encoder reads, and the score as a function of such vectors."""
    model = load_classifier(run, "cpu", 1).model.double().eval()
    with torch.no_grad():
        x = model.input(torch.tensor([run.vocabulary.encode(tokens)])).double()

    def score(x):
        lengths = torch.full((len(x),), x.shape[1])
        states, last = model.encoder(x, lengths)
        features = pool(model.pooling, states, last, model.encoder.steps(lengths))
        return logit(model.output(features), label)

    return x, score


def by_captum(x, score, points=500):
    found = IntegratedGradients(score).attribute(
        x.clone().requires_grad_(), torch.zeros_like(x), n_steps=points, method="gausslegendre"
    )
    return found.sum(dim=2)[0].detach().numpy()


def by_autograd(x, score, points=400):
    """Equation 1 by the midpoint rule in u with α = u⁶: close to 0 the points are dense."""
    u = (torch.arange(points, dtype=torch.float64) + 0.5) / points
    total = torch.zeros(x.shape[1], dtype=torch.float64)
    for part in u.split(50):
        scaled = (part[:, None, None] ** 6 * x).requires_grad_()
        (gradient,) = torch.autograd.grad(score(scaled).sum(), scaled)
        total += ((gradient * x).sum(dim=2) * 6 * part[:, None] ** 5).sum(dim=0) / points
    return total.numpy()


def agree(found, wanted):
    """To a hundredth of the largest share; kinks make a Riemann sum as coarse as its step."""
    np.testing.assert_allclose(found, wanted, atol=0.01 * np.abs(wanted).max())
    assert np.abs(wanted).max() > 1e-3


@pytest.mark.parametrize("name", [*NUMPY, *TORCH])
def test_integrated_gradients_are_captums_and_autograds(folder, name):
    run = classifier(folder, name, {**NUMPY, **TORCH}[name])
    assert can_explain(run) == (name in NUMPY)
    tokens = text_of(run)
    for label in (0, 1):
        found = Explainer(run).explain(tokens, label=run.labels[label])
        x, score = vectors_and_score(run, tokens, label)
        # Layer normalisation all but forgets the scale α: F changes close to 0 alone, where
        # captum's fixed grid has few points.
        if name != "layer-norm":
            agree(found.attributions, by_captum(x, score))
        if label or name == "layer-norm":
            agree(found.attributions, by_autograd(x, score))
        assert found.score == pytest.approx(score(x).item(), abs=1e-5)
        assert found.baseline_score == pytest.approx(score(torch.zeros_like(x)).item(), abs=1e-5)
        total = found.score - found.baseline_score
        assert abs(sum(found.attributions) - total) <= TOLERANCE * abs(total)
        assert found.residual == pytest.approx(total - sum(found.attributions))
        assert found.probability == pytest.approx(1 / (1 + math.exp(-found.score)), abs=1e-9)


@pytest.mark.parametrize("name", [*NUMPY, *TORCH])
def test_gradients_running_answers_and_texts_without_a_token(folder, name):
    run = classifier(folder, name, {**NUMPY, **TORCH}[name])
    tokens = text_of(run)
    x, score = vectors_and_score(run, tokens, 1)
    leaf = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(score(leaf).sum(), leaf)
    found = Explainer(run, "gradient").explain(tokens, label=run.labels[1])
    wanted = (gradient * x).sum(dim=2)[0].numpy()
    np.testing.assert_allclose(found.attributions, wanted, atol=1e-5)

    trained = load_classifier(run, "cpu", 1)
    beginnings = [" ".join(tokens[:n]) for n in range(1, len(tokens) + 1)]
    running = [[p[label] for label in run.labels] for p in found.running]
    np.testing.assert_allclose(running, trained.probabilities(beginnings), atol=1e-5)

    without = [" ".join(tokens[:t] + tokens[t + 1 :]) for t in range(len(tokens))]
    p = trained.probabilities(without)[:, 1]
    left = Explainer(run, "leave-one-out").explain(tokens, label=run.labels[1])
    np.testing.assert_allclose(left.attributions, found.score - np.log(p / (1 - p)), atol=1e-3)


def test_without_a_label_it_is_the_answer_that_is_explained(folder):
    run = classifier(folder, "lstm", NUMPY["lstm"])
    explainer = Explainer(run)
    found = explainer.explain(text_of(run))
    assert found.probability > 0.5
    other = next(label for label in run.labels if label != found.label)
    opposite = explainer.explain(text_of(run), label=other)
    assert opposite.probability == pytest.approx(1 - found.probability)
    np.testing.assert_allclose(opposite.attributions, np.negative(found.attributions), atol=1e-9)
    assert found.answers[-1] == found.label
    assert found.curve[-1] == pytest.approx(found.probability)


def test_one_token_has_the_whole_difference(folder):
    run = classifier(folder, "gru", NUMPY["gru"])
    for method in ("ig", "leave-one-out"):
        found = Explainer(run, method).explain(text_of(run)[:1])
        assert len(found.attributions) == len(found.running) == 1
        if method == "ig":
            total = found.score - found.baseline_score
            assert found.attributions[0] == pytest.approx(total, rel=TOLERANCE)
    p = load_classifier(run, "cpu", 1).probabilities([""])[0, run.labels.index(found.label)]
    empty = np.log(p / (1 - p))
    assert found.attributions[0] == pytest.approx(found.score - empty, abs=1e-5)


def test_three_labels_are_each_told_from_the_rest(folder):
    path = folder / "three.tsv"
    path.write_text("document\tlabel\n" + "가 나\ta\n나 다\tb\n다 가\tc\n" * 12, "utf-8")
    settings = ClassifySettings(**TINY, cell="gru")
    tasks.train("classify", [str(path)], str(folder / "three"), settings, QuietReporter())
    run = open_run(str(folder / "three"))
    for number, label in enumerate(run.labels):
        found = Explainer(run).explain(["가", "나", "다", "나"], label=label)
        x, score = vectors_and_score(run, ["가", "나", "다", "나"], number)
        agree(found.attributions, by_captum(x, score))
        assert sum(found.running[-1].values()) == pytest.approx(1)


def test_of_several_labels_each_has_a_sigmoid_of_its_own(folder):
    path = folder / "several.tsv"
    path.write_text("document\tlabel\n" + "가 나\ta|b\n나 다\tb\n다 가\ta\n" * 12, "utf-8")
    settings = ClassifySettings(**TINY, cell="lstm", multi_label=True, label_separator="|")
    tasks.train("classify", [str(path)], str(folder / "several"), settings, QuietReporter())
    run = open_run(str(folder / "several"))
    tokens = ["가", "나", "다", "나"]
    p = load_classifier(run, "cpu", 1).probabilities([" ".join(tokens)])[0]
    for number, label in enumerate(run.labels):
        found = Explainer(run).explain(tokens, label=label)
        assert found.probability == pytest.approx(p[number], abs=1e-6)
        x, _ = vectors_and_score(run, tokens, number)
        model = load_classifier(run, "cpu", 1).model.double()

        def score(x, model=model, number=number):
            states, last = model.encoder(x, torch.full((len(x),), x.shape[1]))
            return model.output(pool("all", states, last, torch.full((len(x),), 4)))[:, number]

        agree(found.attributions, by_captum(x, score))


def test_a_fine_tuned_bilm_and_frozen_features(cli, folder):
    (folder / "text.txt").write_text("가 나 다 라\n나 다 마\n" * 30, "utf-8")
    arguments = ("--hidden", 6, "--embedding-dim", 6, "--layers", 2, "--epochs", 1, "--samples", 4,
                 "--validation", 0.2, "--batch-size", 8, "-q")  # fmt: skip
    made = cli("train", "bilm", folder / "text.txt", "-o", folder / "bilm", *arguments)
    assert made.code == 0, made.err
    (folder / "small.tsv").write_text("document\tlabel\n" + "가 나\ta\n나 다 마\tb\n" * 12, "utf-8")
    bilm = str(folder / "bilm")
    for name, given in (("init", {"init": bilm}), ("features", {"features": bilm})):
        settings = ClassifySettings(hidden=6, epochs=2, batch_size=8, lr=0.05, dropout=0.0, **given)
        data = [str(folder / "small.tsv")]
        tasks.train("classify", data, str(folder / name), settings, QuietReporter())
        run = open_run(str(folder / name))
        assert can_explain(run) == (name == "init")
        tokens = ["가", "나", "라", "마"]
        found = Explainer(run).explain(tokens, label="a")
        x, score = vectors_and_score(run, tokens, run.labels.index("a"))
        if name == "features":
            model = load_classifier(run, "cpu", 1).model.double()
            ids = torch.tensor([run.vocabulary.encode(tokens)])
            with torch.no_grad():
                x = torch.cat([x, model.features(ids, torch.tensor([4]))], dim=2)
        agree(found.attributions, by_captum(x, score))


@pytest.mark.parametrize("characters", ["none", "cnn", "recurrent", "crf"])
def test_a_taggers_token_is_explained_by_all_tokens(folder, characters):
    words = [("나는", "PRON"), ("집에", "NOUN"), ("간다", "VERB")]
    lines = "".join(f"{word}\t{tag}\n" for word, tag in words)
    (folder / "tags.tsv").write_text(f"{lines}\n" * 20, "utf-8")
    kind = {"crf": True} if characters == "crf" else {"characters": characters, **BOTH}
    settings = TagSettings(**TINY, character_hidden=3, **kind)
    path = folder / f"tag-{characters}"
    tasks.train("tag", [str(folder / "tags.tsv")], str(path), settings, QuietReporter())
    run = open_run(str(path))
    tokens = ["간다", "집에", "모른다", "나는"]
    trained = load_tagger(run, "cpu", 1)
    for place in range(4):
        found = Explainer(run).explain(tokens, place=place)
        x, score = tagged_score(trained, tokens, place, run.labels.index(found.label))
        agree(found.attributions, by_captum(x, score, 200))
        assert found.score == pytest.approx(score(x).item(), abs=1e-4)
        assert found.answers[:place] == [None] * place
        for stop in range(place + 1, 5):
            encoded = trained.reader.encode([sentence(tokens[:stop])], "")
            p = trained.probabilities(encoded)[place]
            shown = [found.running[stop - 1][label] for label in run.labels]
            np.testing.assert_allclose(shown, p, atol=1e-5)
        left = Explainer(run, "leave-one-out").explain(tokens, label=found.label, place=place)
        for t in range(4):
            rest = [token for n, token in enumerate(tokens) if n != t]
            if t == place:
                blank = x.clone()
                blank[0, t] = 0
                wanted = score(blank).item()
            else:
                at = place - (t < place)
                y, own = tagged_score(trained, rest, at, run.labels.index(found.label))
                wanted = own(y).item()
            assert left.attributions[t] == pytest.approx(found.score - wanted, abs=1e-4)


def sentence(tokens):
    from rnntool.formats.tagged import Sentence

    return Sentence(1, list(tokens))


def tagged_score(trained, tokens, place, label):
    """As `vectors_and_score`; the marginal of a random field by summing over every sequence."""
    import itertools

    model = trained.model.double().eval()
    data = trained.reader.encode([sentence(tokens)], "")
    with torch.no_grad():
        x = model.input(torch.tensor([trained.run.vocabulary.encode(tokens)]))
        if model.characters is not None:
            rows = torch.from_numpy(data.spellings.padded(np.arange(len(data.spellings)))[0])
            lengths = torch.from_numpy(data.spellings.lengths)
            spelled = model.characters(rows, lengths)
            x = torch.cat([x, spelled[torch.from_numpy(data.words.ids).long()][None]], dim=2)

    def score(x):
        states, _ = model.encoder(x, torch.full((len(x),), x.shape[1]))
        z = model.output(states)
        if model.field is None:
            return logit(z[:, place], label)
        crf = model.field.crf
        totals = {True: [], False: []}
        for tags in itertools.product(range(z.shape[2]), repeat=z.shape[1]):
            value = crf.start_transitions[tags[0]] + crf.end_transitions[tags[-1]]
            value = value + sum(z[:, t, tag] for t, tag in enumerate(tags))
            value = value + sum(crf.transitions[a, b] for a, b in itertools.pairwise(tags))
            totals[tags[place] == label].append(value)
        return torch.logsumexp(torch.stack(totals[True]), 0) - torch.logsumexp(
            torch.stack(totals[False]), 0
        )

    return x, score


def test_what_cannot_be_explained_is_said(folder):
    run = classifier(folder, "lstm", NUMPY["lstm"])
    with pytest.raises(UserError, match="was not seen in training"):
        Explainer(run).explain(["가"], label="no such label")
    with pytest.raises(UserError, match="without a token"):
        Explainer(run).explain([])
