"""What an index of photos knows: `index.json`, written whole or not at all."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from delf_lesson.files import write_atomically
from delf_lesson.retrieval.quantisation import Compression
from delf_lesson.systems.specification import SystemOptions

FORMAT = 2
FILE = "index.json"


@dataclass(frozen=True)
class IndexedImage:
    """An image of the index.

    name: its path within the folder; size, changed_at: of the file, when it was described;
    digest, usable, reason, features: see `tasks.ImageReport`; shard: where its local features
    are, or None.
    """

    name: str
    size: int
    changed_at: int
    digest: str
    usable: tuple[bool, ...]
    reason: str
    features: int
    shard: int | None = None

    def moved(self, shard: int | None) -> "IndexedImage":
        """The same image in another shard."""
        return replace(self, shard=shard)


@dataclass(frozen=True)
class IndexState:
    """An index at one time.

    folder: of the photos. system, options: what describes them, wherever it runs. settings: of the
    extractors. compression: of the shards. trained_for: the number of images that the codebooks
    were made for. codebook, shards, vectors: names of files. images: those of a shard are in the
    order of its rows.
    """

    folder: str
    system: str
    options: SystemOptions
    settings: str
    compression: Compression | None
    trained_for: int = 0
    codebook: str | None = None
    shards: tuple[str, ...] = ()
    vectors: str | None = None
    images: tuple[IndexedImage, ...] = ()

    def path_of(self, image: IndexedImage) -> str:
        """The path of an image, which is its name in results."""
        return str(Path(self.folder) / image.name)

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
    def read(cls, path: Path) -> "IndexState":
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
            values = json.loads(file.read_bytes())
            version = values.pop("format")
            if version == FORMAT:
                return cls._of(values)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(
                f"path: {file} is damaged ({error}); index the folder again"
            ) from error
        raise ValueError(
            f"path: {file} has format {version}, wanted {FORMAT}; index the folder again"
        )

    @classmethod
    def _of(cls, values: dict[str, Any]) -> "IndexState":
        compression, options = values.pop("compression"), values.pop("options")
        images = values.pop("images")
        return cls(
            options=SystemOptions(**{**options, "weights": tuple(options["weights"])}),
            compression=None if compression is None else Compression(**compression),
            images=tuple(
                IndexedImage(**{**image, "usable": tuple(image["usable"])}) for image in images
            ),
            **{**values, "shards": tuple(values["shards"])},
        )
