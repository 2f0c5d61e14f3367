"""A publisher of data sets on loopback, with miniature archives of the real layouts and faults."""

import hashlib
import io
import pickle
import tarfile
import threading
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from delf_lesson.datasets.fetch.catalogue import CATALOGUE


def tar(files: dict[str, bytes], mode: str = "w:gz") -> bytes:
    """An archive of these files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def jpeg(image: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


class Publisher:
    """Files by path. faults: by path, a list that each request takes one of:

    "drop" sends half of what was asked for and closes; "hang" sends half and waits; "refuse"
    answers 503; "cut" announces and sends half; "other" changes a byte. "gone" answers 404 as long
    as it stands first.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, list[str]] = {}
        self.asked: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self.ranges: list[tuple[str, str]] = []
        self.understands_ranges = True
        self.hangs, self.released = threading.Event(), threading.Event()
        self.url = ""

    def offer(self, url: str, content: bytes) -> None:
        """A file where a publisher has it."""
        self.files[urlsplit(url).path] = content


@contextmanager
def publishing(publisher: Publisher):
    """Serve it; `publisher.url` says where."""

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def do_HEAD(self):
            content = publisher.files.get(self.path)
            if content is None or publisher.faults.get(self.path, [])[:1] == ["gone"]:
                return self.send_error(404)
            self._head(200, len(content), content)

        def do_GET(self):
            publisher.asked[self.path] += 1
            content = publisher.files.get(self.path)
            waiting = publisher.faults.get(self.path) or [""]
            fault = waiting[0] if waiting[0] == "gone" else waiting.pop(0)
            if content is None or fault == "gone":
                return self.send_error(404)
            if fault == "refuse":
                return self.send_error(503)
            if fault == "other":
                content = bytes([content[0] ^ 1]) + content[1:]
            first, code = 0, 200
            wanted = self.headers.get("Range")
            if wanted and publisher.understands_ranges:
                publisher.ranges.append((self.path, wanted))
                first = int(wanted.removeprefix("bytes=").rstrip("-"))
                if self.headers.get("If-Range") != tag(content):
                    first = 0
                elif first >= len(content):
                    return self.send_error(416)
                else:
                    code = 206
            body = content[first:]
            if fault == "cut":
                body = body[: len(body) // 2]
            self._head(code, len(body), content)
            if fault in ("drop", "hang"):
                body = body[: len(body) // 2]
            publisher.sent[self.path] += len(body)
            self.wfile.write(body)
            if fault == "hang":
                self.wfile.flush()
                publisher.hangs.set()
                publisher.released.wait(60)

        def _head(self, code, length, content):
            self.send_response(code)
            self.send_header("Content-Length", str(length))
            self.send_header("ETag", tag(content))
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    publisher.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield publisher
    finally:
        publisher.released.set()
        server.shutdown()
        server.server_close()


def tag(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'


LANDMARKS = ("keep", "hall")


def views(texture, landmark: int) -> list[np.ndarray]:
    """Three pictures of a thing, shifted, and so found by any system."""
    wide = texture(100 + landmark, 260, 360)
    return [wide[dy : dy + 240, dx : dx + 320] for dx, dy in ((0, 0), (20, 10), (36, 18))]


def offer_oxford(publisher: Publisher, texture) -> None:
    """Two landmarks of three pictures, a query each, four other pictures."""
    pictures, truth = {}, {}
    for number, name in enumerate(LANDMARKS):
        for k, view in enumerate(views(texture, number)):
            pictures[f"{name}_{k:06}.jpg"] = jpeg(view)
        truth[f"{name}_1_query.txt"] = f"oxc1_{name}_000000 4.5 3.2 310.5 232.9\n".encode()
        truth[f"{name}_1_good.txt"] = f"{name}_000000\n{name}_000001\n".encode()
        truth[f"{name}_1_ok.txt"] = f"{name}_000002\n".encode()
        truth[f"{name}_1_junk.txt"] = b"street_000001\n"
    for k in range(4):
        pictures[f"street_{k:06}.jpg"] = jpeg(texture(k))
    images, gt = CATALOGUE["oxford5k"].files
    publisher.offer(images.url, tar(pictures))
    publisher.offer(gt.url, tar(truth))


def offer_revisited_oxford(publisher: Publisher) -> None:
    """The same pictures by the protocol: queries apart, rows of the list in three levels."""
    database = [f"{name}_{k:06}" for name in LANDMARKS for k in (1, 2)]
    database += [f"street_{k:06}" for k in range(4)]
    gnd = [
        {
            "bbx": [4.5, 3.2, 310.5, 232.9],
            "easy": np.array([2 * k]),
            "hard": np.array([2 * k + 1]),
            "junk": np.array([5]),
        }
        for k in range(len(LANDMARKS))
    ]
    asked = [f"{name}_000000" for name in LANDMARKS]
    content = pickle.dumps({"gnd": gnd, "imlist": database, "qimlist": asked}, protocol=2)
    publisher.offer(CATALOGUE["roxford5k"].files[0].url, content)


def offer_google(publisher: Publisher, texture, shards: int = 2, landmarks: int = 3) -> None:
    """Shards with small pictures in folders of their ids' letters, lists and MD5 sums."""
    lines, clean = ["id,url,landmark_id"], {}
    pictures: list[dict[str, bytes]] = [{} for _ in range(shards)]
    for landmark in range(landmarks):
        for k, view in enumerate(views(texture, landmark) + views(texture, landmark)[::-1]):
            name = hashlib.md5(f"{landmark} {k}".encode()).hexdigest()[:16]
            path = f"./{name[0]}/{name[1]}/{name[2]}/{name}.jpg"
            pictures[k % shards][path] = jpeg(view[::2, ::2])
            lines.append(f"{name},http://photographs.example/{name}.jpg,{landmark + 7}")
            clean.setdefault(landmark + 7, []).append(name)
    lists = {
        "train.csv": "\n".join(lines),
        "train_clean.csv": "\n".join(
            ["landmark_id,images", *(f"{one},{' '.join(names)}" for one, names in clean.items())]
        ),
    }
    archives = iter(pictures)
    for file in CATALOGUE["google-landmarks-train"].files:
        if file.kind == "plain":
            publisher.offer(file.url, lists[file.name].encode())
        elif (own := next(archives, None)) is not None:
            content = tar(own, "w")
            publisher.offer(file.url, content)
            line = f"{hashlib.md5(content).hexdigest()}  {file.name}\n"
            publisher.offer(file.checksum, line.encode())
