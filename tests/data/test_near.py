from __future__ import annotations

import random
import re

import pytest

from rnntool.data.near import Signatures, nearly_in


def shingles(text: str) -> set[str]:
    plain = re.sub(r"\W", "", text.lower())
    return {plain[n : n + 5] for n in range(len(plain) - 4)}


def jaccard(a: str, b: str) -> float:
    one, other = shingles(a), shingles(b)
    return len(one & other) / len(one | other)


def signatures(texts: list[str]) -> Signatures:
    made = Signatures()
    for line, text in enumerate(texts, start=1):
        made.add(line, text, text.encode())
    return made


def changed(draw: random.Random, words: list[str], times: int) -> str:
    words = list(words)
    for _ in range(times):
        words[draw.randrange(len(words))] = draw.choice(WORDS)
    return " ".join(words)


WORDS = [f"{a}{b}{c}" for a in "kstmn" for b in "aeiou" for c in ("ra", "lo", "기", "다")]


def test_it_finds_what_counting_every_pair_finds():
    draw = random.Random(1)
    originals = [[draw.choice(WORDS) for _ in range(60)] for _ in range(40)]
    others = [" ".join(words) for words in originals]
    texts = [changed(draw, words, times) for words in originals for times in (1, 3, 8)]
    found = {one.line: one for one in nearly_in(signatures(texts), signatures(others), 0.7, ())}
    for line, text in enumerate(texts, start=1):
        best = max(range(len(others)), key=lambda n: jaccard(text, others[n]))
        exact = jaccard(text, others[best])
        if exact > 0.85:
            assert found[line].other == best + 1
        if exact < 0.55:
            assert line not in found
        if line in found:
            assert found[line].similarity == pytest.approx(exact, abs=0.2)
    assert 30 < len(found) < len(texts)


def test_case_punctuation_and_space_make_no_difference():
    other = signatures(["이 영화는 정말 재미있었어요 추천합니다", "nothing like it at all, no"])
    texts = signatures(["이영화는 정말!! 재미있었어요~ 추천합니다", "NOTHING like it at all. No?"])
    found = nearly_in(texts, other, 1.0, ())
    assert [(one.line, one.other, one.similarity) for one in found] == [(1, 1, 1.0), (2, 2, 1.0)]


def test_the_same_text_is_left_out_and_short_ones_too():
    texts = ["a text that is long enough to compare", "short"]
    assert nearly_in(signatures(texts), signatures(texts), 0.8, {texts[0].encode()}) == []
    assert [one.line for one in nearly_in(signatures(texts), signatures(texts), 0.8, ())] == [1]
    assert nearly_in(signatures([]), signatures(texts), 0.8, ()) == []
    assert nearly_in(signatures(texts), signatures([]), 0.8, ()) == []


def test_many_texts_are_hashed_in_blocks():
    texts = [f"the text with the number {n} and some more words" * 2 for n in range(5000)]
    made = signatures(texts)
    assert made.values().shape == (5000, 64)
    assert (made.values()[[0, 4999]] == signatures([texts[0], texts[4999]]).values()).all()
