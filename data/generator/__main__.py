"""The command line: `python -m data.generator --help`."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2

from . import assemble, contact_sheet
from .jobs import render_all
from .plan import plan

ROOT = Path(__file__).resolve().parents[2]


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
        default=ROOT / "data/landmarks/.rendered",
        help="where renderings are kept",
    )
    parser.add_argument(
        "--shipped", type=Path, default=ROOT / "data/landmarks", help="where the shipped files go"
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only-render", action="store_true", help="do not write the shipped files")
    args = parser.parse_args()
    for name in args.sets:
        render_all(plan(name), args.rendered / name, args.workers)
    if args.only_render:
        return
    for name in args.sets:
        assemble.assemble(name, args.rendered / name, args.shipped)
        if name in ("albion", "lutetia"):
            sheet = contact_sheet.city_sheet(args.shipped / name)
            cv2.imwrite(
                str(args.shipped / name / "contact_sheet.jpg"),
                sheet,
                [cv2.IMWRITE_JPEG_QUALITY, 80],
            )
    assemble.write_checksums(args.shipped)


if __name__ == "__main__":
    main()
