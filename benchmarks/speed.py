"""Every benchmark of speed that README's tables are of, one after the other: `python -m benchmarks.speed`, or `make bench`.

At most 15 minutes on two cores that do nothing else. Each keeps what it measured (`benchmarks.kept`); the tables are then made anew
(`python -m benchmarks.readme`).
"""

import sys

from benchmarks import latency, live, panning, readme, training


def main() -> None:
    sys.argv = sys.argv[:1]
    for benchmark in (live, panning, latency, training):
        benchmark.main()
    readme.main()


if __name__ == "__main__":
    main()
