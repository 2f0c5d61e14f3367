"""Any image file becomes upright uint8 RGB, or is refused with the reason."""

import subprocess
import sys

import cv2
import numpy as np
import pytest
from PIL import Image

from delf_lesson.images import (
    MAX_PIXELS,
    check_image,
    list_images,
    read_image,
    resize_longest,
    to_grey,
    to_original,
)

ORANGE = (230, 120, 20)


def save(path, image, **options):
    image.save(path, **options)
    return path


def test_rgb_png_comes_back_exactly(tmp_path, texture):
    path = save(tmp_path / "a.png", Image.fromarray(texture(0)))
    assert np.array_equal(read_image(path), texture(0))


def test_grey_and_one_bit(tmp_path):
    grey = read_image(save(tmp_path / "g.png", Image.new("L", (4, 3), 77)))
    assert grey.shape == (3, 4, 3) and (grey == 77).all()
    bit = read_image(save(tmp_path / "b.png", Image.new("1", (4, 3), 1)))
    assert (bit == 255).all()


@pytest.mark.parametrize("value", [0, 255, 256, 32768, 65535])
def test_sixteen_bit_grey_is_scaled_by_its_full_range(tmp_path, value):
    pixels = np.full((3, 4), value, np.uint16)
    path = str(tmp_path / "s.png")
    cv2.imwrite(path, pixels)
    assert np.abs(read_image(path).astype(int) - value / 257).max() <= 1


def test_sixteen_bit_colour(tmp_path):
    path = str(tmp_path / "s.png")
    cv2.imwrite(path, np.full((3, 4, 3), (10 * 257, 128 * 257, 255 * 257), np.uint16))
    assert np.abs(read_image(path).astype(int) - (255, 128, 10)).max() <= 1


def test_float_tiff_is_stretched_to_its_own_range(tmp_path):
    ramp = np.linspace(-1, 3, 12, dtype=np.float32).reshape(3, 4)
    read = read_image(save(tmp_path / "f.tif", Image.fromarray(ramp)))
    assert read.min() == 0 and read.max() >= 254
    constant = save(tmp_path / "c.tif", Image.fromarray(np.full((3, 4), -5.0, np.float32)))
    assert len(np.unique(read_image(constant))) == 1


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_over_white(tmp_path, mode):
    clear = (*ORANGE, 0) if mode == "RGBA" else (50, 0)
    assert (read_image(save(tmp_path / "t.png", Image.new(mode, (4, 3), clear))) == 255).all()
    solid = (*ORANGE, 255) if mode == "RGBA" else (50, 255)
    read = read_image(save(tmp_path / "o.png", Image.new(mode, (4, 3), solid)))
    assert (read == (ORANGE if mode == "RGBA" else 50)).all()


def test_palette_with_and_without_transparency(tmp_path):
    image = Image.new("P", (4, 3), 1)
    image.putpalette([0, 0, 0, *ORANGE])
    assert (read_image(save(tmp_path / "p.png", image)) == ORANGE).all()
    assert (read_image(save(tmp_path / "t.png", image, transparency=1)) == 255).all()


def test_cmyk_jpeg(tmp_path):
    path = save(tmp_path / "c.jpg", Image.new("RGB", (16, 16), ORANGE).convert("CMYK"), quality=95)
    assert np.abs(read_image(path).astype(int) - ORANGE).max() < 12


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_turned_upright(tmp_path, orientation):
    upright = np.zeros((20, 30, 3), np.uint8)
    upright[:8, :10] = 255  # a white corner at the top left
    as_stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / "e.png", Image.fromarray(np.ascontiguousarray(as_stored)), exif=exif)
    assert np.array_equal(read_image(path), upright)


def test_the_first_frame_of_an_animation(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ((255, 0, 0), (0, 0, 255))]
    path = save(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:])
    assert (read_image(path) == (255, 0, 0)).all()


def test_one_pixel(tmp_path):
    assert read_image(save(tmp_path / "1.png", Image.new("RGB", (1, 1), ORANGE))).shape == (1, 1, 3)


def test_missing_empty_and_foreign_files(tmp_path):
    path = tmp_path / "x.jpg"
    with pytest.raises(FileNotFoundError, match=r"x\.jpg"):
        read_image(path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="empty"):
        read_image(path)
    path.write_text("this is a letter, not a picture")
    with pytest.raises(ValueError, match="not an image"):
        read_image(path)


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "tif", "webp", "bmp"])
@pytest.mark.parametrize("share", [0.3, 0.8])
def test_cut_off_files_are_refused(tmp_path, texture, suffix, share):
    path = save(tmp_path / f"x.{suffix}", Image.fromarray(texture(0)))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ValueError, match=rf"x\.{suffix}"):
        read_image(path)


BIG = {
    "jpg": "Image.new('RGB', (10000, 10000), (230, 120, 20)).save(path, quality=50)",
    "png": "Image.new('RGBA', (10000, 10000), (230, 120, 20, 255)).save(path, compress_level=1)",
    "tif": "Image.fromarray(np.full((10000, 10000), 32768, np.uint16)).save(path)",
}


READ = """
import sys
from pathlib import Path
from delf_lesson.images import read_image

image = read_image(sys.argv[1])
if sys.platform == "darwin":
    import resource

    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
else:  # Linux's ru_maxrss begins with the memory of the process that started this one
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    memory = 1024 * int(status["VmHWM"].split()[0])
print(image.shape[0] * image.shape[1], image.mean(), memory)
"""


@pytest.mark.slow
@pytest.mark.parametrize("suffix", BIG)
def test_a_hundred_megapixels_are_shrunk_within_1500_mb(tmp_path, suffix):
    path = tmp_path / f"big.{suffix}"
    make = f"import sys; import numpy as np; from PIL import Image; path=sys.argv[1]; {BIG[suffix]}"
    subprocess.run([sys.executable, "-c", make, str(path)], check=True)
    run = subprocess.run(
        [sys.executable, "-c", READ, str(path)], check=True, capture_output=True, text=True
    )
    pixels, mean, memory = map(float, run.stdout.split())
    assert 0.2 * MAX_PIXELS < pixels <= MAX_PIXELS
    assert abs(mean - (127.5 if suffix == "tif" else sum(ORANGE) / 3)) < 2
    assert memory < 1.5e9


def test_a_decompression_bomb_is_refused_with_the_remedy(tmp_path):
    path = save(tmp_path / "bomb.png", Image.new("1", (20000, 20000)))
    with pytest.raises(ValueError, match="shrink the file"):
        read_image(path)


def test_list_images_looks_into_sub_folders_but_not_hidden_ones(tmp_path):
    for name in ("b.JPG", "sub/a.png", "sub/deep/c.webp", ".hidden/d.png", "._e.jpg", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    found = [path.relative_to(tmp_path).as_posix() for path in list_images(tmp_path)]
    assert found == ["b.JPG", "sub/a.png", "sub/deep/c.webp"]


def test_folders_without_images(tmp_path):
    with pytest.raises(ValueError, match="holds no images"):
        list_images(tmp_path)
    with pytest.raises(FileNotFoundError, match="no folder"):
        list_images(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((4, 0, 3), np.uint8),
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        "picture.jpg",
    ],
)
def test_check_image_refuses_everything_else(image):
    with pytest.raises(ValueError, match=r"^image "):
        check_image(image)


def test_to_grey_weighs_red_green_blue_as_luma():
    for colour, grey in (((255, 0, 0), 76), ((0, 255, 0), 150), ((0, 0, 255), 29)):
        assert abs(int(to_grey(np.full((2, 2, 3), colour, np.uint8))[0, 0]) - grey) <= 1


def test_resize_longest_never_enlarges(texture):
    small, scale = resize_longest(texture(0), 80)
    assert small.shape == (60, 80, 3) and scale == 0.25
    same, scale = resize_longest(texture(0), 1000)
    assert same.shape == (240, 320, 3) and scale == 1.0


@pytest.mark.parametrize("factor", [2, 4])
def test_points_of_a_resized_image_return_to_the_same_place(factor):
    """On an image whose value is its x, a resized pixel holds the x it came from."""
    ramp = np.tile(np.arange(64, dtype=np.float32), (16, 1))
    small = cv2.resize(ramp, (64 // factor, 16 // factor), interpolation=cv2.INTER_AREA)
    columns = np.arange(64 // factor)
    xy = np.column_stack([columns, np.zeros_like(columns)])
    back = to_original(xy, (64 // factor, 16 // factor), (64, 16))
    assert np.allclose(back[:, 0], small[0], atol=1e-4)


def test_heic_is_read_upright_where_the_library_is(tmp_path, texture):
    pillow_heif = pytest.importorskip("pillow_heif", reason="an extra, `photos`")
    pillow_heif.register_heif_opener()
    path = tmp_path / "telephone.HEIC"
    Image.fromarray(texture(1)).save(path, format="HEIF", quality=95)
    found = read_image(path)
    assert found.shape == texture(1).shape
    assert np.abs(found.astype(int) - texture(1)).mean() < 4
    assert list_images(tmp_path) == [path]


def test_heic_without_the_library_is_refused_with_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr("delf_lesson.images._reads_heif", lambda: False)
    path = tmp_path / "telephone.heic"
    path.write_bytes(b"heic")
    with pytest.raises(ValueError, match=r"\[photos\]', or export the photograph as JPEG"):
        read_image(path)


@pytest.mark.parametrize("suffix", [".dng", ".CR3", ".nef"])
def test_raw_files_are_refused_with_the_remedy_and_not_passed_over(suffix, tmp_path):
    path = tmp_path / f"camera{suffix}"
    path.write_bytes(b"II*\0raw")
    assert list_images(tmp_path) == [path]
    with pytest.raises(ValueError, match="develop it to JPEG or TIFF"):
        read_image(path)
