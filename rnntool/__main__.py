"""The process: `python -m rnntool`, and the console script `rnntool`."""

import gc


def main() -> None:
    """Run the command that the arguments name."""
    # What imports and vocabularies make stays: looking among it for garbage after each 700 objects,
    # Python's own threshold, is an eighth of what a one-line answer costs.
    gc.set_threshold(50_000)
    from rnntool.commands import main as run

    try:
        run()
    finally:
        gc.freeze()  # nor is it looked through once more at the end


if __name__ == "__main__":
    main()
