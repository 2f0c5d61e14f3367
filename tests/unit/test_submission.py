"""Handing in, against a server on this computer that behaves like the form, or badly."""

import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from delf_lesson.classroom.quiz.exam import (
    Form,
    SubmissionError,
    form_toml,
    hand_in,
)
from delf_lesson.classroom.quiz.quiz_answers import Answers

ANSWERS = Answers("exam", "exam", ("a",), "c0ffee", "Ada Löve", {"a": ["x", "y"]})
FIELDS = {"student": "entry.1", "quiz": "entry.22", "answers": "entry.333"}


class Forms(BaseHTTPRequestHandler):
    """Google's form, as far as it concerns us, and some that are ill."""

    taken: ClassVar[list[dict[str, str]]] = []
    release = threading.Event()

    def do_POST(self):
        kind = self.path.split("/")[1]
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if kind == "hangs":
            self.release.wait(20)
            return
        if kind == "drops":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<html>")
            return
        if kind == "cuts":
            return
        if kind == "refuses":
            self.send_error(400)
            return
        if kind in ("closed", "login"):
            self.send_response(302)
            self.send_header("Location", f"/{kind}/closedform")
            self.end_headers()
            return
        fields = dict(urllib.parse.parse_qsl(body))
        if set(fields) != {"entry.1", "entry.22", "entry.333"}:
            self.send_error(400)
            return
        self.taken.append(fields)
        self._page()

    def do_GET(self):
        self._page()

    def _page(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<html>Your response has been recorded.</html>")

    def log_message(self, *_):
        pass


@pytest.fixture
def address(monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    Forms.taken.clear()
    Forms.release.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Forms)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield lambda kind: f"http://127.0.0.1:{server.server_port}/{kind}/formResponse"
    Forms.release.set()
    server.shutdown()
    server.server_close()


def test_the_form_takes_what_the_file_holds(address, tmp_path):
    path = tmp_path / "exam.json"
    said = hand_in(ANSWERS, path, Form(address("form"), FIELDS))
    assert said.sent and "Sent" in said.message
    (taken,) = Forms.taken
    assert taken["entry.1"] == "Ada Löve" and taken["entry.22"] == "exam"
    assert Answers.of_text(taken["entry.333"]).answers == Answers.read(path).answers


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("refuses", "refused them .status 400"),
        ("hangs", "did not answer within|timed out"),
        ("drops", "cannot be reached"),
        ("cuts", "cannot be reached"),
        ("closed", "closed or asks to log in"),
        ("login", "closed or asks to log in"),
    ],
)
def test_what_the_form_does_not_take_stays_and_the_student_is_told(address, tmp_path, kind, words):
    path = tmp_path / "exam.json"
    form = Form(address(kind), FIELDS)
    with pytest.raises(SubmissionError, match=words):
        form.send(ANSWERS, seconds=0.5)
    said = hand_in(ANSWERS, path, form, seconds=0.5)
    assert not said.sent
    assert "Not sent" in said.message and "Nothing is lost" in said.message
    assert str(path) in said.message
    assert Answers.read(path).answers == ANSWERS.answers
    assert not Forms.taken


def test_without_a_network_or_without_the_fields_it_says_so(address, tmp_path):
    nobody = Form("http://127.0.0.1:9/formResponse", FIELDS)
    assert "cannot be reached" in hand_in(ANSWERS, tmp_path / "a.json", nobody).message
    wrong = Form(address("form"), {**FIELDS, "quiz": "entry.4"})
    assert "status 400" in hand_in(ANSWERS, tmp_path / "b.json", wrong).message
    assert {path.name for path in tmp_path.iterdir()} == {"a.json", "b.json"}


def test_without_a_form_the_file_is_handed_in(tmp_path):
    said = hand_in(ANSWERS, tmp_path / "exam.json", None)
    assert not said.sent and "Hand in this file" in said.message
    assert Answers.read(tmp_path / "exam.json").student == "Ada Löve"


def test_nothing_is_sent_if_the_file_cannot_be_written(address, tmp_path):
    (tmp_path / "answers").write_text("a file where a folder is wanted")
    with pytest.raises(OSError):
        hand_in(ANSWERS, tmp_path / "answers" / "exam.json", Form(address("form"), FIELDS))
    assert not Forms.taken


def test_the_link_opens_the_form_filled_in():
    form = Form("https://docs.google.com/forms/d/e/X/formResponse", FIELDS)
    link = urllib.parse.urlsplit(form.link(ANSWERS))
    assert link.path == "/forms/d/e/X/viewform"
    query = dict(urllib.parse.parse_qsl(link.query))
    assert query["usp"] == "pp_url" and query["entry.1"] == "Ada Löve"
    assert Answers.of_text(query["entry.333"]) == ANSWERS
    long = Answers("exam", "exam", ("a",), "c", "Ada", {"a": "x" * 9000})
    assert form.link(long) is None


def test_a_prefilled_link_makes_the_configuration(tmp_path):
    link = (
        "https://docs.google.com/forms/d/e/X/viewform?usp=pp_url&entry.333=answers"
        "&entry.1=student&entry.22=quiz"
    )
    path = tmp_path / "form.toml"
    path.write_text(form_toml(link))
    assert Form.configured(path) == Form(
        "https://docs.google.com/forms/d/e/X/formResponse", {**FIELDS}
    )
    with pytest.raises(ValueError, match="no field filled with quiz"):
        form_toml(link.replace("=quiz", "=something"))
    assert Form.configured(tmp_path / "none.toml") is None
    for wrong, words in (
        ("address = ", "wrong"),
        ('address = "ftp://x"\n[fields]', "lack student"),
    ):
        path.write_text(wrong)
        with pytest.raises(ValueError, match=words):
            Form.configured(path)
