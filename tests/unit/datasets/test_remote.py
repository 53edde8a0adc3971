"""course_utils.datasets.remote against a server on this machine, good and bad."""

import errno
import hashlib
import http.server
import io
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import zipfile
from pathlib import Path

import pytest
import requests

from course_utils.datasets import (
    DOWNLOADS,
    DownloadError,
    RemoteFile,
    download,
    load_movielens,
    remote,
)

RATINGS = b"userId,movieId,rating,timestamp\n1,10,4.0,100\n7,10,5.0,102\n"
MOVIES = b"movieId,title,genres\n10,A (1994),Drama\n"


def bundle(members=None):
    usual = {
        "tiny/ratings.csv": RATINGS,
        "tiny/movies.csv": MOVIES,
        "tiny/README.txt": b"the terms",
        "tiny/genome-scores.csv": b"large and not needed",
        "tiny/deep/ratings.csv": b"another",
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in (usual if members is None else members).items():
            # A fixed date, or two calls make two files.
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content)
    return stream.getvalue()


GOOD = bundle()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append(self.path)
        answer = self.path.rpartition("/")[2]
        if answer == "forbidden":
            self.send_error(403)
            return
        if answer in ("missing", "proxy"):
            self.send_error({"missing": 404, "proxy": 407}[answer])
            return
        if answer == "circle":
            self.send_response(302)
            self.send_header("Location", self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if answer == "silent":
            self.server.released.wait(20)
            return
        content = GOOD
        if answer == "other":  # of the same length, so that only the hash can tell
            content = bytes([GOOD[0] ^ 1]) + GOOD[1:]
        if answer == "short":
            content = GOOD[:-1]
        if answer == "page":
            content = b"<html>log in first</html>"
        if answer == "stalls":
            content = GOOD[:100]
        self.send_response(200)
        promised = len(GOOD) if answer in ("cut", "stalls") else len(content)
        self.send_header("Content-Length", str(promised))
        self.end_headers()
        self.wfile.write(content[: len(GOOD) // 2] if answer == "cut" else content)
        if answer == "stalls":
            self.wfile.flush()
            self.server.released.wait(20)

    def do_CONNECT(self):
        self.send_response(self.server.tunnel)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.seen, server.released = [], threading.Event()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


def registry(server, *answers, content=GOOD):
    urls = tuple(f"http://127.0.0.1:{server.server_address[1]}/{answer}" for answer in answers)
    return {"tiny": RemoteFile(len(content), f"sha256:{hashlib.sha256(content).hexdigest()}", urls)}


def fetch(folder, known, **options):
    """Download, with half a second for each answer where a server says nothing.

    Elsewhere there is no haste: on a busy machine, 30 redirects take longer than that.
    """
    (entry,) = known.values()
    waits = any(url.endswith(("/silent", "/stalls")) for url in entry.urls)
    timeout = 0.5 if waits else 30
    return download(
        "tiny", directory=folder, registry=known, timeout=timeout, progress=False, **options
    )


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# --- what goes right -----------------------------------------------------------------------------


def test_a_set_is_fetched_unpacked_and_readable(server, tmp_path, capfd):
    target = fetch(tmp_path / "new" / "folder", registry(server, "good"))
    assert target == tmp_path / "new" / "folder" / "tiny"
    assert names(target) == ["README.txt", "movies.csv", "ratings.csv"]
    assert (target / "ratings.csv").read_bytes() == RATINGS
    assert load_movielens(target).matrix().matrix.toarray().tolist() == [[4, 5]]
    assert names(target.parent) == ["tiny", "tiny.zip"]
    assert capfd.readouterr() == ("", "")


def test_the_progress_bar_goes_to_standard_error(server, tmp_path, capfd):
    download("tiny", directory=tmp_path, registry=registry(server, "good"))
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "100%" in captured.err


def test_the_second_call_needs_no_network(server, tmp_path):
    known = registry(server, "good")
    assert fetch(tmp_path, known) == fetch(tmp_path, known)
    assert server.seen == ["/good"]


def test_a_file_fetched_by_hand_needs_no_network(server, tmp_path):
    (tmp_path / "tiny.zip").write_bytes(GOOD)
    fetch(tmp_path, registry(server, "forbidden"))
    assert server.seen == []


def test_an_md5_will_do(server, tmp_path):
    known = registry(server, "good")["tiny"]
    md5 = hashlib.md5(GOOD, usedforsecurity=False).hexdigest()
    fetch(tmp_path, {"tiny": known._replace(hash=f"md5:{md5}")})
    with pytest.raises(DownloadError, match=f"md5 is {md5}, expected 0"):
        fetch(tmp_path, {"tiny": known._replace(hash="md5:0")})


@pytest.mark.parametrize("bad", ["forbidden", "other", "cut", "page", "silent"])
def test_the_second_mirror_is_asked(server, tmp_path, bad):
    fetch(tmp_path, registry(server, bad, "good"))
    assert server.seen == [f"/{bad}", "/good"]
    assert names(tmp_path) == ["tiny", "tiny.zip"]


def test_the_default_folder_is_the_cache_of_the_user(server, tmp_path, monkeypatch):
    import pooch

    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / project)
    target = download("tiny", registry=registry(server, "good"), progress=False)
    assert target == tmp_path / "sparse-to-latent" / "tiny"


# --- what goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("forbidden", "the server answered 403 Forbidden"),
        ("other", f"expected {hashlib.sha256(GOOD).hexdigest()}: another file, or damaged"),
        ("page", f"a web page instead of the file (25 bytes, expected {len(GOOD):,}): does the"),
        ("short", f"{len(GOOD) - 1:,} bytes, expected {len(GOOD):,}: cut, or another file"),
        ("missing", "the server answered 404 Not Found"),
        ("proxy", "the proxy answered 407 Proxy Authentication Required; it wants a name and a"),
        ("circle", "the server sends in a circle (Exceeded 30 redirects.)"),
        ("cut", "the connection ended before the file was whole"),
        ("silent", "no answer within 0.5 s"),
        ("stalls", "no answer within 0.5 s"),
    ],
)
def test_a_bad_answer_is_explained(server, tmp_path, answer, message):
    with pytest.raises(DownloadError, match=re.escape(message)) as caught:
        fetch(tmp_path, registry(server, answer))
    text = str(caught.value)
    assert f"/{answer}: " in text
    assert f"tiny.zip ({len(GOOD):,} bytes, sha256:{hashlib.sha256(GOOD).hexdigest()})" in text
    assert "load_movielens()" in text
    assert f"save it as {tmp_path / 'tiny.zip'}" in text
    assert names(tmp_path) == []  # neither a wrong file nor a part of one is left


def test_the_wrong_hash_is_shown(server, tmp_path):
    wrong = hashlib.sha256(bytes([GOOD[0] ^ 1]) + GOOD[1:]).hexdigest()
    with pytest.raises(DownloadError, match=f"sha256 is {wrong}, expected "):
        fetch(tmp_path, registry(server, "other"))


def test_nothing_there(server, tmp_path):
    with socket.socket() as closed:  # bound and not listening: connections are refused
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/tiny.zip"
        known = registry(server)["tiny"]._replace(urls=(url,))
        with pytest.raises(
            DownloadError, match=r"no connection: nothing answers there.*\n.*load_mov"
        ):
            fetch(tmp_path, {"tiny": known})


def test_all_mirrors_are_listed(server, tmp_path):
    with pytest.raises(DownloadError) as caught:
        fetch(tmp_path, registry(server, "forbidden", "cut"))
    assert re.search(r"/forbidden: .*403.*\n.*/cut: ", str(caught.value))


def test_an_unknown_name_is_refused(tmp_path):
    with pytest.raises(ValueError, match="ml-100k") as error:
        download("ml-100k", directory=tmp_path)
    assert str(error.value) == (
        "no data set 'ml-100k'; expected one of ml-latest-small, ml-1m, ml-25m, ml-32m."
        " load_movielens reads the other editions, too, from"
        " https://grouplens.org/datasets/movielens/"
    )
    assert names(tmp_path) == []


# --- proxies, certificates, disks ----------------------------------------------------------------


def certificate(folder):
    """Return the files of a certificate that nobody signed, and of its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-keyout", folder / "key.pem"]
    command += ["-out", folder / "certificate.pem"]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "certificate.pem", folder / "key.pem"


def secure(server, *answers):
    known = registry(server, *answers)["tiny"]
    urls = tuple(url.replace("http://127.0.0.1", "https://localhost") for url in known.urls)
    return {"tiny": known._replace(urls=urls)}


@pytest.mark.slow
def test_a_certificate_that_nobody_knows(server, tmp_path, tmp_path_factory):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate(tmp_path_factory.mktemp("keys")))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with pytest.raises(DownloadError, match=r"the certificate is not trusted \(self.signed cert"):
        fetch(tmp_path, secure(server, "good"))


def test_a_server_that_speaks_no_tls(server, tmp_path):
    with pytest.raises(DownloadError, match=r"no secure connection \(.*SSL"):
        fetch(tmp_path, secure(server, "good"))


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (407, "the proxy answered 407 Proxy Authentication Required; it wants a name and a passw"),
        (403, "the proxy answered 403 Forbidden\n"),
    ],
)
def test_a_proxy_that_refuses(server, tmp_path, monkeypatch, status, message):
    server.tunnel = status
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{server.server_address[1]}")
    known = registry(server)["tiny"]._replace(urls=("https://files.example.org/tiny.zip",))
    with pytest.raises(DownloadError, match=message):
        fetch(tmp_path, {"tiny": known})
    assert names(tmp_path) == []


def test_a_proxy_that_is_not_there(server, tmp_path, monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{closed.getsockname()[1]}")
        known = registry(server)["tiny"]._replace(urls=("https://files.example.org/tiny.zip",))
        with pytest.raises(DownloadError, match="the proxy does not answer"):
            fetch(tmp_path, {"tiny": known})


def test_a_name_that_nobody_knows():
    error = requests.ConnectionError("…")
    error.__cause__ = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    assert remote._network_problem(error, 1).startswith("no connection: the name of the server")


def http_error(status, reason):
    response = requests.Response()
    response.status_code, response.reason = status, reason
    return requests.HTTPError("…", response=response)


def wrapped(outer, inner):
    """Return an exception that holds another one as requests, urllib3 and ssl do."""
    outer.__context__ = Exception("between", inner)
    return outer


def untrusted():
    error = ssl.SSLCertVerificationError(1, "failed")
    error.verify_message = "self signed"
    return error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (http_error(403, "Forbidden"), "the server answered 403 Forbidden"),
        (
            http_error(407, "Log in"),
            "the proxy answered 407 Log in; it wants a name and a password:"
            " https_proxy=http://name:password@host:port",
        ),
        (requests.TooManyRedirects("30"), "the server sends in a circle (30)"),
        (
            wrapped(requests.exceptions.SSLError("…"), untrusted()),
            "the certificate is not trusted (self signed); is the clock right? Where a proxy reads"
            " along, name its certificate in REQUESTS_CA_BUNDLE",
        ),
        (
            wrapped(
                requests.exceptions.ProxyError("…"),
                OSError("Tunnel connection failed: 403 Not here ')"),
            ),
            "the proxy answered 403 Not here",
        ),
        (
            wrapped(requests.exceptions.SSLError("outer"), OSError("inner")),
            "no secure connection (inner)",
        ),
        (requests.Timeout("…"), "no answer within 2.5 s"),
        (requests.ConnectionError("Read Timed Out"), "no answer within 2.5 s"),
        (
            requests.exceptions.ProxyError("…"),
            "the proxy does not answer; is the address in https_proxy right?",
        ),
        (
            requests.exceptions.ChunkedEncodingError("broken"),
            "the connection ended before the file was whole (broken)",
        ),
        (
            wrapped(requests.ConnectionError("…"), socket.gaierror(1, "unknown")),
            "no connection: the name of the server is not known, or this machine has no network",
        ),
        (
            requests.ConnectionError("refused"),
            "no connection: nothing answers there, or this machine has no network",
        ),
        (requests.HTTPError("no answer"), "HTTPError: no answer"),
        (requests.RequestException("odd"), "RequestException: odd"),
    ],
)
def test_what_went_wrong_on_the_way_is_said_in_words(error, message):
    assert remote._network_problem(error, 2.5) == message


def test_all_that_an_exception_wraps_is_looked_at_once():
    """Cause, context, reason and arguments, at any depth, and in a circle too."""
    inner, reason, argument = ValueError("cause"), ValueError("reason"), ValueError("argument")
    middle = ValueError("context", 3, argument)
    outer = RuntimeError("outer")
    outer.__cause__, outer.__context__, outer.reason = inner, middle, reason
    inner.__context__ = outer
    assert remote._causes(outer) == [outer, inner, middle, reason, argument]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            OSError(errno.ENOSPC, "full"),
            "the disk of F is full: 1,234,567 bytes are needed for the zip file and several times"
            " as many for the tables; make room there, or ",
        ),
        (
            OSError(errno.EDQUOT, "quota"),
            "the disk of F is full: 1,234,567 bytes are needed for the zip file and several times"
            " as many for the tables; make room there, or ",
        ),
        (FileExistsError("x"), "F cannot be a folder, a file is in the way (x); "),
        (NotADirectoryError("x"), "F cannot be a folder, a file is in the way (x); "),
        (PermissionError("no"), "F may not be written to (no); "),
        (
            OSError(errno.EROFS, "read only"),
            f"F may not be written to ([Errno {errno.EROFS}] read only); ",
        ),
        (OSError("odd"), "F does not take the files (odd); "),
    ],
)
def test_why_a_folder_does_not_take_the_files_is_said_in_words(error, message):
    known = RemoteFile(1_234_567, "sha256:0", ())
    assert remote._place_problem(error, Path("F"), known) == (
        f"{message}give another folder, download(…, directory=…)"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"text", None),
        (
            b"next",
            f"sha256 is {hashlib.sha256(b'next').hexdigest()}, expected "
            f"{hashlib.sha256(b'text').hexdigest()}: another file, or damaged",
        ),
        (b"text" * 500, "2,000 bytes, expected 4: cut, or another file"),
        (b"", "0 bytes, expected 4: cut, or another file"),
        (
            b"\n <!DOCTYPE html>" + bytes(1000),
            "a web page instead of the file (1,017 bytes, expected 4): does the network ask for a"
            " log-in?",
        ),
        (
            b"<HTML>",
            "a web page instead of the file (6 bytes, expected 4): does the network ask for a"
            " log-in?",
        ),
        (b" " * 512 + b"<html>", "518 bytes, expected 4: cut, or another file"),
    ],
)
def test_how_a_file_differs_is_said_in_words(tmp_path, content, message):
    (tmp_path / "x.zip").write_bytes(content)
    known = RemoteFile(4, f"sha256:{hashlib.sha256(b'text').hexdigest()}", ())
    assert remote._file_problem(tmp_path / "x.zip", known) == message


def test_all_that_is_said_of_a_set_that_cannot_be_had(server, tmp_path):
    known = registry(server, "forbidden", "short")["tiny"]
    (tmp_path / "tiny.zip").write_bytes(b"cut")
    with pytest.raises(DownloadError) as error:
        fetch(tmp_path, {"tiny": known})
    size = f"{len(GOOD):,}"
    assert str(error.value) == (
        f"tiny.zip ({size} bytes, {known.hash}) could not be downloaded:\n"
        f"  - {tmp_path / 'tiny.zip'} was there: 3 bytes, expected {size}: cut, or another file\n"
        f"  - {known.urls[0]}: the server answered 403 Forbidden\n"
        f"  - {known.urls[1]}: {len(GOOD) - 1:,} bytes, expected {size}: cut, or another file\n"
        "What to do: the edition that ships with the course needs no network, load_movielens()."
        f" For this one, try again later, or fetch {known.urls[0]} with a browser, save it as"
        f" {tmp_path / 'tiny.zip'} and call download again."
    )


def test_where_each_set_is_looked_for():
    url = "https://files.grouplens.org/datasets/movielens/ml-1m.zip"
    urls = (url, f"https://web.archive.org/web/2024id_/{url}")
    assert DOWNLOADS["ml-1m"].urls == urls
    assert remote._grouplens("ml-1m", 3, "md5:0") == RemoteFile(3, "md5:0", urls)


def test_half_files_lie_hidden_on_the_same_disk(server, tmp_path, monkeypatch):
    """Only there is a file put into its place in one step."""
    made = []
    directory = tempfile.TemporaryDirectory

    def noting(**options):
        made.append((options["dir"], options["prefix"]))
        return directory(**options)

    monkeypatch.setattr(remote.tempfile, "TemporaryDirectory", noting)
    fetch(tmp_path, registry(server, "good"))
    assert made == [(tmp_path, ".tiny.zip-"), *[(tmp_path, ".tiny-")] * 3]


@pytest.mark.parametrize("moment", ["downloading", "unpacking"])
@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "is full: .* bytes are needed for the zip file and several .* make room"),
        (errno.EROFS, "may not be written to .*; give another folder"),
        (errno.EACCES, "may not be written to .*; give another folder"),
        (errno.EIO, "does not take the files .*; give another folder"),
    ],
)
def test_a_disk_that_refuses(server, tmp_path, monkeypatch, moment, number, message):
    import pooch

    known = registry(server, "good", "good")

    def refuse(*arguments):
        raise OSError(number, os.strerror(number), "somewhere")

    if moment == "downloading":
        monkeypatch.setattr(pooch.HTTPDownloader, "__call__", refuse)
    else:
        monkeypatch.setattr(remote.shutil, "copyfileobj", refuse)
    with pytest.raises(DownloadError, match=message):
        fetch(tmp_path, known)
    # No half file under a name that counts; what was whole before stays.
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == (
        [] if moment == "downloading" else ["tiny.zip"]
    )
    monkeypatch.undo()
    assert names(fetch(tmp_path, known)) == ["README.txt", "movies.csv", "ratings.csv"]


def test_a_file_where_the_folder_should_be(server, tmp_path):
    (tmp_path / "set").touch()
    for folder in (tmp_path / "set", tmp_path / "set" / "deeper"):
        with pytest.raises(DownloadError, match="cannot be a folder, a file is in the way"):
            fetch(folder, registry(server, "good"))


def test_the_folder_may_be_named_from_home(server, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert fetch("~/Größe 1", registry(server, "good")) == tmp_path / "Größe 1" / "tiny"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"timeout": 0}, ValueError, "timeout must be a number above 0, got 0"),
        ({"timeout": "5"}, TypeError, "timeout must be a number above 0, got '5'"),
        ({"progress": 1}, TypeError, "progress must be True or False, got 1"),
        ({"directory": 3}, TypeError, "directory must be text or a pathlib.Path, got 3"),
    ],
)
def test_options_are_checked(server, tmp_path, options, error, message):
    usual = {"directory": tmp_path, "registry": registry(server, "good")}
    with pytest.raises(error, match=message):
        download("tiny", **(usual | options))


# --- what was there before -----------------------------------------------------------------------


@pytest.mark.parametrize("damaged", [b"", GOOD[:-1], GOOD[:-1] + b"x"])
def test_a_damaged_file_is_fetched_again(server, tmp_path, damaged):
    (tmp_path / "tiny.zip").write_bytes(damaged)
    fetch(tmp_path, registry(server, "good"))
    assert server.seen == ["/good"]
    assert (tmp_path / "tiny.zip").read_bytes() == GOOD


def test_a_damaged_file_is_refused_without_network(server, tmp_path):
    (tmp_path / "tiny.zip").write_bytes(GOOD[:-1])
    with pytest.raises(DownloadError, match=rf"was there: {len(GOOD) - 1:,} bytes, exp.*\n.*403"):
        fetch(tmp_path, registry(server, "forbidden"))
    assert names(tmp_path) == ["tiny.zip"]


@pytest.mark.parametrize("damage", ["cut", "changed", "missing"])
def test_a_damaged_table_is_unpacked_again(server, tmp_path, damage):
    known = registry(server, "good")
    ratings = fetch(tmp_path, known) / "ratings.csv"
    if damage == "missing":
        ratings.unlink()
    else:
        ratings.write_bytes(RATINGS[:-1] if damage == "cut" else RATINGS.replace(b"4.0", b"3.0"))
    fetch(tmp_path, known)
    assert ratings.read_bytes() == RATINGS
    assert server.seen == ["/good"]
    assert names(tmp_path) == ["tiny", "tiny.zip"]


# --- zip files that mean harm or nothing ---------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["../ratings.csv", "tiny/../../evil.csv", "/etc/evil", "tiny\\..\\evil", "C:/evil"]
)
def test_paths_that_lead_outside_are_refused(server, tmp_path, name):
    content = bundle({"tiny/ratings.csv": RATINGS, "tiny/movies.csv": MOVIES, name: b"evil"})
    folder = tmp_path / "inner" / "folder"
    folder.mkdir(parents=True)
    (folder / "tiny.zip").write_bytes(content)
    with pytest.raises(DownloadError) as error:
        fetch(folder, registry(server, content=content))
    assert str(error.value) == (
        f"{folder / 'tiny.zip'}: refused, as it names a path outside of it: {name!r}"
    )
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["tiny.zip"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            bundle({"tiny/movies.csv": MOVIES}),
            " holds no tiny/ratings.csv or .dat; expected one of them",
        ),
        (
            bundle({"tiny/ratings.dat": RATINGS, "tiny/movies.item": b""}),
            " holds no tiny/movies.csv or .dat; expected one of them",
        ),
        (
            bundle({"other/ratings.csv": RATINGS, "tiny/movies.csv": MOVIES}),
            " holds no tiny/ratings.csv or .dat; expected one of them",
        ),
        (
            bundle({"ratings.csv": RATINGS, "tiny/movies.csv": MOVIES}),
            " holds no tiny/ratings.csv or .dat; expected one of them",
        ),
        (b"text", " has the right hash but is not a zip file: File is not a zip file"),
    ],
)
def test_a_bundle_without_the_tables_is_refused(server, tmp_path, content, message):
    (tmp_path / "tiny.zip").write_bytes(content)
    with pytest.raises(DownloadError) as error:
        fetch(tmp_path, registry(server, content=content))
    assert str(error.value) == f"{tmp_path / 'tiny.zip'}{message}"
    assert names(tmp_path) == ["tiny.zip"]


def test_a_table_is_there_if_its_size_and_checksum_are_right(tmp_path):
    content = bytes(range(256)) * 5000  # more than is read at once
    path = tmp_path / "x"
    with zipfile.ZipFile(io.BytesIO(bundle({"x": content}))) as archive:
        (member,) = archive.infolist()
    assert not remote._is_member(path, member)
    path.mkdir()
    assert not remote._is_member(path, member)
    path.rmdir()
    for written, good in (
        (content, True),
        (content[:-1], False),
        (content + b"x", False),
        (b"x" + content[1:], False),
        (content[:-1] + b"x", False),
    ):
        path.write_bytes(written)
        assert remote._is_member(path, member) is good


def test_tables_and_terms_are_unpacked_and_nothing_else(server, tmp_path):
    wanted = ("ratings.dat", "movies.dat", "README", "README.html")
    other = ("README.", "ratings.csv.gz", "my_ratings.csv", "tags.dat", "READMEs.txt")
    content = bundle(dict.fromkeys([f"tiny/{name}" for name in (*wanted, *other)], b"x"))
    (tmp_path / "tiny.zip").write_bytes(content)
    target = fetch(tmp_path, registry(server, content=content))
    assert names(target) == sorted(wanted)
    (target / "README").unlink()
    assert names(fetch(tmp_path, registry(server, content=content))) == sorted(wanted)


# --- two at once ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_two_processes_at_once(server, tmp_path):
    known = registry(server, "good")["tiny"]
    code = (
        "import sys\n"
        "from course_utils.datasets import RemoteFile, download, load_movielens\n"
        "import pooch, requests\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        f"known = {{'tiny': RemoteFile{tuple(known)!r}}}\n"
        "for turn in range(20):\n"
        f"    where = {str(tmp_path)!r} + f'/{{turn}}'\n"
        "    folder = download('tiny', directory=where, registry=known, progress=False)\n"
        "    assert len(load_movielens(folder).ratings) == 2\n"
    )
    workers = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ,
        )
        for _ in range(2)
    ]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:  # both wait here, so that they start together
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        _, complaint = worker.communicate(timeout=60)
        assert worker.returncode == 0, complaint
    for turn in range(20):
        assert names(tmp_path / str(turn)) == ["tiny", "tiny.zip"]


def test_a_whole_table_is_not_replaced(server, tmp_path, monkeypatch):
    """The other process finishes while we unpack; a third may be reading its files by then."""
    known = registry(server, "good")
    copy, inodes = remote.shutil.copyfileobj, []

    def late(*arguments):
        if not inodes:
            with monkeypatch.context() as undone:
                undone.setattr(remote.shutil, "copyfileobj", copy)
                inodes.append((fetch(tmp_path, known) / "ratings.csv").stat().st_ino)
        copy(*arguments)

    monkeypatch.setattr(remote.shutil, "copyfileobj", late)
    target = fetch(tmp_path, known)
    assert [(target / "ratings.csv").stat().st_ino] == inodes
    assert names(tmp_path) == ["tiny", "tiny.zip"]


def test_what_is_whole_is_left_alone(server, tmp_path):
    known = registry(server, "good")
    folder = fetch(tmp_path, known)
    before = (folder / "movies.csv").stat().st_ino
    (folder / "notes.txt").write_text("mine")
    (folder / "ratings.csv").write_bytes(RATINGS[:-1])
    fetch(tmp_path, known)
    assert (folder / "ratings.csv").read_bytes() == RATINGS
    assert (folder / "movies.csv").stat().st_ino == before
    assert (folder / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("other_is_good", [True, False])
def test_a_file_in_use_is_left_if_it_is_good(server, tmp_path, monkeypatch, other_is_good):
    """Windows refuses to replace a file that another process reads."""

    def refuse(source, target):
        replace(source, target)
        if not other_is_good:
            target.write_bytes(target.read_bytes()[:-1])
        raise PermissionError("in use")

    replace = os.replace

    monkeypatch.setattr(remote.os, "replace", refuse)
    if other_is_good:
        assert fetch(tmp_path, registry(server, "good")).is_dir()
    else:
        with pytest.raises(DownloadError, match=r"may not be written to \(in use\); give another"):
            fetch(tmp_path, registry(server, "good"))


# --- the registry --------------------------------------------------------------------------------


def test_the_registry_holds_what_the_design_lists():
    assert {name: (known.size, known.hash) for name, known in DOWNLOADS.items()} == {
        "ml-latest-small": (
            978_202,
            "sha256:696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436",
        ),
        "ml-1m": (
            5_917_549,
            "sha256:a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
        ),
        "ml-25m": (
            261_978_986,
            "sha256:8b21cfb7eb1706b4ec0aac894368d90acf26ebdfb6aced3ebd4ad5bd1eb9c6aa",
        ),
        "ml-32m": (238_950_008, "md5:d472be332d4daa821edc399621853b57"),
    }
    for name, known in DOWNLOADS.items():
        assert len(known.urls) == 2
        assert all(url.startswith("https://") for url in known.urls)
        assert all(url.endswith(f"/{name}.zip") for url in known.urls)
