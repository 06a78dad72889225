"""Keep a thousand rows of a CSV for testing: python split.py ALL.csv TRAIN.csv TEST.csv"""

import csv
import random
import sys


def main() -> None:
    everything, train, test = sys.argv[1:]
    with open(everything, encoding="utf-8-sig", newline="") as source:
        header, *rows = csv.reader(source)
    random.Random(1).shuffle(rows)
    for path, part in ((train, rows[1000:]), (test, rows[:1000])):
        with open(path, "w", encoding="utf-8", newline="") as sink:
            csv.writer(sink, lineterminator="\n").writerows([header, *part])


if __name__ == "__main__":
    main()
