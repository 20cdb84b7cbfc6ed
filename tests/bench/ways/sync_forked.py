"""Ours, in a fork of a process that has imported everything, as a worker starts its runs."""

import os
import sys

from tests.bench.ways.sync_fullcycle import main

if __name__ == "__main__":
    if fork := os.fork():
        _, ended = os.waitpid(fork, 0)
        sys.exit(os.waitstatus_to_exitcode(ended))
    main("Fullcycle, forked")
