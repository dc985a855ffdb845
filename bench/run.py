"""`make bench` runs every benchmark, `make bench B=clicks` one of them. Each prints ratios against a limit that it
measures in the same run; see README.md beside this file."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAMES = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def main(wanted: list[str]) -> int:
    unknown = sorted(set(wanted) - set(NAMES))
    if unknown:
        print(f"There is no benchmark {unknown[0]!r}. There are: {', '.join(NAMES)}.", file=sys.stderr)
        return 2
    sys.path[:0] = [str(HERE.parent), str(HERE)]
    results = [importlib.import_module(f"bench_{name}").main() for name in wanted or NAMES]
    return 0 if all(results) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
