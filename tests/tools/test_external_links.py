"""Pages on other hosts, here a host on this machine's loopback."""

import http.server
import threading
from typing import ClassVar

import pytest

from tools import external_links


class Host(http.server.BaseHTTPRequestHandler):
    """Answers with the status that a path names; "/flaky" fails the first time."""

    asked: ClassVar[list[str]] = []

    def do_GET(self):
        """Answer one request."""
        first = self.path not in self.asked
        self.asked.append(self.path)
        status = (503 if first else 200) if self.path == "/flaky" else int(self.path[1:])
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def host(monkeypatch):
    """Address of a host that is asked although it is this machine."""
    monkeypatch.setattr(external_links, "NOT_ASKED", {".example": "reserved"})
    monkeypatch.setattr(Host, "asked", [])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("status", [200, 401, 403, 429])
def test_a_host_that_is_there_may_refuse_programs(host, status):
    assert external_links.is_gone(f"{host}/{status}", wait=0) is None


@pytest.mark.parametrize("status", [404, 410, 500])
def test_a_page_is_gone_if_its_host_says_so(host, status):
    assert external_links.is_gone(f"{host}/{status}", wait=0).startswith(str(status))


def test_a_host_that_stumbles_once_is_asked_again(host):
    assert external_links.is_gone(f"{host}/flaky", wait=0) is None
    assert Host.asked == ["/flaky", "/flaky"]


def test_nobody_listens():
    assert external_links.is_gone("http://127.0.0.1:9/", tries=1) is not None


def test_a_file_with_a_dead_link_is_named(host, tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text(f"[a]({host}/200) and {host}/404. See https://hub.example/.", encoding="utf-8")
    assert external_links.main([str(page)]) == 1
    captured = capsys.readouterr()
    assert captured.err == f"✗ {host}/404: 404 Not Found (page.md)\n"
    assert captured.out == "3 addresses, 1 gone\n"
    page.write_text(f"[a]({host}/200)", encoding="utf-8")
    assert external_links.main([str(page)]) == 0


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("[x](https://a.example/b)", "https://a.example/b"),
        ('<a href="https://a.example/b?c=d">', "https://a.example/b?c=d"),
        ("at https://a.example/b.", "https://a.example/b"),
        ("`https://a.example/b`", "https://a.example/b"),
        ("https://a.example/b_(c)", "https://a.example/b_(c)"),
        ("https://a.example/b#part", "https://a.example/b"),
    ],
)
def test_an_address_ends_where_it_ends(text, address):
    assert external_links.addresses_in(text) == {address}


def test_the_pages_of_the_course_are_looked_through():
    names = {path.name for path in external_links.files_with_links()}
    assert names >= {"README.md", "teach.md", "00_start_here.ipynb", "CITATION.cff", "sparse.py"}
