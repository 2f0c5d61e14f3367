"""Read, check and resize images, several ahead in threads. An image is `uint8` RGB (H, W, 3)."""

import hashlib
import io
import os
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

Pixels = NDArray[np.uint8]

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm", ".pgm"}
)
HEIF = frozenset({".heic", ".heif", ".hif"})
"""Photographs of telephones, which Pillow reads with pillow-heif (extra `photos`)."""
RAW = frozenset(
    {".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2", ".pef", ".srw", ".x3f"}
)
"""What a camera's sensor saw: to become a picture it needs decisions, which are the owner's."""
MAX_PIXELS = 16_000_000
"""`read_image` shrinks anything larger to this many pixels."""
MAX_FILE_PIXELS = 178_956_970
"""`read_image` refuses anything larger: Pillow's own limit against decompression bombs."""


class LoadedImage:
    """An image that is read from disk once: the digest of its content, and its pixels.

    source: a file, or an image `uint8` RGB (H, W, 3). Nothing is read before it is asked for.
    Both properties raise FileNotFoundError if there is no such file, OSError if it cannot be
    read, and `pixels` raises ValueError if it is no image.
    """

    def __init__(self, source: str | Path | Pixels) -> None:
        self.source = source

    @classmethod
    def of(cls, image: "ImageSource") -> "LoadedImage":
        """The image to load, or the same one if it is loaded."""
        return image if isinstance(image, LoadedImage) else cls(image)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of a file's bytes, or of an array's shape, type and values."""
        if isinstance(self.source, np.ndarray):
            head = f"{self.source.shape} {self.source.dtype}".encode()
            return hashlib.sha256(head + np.ascontiguousarray(self.source).tobytes()).hexdigest()
        return hashlib.sha256(self._content).hexdigest()

    @cached_property
    def pixels(self) -> Pixels:
        """The image, `uint8` RGB (H, W, 3)."""
        if isinstance(self.source, np.ndarray):
            return self.source
        return decode_image(self._content, str(self.source))

    @cached_property
    def _content(self) -> bytes:
        return read_content(str(self.source))


ImageSource = str | Path | Pixels | LoadedImage
"""Whatever an image can be given as."""


def list_images(folder: str | Path) -> list[Path]:
    """All image files in a folder and its sub-folders, sorted by path; hidden ones are left out.

    Those of kinds that `read_image` may refuse, HEIC and raw, are among them, so that whoever
    reads them is told, and they are not passed over in silence.

    Raises FileNotFoundError if there is no such folder, ValueError if it holds no image.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"folder: there is no folder {folder}")
    known = SUFFIXES | HEIF | RAW
    found = sorted(path for path in _visible_files(folder) if path.suffix.lower() in known)
    if not found:
        kinds = " ".join(sorted(SUFFIXES))
        raise ValueError(f"folder: {folder} holds no images; wanted files of these kinds: {kinds}")
    return found


def _visible_files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(parent, name) for name in names if not name.startswith("."))


def read_image(path: str | Path, max_pixels: int = MAX_PIXELS) -> Pixels:
    """Read an image file as `uint8` RGB (H, W, 3), upright as its EXIF orientation says.

    Grey, 16-bit, palette and CMYK images are converted, transparency is laid over white, of an
    animation the first frame is taken, and more than `max_pixels` are shrunk to that many.
    HEIC is read where pillow-heif is installed. Raises FileNotFoundError if there is no such
    file, and ValueError if it cannot be read whole, or is a camera's raw file.
    """
    return decode_image(read_content(path), path, max_pixels)


def read_content(path: str | Path) -> bytes:
    """The bytes of an image file. Raises FileNotFoundError if there is no such file."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"path: there is no image file {path}")
    return Path(path).read_bytes()


def decode_image(content: bytes, path: str | Path, max_pixels: int = MAX_PIXELS) -> Pixels:
    """The image in the bytes of a file; see `read_image`. path: names the file and its kind."""
    path = Path(path)
    if not content:
        raise ValueError(f"path: {path} is empty (0 bytes); replace the file")
    if path.suffix.lower() in RAW:
        raise ValueError(
            f"path: {path} is a camera's raw file; develop it to JPEG or TIFF with your photo "
            "program, which knows the camera, and give that file"
        )
    if path.suffix.lower() in HEIF and not _reads_heif():
        raise ValueError(
            f"path: {path} is HEIC, which needs a library more; install it with: "
            "pip install -e '.[photos]', or export the photograph as JPEG"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large files and odd metadata
            with Image.open(io.BytesIO(content)) as file:
                return _upright_rgb(file, max_pixels)
    except UnidentifiedImageError as error:
        raise ValueError(f"path: {path} is not an image that can be read") from error
    except Image.DecompressionBombError as error:
        raise ValueError(
            f"path: {path} has over {MAX_FILE_PIXELS // 10**6} megapixels; shrink the file first"
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise ValueError(f"path: {path} is damaged or cut off ({error})") from error


@lru_cache(maxsize=1)
def _reads_heif() -> bool:
    """Let Pillow read HEIC, if the library is there."""
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def _upright_rgb(file: Image.Image, max_pixels: int) -> Pixels:
    width, height = file.size
    shrink = min(1.0, (max_pixels / (width * height)) ** 0.5)
    wanted = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    if shrink < 1:
        file.draft("RGB", wanted)  # JPEG decodes straight to a half, quarter or eighth
    image: Image.Image = file
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        image = _eight_bit(image)
    # Resize before any conversion: copies of a 100-megapixel image are what costs memory.
    if shrink < 1 and image.mode not in ("P", "1"):
        image = image.resize(wanted, Image.Resampling.BOX)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        image = Image.alpha_composite(white, rgba)
    image = image.convert("RGB")
    if shrink < 1 and image.size != wanted:
        image = image.resize(wanted, Image.Resampling.BOX)
    image.info["exif"] = file.info.get("exif", b"")
    return np.array(_turned(file, image))


def _turned(file: Image.Image, image: Image.Image) -> Image.Image:
    """Apply the file's EXIF orientation (tag 0x0112) to the converted image."""
    orientation = file.getexif().get(0x0112, 1)
    image.getexif()[0x0112] = orientation
    return ImageOps.exif_transpose(image)


def _eight_bit(image: Image.Image) -> Image.Image:
    """Grey of more than 8 bits to 8: 8- and 16-bit ranges by full scale, others by their own."""
    values = np.asarray(image)
    low, high = float(values.min()), float(values.max())
    if values.dtype == np.uint16 or (low >= 0 and 255 < high <= 65535):
        low, high = 0.0, 65535.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    spread = max(high - low, 1e-9)  # a constant image becomes black
    scaled = (values - np.float32(low)) * np.float32(255 / spread)
    return Image.fromarray(scaled.astype(np.uint8))


def check_image(image: Pixels, name: str = "image") -> None:
    """Raise ValueError unless image is a non-empty `uint8` array of shape (H, W, 3)."""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        kind = getattr(image, "dtype", type(image).__name__)
        raise ValueError(f"{name} is {kind}; wanted a uint8 array, 0 to 255")
    if image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(
            f"{name} has shape {image.shape}; wanted RGB (H, W, 3) with H and W over 0"
        )


def to_grey(image: Pixels) -> Pixels:
    """RGB (H, W, 3) to luma (H, W), ITU-R BT.601."""
    check_image(image)
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def unit_range(grey: NDArray, name: str = "grey") -> NDArray[np.float32]:
    """A grey image (H, W) as float32 from 0 to 1; `uint8` is divided by 255.

    Raises ValueError for another shape or kind, and for floats outside 0 to 1 or not finite.
    """
    grey = np.asarray(grey)
    if grey.ndim != 2 or grey.size == 0:
        raise ValueError(f"{name} has shape {grey.shape}; wanted a grey image (H, W)")
    if grey.dtype == np.uint8:
        return grey.astype(np.float32) / np.float32(255)
    if not np.issubdtype(grey.dtype, np.floating):
        raise ValueError(f"{name} is {grey.dtype}; wanted uint8, or float from 0 to 1")
    low, high = float(grey.min()), float(grey.max())
    if not 0 <= low <= high <= 1:
        raise ValueError(
            f"{name} runs from {low:g} to {high:g}; wanted finite values from 0 to 1: divide grey "
            "levels by 255"
        )
    return grey.astype(np.float32)


def resize_longest(image: Pixels, longest: int) -> tuple[Pixels, float]:
    """Shrink an image until its longer side is `longest` pixels; smaller ones stay as they are.

    Returns the image and the scale s it was resized by (s <= 1).
    """
    check_image(image)
    height, width = image.shape[:2]
    scale = min(1.0, longest / max(height, width))
    return rescale(image, scale), scale


def rescale(image: Pixels, scale: float) -> Pixels:
    """Resize an image by a scale, areas averaged where it shrinks and linearly where it grows."""
    height, width = image.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if size == (width, height):
        return image
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(image, size, interpolation=how)


def to_original(xy: NDArray, resized: tuple[int, int], original: tuple[int, int]) -> NDArray:
    """Points of a resized image in pixels of the original; both sizes are (width, height).

    Pixel centres are at integers, so the corner of the image is at -0.5 and x goes to
    (x + 0.5) * original / resized - 0.5.
    """
    ratio = np.array(original, float) / np.array(resized, float)
    return ((np.asarray(xy) + 0.5) * ratio - 0.5).astype(np.float32)


S = TypeVar("S")
R = TypeVar("R")


def prefetch(work: Callable[[S], R], items: Iterable[S], threads: int, most: int) -> Iterator[R]:
    """What threads make of each item, in the order of the items.

    most: how many results are made or waiting beyond the one that is asked for.
    """
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[R]] = deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
