"""A server is ended with all that it started, even if it does not want to."""

import subprocess
import sys

import psutil
import pytest
import serving

STUBBORN = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
kernel = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"],
                          start_new_session=True)
print(kernel.pid, flush=True)
signal.pause()
"""


def started(program):
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(sys.platform == "win32", reason="no program can refuse to end on Windows")
@pytest.mark.slow
def test_a_server_that_does_not_stop_is_killed_with_its_kernels(monkeypatch):
    monkeypatch.setattr(serving, "STOP_SECONDS", 0.5)
    with started(STUBBORN) as server:
        kernel = psutil.Process(int(server.stdout.readline()))
        serving.end(server)
        assert server.returncode is not None
        assert not kernel.is_running()


def test_a_server_that_has_ended_by_itself_is_no_fault():
    with started("print('done')") as server:
        assert server.stdout.read() == "done\n"
        serving.end(server)
    assert server.returncode is not None
