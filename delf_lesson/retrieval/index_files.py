"""An index on disk: one file, written whole or not at all, and checked when it is read.

The file is FAISS's own, then JSON (which image holds which rows, and how descriptors are kept),
then a footer with the format's version and a checksum of all that is before it.
"""

import hashlib
import json
import struct
from dataclasses import asdict
from pathlib import Path

import faiss
import numpy as np

from delf_lesson.files import replacing
from delf_lesson.retrieval.index import FeatureIndex
from delf_lesson.retrieval.quantisation import Compression

MAGIC = b"DELFIDX\n"
VERSION = 1
FOOTER = struct.Struct("<QI32s8s")  # bytes of JSON, version, SHA-256, magic


def save_index(index: FeatureIndex, path: str | Path) -> None:
    """Write an index to a file; an older one at path stays whole until the new one is.

    Raises ValueError if it is not trained yet, OSError if it cannot be written.
    """
    with replacing(path) as temporary:
        try:
            faiss.write_index(index.trained, str(temporary))
        except RuntimeError as error:
            raise OSError(f"path: {path} cannot be written: {error}") from error
        about = {
            "dimensions": index.dimensions,
            "compression": None if index.compression is None else asdict(index.compression),
            "names": index.names,
            "counts": index.counts.tolist(),
        }
        text = json.dumps(about).encode()
        with temporary.open("ab") as file:
            file.write(text)
        head = struct.pack("<QI", len(text), VERSION)
        digest = _digest(temporary, temporary.stat().st_size, head)
        with temporary.open("ab") as file:
            file.write(FOOTER.pack(len(text), VERSION, digest, MAGIC))


def load_index(path: str | Path, mapped: bool = False) -> FeatureIndex:
    """Read what `save_index` wrote.

    mapped: leave the inverted lists of a compressed index on disk, from where the system reads
        what searches need. Nothing can be added to it then; an exact index is always read whole.

    Raises FileNotFoundError if there is no such file, and ValueError if it is no index, damaged
    or of another version.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"path: there is no index file {path}; make it with save_index")
    size = path.stat().st_size - FOOTER.size
    with path.open("rb") as file:
        file.seek(max(size, 0))
        footer = file.read(FOOTER.size)
    if size < 0 or not footer.endswith(MAGIC):
        raise ValueError(
            f"path: {path} is no whole index of this package; build it again with save_index"
        )
    length, version, digest, _ = FOOTER.unpack(footer)
    if version != VERSION:
        raise ValueError(
            f"path: {path} has index format {version}, this package reads {VERSION}; build it again"
        )
    if _digest(path, size, footer[: struct.calcsize("<QI")]) != digest:
        raise ValueError(f"path: {path} is damaged, its checksum differs; build it again")
    with path.open("rb") as file:
        file.seek(size - length)
        about = json.loads(file.read(length))
    options = about["compression"]
    compression = None if options is None else Compression(**options)
    flags = faiss.IO_FLAG_MMAP if mapped and compression is not None else 0
    return FeatureIndex.restored(
        faiss.read_index(str(path), flags),
        compression,
        about["names"],
        np.array(about["counts"], np.int64),
        fixed=bool(flags),
    )


def _digest(path: Path, size: int, head: bytes) -> bytes:
    """SHA-256 of the first `size` bytes of a file and the footer's numbers."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while size > 0 and (block := file.read(min(size, 1 << 20))):
            digest.update(block)
            size -= len(block)
    digest.update(head)
    return digest.digest()
