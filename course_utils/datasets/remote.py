"""Larger data sets to download: checked, unpacked, never half there."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple


class DownloadError(OSError):
    """A data set could not be had; the message says what each place answered and what to do."""


class RemoteFile(NamedTuple):
    """A file elsewhere: how it is known, and where it can be had.

    Attributes
    ----------
    size : int
        Its length in bytes.
    hash : str
        The algorithm and the digest of its content: ``"sha256:…"`` or ``"md5:…"``.
    urls : tuple of str
        Where to look for it, in this order.
    """

    size: int
    hash: str
    urls: tuple[str, ...]


def _grouplens(name: str, size: int, digest: str) -> RemoteFile:
    """Return the entry of one set: where GroupLens keeps it, then the Internet Archive."""
    url = f"https://files.grouplens.org/datasets/movielens/{name}.zip"
    # "id_" asks the archive for the bytes as they were; the hash decides whether they are the
    # right ones.
    return RemoteFile(size, digest, (url, f"https://web.archive.org/web/2024id_/{url}"))


DOWNLOADS: Mapping[str, RemoteFile] = {
    "ml-latest-small": _grouplens(
        "ml-latest-small",
        978_202,
        "sha256:696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436",
    ),
    "ml-1m": _grouplens(
        "ml-1m",
        5_917_549,
        "sha256:a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
    ),
    "ml-25m": _grouplens(
        "ml-25m",
        261_978_986,
        "sha256:8b21cfb7eb1706b4ec0aac894368d90acf26ebdfb6aced3ebd4ad5bd1eb9c6aa",
    ),
    # GroupLens publishes the md5 of this one; no sha256 was at hand.
    "ml-32m": _grouplens("ml-32m", 238_950_008, "md5:d472be332d4daa821edc399621853b57"),
}
# The licence travels with the ratings; tags and genome scores, half of the bytes, stay in the zip
# file.
_WANTED_MEMBER = re.compile(r"(ratings|movies)\.(csv|dat)|README(\.\w+)?")


def _file_problem(path: Path, remote: RemoteFile) -> str | None:
    """Say how a file differs from what the registry knows, or None."""
    import pooch

    size = path.stat().st_size
    if size != remote.size:
        return f"{size:,} bytes, expected {remote.size:,}: cut, or another file"
    algorithm, _, expected = remote.hash.partition(":")
    given = pooch.file_hash(str(path), alg=algorithm)
    return (
        None
        if given == expected
        else f"{algorithm} is {given}, expected {expected}: another file, or damaged"
    )


def _network_problem(error: Exception, timeout: float) -> str:
    """Say in words what an exception of requests means."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout) or "timed out" in str(error).lower():
        return f"no answer within {timeout:g} s"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return f"the connection ended before the file was whole ({error})"
    if isinstance(error, requests.ConnectionError):
        return "no connection: nothing answers there, or this machine has no network"
    return f"{type(error).__name__}: {error}"


def _fetch(
    archive: Path, remote: RemoteFile, timeout: float, progress: bool, history: Sequence[str]
) -> None:
    """Download `archive` from the first place that has the right bytes; leave no wrong ones."""
    import pooch
    import requests

    problems = list(history)
    downloader = pooch.HTTPDownloader(progressbar=progress, chunk_size=2**16, timeout=timeout)
    # A folder of one's own makes two processes safe: each writes there, and the last one puts the
    # same bytes in the place of the first one's.
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix=f".{archive.name}-") as folder:
        partial = Path(folder) / archive.name
        for url in remote.urls:
            try:
                downloader(url, str(partial), None)
            except requests.RequestException as error:
                problems.append(f"{url}: {_network_problem(error, timeout)}")
                continue
            problem = _file_problem(partial, remote)
            if problem is None:
                _put(partial, archive, remote)
                return
            problems.append(f"{url}: {problem}")
    listed = "\n".join(f"  - {problem}" for problem in problems)
    raise DownloadError(
        f"{archive.name} ({remote.size:,} bytes, {remote.hash}) could not be "
        f"downloaded:\n{listed}\n"
        "What to do: the edition that ships with the course needs no network, load_movielens(). "
        "For this one, try "
        f"again later, or fetch {remote.urls[0]} with a browser, save it as {archive} and call "
        "download again."
    )


def _put(partial: Path, archive: Path, remote: RemoteFile) -> None:
    """Move a checked file to its place in one step."""
    try:
        os.replace(partial, archive)
    except OSError:
        # Windows refuses while another process reads the file; if that one is good, nothing is
        # lost.
        if not archive.is_file() or _file_problem(archive, remote) is not None:
            raise


def _crc32(path: Path) -> int:
    """Return the checksum that zip files keep of their members."""
    checksum = 0
    with path.open("rb") as stream:
        while block := stream.read(2**20):
            checksum = zlib.crc32(block, checksum)
    return checksum


def _wanted_members(bundle: zipfile.ZipFile, folder: str) -> dict[str, zipfile.ZipInfo]:
    """Return the members to unpack by file name; refuse paths that lead out of the bundle."""
    wanted = {}
    for member in bundle.infolist():
        parts = PurePosixPath(member.filename).parts
        if (
            not parts
            or parts[0] == "/"
            or ".." in parts
            or "\\" in member.filename
            or ":" in parts[0]
        ):
            raise DownloadError(
                f"{bundle.filename}: refused, as it names a path outside of it: {member.filename!r}"
            )
        if len(parts) == 2 and parts[0] == folder and _WANTED_MEMBER.fullmatch(parts[1]):
            wanted[parts[1]] = member
    return wanted


def _unpack(archive: Path, target: Path) -> Path:
    """Unpack the tables of a zip file into `target`, in one step, unless they are there."""
    with zipfile.ZipFile(archive) as bundle:
        members = _wanted_members(bundle, target.name)

        def whole(folder: Path) -> bool:
            return all(
                (folder / name).is_file()
                and (folder / name).stat().st_size == member.file_size
                and _crc32(folder / name) == member.CRC
                for name, member in members.items()
            )

        for table in ("ratings", "movies"):
            if not any(name.startswith(table) for name in members):
                raise DownloadError(
                    f"{archive} holds no {target.name}/{table}.csv or .dat; expected one of them"
                )
        if target.is_dir() and whole(target):
            return target
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as temporary:
            fresh = Path(temporary) / "fresh"
            fresh.mkdir()
            for name, member in members.items():
                # The name is ours, matched above; the path inside of the zip file is not used to
                # write.
                with bundle.open(member) as source, (fresh / name).open("wb") as copy:
                    shutil.copyfileobj(source, copy, 2**20)
            try:
                if target.is_dir():
                    if whole(target):  # put there by another process in the meantime
                        return target
                    os.rename(target, Path(temporary) / "damaged")
                os.rename(fresh, target)
            except OSError:
                # Another process was faster; its files are as good as ours.
                if not (target.is_dir() and whole(target)):
                    raise
    return target


def download(
    name: str,
    *,
    directory: str | os.PathLike[str] | None = None,
    timeout: float = 30.0,
    progress: bool = True,
    registry: Mapping[str, RemoteFile] = DOWNLOADS,
) -> Path:
    """Download a larger MovieLens set, check it, unpack it, and return its folder.

    Nothing in the course needs it. The sets may be used for research and teaching under the terms
    in their README, which is unpacked with them; they may not be passed on.

    Parameters
    ----------
    name : {"ml-latest-small", "ml-1m", "ml-25m", "ml-32m"}
        Which set: 100,836 ratings (1 MB to download; the edition of September 2018), 1 million (6
        MB), 25 million (262 MB), or 32 million (239 MB).
    directory : str or path-like, optional
        Where to keep the zip file and the folder; by default the user's cache folder.
    timeout : float
        Seconds to wait for a server that says nothing.
    progress : bool
        Show a progress bar on standard error.
    registry : mapping of str to RemoteFile
        What is known of each set; for tests, and for mirrors of your own.

    Returns
    -------
    pathlib.Path
        The folder with ``ratings``, ``movies`` and the README, for `load_movielens`.

    Raises
    ------
    ValueError
        If the name is not in the registry.
    DownloadError
        If no place has the right bytes: a wrong hash, a file that was cut, a refusal such as 403,
        no connection, no answer. The message lists what each place answered, what was expected,
        and what to do next.

    Notes
    -----
    A zip file that is there already is used without the network, after its hash was checked; a
    damaged one is fetched again. So a file fetched by hand and put there works as well. Files
    appear under their name only when they are whole, and two processes may download the same set
    at once.

    Examples
    --------
    >>> folder = download("ml-1m")  # doctest: +SKIP
    >>> len(load_movielens(folder).ratings)  # doctest: +SKIP
    1000209
    """
    if name not in registry:
        raise ValueError(f"no data set {name!r}; expected one of {', '.join(registry)}")
    import pooch

    folder = Path(directory) if directory is not None else Path(pooch.os_cache("sparse-to-latent"))
    folder.mkdir(parents=True, exist_ok=True)
    archive, remote = folder / f"{name}.zip", registry[name]
    problem = _file_problem(archive, remote) if archive.is_file() else ""
    if problem is not None:
        _fetch(
            archive,
            remote,
            timeout,
            progress,
            [f"{archive} was there: {problem}"] if problem else [],
        )
    try:
        return _unpack(archive, folder / name)
    except zipfile.BadZipFile as error:
        raise DownloadError(
            f"{archive} has the right hash but is not a zip file: {error}"
        ) from error
