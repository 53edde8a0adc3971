"""Larger data sets to download: checked, unpacked, never half there."""

from __future__ import annotations

import errno
import functools
import os
import re
import shutil
import socket
import ssl
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from course_utils._arguments import flag, number
from course_utils._files import home


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
    # "id_" asks the archive for the bytes as they were; the hash decides if they are right.
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
# The licence travels with the ratings; tags and genome scores, half of the bytes, stay packed.
_WANTED_MEMBER = re.compile(r"(ratings|movies)\.(csv|dat)|README(\.\w+)?")


def _file_problem(path: Path, remote: RemoteFile) -> str | None:
    """Say how a file differs from what the registry knows, or None."""
    import pooch

    size = path.stat().st_size
    if size != remote.size:
        found = f"{size:,} bytes, expected {remote.size:,}"
        with path.open("rb") as stream:
            page = stream.read(512).lstrip().lower().startswith((b"<!doctype html", b"<html"))
        if page:
            return f"a web page instead of the file ({found}): does the network ask for a log-in?"
        return f"{found}: cut, or another file"
    algorithm, _, expected = remote.hash.partition(":")
    given = pooch.file_hash(str(path), alg=algorithm)
    if given == expected:
        return None
    return f"{algorithm} is {given}, expected {expected}: another file, or damaged"


def _causes(error: BaseException) -> list[BaseException]:
    """Return an exception and all that it wraps: requests, urllib3 and ssl each put one around."""
    found: list[BaseException] = [error]
    for outer in found:  # grows on the way
        inner = (outer.__cause__, outer.__context__, getattr(outer, "reason", None), *outer.args)
        found += [e for e in inner if isinstance(e, BaseException) and e not in found]
    return found


def _network_problem(error: Exception, timeout: float) -> str:
    """Say in words what an exception of requests means."""
    import requests

    causes = _causes(error)
    if isinstance(error, requests.HTTPError) and error.response is not None:
        answer = f"{error.response.status_code} {error.response.reason}"
        asks = error.response.status_code == 407
        return _proxy_answer(answer) if asks else f"the server answered {answer}"
    if isinstance(error, requests.TooManyRedirects):
        return f"the server sends in a circle ({error})"
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"the certificate is not trusted ({cause.verify_message}); is the clock right? "
                "Where a proxy reads along, name its certificate in REQUESTS_CA_BUNDLE"
            )
        if tunnel := re.search(r"Tunnel connection failed: (\d{3}[^'\")]*)", str(cause)):
            return _proxy_answer(tunnel[1].strip())
    if isinstance(error, requests.exceptions.SSLError):
        return f"no secure connection ({causes[-1]})"
    if isinstance(error, requests.Timeout) or "timed out" in str(error).lower():
        return f"no answer within {timeout:g} s"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy does not answer; is the address in https_proxy right?"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return f"the connection ended before the file was whole ({error})"
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "no connection: the name of the server is not known, or this machine has no network"
    if isinstance(error, requests.ConnectionError):
        return "no connection: nothing answers there, or this machine has no network"
    return f"{type(error).__name__}: {error}"


def _proxy_answer(answer: str) -> str:
    """Say what a proxy answered, and what it asks for."""
    remedy = (
        "; it wants a name and a password: https_proxy=http://name:password@host:port"
        if answer.startswith("407")
        else ""
    )
    return f"the proxy answered {answer}{remedy}"


def _place_problem(error: OSError, folder: Path, remote: RemoteFile) -> str:
    """Say in words why a folder does not take the files."""
    other = "give another folder, download(…, directory=…)"
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
        return (
            f"the disk of {folder} is full: {remote.size:,} bytes are needed for the zip file and "
            f"several times as many for the tables; make room there, or {other}"
        )
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return f"{folder} cannot be a folder, a file is in the way ({error}); {other}"
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return f"{folder} may not be written to ({error}); {other}"
    return f"{folder} does not take the files ({error}); {other}"


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
                _put(partial, archive, lambda: _file_problem(archive, remote) is None)
                return
            problems.append(f"{url}: {problem}")
    listed = "\n".join(f"  - {problem}" for problem in problems)
    raise DownloadError(
        f"{archive.name} ({remote.size:,} bytes, {remote.hash}) could not be downloaded:\n"
        f"{listed}\n"
        "What to do: the edition that ships with the course needs no network, load_movielens(). "
        f"For this one, try again later, or fetch {remote.urls[0]} with a browser, save it as "
        f"{archive} and call download again."
    )


def _put(partial: Path, place: Path, is_good: Callable[[], bool]) -> None:
    """Move a checked file to its place in one step."""
    try:
        os.replace(partial, place)
    except OSError:
        # Windows refuses while another process reads the file; if that one is good, all is well.
        if not (place.is_file() and is_good()):
            raise


def _is_member(path: Path, member: zipfile.ZipInfo) -> bool:
    """Tell whether a file is there and holds what the zip file says."""
    if not path.is_file() or path.stat().st_size != member.file_size:
        return False
    checksum = 0
    with path.open("rb") as stream:
        while block := stream.read(2**20):
            checksum = zlib.crc32(block, checksum)
    return checksum == member.CRC


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
    """Unpack the tables of a zip file into `target`, but for those that are there and whole."""
    with zipfile.ZipFile(archive) as bundle:
        members = _wanted_members(bundle, target.name)
        for table in ("ratings", "movies"):
            if not any(name.startswith(table) for name in members):
                raise DownloadError(
                    f"{archive} holds no {target.name}/{table}.csv or .dat; expected one of them"
                )
        target.mkdir(exist_ok=True)
        for name, member in members.items():
            place, is_good = target / name, functools.partial(_is_member, target / name, member)
            if is_good():
                continue
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as fresh:
                # The name is ours, matched above; no path of the zip file is used to write.
                copy = Path(fresh) / name
                with bundle.open(member) as source, copy.open("wb") as stream:
                    shutil.copyfileobj(source, stream, 2**20)
                if not is_good():  # else another process has put it there in the meantime
                    _put(copy, place, is_good)
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
        Where to keep the zip file and the folder, made if it is not there (``~`` is the home
        folder); by default the user's cache folder.
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
        If no place has the right bytes: a wrong hash, a file that was cut, a web page instead of
        it, a refusal such as 403, a certificate that is not trusted, a proxy that asks for a
        password, no connection, no answer. The message lists what each place answered, what was
        expected, and what to do next. Also if the disk is full or the folder may not be written.

    Notes
    -----
    A zip file that is there already is used without the network, after its hash was checked; a
    damaged one is fetched again. So a file fetched by hand and put there works as well. Files
    appear under their name only when they are whole, files that are whole are left alone, and two
    processes may download the same set at once.

    The bytes come through pooch, which keeps a proxy and certificates as requests does. Not so the
    unpacking: its `Unzip` would take a table that was half written for a whole one.

    Examples
    --------
    >>> folder = download("ml-1m")  # doctest: +SKIP
    >>> len(load_movielens(folder).ratings)  # doctest: +SKIP
    1000209
    """
    if name not in registry:
        raise ValueError(
            f"no data set {name!r}; expected one of {', '.join(registry)}. load_movielens reads "
            "the other editions, too, from https://grouplens.org/datasets/movielens/"
        )
    timeout, progress = number("timeout", timeout, above=0), flag("progress", progress)
    import pooch

    folder = (
        home(directory, "directory")
        if directory is not None
        else Path(pooch.os_cache("sparse-to-latent"))
    )
    archive, remote = folder / f"{name}.zip", registry[name]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        problem = _file_problem(archive, remote) if archive.is_file() else ""
        if problem is not None:
            history = [f"{archive} was there: {problem}"] if problem else []
            _fetch(archive, remote, timeout, progress, history)
        return _unpack(archive, folder / name)
    except DownloadError:
        raise
    except OSError as error:
        raise DownloadError(_place_problem(error, folder, remote)) from error
    except zipfile.BadZipFile as error:
        raise DownloadError(
            f"{archive} has the right hash but is not a zip file: {error}"
        ) from error
