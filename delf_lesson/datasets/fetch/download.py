"""Fetch a file over the network: a broken download resumes, and no file is left half there."""

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pooch
import requests

from delf_lesson.files import DownloadError, write_atomically

ByteProgress = Callable[[str, int, int], None]
"""Called with (file, bytes that have come, bytes of the whole file)."""

MIRROR = "DELF_LESSON_MIRROR"
"""The environment variable with the start of an address, such as http://school.example/data. It
replaces the start of every publisher's address: a mirror has the same paths."""
TRIES = 5
"""Failed tries in a row without a new byte; any progress restarts the count."""
PATIENCE = 30.0
"""Seconds without a byte until a connection counts as dead."""
CHUNK = 1 << 15
"""Bytes that are written at a time, and at most fetched twice after a break."""


class FetchStopped(Exception):
    """The fetch was asked to stop; the bytes that have come stay for the next fetch."""


def address(url: str) -> str:
    """Where to fetch a URL from: itself, or from the mirror."""
    mirror = os.environ.get(MIRROR)
    if not mirror:
        return url
    start, original = urlsplit(mirror), urlsplit(url)
    path = start.path.rstrip("/") + original.path
    return urlunsplit((start.scheme, start.netloc, path, "", ""))


def length_of(url: str) -> int:
    """How many bytes a URL has, as its server says. Raises DownloadError if it does not say."""
    try:
        answer = requests.head(address(url), allow_redirects=True, timeout=PATIENCE)
        answer.raise_for_status()
        return int(answer.headers["Content-Length"])
    except (requests.RequestException, KeyError, ValueError) as error:
        raise DownloadError(_failed(address(url), error)) from error


def text_of(url: str) -> str:
    """A small file's text. Raises DownloadError if it cannot be fetched."""
    try:
        answer = requests.get(address(url), timeout=PATIENCE)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise DownloadError(_failed(address(url), error)) from error
    return answer.text


def download(
    url: str,
    path: Path,
    known_hash: str | None = None,
    progress: ByteProgress = lambda name, here, all_: None,
    stop: threading.Event | None = None,
    pause: float = 1.0,
) -> None:
    """Fetch a URL to a path, unless it is there and has the known hash.

    known_hash: as "md5:…" or "sha256:…", or None where the publisher gives none. pause: seconds
    before the second try; it doubles with each try.

    Bytes that came before a connection broke stay in `path`.part. The next try or the next call
    asks only for the rest, as long as the server still has the same file. Raises DownloadError if
    the file cannot be fetched or does not have the hash, and OSError if it cannot be written.
    """
    fetcher = Resuming(path, progress, stop or threading.Event(), pause)
    quiet = pooch.get_logger()
    quiet.setLevel("ERROR")  # progress and errors already say what it would print
    try:
        pooch.retrieve(address(url), known_hash, path.name, path.parent, downloader=fetcher)
    except ValueError as error:  # the hash is wrong; pooch has removed the file
        raise DownloadError(
            f"{address(url)} is not what its publisher says it is: its checksum differs; fetch "
            "it again, and if that does not help, ask the publisher"
        ) from error


@dataclass(frozen=True)
class Resuming:
    """A downloader for pooch that keeps the bytes that came, and asks for the rest."""

    path: Path
    progress: ByteProgress
    stop: threading.Event
    pause: float

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        """Fetch a URL to a file. Raises DownloadError after `TRIES` tries without progress."""
        failed = 0
        while True:
            before = self._here()
            try:
                self._more(url)
                break
            except requests.RequestException as error:
                failed = 1 if self._here() > before else failed + 1
                if _final(error) or failed >= TRIES:
                    raise DownloadError(_failed(url, error)) from error
                time.sleep(self.pause * 2 ** (failed - 1))
        os.replace(self._part, output_file)
        self._about.unlink(missing_ok=True)

    @property
    def _part(self) -> Path:
        return self.path.with_name(self.path.name + ".part")

    @property
    def _about(self) -> Path:
        return self.path.with_name(self.path.name + ".part.json")

    def _here(self) -> int:
        return self._part.stat().st_size if self._part.is_file() else 0

    def _more(self, url: str) -> None:
        """Ask for what is missing and append it."""
        here, version = self._here(), self._version()
        headers = {}
        if here and version:  # without a version the server may have another file by now
            headers = {"Range": f"bytes={here}-", "If-Range": version}
        with requests.get(url, headers=headers, stream=True, timeout=PATIENCE) as answer:
            if answer.status_code == requests.codes.requested_range_not_satisfiable:
                self._part.unlink(missing_ok=True)
                raise requests.ConnectionError("the server has another file now")
            answer.raise_for_status()
            goes_on = answer.status_code == requests.codes.partial_content
            rest = answer.headers.get("Content-Length")
            here = here if goes_on else 0
            whole = here + int(rest) if rest else None
            same = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
            write_atomically(self._about, json.dumps({"version": same}).encode())
            with self._part.open("ab" if goes_on else "wb") as file:
                for chunk in answer.iter_content(CHUNK):
                    file.write(chunk)
                    here += len(chunk)
                    self.progress(self.path.name, here, whole or here)
                    if self.stop.is_set():
                        raise FetchStopped
        if whole is not None and here != whole:
            raise requests.ConnectionError(f"{here} of {whole} bytes came")

    def _version(self) -> str | None:
        """The server's name for this version of the file, if it allows asking for a range."""
        try:
            version = json.loads(self._about.read_bytes())["version"]
        except (OSError, ValueError, KeyError):
            return None
        return None if version is None or version.startswith("W/") else version


def _final(error: requests.RequestException) -> bool:
    """Whether another try cannot help: the server says that the request is wrong."""
    answer = error.response
    return answer is not None and 400 <= answer.status_code < 500 and answer.status_code != 429


def _failed(url: str, error: Exception) -> str:
    return (
        f"{url} could not be fetched ({error}); look at the network and call this again, which "
        f"goes on where it stopped, or set {MIRROR} to a mirror"
    )


def sha256(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
