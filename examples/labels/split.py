"""Three parts of labelled texts, none of which stands in two of them.

    python split.py chatbot ChatbotData.csv work/chatbot
    python split.py speakers tinyshakespeare.txt work/speakers

write train.tsv, validation.tsv and test.tsv (80, 10 and 10 %) into the folder.
"""

import csv
import random
import re
import sys
from collections import Counter
from pathlib import Path

NAMES = {"0": "everyday", "1": "parting", "2": "love"}
SPEAKERS = 10


def chatbot(path):
    """A group for each different question: some stand in the file again and again."""
    with open(path, encoding="utf-8-sig", newline="") as source:
        rows = [(row["Q"], NAMES[row["label"].strip()]) for row in csv.DictReader(source)]
    return [[row] for row in {text: (text, label) for text, label in reversed(rows)}.values()]


def speakers(path):
    """A group for each speech, so that its lines stand together; a row for each line."""
    speeches = []
    for block in Path(path).read_text(encoding="utf-8").split("\n\n"):
        found = re.fullmatch(r"([A-Z][^\n:]*):\n(.*)", block.strip(), re.DOTALL)
        if found:
            speeches.append([(line, found[1]) for line in found[2].split("\n") if line.strip()])
    counts = Counter(name for speech in speeches for _, name in speech)
    chosen = {name for name, _ in counts.most_common(SPEAKERS)}
    return [speech for speech in speeches if speech and speech[0][1] in chosen]


def main():
    kind, source, folder = sys.argv[1:]
    groups = {"chatbot": chatbot, "speakers": speakers}[kind](source)
    random.Random(1).shuffle(groups)
    tenth = len(groups) // 10
    parts = {
        "test": groups[:tenth],
        "validation": groups[tenth : 2 * tenth],
        "train": groups[2 * tenth :],
    }
    Path(folder).mkdir(parents=True, exist_ok=True)
    seen = set()
    for name, part in parts.items():  # a line that stands in the test set is in no other
        rows = [row for group in part for row in group if row[0] not in seen]
        seen |= {text for text, _ in rows}
        with open(f"{folder}/{name}.tsv", "w", encoding="utf-8") as sink:
            sink.write("text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in rows))


if __name__ == "__main__":
    main()
