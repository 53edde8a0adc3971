"""The set-up of a new machine: which program installs, and which build of PyTorch."""

import functools
import http.server
import subprocess
import sys
import threading
import zipfile

import pytest

from tools import bootstrap

LISTED = """:env:.find-links='/opt/wheels /opt/more'
:env:.disable-pip-version-check='1'
global.index-url='https://mirror.example.org/simple'
global.extra-index-url='https://a.example.org/simple\\nhttps://b.example.org/simple'
global.find-links='/opt/old'
install.constraint='/etc/caps.txt'
list.format='columns'
"""


def test_pips_configuration_is_read_and_told_to_uv():
    configuration = bootstrap.read_configuration(LISTED)
    assert configuration["find_links"] == "/opt/wheels /opt/more"  # the environment beats a file
    assert "format" not in configuration  # it is no matter of `pip install`
    assert bootstrap.uv_environment(configuration) == {
        "UV_DEFAULT_INDEX": "https://mirror.example.org/simple",
        "UV_EXTRA_INDEX_URL": "https://a.example.org/simple https://b.example.org/simple",
        "UV_FIND_LINKS": "/opt/wheels,/opt/more",
        "UV_CONSTRAINT": "/etc/caps.txt",
    }


@pytest.mark.parametrize("option", ["global.require-hashes='1'", ":env:.no-index='1'"])
def test_pip_itself_installs_where_uv_might_not_understand(option):
    assert bootstrap.uv_environment(bootstrap.read_configuration(option)) is None


def test_pip_takes_over_where_uv_fails(capfd):
    fails = [sys.executable, "-c", "raise SystemExit('no such release')"], {}
    works = [sys.executable, "-c", "import os, sys; print(os.environ['X'], sys.argv)"], {"X": "y"}
    assert bootstrap.install([fails, works], ["torch"])
    printed = capfd.readouterr()
    assert "no such release\nuv could not do it (see above); pip tries." in printed.err
    assert printed.out == "y ['-c', '--constraint', 'constraints.txt', 'torch']\n"
    assert not bootstrap.install([fails, fails], ["torch"])


@pytest.fixture
def index(tmp_path):
    """Serve on loopback a package index with one build of PyTorch: a wheel that holds nothing."""
    folder = tmp_path / "index" / "torch"
    folder.mkdir(parents=True)
    version = "2.13.0+cpu"
    info = f"torch-{version}.dist-info"
    wheel = f"torch-{version}-py3-none-any.whl"
    with zipfile.ZipFile(folder / wheel, "w") as archive:
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: torch\nVersion: {version}"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    page = f'<a href="{wheel.replace("+", "%2B")}">{wheel}</a>'
    (folder / "index.html").write_text(page, encoding="utf-8")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    handler = functools.partial(Quiet, directory=folder.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def on_linux_without_a_card(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(bootstrap, "has_nvidia", lambda: False)
    for name in ("http_proxy", "HTTP_PROXY", "PIP_FIND_LINKS", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="links need a right of their own there")
def test_what_is_installed_already_stays_even_behind_a_link(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    (tmp_path / "env" / "kept.txt").touch()
    (tmp_path / "link").symlink_to(tmp_path / "env")
    assert bootstrap._create(tmp_path / "link", tmp_path / "link" / "bin" / "python")
    assert (tmp_path / "env" / "kept.txt").exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the build is taken on Linux alone")
def test_the_build_for_processors_is_taken_once(
    tmp_path, index, monkeypatch, on_linux_without_a_card
):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    python = tmp_path / "env" / "bin" / "python"
    monkeypatch.setenv("COURSE_TORCH_INDEX", index)
    assert bootstrap.take_cpu_torch(python, {})
    ask = "import importlib.metadata as m; print(m.version('torch'))"
    assert subprocess.check_output([python, "-c", ask], text=True) == "2.13.0+cpu\n"
    assert not bootstrap.take_cpu_torch(python, {})  # an interrupted set-up goes on from here


def test_an_index_that_does_not_answer_is_said_and_passed_over(
    tmp_path, index, monkeypatch, capsys, on_linux_without_a_card
):
    monkeypatch.setattr(bootstrap, "_has_torch", lambda python: False)
    monkeypatch.setattr(bootstrap, "install", lambda *_: pytest.fail("nothing is to be installed"))
    monkeypatch.setenv("COURSE_TORCH_INDEX", f"{index}/nowhere")
    assert not bootstrap.take_cpu_torch(tmp_path / "python", {})
    assert f"{index}/nowhere does not answer; PyTorch comes from pip's registry" in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize("reason", ["card", "system", "no index", "pip has none", "there already"])
def test_nobody_is_asked_where_the_build_is_of_no_use(
    reason, tmp_path, index, monkeypatch, on_linux_without_a_card
):
    monkeypatch.setenv("COURSE_TORCH_INDEX", "" if reason == "no index" else index)
    monkeypatch.setattr(bootstrap, "reachable", lambda address: pytest.fail(f"asked {address}"))
    if reason == "card":
        monkeypatch.setattr(bootstrap, "has_nvidia", lambda: True)
    if reason == "system":
        monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(bootstrap, "_has_torch", lambda python: reason == "there already")
    configuration = {"no_index": "1"} if reason == "pip has none" else {}
    assert not bootstrap.take_cpu_torch(tmp_path / "python", configuration)
