"""Images and labels to train on: the rendered set, Google Landmarks, or any folder (lab 04)."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, DistributedSampler, RandomSampler, Sampler
from torchvision import tv_tensors
from torchvision.transforms import v2

from delf_lesson.datasets.fetch.catalogue import find_dataset
from delf_lesson.datasets.fetch.local_dataset import LocalDataset
from delf_lesson.datasets.training_set import training_images
from delf_lesson.images import SUFFIXES, Pixels, list_images, read_image

LISTS = {"clean": "train_clean.csv", "full": "train.csv"}
LEAST_PICTURES = 4
"""Least images of a landmark; fewer are not enough to learn it from."""


def google_landmarks(
    form: str = "clean", root: str | Path | None = None, least: int = LEAST_PICTURES
) -> list[tuple[Path, str]]:
    """Pictures and their landmarks' numbers, of the shards that were fetched.

    form: "clean", where every picture of a landmark shows it as the others do, or "full".
    least: landmarks with fewer pictures in these shards are left out.

    Raises ValueError for another form, a damaged list, or if no two landmarks are left;
    FileNotFoundError, with the command that helps, if nothing was fetched.
    """
    if form not in LISTS:
        raise ValueError(f"form is {form!r}; wanted {' or '.join(LISTS)}")
    stored = LocalDataset.of(find_dataset("google-landmarks-train"), root)
    here = {path.stem: path for path in stored.paths("images") if path.suffix.lower() in SUFFIXES}
    lists = {path.name: path for path in stored.paths("")}
    if LISTS[form] not in lists:
        raise FileNotFoundError(
            f"name: {LISTS[form]} is missing; get it with: "
            f"delf-lesson data fetch {stored.spec.name} --parts 0"
        )
    of_landmark: dict[str, list[Path]] = {}
    for picture, landmark in _labels(lists[LISTS[form]], form):
        if picture in here:
            of_landmark.setdefault(landmark, []).append(here[picture])
    usable = {k: v for k, v in of_landmark.items() if len(v) >= least}
    if len(usable) < 2:
        raise ValueError(
            f"name: {len(usable)} landmarks have {least} pictures or more in the shards that are "
            "here; fetch more parts"
        )
    return [(path, landmark) for landmark in sorted(usable) for path in sorted(usable[landmark])]


def _labels(path: Path, form: str) -> Iterator[tuple[str, str]]:
    """(picture, landmark) of a list; the clean one has a line for each landmark."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        wanted = {"landmark_id", "images" if form == "clean" else "id"}
        if not wanted <= set(rows.fieldnames or ()):
            raise ValueError(f"path: {path} lacks the columns {', '.join(sorted(wanted))}")
        for row in rows:
            names = row["images"].split() if form == "clean" else [row["id"]]
            yield from ((name, row["landmark_id"]) for name in names)


ATTRIBUTES = ("family", "wall", "roof", "weather", "season")
"""What the base trunk learns of a rendering: everything but which landmark it is."""


@dataclass(frozen=True)
class ClassificationDataset:
    """Images with one or several labels each (slide "Train Local Descriptor Network").

    readers: one for each picture, returning `uint8` RGB (H, W, 3). labels: int64 (N, T), a column
    for each of the T tasks. classes: the names of each task's classes. name: of the set.
    """

    readers: Sequence[Callable[[], Pixels]]
    labels: NDArray[np.int64]
    classes: dict[str, tuple[str, ...]]
    name: str

    def __len__(self) -> int:
        return len(self.readers)

    def only(self, names: Sequence[str]) -> "ClassificationDataset":
        """Only the pictures of these classes: little enough to train on in a lesson.

        Raises ValueError if there are several tasks, or for a class that is not there.
        """
        if len(self.classes) != 1:
            raise ValueError(f"there are {len(self.classes)} tasks; wanted one to choose from")
        ((task, known),) = self.classes.items()
        if not names or not set(names) <= set(known):
            raise ValueError(f"names is {list(names)}; wanted some of {', '.join(known)}")
        rows = np.flatnonzero(np.isin(self.labels[:, 0], [known.index(name) for name in names]))
        values = {task: [known[label] for label in self.labels[rows, 0].tolist()]}
        readers = [self.readers[row] for row in rows.tolist()]
        return _dataset(f"{self.name}, {len(set(names))} classes", readers, values)


def _dataset(
    name: str, readers: Sequence[Callable[[], Pixels]], values: Mapping[str, Sequence[str]]
) -> ClassificationDataset:
    classes = {task: tuple(sorted(set(names))) for task, names in values.items()}
    places = {task: {name: k for k, name in enumerate(names)} for task, names in classes.items()}
    columns = [[places[task][name] for name in names] for task, names in values.items()]
    return ClassificationDataset(readers, np.array(columns, np.int64).T, classes, name)


def rendered_attributes(folder: str | Path | None = None) -> ClassificationDataset:
    """The rendered training set with the labels of the base trunk: `ATTRIBUTES`."""
    shown = training_images("full", folder)
    values = {task: [getattr(picture, task) for picture in shown] for task in ATTRIBUTES}
    readers = [picture.read for picture in shown]
    return _dataset("rendered, full", readers, values)


def rendered_landmarks(
    form: str = "clean", folder: str | Path | None = None
) -> ClassificationDataset:
    """The rendered training set with the landmark each picture is filed under."""
    shown = training_images(form, folder)
    readers = [picture.read for picture in shown]
    labels = [picture.label for picture in shown]
    return _dataset(f"rendered, {form}", readers, {"landmark": labels})


def image_folder(folder: str | Path) -> ClassificationDataset:
    """Pictures of a folder with one sub-folder a class; deeper folders belong to the first.

    Raises ValueError unless there are two classes or more.
    """
    paths = list_images(folder)
    names = [path.relative_to(folder).parts[0] for path in paths if path.parent != Path(folder)]
    paths = [path for path in paths if path.parent != Path(folder)]
    if len(set(names)) < 2:
        raise ValueError(
            f"folder: {folder} has {len(set(names))} sub-folders with images; wanted 2"
        )
    readers = [partial(read_image, path) for path in paths]
    return _dataset(Path(folder).name, readers, {"landmark": names})


def google_pictures(form: str = "clean") -> ClassificationDataset:
    """Google Landmarks, those shards of it that `delf-lesson data fetch` has brought."""
    pairs = google_landmarks(form)
    readers = [partial(read_image, path) for path, _ in pairs]
    labels = [landmark for _, landmark in pairs]
    return _dataset(f"Google Landmarks v2, {form}", readers, {"landmark": labels})


GOOGLE = "google-landmarks"


def choose_data(stage: str, data: str | Path) -> ClassificationDataset:
    """What a stage trains on: "rendered", "google-landmarks", or a folder (see `image_folder`).

    The base trunk learns attributes of the renderings. As in the paper, stage one learns from the
    clean landmarks and stage two from the full set. siaMAC and DIR learn from the clean landmarks.
    """
    if data == GOOGLE:
        return google_pictures("full" if stage == "attention" else "clean")
    if data != "rendered":
        return image_folder(data)
    if stage == "base":
        return rendered_attributes()
    return rendered_landmarks("clean" if stage == "ft" else "full")


def augmentation(
    size: int, smallest: float = 0.3, flip: bool = False, degrade: bool = False
) -> v2.Compose:
    """A random part of an image, resized to size x size, in other colours: uint8 to float [0, 1].

    smallest: the least share of the image's area that is cut out. flip: mirror half of the images.
    degrade: blur 30% of them, and add noise to 30%.
    """
    return v2.Compose(
        [
            v2.RandomResizedCrop(size, scale=(smallest, 1.0), antialias=True),
            v2.RandomHorizontalFlip(0.5 if flip else 0.0),
            v2.ColorJitter(0.4, 0.4, 0.4, 0.05),
            v2.RandomGrayscale(0.1),
            *([v2.RandomApply([v2.GaussianBlur(5, (0.3, 1.5))], 0.3)] if degrade else []),
            v2.ToDtype(torch.float32, scale=True),
            *([v2.RandomApply([v2.GaussianNoise(sigma=0.03)], 0.3)] if degrade else []),
        ]
    )


class AugmentedImages(Dataset[tuple[Tensor, Tensor]]):
    """Each image of a set through a transform, with its labels (T,)."""

    def __init__(self, data: ClassificationDataset, transform: v2.Transform) -> None:
        self.data = data
        self.transform = transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, row: int) -> tuple[Tensor, Tensor]:
        pixels = torch.from_numpy(self.data.readers[row]()).permute(2, 0, 1)
        image = self.transform(tv_tensors.Image(pixels)).as_subclass(Tensor)
        return image, torch.from_numpy(self.data.labels[row])


def training_loader(
    data: ClassificationDataset,
    transform: v2.Transform,
    batch: int,
    workers: int,
    processes: int = 1,
    rank: int = 0,
    seed: int = 0,
) -> DataLoader[tuple[Tensor, Tensor]]:
    """Whole batches in random order; batch: images over all processes. workers: to read them.

    Of several processes each gets other images, by its rank and the seed they share.
    """
    images = AugmentedImages(data, transform)
    sampler: Sampler[int] = (
        DistributedSampler(images, processes, rank, seed=seed, drop_last=True)
        if processes > 1
        else RandomSampler(images)
    )
    return DataLoader(
        images,
        batch // processes,
        sampler=sampler,
        num_workers=workers,
        drop_last=True,
        pin_memory=torch.cuda.is_available(),
    )
