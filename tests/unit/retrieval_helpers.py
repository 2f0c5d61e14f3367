"""Retrievers for tests, in one line each."""

from functools import partial

from delf_lesson.cache import FeatureCache
from delf_lesson.classical.sift import OpenCVSift
from delf_lesson.retrieval.database import ImageDatabase
from delf_lesson.retrieval.global_retriever import GlobalRetriever
from delf_lesson.retrieval.index import FeatureIndex
from delf_lesson.retrieval.quantisation import Compression
from delf_lesson.retrieval.retrievers import LocalRanking, LocalRetriever


def local_retriever(
    extractor=None,
    cache: FeatureCache | None = None,
    compression: Compression | None = None,
    **ranking,
) -> LocalRetriever:
    database = ImageDatabase(extractor or OpenCVSift(300), cache)
    build_index = partial(FeatureIndex.of, compression=compression)
    return LocalRetriever(database, LocalRanking(**ranking), build_index)


def global_retriever(extractor, cache: FeatureCache | None = None, **ranking) -> GlobalRetriever:
    return GlobalRetriever(ImageDatabase(extractor, cache), **ranking)
