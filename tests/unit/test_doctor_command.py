"""A check that finds nothing wrong is worth something only if it finds what is."""

import hashlib
import shutil
import subprocess
import sys

import pytest
from packaging.requirements import Requirement

from delf_lesson.cli import doctor_command


@pytest.mark.slow
def test_this_environment_is_ready():
    failed = [check for check in doctor_command.run_checks() if check.status == "failed"]
    assert failed == []


def test_the_command_imports_nothing_heavy():
    code = (
        "import sys, delf_lesson.cli.doctor_command; "
        "print(sorted({'torch','cv2','faiss'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("requirement", "problem"),
    [("numpy>=1", ""), ("numpy<1", "wanted <1"), ("no-such-library>=1", "missing")],
)
def test_versions_outside_their_range_are_named(requirement, problem):
    found = doctor_command.version_problem(Requirement(requirement))
    assert (found == "") if not problem else (problem in found)


def test_a_package_that_is_not_installed_fails_with_a_remedy():
    check = doctor_command.check_versions("no-such-package")
    assert check.status == "failed" and check.remedy


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        ("raise ImportError('no such symbol')", "no such symbol"),
        ("import os; os.abort()", "status"),
    ],
)
def test_libraries_that_crash_when_loaded_fail(monkeypatch, code, detail):
    monkeypatch.setitem(doctor_command.TRY_LIBRARY, "faiss", code)
    check = doctor_command.check_imports(("faiss",))
    assert check.status == "failed" and detail in check.detail and check.remedy


def test_libraries_that_hang_when_loaded_fail(monkeypatch):
    monkeypatch.setitem(doctor_command.TRY_LIBRARY, "faiss", "import time; time.sleep(30)")
    monkeypatch.setattr(doctor_command, "IMPORT_TIMEOUT", 0.5)
    assert doctor_command.check_imports(("faiss",)).status == "failed"


def test_changed_and_missing_data_fail(tmp_path):
    for name in ("kept", "changed", "missing"):
        (tmp_path / name).write_text(name)
    sums = [
        f"{hashlib.sha256(n.encode()).hexdigest()}  {n}" for n in ("kept", "changed", "missing")
    ]
    (tmp_path / "SHA256SUMS").write_text("\n".join(sums))
    assert doctor_command.check_data(tmp_path).status == "ok"
    (tmp_path / "changed").write_text("something else")
    (tmp_path / "missing").unlink()
    check = doctor_command.check_data(tmp_path)
    assert check.status == "failed"
    assert "changed has changed" in check.detail and "missing is missing" in check.detail
    assert "kept" not in check.detail
    assert check.remedy == "git checkout -- data"


def test_data_without_checksums_fail(tmp_path):
    assert doctor_command.check_data(tmp_path).status == "failed"


def test_more_threads_than_cores_is_a_warning(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "100000")
    assert doctor_command.check_threads().status == "warning"


def test_a_missing_browser_is_a_warning_only(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    check = doctor_command.check_browser()
    assert check.status == "warning" and check.remedy
