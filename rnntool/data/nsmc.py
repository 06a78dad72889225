"""The Naver Sentiment Movie Corpus, from its public repository (e9t/nsmc, CC0 1.0)."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

from rnntool.data.download import fetch, text_digest
from rnntool.errors import UserError
from rnntool.formats.corpus import open_corpus
from rnntool.formats.writing import write_text
from rnntool.reporting import Reporter

FILES = "https://raw.githubusercontent.com/e9t/nsmc/master"
ARCHIVE = "https://codeload.github.com/e9t/nsmc/tar.gz/refs/heads/master"
TRAIN, TEST, UNLABELLED = "ratings_train.txt", "ratings_test.txt", "unlabelled.txt"
SHA256 = {
    TRAIN: "e03b7d14e9e41be8d464a28057cd25d7396c53e67aa7fd5f7e552c59b0ee2940",
    TEST: "8ac9f64052f11dbf6ae0acb5e038f03d90a76f0eda7820cfb3a92d02edfcebda",
}


def fetch_nsmc(folder: Path, report: Reporter, files: str = FILES) -> None:
    """Download the train and test reviews, both checked by sha256.

    Raises:
        UserError: the network fails or a checksum is wrong; no incomplete file gets its final name.
    """
    for name, sha256 in SHA256.items():
        fetch(f"{files}/{name}", folder / name, report, sha256)


def fetch_unlabelled(folder: Path, report: Reporter, archive: str = ARCHIVE) -> None:
    """Download the further reviews of the repository's `raw/` folder, one text per line.

    Each text once, with white space folded, and no text of the test set in `folder`.

    Raises:
        UserError: the test set is not there yet, the network fails, or the archive is damaged.
    """
    test = folder / TEST
    packed = folder / "nsmc-master.tar.gz"
    with open_corpus(str(test)) as corpus:
        rows = [(row.fields[0], row.text) for row in corpus]
    fetch(archive, packed, report)
    count = write_unlabelled(packed, rows, folder / UNLABELLED)
    packed.unlink()
    report.note(f"{folder / UNLABELLED}: {count:,} reviews, none of the test set")


def write_unlabelled(archive: Path, test: list[tuple[str, str]], target: Path) -> int:
    """Write the archive's reviews without those of the test set; returns their number.

    Args:
        test: id and text of each review of the test set.
    """
    test_ids = {identifier for identifier, _ in test}
    seen = {text_digest(fold(text)) for _, text in test} | {text_digest("")}
    count = 0
    with write_text(str(target)) as sink:
        for identifier, text in read_raw(archive):
            folded = fold(text)
            digest = text_digest(folded)
            if identifier in test_ids or digest in seen:
                continue
            seen.add(digest)
            sink.write(folded + "\n")
            count += 1
    return count


def read_raw(archive: Path) -> Iterator[tuple[str, str]]:
    """Id and text of every review in the repository's `raw/*.json`, read from its archive.

    Raises:
        UserError: the archive or a file in it is damaged.
    """
    try:
        with tarfile.open(archive, "r:gz") as packed:
            for member in packed:
                parts = member.name.split("/")
                if len(parts) != 3 or parts[1] != "raw" or not parts[2].endswith(".json"):
                    continue
                content = packed.extractfile(member)
                for review in json.load(content) if content else []:
                    yield str(review.get("review_id", "")), str(review.get("review") or "")
    except (tarfile.TarError, EOFError, OSError, ValueError, AttributeError) as error:
        raise UserError(
            f"damaged archive: {error}", where=archive, hint="download it again"
        ) from None


def fold(text: str) -> str:
    """Runs of white space as one space."""
    return " ".join(text.split())
