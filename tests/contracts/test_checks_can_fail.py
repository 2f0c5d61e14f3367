"""Every check of the contract passes on what keeps its promise, and fails on what breaks it."""

from dataclasses import replace

import extractor_checks
import extractor_option_checks as extractor_options
import pytest
import system_checks
import system_option_checks as system_options
import toy_extractors
import toy_systems
from contract_subjects import ExtractorSubject, SystemSubject
from toy_extractors import Alone, Tiles

from delf_lesson.cache import FeatureCache
from delf_lesson.systems.baselines import ColourHistogram

EXTRACTOR_CHECKS = (*extractor_checks.CHECKS, *extractor_options.CHECKS)
SYSTEM_CHECKS = (*system_checks.CHECKS, *system_options.CHECKS)

BROKEN_EXTRACTORS = (
    (extractor_checks.fields_have_their_shapes_and_types, toy_extractors.InFloat64),
    (extractor_checks.fields_have_their_shapes_and_types, toy_extractors.OutsideTheImage),
    (extractor_checks.fields_have_their_shapes_and_types, toy_extractors.SizeAsHeightAndWidth),
    (extractor_checks.a_textured_image_has_features, toy_extractors.FindsNothing),
    (extractor_checks.descriptors_have_unit_length, toy_extractors.LongDescriptors),
    (extractor_checks.scores_fall, toy_extractors.WorstFirst),
    (extractor_checks.no_more_features_than_asked_for, toy_extractors.IgnoresItsLimit),
    (extractor_checks.the_same_image_has_the_same_description, toy_extractors.RandomPerCall),
    (extractor_checks.a_new_extractor_describes_alike, toy_extractors.RandomPerInstance),
    (extractor_checks.threads_do_not_change_descriptions, toy_extractors.DependsOnThreads),
    (extractor_checks.other_images_are_refused, toy_extractors.TakesGrey),
    (extractor_checks.other_images_are_refused, toy_extractors.RefusesWithoutAName),
    (extractor_checks.grey_as_rgb_is_described, toy_extractors.BlindToGrey),
    (extractor_checks.tiny_images_are_described, toy_extractors.FailsOnTinyImages),
    (
        extractor_checks.large_images_are_described_in_their_pixels,
        toy_extractors.InPixelsOfTheShrunkImage,
    ),
    (extractor_checks.large_images_are_described_in_their_pixels, toy_extractors.HalfAPixelOff),
    (extractor_checks.the_memory_of_an_image_does_not_matter, toy_extractors.ReadsMemoryInItsOrder),
    (extractor_checks.the_image_stays_as_it_was, toy_extractors.WritesIntoItsImage),
    (
        extractor_checks.a_constant_image_is_described_or_has_no_features,
        toy_extractors.NoDimensionsWhenEmpty,
    ),
    (extractor_checks.descriptions_are_saved_and_loaded, toy_extractors.SavesOneFeature),
    (extractor_options.settings_are_plain_values, toy_extractors.ArraysInSettings),
    (extractor_options.settings_are_plain_values, toy_extractors.TimeInSettings),
    (extractor_options.limits_change_results_and_settings, toy_extractors.LimitNotInSettings),
    (extractor_options.limits_change_results_and_settings, toy_extractors.SideWithoutEffect),
    (
        extractor_options.equal_settings_give_equal_descriptions,
        toy_extractors.ThresholdNotInSettings,
    ),
    (
        extractor_options.equal_settings_give_equal_descriptions,
        toy_extractors.BatchInSettings,
    ),
    (extractor_options.wrong_options_are_refused_by_name, toy_extractors.AcceptsWrongOptions),
    (extractor_options.the_interface_for_batches_is_whole, toy_extractors.LacksPrepare),
    (
        extractor_options.images_together_are_described_as_alone,
        toy_extractors.MixesUpItsBatch,
    ),
    (
        extractor_options.images_of_different_sizes_are_not_described_together,
        toy_extractors.TakesMixedSizes,
    ),
    (extractor_options.a_deep_copy_describes_alike, toy_extractors.CopiesDescribeOtherwise),
    (
        extractor_options.a_pickled_extractor_describes_alike,
        toy_extractors.PickledWithoutOptions,
    ),
)

BROKEN_SYSTEMS = (
    (system_checks.a_new_retriever_is_empty, toy_systems.EmptyFindsNothing),
    (system_checks.added_images_have_their_names, toy_systems.NamesBackwards),
    (system_checks.a_second_view_is_ranked, toy_systems.ForgetsTheView),
    (system_checks.a_second_view_is_ranked, toy_systems.WorstFirst),
    (system_checks.a_second_view_is_ranked, toy_systems.ListsTwice),
    (system_checks.a_second_view_is_ranked, toy_systems.InventsAnImage),
    (system_checks.equal_images_are_ranked_by_name, toy_systems.TiesInAnyOrder),
    (system_checks.top_cuts_the_ranking, toy_systems.IgnoresTop),
    (system_checks.top_cuts_the_ranking, toy_systems.TakesTopZero),
    (system_checks.a_copy_of_the_query_comes_first, toy_systems.CopyLast),
    (system_checks.the_order_of_adding_changes_nothing, toy_systems.RanksByTheOrderOfAdding),
    (system_checks.threads_change_nothing, toy_systems.RanksByThreads),
    (system_checks.images_added_after_a_search_are_ranked_alike, toy_systems.KeepsItsFirstIndex),
    (system_checks.an_image_of_a_known_name_is_replaced, toy_systems.KeepsReplacedImages),
    (system_checks.broken_files_are_skipped_or_named, toy_systems.SkipsInSilence),
    (system_checks.a_constant_query_is_refused_or_ranked, toy_systems.RefusesConstantImages),
    (system_checks.describe_and_rank_are_search, toy_systems.SearchesOtherwise),
    (system_checks.describe_and_rank_are_search, toy_systems.HidesItsSeconds),
    (system_checks.stored_descriptions_are_used, toy_systems.FORGETS_ITS_CACHE),
    (system_checks.the_index_is_compressed_or_that_is_refused, toy_systems.COMPRESSES_VECTORS),
    (system_checks.the_index_is_compressed_or_that_is_refused, toy_systems.IS_NEVER_COMPRESSED),
    (system_options.the_name_is_the_key, toy_systems.OTHER_NAME),
    (system_options.the_name_is_the_key, toy_systems.NO_SUMMARY),
    (system_options.steps_and_settings_are_plain_values, toy_systems.STEPS_THAT_CHANGE),
    (system_options.steps_and_settings_are_plain_values, toy_systems.STEPS_WITHOUT_NAME),
    (system_options.default_options_change_nothing, toy_systems.OPTIONS_RENAME_IT),
    (
        system_options.networks_take_options_and_others_refuse_them,
        toy_systems.IGNORES_OPTIONS,
    ),
    (
        system_options.networks_take_options_and_others_refuse_them,
        toy_systems.OPTIONS_RENAME_IT,
    ),
    (system_options.weights_of_other_networks_are_refused, toy_systems.TAKES_ANY_WEIGHTS),
    (system_options.weights_of_its_networks_are_taken, toy_systems.DROPS_ITS_WEIGHTS),
    (system_options.copies_are_equal, toy_systems.UNEQUAL_COPIES),
)


def name_of(value):
    return getattr(value, "__name__", type(value).__name__)


def extractor_subject(make):
    return ExtractorSubject("toy", make, make)


@pytest.fixture
def system_subject(tmp_path):
    return lambda system: SystemSubject("toy", system, FeatureCache(tmp_path))


def fails(check, subject):
    """Whether a check finds a breach, as it says, and does not break itself."""
    try:
        check(subject)
    except (AssertionError, pytest.fail.Exception):
        return True
    return False


@pytest.mark.parametrize("check", EXTRACTOR_CHECKS, ids=name_of)
@pytest.mark.parametrize("make", [Tiles, Alone, ColourHistogram], ids=name_of)
def test_a_check_passes_on_an_extractor_that_keeps_the_contract(make, check):
    check(extractor_subject(make))


@pytest.mark.parametrize(("check", "make"), BROKEN_EXTRACTORS, ids=name_of)
def test_a_check_fails_on_an_extractor_that_breaks_it(check, make):
    assert fails(check, extractor_subject(make))


@pytest.mark.parametrize("check", SYSTEM_CHECKS, ids=name_of)
@pytest.mark.parametrize("system", toy_systems.KEEP_THE_CONTRACT, ids=name_of)
def test_a_check_passes_on_a_system_that_keeps_the_contract(system, check, system_subject):
    check(system_subject(system))


@pytest.mark.parametrize(("check", "broken"), BROKEN_SYSTEMS, ids=name_of)
def test_a_check_fails_on_a_system_that_breaks_it(check, broken, system_subject):
    if isinstance(broken, type):  # a retriever
        broken = replace(toy_systems.KEEPS_GLOBAL, kind=broken)
    assert fails(check, system_subject(broken))


def test_every_check_fails_somewhere():
    assert {check for check, _ in BROKEN_EXTRACTORS} == set(EXTRACTOR_CHECKS)
    assert {check for check, _ in BROKEN_SYSTEMS} == set(SYSTEM_CHECKS)
