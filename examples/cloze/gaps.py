"""Gaps in real texts: a word is taken out of each, and offered beside two words of other texts.

The two are as long and about as frequent as the word, so that neither gives it away.

python gaps.py TEXTS.tsv COUNT [SEED] > gaps.tsv    (a table with a column `document`)
"""

import csv
import random
import sys
from collections import Counter, defaultdict

SHORTEST = 6  # words of a text


def main(path: str, count: int, seed: int = 1) -> None:
    draw = random.Random(seed)
    with open(path, encoding="utf-8") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        texts = [row["document"].split() for row in rows]
    counts = Counter(word for words in texts for word in words if plain(word))
    alike = defaultdict(list)
    for word in sorted(counts):
        alike[kind(word, counts)].append(word)
    texts = [words for words in texts if len(words) >= SHORTEST and "__" not in "".join(words)]
    draw.shuffle(texts)
    print("text", "choices", "answer", sep="\t")
    for words in texts:
        places = [n for n, w in enumerate(words) if plain(w) and len(alike[kind(w, counts)]) > 2]
        if not places:
            continue
        place = draw.choice(places)
        answer = words[place]
        others = [word for word in alike[kind(answer, counts)] if word != answer]
        choices = draw.sample([answer, *draw.sample(others, 2)], 3)
        text = " ".join([*words[:place], "____", *words[place + 1 :]])
        print(text, ",".join(choices), answer, sep="\t")
        count -= 1
        if not count:
            return


def kind(word: str, counts: Counter[str]) -> tuple[int, int]:
    """Syllables, and the power of two of how often the word stands in the texts."""
    return len(word), counts[word].bit_length()


def plain(word: str) -> bool:
    """Hangul alone, so that no mark gives the answer away."""
    return all("가" <= character <= "힣" for character in word)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
