"""``python -m tests.bench.differential``: random calls through the service's rating and the slow one, until they differ.

Exits 1 with the seed and the first differences; the same seed gives the same periods again.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from random import Random

from tests.support.rating_cases import differences, make_case

CALLS_A_PERIOD = 2000
LONGEST_MS = 300_000


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1, help="of the first period; each has the next one")
    options = parser.parse_args(arguments)
    began, done, seed = time.monotonic(), 0, options.seed
    while done < options.calls:
        random = Random(seed)
        case = make_case(random, min(CALLS_A_PERIOD, options.calls - done), LONGEST_MS)
        found = differences(case, random)
        if found:
            sys.stderr.write(f"seed {seed}: {len(found)} differences\n" + "\n".join(found[:10]) + "\n")
            return 1
        done, seed = done + len(case.calls), seed + 1
        if (seed - options.seed) % 25 == 0:
            sys.stdout.write(f"{done} calls in {seed - options.seed} periods agree\n")
            sys.stdout.flush()
    seconds = time.monotonic() - began
    sys.stdout.write(f"{done} calls in {seed - options.seed} periods agree, in {seconds:.0f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
