"""The command line: `python -m data.generator --help`."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import assemble
from .jobs import render_all
from .plan import TRAINING_LANDMARKS, plan

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "data" / "landmarks"


def main() -> None:
    """Render sets (what is there already is kept), then write the files that are shipped."""
    parser = argparse.ArgumentParser(prog="python -m data.generator", description=main.__doc__)
    parser.add_argument(
        "sets",
        nargs="*",
        default=assemble.SETS,
        help="albion lutetia distractors training (default: all)",
    )
    parser.add_argument(
        "--rendered",
        type=Path,
        default=SHIPPED / ".rendered",
        help="where renderings are kept",
    )
    parser.add_argument("--shipped", type=Path, default=SHIPPED, help="where the shipped files go")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--training-landmarks",
        type=int,
        default=TRAINING_LANDMARKS,
        help="how many the training set has; with another number than the shipped set's, "
        "give a folder of its own as --shipped",
    )
    parser.add_argument("--only-render", action="store_true", help="do not write the shipped files")
    args = parser.parse_args()
    other = "training" in args.sets and args.training_landmarks != TRAINING_LANDMARKS
    if other and not args.only_render and args.shipped.resolve() == SHIPPED:
        parser.error("--training-landmarks would replace the shipped training set; add --shipped")
    plans = {name: plan(name, args.training_landmarks) for name in args.sets}
    for name, scenes in plans.items():
        render_all(scenes, args.rendered / name, args.workers)
    if args.only_render:
        return
    for name, scenes in plans.items():
        assemble.assemble(name, scenes, args.rendered / name, args.shipped)
    assemble.write_checksums(args.shipped)


if __name__ == "__main__":
    main()
