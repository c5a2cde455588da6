"""The terminal program: `python -m steadywire`, and the command `steadywire`."""

from __future__ import annotations

import signal
import sys

from ._native import run_program


def main() -> int:
    """Run it with the words of `sys.argv`, and give the status to end with. On the main thread only."""
    # The program handles signals itself, and what it starts must find them as if the interpreter were not there. A
    # signal that whoever started us wants to be ignored stays ignored.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if hasattr(signal, "SIGXFSZ"):
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    return run_program(["steadywire", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
