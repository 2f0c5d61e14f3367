"""The real data sets: where each comes from, on which terms, and which files it has.

The images of Oxford and Paris come from today's archives, in which faces are blurred.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

OXFORD = "https://thor.robots.ox.ac.uk/oxbuildings"
PARIS = "https://thor.robots.ox.ac.uk/parisbuildings"
REVISITED = "http://cmp.felk.cvut.cz/revisitop/data/datasets"
MILLION = "http://ptak.felk.cvut.cz/revisitop/revisitop1m"
GOOGLE = "https://s3.amazonaws.com/google-landmark"


@dataclass(frozen=True)
class RemoteFile:
    """A file of a data set, as its publisher offers it.

    name: of the file; url; into: the folder of the data set that it is put or unpacked into;
    kind: "plain" files stay as they are. checksum: the address of the publisher's MD5; None if
    there is none: then only the length is known before unpacking.
    """

    name: str
    url: str
    into: str
    kind: Literal["plain", "tar", "rar"] = "tar"
    checksum: str | None = None


@dataclass(frozen=True)
class DatasetSpec:
    """A data set: what it is, its terms of use, and its files.

    gigabytes: to download, as its publisher says or roughly; images: how many it has when whole;
    needs: another data set whose images it is about; parts: whether some of its files are usable
    without the others.
    """

    name: str
    summary: str
    terms: str
    page: str
    files: tuple[RemoteFile, ...]
    gigabytes: float
    images: int
    needs: str | None = None
    parts: bool = False


VGG_TERMS = (
    "The photographs were taken from Flickr; their rights are the photographers'. The Visual "
    "Geometry Group offers them for research on image retrieval and passes on no licence."
)
REVISITED_TERMS = (
    "Ground truth by the authors of Revisited Oxford and Paris (CVPR 2018), for research; cite "
    "their paper."
)
GOOGLE_TERMS = (
    "Annotations are Google's, CC BY 4.0. Every picture has a licence of its own: {licence}; "
    "Google gives no warranty for it, so look a picture up before you pass it on."
)


def _oxford() -> DatasetSpec:
    return DatasetSpec(
        "oxford5k",
        "Oxford Buildings: 11 landmarks, 55 queries",
        VGG_TERMS,
        "https://www.robots.ox.ac.uk/~vgg/data/oxbuildings/",
        (
            RemoteFile("oxbuild_images-v1.tgz", f"{OXFORD}/oxbuild_images-v1.tgz", "images"),
            RemoteFile("gt_files_170407.tgz", f"{OXFORD}/gt_files_170407.tgz", "groundtruth"),
        ),
        1.9,
        5063,
    )


def _paris() -> DatasetSpec:
    return DatasetSpec(
        "paris6k",
        "Paris: 11 landmarks, 55 queries; 20 damaged pictures are left out",
        VGG_TERMS,
        "https://www.robots.ox.ac.uk/~vgg/data/parisbuildings/",
        (
            RemoteFile("paris_1-v1.tgz", f"{PARIS}/paris_1-v1.tgz", "images"),
            RemoteFile("paris_2-v1.tgz", f"{PARIS}/paris_2-v1.tgz", "images"),
            RemoteFile("paris_120310.tgz", f"{PARIS}/paris_120310.tgz", "groundtruth"),
        ),
        2.5,
        6412,
    )


def _revisited(name: str, needs: str, images: int) -> DatasetSpec:
    return DatasetSpec(
        name,
        f"Revisited ground truth for {needs}: 70 queries, Easy, Medium, Hard",
        REVISITED_TERMS,
        "http://cmp.felk.cvut.cz/revisitop/",
        (RemoteFile(f"gnd_{name}.pkl", f"{REVISITED}/{name}/gnd_{name}.pkl", "", "plain"),),
        0.001,
        images,
        needs,
    )


def _hundred_thousand() -> DatasetSpec:
    volumes = [f"oxc1_100k.part{number:02}.rar" for number in range(1, 41)]
    return DatasetSpec(
        "oxford100k",
        "The 100k distractors that make Oxf105k and Par106k",
        VGG_TERMS,
        "https://www.robots.ox.ac.uk/~vgg/data/oxbuildings/flickr100k.html",
        tuple(RemoteFile(name, f"{OXFORD}/ox100k/{name}", "images", "rar") for name in volumes),
        40.0,
        100_071,
    )


def _million() -> DatasetSpec:
    archives = [f"revisitop1m.{number}.tar.gz" for number in range(1, 101)]
    return DatasetSpec(
        "revisitop1m",
        "R1M: the million distractors of Revisited Oxford and Paris",
        "Photographs of the YFCC100M collection under Creative Commons licences of their own; "
        "cite the authors of Revisited Oxford and Paris (CVPR 2018).",
        "http://cmp.felk.cvut.cz/revisitop/",
        tuple(RemoteFile(name, f"{MILLION}/jpg/{name}", "images") for name in archives),
        160.0,
        1_001_001,
        parts=True,
    )


def _google(split: str, shards: int, lists: tuple[str, ...], **about: object) -> DatasetSpec:
    archives = [f"images_{number:03}" for number in range(shards)]
    return DatasetSpec(
        f"google-landmarks-{split}",
        page="https://github.com/cvdfoundation/google-landmark",
        files=(
            *(RemoteFile(name, f"{GOOGLE}/metadata/{name}", "", "plain") for name in lists),
            *(
                RemoteFile(
                    f"{name}.tar",
                    f"{GOOGLE}/{split}/{name}.tar",
                    "images",
                    checksum=f"{GOOGLE}/md5sum/{split}/md5.{name}.txt",
                )
                for name in archives
            ),
        ),
        parts=True,
        **about,  # type: ignore[arg-type]
    )


CATALOGUE: Mapping[str, DatasetSpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            _oxford(),
            _paris(),
            _revisited("roxford5k", "oxford5k", 4993),
            _revisited("rparis6k", "paris6k", 6322),
            _hundred_thousand(),
            _million(),
            _google(
                "train",
                500,
                ("train.csv", "train_clean.csv"),
                summary="Google Landmarks v2 for training: all, and the clean list of landmarks",
                terms=GOOGLE_TERMS.format(licence="Creative Commons BY without ND"),
                gigabytes=500.0,
                images=4_132_914,
            ),
            _google(
                "index",
                100,
                ("index.csv",),
                summary="Google Landmarks v2 to search in",
                terms=GOOGLE_TERMS.format(licence="CC0 or public domain"),
                gigabytes=85.0,
                images=761_757,
            ),
        )
    }
)

DISTRACTORS = {
    "oxford5k": "oxford100k",
    "paris6k": "oxford100k",
    "roxford5k": "revisitop1m",
    "rparis6k": "revisitop1m",
}
"""The distractors of each benchmark: Oxf105k and Par106k, ROxf+R1M and RPar+R1M."""


def find_dataset(name: str) -> DatasetSpec:
    """The data set of that name. Raises ValueError that lists the names."""
    if name not in CATALOGUE:
        raise ValueError(f"name: there is no {name!r} to fetch; choose {', '.join(CATALOGUE)}")
    return CATALOGUE[name]
