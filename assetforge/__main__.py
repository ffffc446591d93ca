"""The entry of `assetforge` and of `python -m assetforge`: asks `noop` first; unaware of every command."""

import os
import sys

from assetforge import __version__
from assetforge.noop import proved_words


def main() -> None:
    """Runs the command line and ends the process with its exit code."""
    words = proved_words(sys.argv[1:], __version__)
    if words is None:
        import gc

        # A graph of ten thousand instances is all alive: looking for cycles in it again and again finds none.
        gc.set_threshold(200_000, 50, 100)
        from assetforge.cli.main import main as run

        sys.exit(run(sys.argv[1:]))
    if words:
        try:
            print(words, flush=True)
        except BrokenPipeError:  # whoever listened has heard enough
            os._exit(1)
    # Nothing is open, and taking the interpreter down would take longer than the proof.
    os._exit(0)


if __name__ == "__main__":
    main()
