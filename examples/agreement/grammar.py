"""English sentences up to their verb, made by a small grammar: is it `was` or `were`?

    the cats which already ate the fish near the old table  ->  were

Between subject and verb stand so many words as are asked for, with other nouns among them. Half of
the sentences end in a noun of the other number, just before the verb: counting on the nearest noun
is right in half of the cases, and only the subject at the beginning tells.

    python grammar.py --count 20000 --distances 0-40 --seed 1 > train.tsv
"""

from __future__ import annotations

import argparse
import random

NOUNS = [
    "cat",
    "dog",
    "boy",
    "girl",
    "teacher",
    "singer",
    "farmer",
    "doctor",
    "bird",
    "horse",
    "king",
    "queen",
    "student",
    "driver",
    "painter",
    "sailor",
    "nurse",
    "lawyer",
    "poet",
    "baker",
]
ADJECTIVES = [
    "old",
    "young",
    "tall",
    "quiet",
    "clever",
    "famous",
    "tired",
    "happy",
    "small",
    "strange",
]
PREPOSITIONS = ["near", "behind", "beside", "above", "opposite", "with"]
VERBS = ["ate", "saw", "liked", "followed", "met", "knew", "heard", "painted", "called", "helped"]
ADVERBS = ["already", "often", "never", "always", "once"]
NUMBER = {False: "was", True: "were"}


def noun(draw: random.Random, plural: bool) -> str:
    return draw.choice(NOUNS) + ("s" if plural else "")


def piece(draw: random.Random, words: int, plural: bool) -> list[str]:
    """A phrase of 1 to 6 words; from 3 on it ends in a noun of the given number."""
    other = noun(draw, plural)
    adjective, adverb = draw.choice(ADJECTIVES), draw.choice(ADVERBS)
    preposition, verb = draw.choice(PREPOSITIONS), draw.choice(VERBS)
    return {
        1: [adverb],
        2: ["almost", adverb],
        3: [preposition, "the", other],
        4: [preposition, "the", adjective, other],
        5: ["which", adverb, verb, "the", other],
        6: ["which", adverb, verb, "the", adjective, other],
    }[words]


def between(draw: random.Random, words: int, last: bool) -> list[str]:
    """So many words; the last noun among them is plural if `last`, the others are as they come."""
    found: list[str] = []
    while left := words - len(found):
        # A phrase without a noun stands alone only: the last noun is the nearest one.
        sizes = [n for n in (3, 4, 5, 6) if left - n not in (1, 2) and n <= left]
        size = draw.choice(sizes or [left])
        plural = last if size == left else draw.random() < 0.5
        found += piece(draw, size, plural)
    return found


def sentence(draw: random.Random, distance: int, plural: bool, same: bool) -> str:
    """The words before the verb."""
    rest = between(draw, distance, plural if same else not plural)
    return " ".join(["the", noun(draw, plural), *rest])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--distances", default="0-40")
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    low, high = map(int, given.distances.split("-"))
    draw = random.Random(given.seed)
    print("document\tlabel\tdistance\tnearest")
    for n in range(given.count):
        distance = range(low, high + 1, given.step)[n % len(range(low, high + 1, given.step))]
        plural, same = draw.random() < 0.5, draw.random() < 0.5
        text = sentence(draw, distance, plural, same)
        nearest = "none" if distance < 3 else "same" if same else "other"
        print(f"{text}\t{NUMBER[plural]}\t{distance}\t{nearest}")


if __name__ == "__main__":
    main()
