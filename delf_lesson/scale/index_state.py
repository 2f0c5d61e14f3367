"""What an index of photographs knows: `index.json`, written whole or not at all."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from delf_lesson.files import write_atomically
from delf_lesson.retrieval.quantisation import Compression
from delf_lesson.systems.registry import Choices

FORMAT = 1
FILE = "index.json"


@dataclass(frozen=True)
class Photo:
    """An image of the index.

    name: its path from the folder on; size, changed_at: of the file, when it was described;
    digest, usable, reason, features: see `tasks.About`; shard: where its local features are, or
    None.
    """

    name: str
    size: int
    changed_at: int
    digest: str
    usable: tuple[bool, ...]
    reason: str
    features: int
    shard: int | None = None

    def moved(self, shard: int | None) -> "Photo":
        """The same, in another shard."""
        return replace(self, shard=shard)


@dataclass(frozen=True)
class State:
    """An index at one time.

    folder: of the photographs. settings: of what describes them. compression: of the shards.
    trained_for: the number of images that the codebooks were made for. codebook, shards, vectors:
    names of files. photos: those of a shard are in the order of its rows.
    """

    folder: str
    choices: Choices
    settings: str
    compression: Compression | None
    trained_for: int = 0
    codebook: str | None = None
    shards: tuple[str, ...] = ()
    vectors: str | None = None
    photos: tuple[Photo, ...] = ()

    def called(self, photo: Photo) -> str:
        """What the index calls an image: its path."""
        return str(Path(self.folder) / photo.name)

    @property
    def files(self) -> set[str]:
        """The names of the files that belong to it."""
        named = (*self.shards, self.codebook, self.vectors)
        return {name for name in named if name is not None}

    def write(self, path: Path) -> None:
        """Make it the state of the index in a folder."""
        text = json.dumps({"format": FORMAT, **asdict(self)})
        write_atomically(path / FILE, text.encode())

    @classmethod
    def read(cls, path: Path) -> "State":
        """The state of the index in a folder.

        Raises FileNotFoundError if there is none, ValueError if it is damaged or of another
        version.
        """
        file = path / FILE
        if not file.is_file():
            raise FileNotFoundError(
                f"path: {path} holds no index; make it with: delf-lesson index FOLDER --out {path}"
            )
        try:
            kept = json.loads(file.read_bytes())
            version = kept.pop("format")
            if version == FORMAT:
                return cls._of(kept)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"path: {file} is damaged ({error}); index the folder anew") from error
        raise ValueError(
            f"path: {file} has format {version}, this package reads {FORMAT}; index the folder anew"
        )

    @classmethod
    def _of(cls, kept: dict[str, Any]) -> "State":
        compression, choices = kept.pop("compression"), kept.pop("choices")
        photos = kept.pop("photos")
        return cls(
            choices=Choices(**{**choices, "weights": tuple(choices["weights"])}),
            compression=None if compression is None else Compression(**compression),
            photos=tuple(Photo(**{**one, "usable": tuple(one["usable"])}) for one in photos),
            **{**kept, "shards": tuple(kept["shards"])},
        )
