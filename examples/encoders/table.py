"""A row for each run: python table.py work/lstm.json …"""

import json
import sys
from pathlib import Path

import yaml


def main() -> None:
    print("| encoder | parameters beside the embedding | training, s | reviews/s | test accuracy |")
    print("| --- | --- | --- | --- | --- |")
    for path in map(Path, sys.argv[1:]):
        run = path.with_suffix("")
        config = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
        epochs = [json.loads(line) for line in (run / "metrics.jsonl").open(encoding="utf-8")]
        speed = sum(e["examples_per_second"] for e in epochs) / len(epochs)
        words = sum(1 for _ in (run / "vocab.tsv").open(encoding="utf-8")) - 1
        own = config["results"]["parameters"] - words * config["settings"]["embedding_dim"]
        accuracy = json.loads(path.read_text(encoding="utf-8"))["accuracy"]
        print(f"| {run.name} | {own:,} | {config['results']['seconds']:.0f} | {speed:,.0f} |"
              f" {accuracy:.4f} |")  # fmt: skip


if __name__ == "__main__":
    main()
