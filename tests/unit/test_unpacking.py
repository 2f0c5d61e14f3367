"""Archives from elsewhere: what may come out of them, and what may not."""

import hashlib
import io
import tarfile
import zlib

import pytest
from publisher import tar

from delf_lesson.datasets.fetch.unpacking import unpack
from delf_lesson.files import DownloadError

FILES = {"a/one.jpg": b"1" * 3000, "two.txt": b"two"}


def special(**what) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("odd")
        for key, value in what.items():
            setattr(member, key, value)
        archive.addfile(member)
    return buffer.getvalue()


def unpacked(content: bytes, tmp_path):
    archive = tmp_path / "some.tar"
    archive.write_bytes(content)
    return unpack(archive, tmp_path / "out")


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2"])
def test_files_come_out_with_their_lengths_and_checksums(mode, tmp_path):
    found = unpacked(tar(FILES, mode), tmp_path)
    assert {one.path: (one.bytes, one.sha256) for one in found} == {
        name: (len(content), hashlib.sha256(content).hexdigest()) for name, content in FILES.items()
    }
    assert (tmp_path / "out/a/one.jpg").read_bytes() == FILES["a/one.jpg"]


@pytest.mark.parametrize(
    "name", ["../up.txt", "a/../../up.txt", "/abs.txt", "c:evil.txt", "a\\..\\b.txt", ".."]
)
def test_a_path_out_of_the_folder_is_refused(name, tmp_path):
    with pytest.raises(DownloadError, match="leads out of its folder"):
        unpacked(tar({"fine.txt": b"1", name: b"evil"}), tmp_path)
    assert not list(tmp_path.rglob("*up.txt")) and not list(tmp_path.rglob("*evil*"))


def test_a_link_that_lies_in_the_folder_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "door").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DownloadError, match="leads out of its folder"):
        unpacked(tar({"door/in.txt": b"1"}), tmp_path)
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize(
    "what",
    [
        {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
        {"type": tarfile.LNKTYPE, "linkname": "two.txt"},
        {"type": tarfile.CHRTYPE},
        {"type": tarfile.FIFOTYPE},
    ],
)
def test_links_and_devices_are_refused(what, tmp_path):
    with pytest.raises(DownloadError, match="link or a device"):
        unpacked(special(**what), tmp_path)


def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path):
    bomb = tar({"zeros": bytes(60 << 20)})
    assert len(bomb) < 100_000
    with pytest.raises(DownloadError, match="far more than its size allows"):
        unpacked(bomb, tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.rglob("zeros*")) == 0


@pytest.mark.parametrize("mode", ["w", "w:gz"])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_a_cut_archive_is_refused(mode, share, tmp_path):
    import numpy as np

    noise = np.random.default_rng(0).bytes(300_000)
    whole = tar({"one": noise[:200_000], "two": noise[200_000:]}, mode)
    with pytest.raises(DownloadError, match=r"cut off|damaged"):
        unpacked(whole[: int(len(whole) * share)], tmp_path)


def test_what_is_no_archive_is_refused(tmp_path):
    for content in (b"", b"<html>302 Found</html>" * 100):
        with pytest.raises(DownloadError):
            unpacked(content, tmp_path)


def number(value: int) -> bytes:
    """A number as RAR 5 writes it: seven bits a byte, lowest first."""
    parts = []
    while True:
        value, low = value >> 7, value & 127
        parts.append(low | (128 if value else 0))
        if not value:
            return bytes(parts)


def block(kind: int, body: bytes, data: bytes | None = None) -> bytes:
    size = b"" if data is None else number(len(data))
    header = number(kind) + number(0 if data is None else 2) + size + body
    sized = number(len(header)) + header
    return zlib.crc32(sized).to_bytes(4, "little") + sized + (data or b"")


def rar(files: dict[str, bytes]) -> bytes:
    """An archive of RAR 5 that stores these files as they are."""
    content = b"Rar!\x1a\x07\x01\x00" + block(1, number(0))
    for name, data in files.items():
        crc = zlib.crc32(data).to_bytes(4, "little")
        about = number(4) + number(len(data)) + number(0o100644) + crc + number(0) + number(1)
        content += block(2, about + number(len(name)) + name.encode(), data)
    return content + block(5, number(0))


def unpacked_rar(content: bytes, tmp_path):
    pytest.importorskip("rarfile", reason="an extra, `scale`")
    archive = tmp_path / "some.part01.rar"
    archive.write_bytes(content)
    return unpack(archive, tmp_path / "out", "rar")


def test_files_come_out_of_a_rar(tmp_path):
    found = unpacked_rar(rar(FILES), tmp_path)
    assert {one.path: one.bytes for one in found} == {"a/one.jpg": 3000, "two.txt": 3}
    assert (tmp_path / "out/a/one.jpg").read_bytes() == FILES["a/one.jpg"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a", "two.txt"}


def test_a_rar_with_a_path_out_of_the_folder_is_refused(tmp_path):
    with pytest.raises(DownloadError, match="leads out of its folder"):
        unpacked_rar(rar({"../up.txt": b"evil"}), tmp_path)
    assert not list(tmp_path.rglob("*up.txt"))


def test_a_damaged_rar_is_refused(tmp_path):
    whole = rar(FILES)
    for content in (whole[:-400], b"no rar", whole.replace(b"two", b"tow", 1)):
        with pytest.raises(DownloadError, match="damaged or lacks a volume"):
            unpacked_rar(content, tmp_path)
