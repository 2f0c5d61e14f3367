"""The size of the package: modules, lines, long modules, and names used twice.

python tests/benchmarks/package_size.py
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from package_sources import (
    duplicate_classes,
    duplicate_files,
    line_count,
    loose_modules,
    modules,
    read_sources,
)


def main() -> None:
    """Print one line for each measure, and the names behind each count."""
    sources = read_sources()
    lengths = {path: line_count(sources[path]) for path in modules(sources)}
    print(f"modules without __init__: {len(lengths)}")
    print(f"lines: {sum(line_count(text) for text in sources.values())}")
    for limit in (250, 300):
        longer = sorted((length, path) for path, length in lengths.items() if length > limit)[::-1]
        print(f"modules over {limit} lines: {len(longer)}")
        for length, path in longer:
            print(f"    {length} {path}")
    for what, duplicates in (
        ("file", duplicate_files(sources)),
        ("class", duplicate_classes(sources)),
    ):
        print(f"{what} names used twice: {len(duplicates)}")
        for name, paths in duplicates.items():
            print(f"    {name}: {', '.join(paths)}")
    loose = loose_modules(sources)
    print(f"modules at the top: {len(loose)} ({', '.join(loose)})")


if __name__ == "__main__":
    main()
