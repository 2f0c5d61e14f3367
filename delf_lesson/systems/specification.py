"""What a system is, as data: an extractor, its options, an index and a way to rank (lab 07)."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any, Generic, Literal, Protocol, Self, TypeVar

from delf_lesson.cache import FeatureCache
from delf_lesson.features import GlobalExtractor, ImageVector, LocalExtractor, LocalFeatures
from delf_lesson.retrieval.database import ImageDatabase
from delf_lesson.retrieval.fusion import FusedRetriever
from delf_lesson.retrieval.global_retriever import GlobalRetriever
from delf_lesson.retrieval.index import FeatureIndex
from delf_lesson.retrieval.quantisation import Compression
from delf_lesson.retrieval.retrievers import BuildIndex, LocalRanking, LocalRetriever, Retriever

IndexKind = Literal["exact", "compressed"]
"""Compare all descriptors, or codes in inverted lists as in the paper (see `Compression`)."""

QE_IMAGES = 10
"""Images found and verified that expand a query."""

DELF_CODE = Compression()
"""The paper's: ten parts of 5 bits each for 40 numbers."""
SIFT_CODE = Compression(parts=16, bits=4)
"""The paper's ten parts do not divide 128 numbers; these are 8 bytes."""
PAPER_RANKING = LocalRanking()
"""By inliers of an affine transformation, among the neighbours that the index found."""
SIFT_RANKING = LocalRanking(matching="pairwise", ratio=0.9, minimum_inliers=8)
"""The ratio test leaves a few dozen matches. In 1 of 1000 unrelated photos 7 agree by chance."""


@dataclass(frozen=True)
class SystemOptions:
    """What a user may choose of a system's networks.

    weights: files that `delf-lesson train` wrote, used instead of the shipped ones; a fused system
    takes two. device: where torch computes. bf16: half precision in the network. batch: images of
    one size that the network sees at once. max_side: larger images are shrunk to it, in pixels;
    None for the system's default.
    """

    weights: tuple[str, ...] = ()
    device: str = "cpu"
    bf16: bool = False
    batch: int = 1
    max_side: int | None = None

    def on(self, device: str, batch: int) -> "SystemOptions":
        """The same options on another device; neither value changes a description."""
        return replace(self, device=device, batch=batch)


E_co = TypeVar("E_co", LocalExtractor, GlobalExtractor, covariant=True)
E = TypeVar("E", LocalExtractor, GlobalExtractor)


class ExtractorSpec(Protocol[E_co]):
    """How to make an extractor."""

    @property
    def weights_kind(self) -> str | None:
        """Which weights files it takes, as their cards say: "delf", "siamac" or "dir"; or None."""

    def make(self, options: SystemOptions) -> E_co:
        """The extractor, with its network loaded. options: their weights are for this network."""


@dataclass(frozen=True)
class PlainSpec(Generic[E]):
    """An extractor that has no options to choose.

    function: makes it. arguments: of the function, by name; see `of`.
    """

    function: Callable[..., E]
    arguments: tuple[tuple[str, Any], ...] = ()
    weights_kind: str | None = None

    @classmethod
    def of(cls, function: Callable[..., E], **arguments: Any) -> "PlainSpec[E]":
        """The specification of an extractor that `function(**arguments)` makes.

        Equal arguments make equal specifications, which `functools.partial` does not.
        """
        return cls(function, tuple(arguments.items()))

    def make(self, options: SystemOptions) -> E:
        """See `ExtractorSpec`."""
        return self.function(**dict(self.arguments))


@dataclass(frozen=True)
class System(ABC):
    """A row of a results table (slide "mAP Result"; lab 07).

    name, summary: for the table. options: see `SystemOptions`. index: the one that the table
    measures the system with.
    """

    name: str
    summary: str
    options: SystemOptions = field(default=SystemOptions(), kw_only=True)
    index: IndexKind = field(default="exact", kw_only=True)

    @abstractmethod
    def retriever(self, cache: FeatureCache | None = None, compressed: bool = False) -> Retriever:
        """An empty retriever; compressed: with the paper's kind of index of local features.

        Raises ValueError if a system without local features is to be compressed.
        """

    @property
    @abstractmethod
    def steps(self) -> list[Any]:
        """What changes a ranking beside the extractors' settings, as plain values."""

    @property
    @abstractmethod
    def networks(self) -> frozenset[str]:
        """The kinds of weights that the system takes; empty if it has no options."""

    @property
    def expands(self) -> bool:
        """Whether it expands the query (rows "QE"); of a fused system, one of its parts may."""
        return False

    @abstractmethod
    def replaced(self, options: SystemOptions, weights: Mapping[str, str]) -> Self:
        """The system with options, and with weights files by kind, all of them for its networks."""

    def with_options(self, options: SystemOptions) -> Self:
        """The system with other weights, on another device, or at another size.

        Raises ValueError for a system without a network, and for weights of another network or two
        files for one; FileNotFoundError for weights that are missing.
        """
        if options == SystemOptions():
            return self
        if not self.networks:
            raise ValueError(
                f"system: {self.name} has no weights, device or size to choose; leave them out, or "
                "take DELF, siaMAC or DIR"
            )
        weights = _by_kind(options.weights)
        for kind, file in weights.items():
            if kind not in self.networks:
                raise ValueError(f"weights: {file} is for {kind}, which {self.name} does not use")
        return self.replaced(options, weights)


@dataclass(frozen=True)
class SingleSystem(System, Generic[E]):
    """A system with one extractor."""

    extractor: ExtractorSpec[E]

    def make_extractor(self) -> E:
        """The extractor, with its network loaded."""
        return self.extractor.make(self.options)

    @property
    def networks(self) -> frozenset[str]:
        """See `System`."""
        kind = self.extractor.weights_kind
        return frozenset() if kind is None else frozenset({kind})

    def replaced(self, options: SystemOptions, weights: Mapping[str, str]) -> Self:
        """See `System`; of the weights, only the file for this network is used."""
        files = tuple(weights[kind] for kind in self.networks if kind in weights)
        return replace(self, options=replace(options, weights=files))


@dataclass(frozen=True)
class LocalSystem(SingleSystem[LocalExtractor]):
    """Search by local features.

    ranking: see `LocalRanking`. compression: of the descriptors, where the index is compressed.
    """

    ranking: LocalRanking = PAPER_RANKING
    compression: Compression = DELF_CODE

    def retriever(
        self, cache: FeatureCache | None = None, compressed: bool = False
    ) -> LocalRetriever:
        """See `System`."""
        build_index: BuildIndex = FeatureIndex.of
        if compressed:
            build_index = partial(FeatureIndex.of, compression=self.compression)
        elif self.options.device != "cpu":
            # Here, not above: the classical systems need no torch.
            from delf_lesson.deep.torch_index import TorchIndex

            build_index = partial(TorchIndex.of, device=self.options.device)
        database = ImageDatabase[LocalFeatures](self.make_extractor(), cache)
        return LocalRetriever(database, self.ranking, build_index)

    @property
    def expands(self) -> bool:
        """See `System`."""
        return self.ranking.expand > 0

    @property
    def steps(self) -> list[Any]:
        """See `System`."""
        return [self.name, asdict(self.ranking), asdict(self.compression)]


@dataclass(frozen=True)
class GlobalSystem(SingleSystem[GlobalExtractor]):
    """Search by one vector an image. expand, alpha, false_alarms: see `GlobalRetriever`."""

    expand: int = 0
    alpha: float = 0.0
    false_alarms: float | None = None

    def retriever(
        self, cache: FeatureCache | None = None, compressed: bool = False
    ) -> GlobalRetriever:
        """See `System`."""
        if compressed:
            raise ValueError(
                f"compressed: {self.name} keeps one vector an image, and has no index of local "
                "features that could be compressed; ask for the exact one"
            )
        return self.retriever_of(ImageDatabase[ImageVector](self.make_extractor(), cache))

    def retriever_of(self, database: ImageDatabase[ImageVector]) -> GlobalRetriever:
        """A retriever of a database that is filled already."""
        return GlobalRetriever(database, self.expand, self.alpha, self.false_alarms)

    @property
    def expands(self) -> bool:
        """See `System`."""
        return self.expand > 0

    @property
    def steps(self) -> list[Any]:
        """See `System`."""
        weighting = (self.alpha, self.false_alarms)
        return [self.name, self.expand, *(weighting if any(weighting) else ())]


@dataclass(frozen=True)
class FusedSystem(System):
    """Search by both. weight: of the local score; calibrated: see `FusedRetriever`."""

    local: LocalSystem
    whole: GlobalSystem
    weight: float = 0.25
    calibrated: bool = False

    def retriever(
        self, cache: FeatureCache | None = None, compressed: bool = False
    ) -> FusedRetriever:
        """See `System`."""
        local, whole = self.local.retriever(cache, compressed), self.whole.retriever(cache)
        return self.retriever_of(local, whole)

    def retriever_of(self, local: LocalRetriever, whole: GlobalRetriever) -> FusedRetriever:
        """A retriever of two that hold the same images."""
        return FusedRetriever(local, whole, self.weight, self.calibrated)

    @property
    def steps(self) -> list[Any]:
        """See `System`."""
        parts = [*self.local.steps, *self.whole.steps]
        return [self.name, *parts, self.weight, self.calibrated]

    @property
    def networks(self) -> frozenset[str]:
        """See `System`."""
        return self.local.networks | self.whole.networks

    def replaced(self, options: SystemOptions, weights: Mapping[str, str]) -> Self:
        """See `System`."""
        local = self.local.replaced(options, weights)
        whole = self.whole.replaced(options, weights)
        return replace(self, local=local, whole=whole, options=options)


def _by_kind(files: tuple[str, ...]) -> dict[str, str]:
    """Weights files by the network that their cards name: "delf", "siamac" or "dir"."""
    if not files:
        return {}
    from delf_lesson.deep.weights import load_weights

    by_kind: dict[str, str] = {}
    for file in files:
        _, card = load_weights(file)
        stage = str(card.get("stage"))
        kind = "delf" if stage in ("base", "ft", "attention") else stage
        if kind in by_kind:
            raise ValueError(f"weights: {by_kind[kind]} and {file} are both for {kind}; give one")
        by_kind[kind] = file
    return by_kind
