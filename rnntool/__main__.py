"""`python -m rnntool` is `rnntool`."""

from rnntool.commands import main

if __name__ == "__main__":
    main()
