"""The entry of `assetforge` and of `python -m assetforge`: asks `noop` first; unaware of every command."""

import os
import sys

from assetforge import __version__
from assetforge.noop import proved_words


def main() -> None:
    """Runs the command line and ends the process with its exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started us
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - open until the end
    words = proved_words(sys.argv[1:], __version__)
    code = 0 if words is not None else _run()
    try:
        if words:
            print(words)
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:  # whoever listened has heard enough
        code = code or 1
    except OSError as error:
        code = code or 1
        os.write(2, f"error: {(error.strerror or str(error)).lower()}\n".encode())
    # Commands close what they opened. To take the interpreter down would only take time, and longer than a proof.
    os._exit(code)


def _run() -> int:
    import gc

    # A graph of ten thousand instances is all alive: looking for cycles in it again and again finds none.
    gc.set_threshold(1_000_000, 50, 100)
    from assetforge.cli.main import main as run

    return run(sys.argv[1:])


if __name__ == "__main__":
    main()
