"""The process: `python -m rnntool`, and the console script `rnntool`."""

import gc


def main() -> None:
    """Run the command."""
    # Objects from imports and vocabularies live until the end. Searching them for garbage after
    # every 700 new objects, Python's default, takes an eighth of the time of a one-line answer.
    gc.set_threshold(50_000)
    from rnntool.commands import main as run

    try:
        run()
    finally:
        gc.freeze()  # skip the search at exit, too


if __name__ == "__main__":
    main()
