"""Parts: what is written is read, whatever the cut, and no damage goes unseen."""

import errno
import os
import resource
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.datasets import load_movielens
from course_utils.distributed import (
    DamagedPart,
    describe_part,
    list_parts,
    read_part,
    write_grouplens,
    write_like_movielens,
    write_part,
)
from course_utils.distributed import parts as module


@pytest.fixture
def small():
    rng = np.random.default_rng(0)
    dense = rng.integers(1, 11, (30, 12)) / 2 * (rng.random((30, 12)) < 0.4)
    dense[[0, 7, 29]] = 0  # users without a rating
    return dense


@pytest.fixture
def path(small, tmp_path):
    return write_part(tmp_path, sp.csr_array(small), number=2, parts=5, first_user=60)


def test_what_is_written_is_read(small, path):
    assert np.array_equal(read_part(path).toarray(), small)
    assert np.array_equal(read_part(path, values="halves").toarray(), 2 * small)
    assert np.array_equal(read_part(path, values="rated").toarray(), small > 0)
    assert describe_part(path) == (2, 5, 60, 30, 12, np.count_nonzero(small))
    assert read_part(path).dtype == np.float32
    assert read_part(path, values="halves").dtype == np.int32


@given(columns=st.permutations(range(12)), k=st.integers(0, 12))
@settings(max_examples=30)
def test_columns_come_in_the_order_asked_for(columns, k, tmp_path_factory):
    dense = np.arange(24).reshape(2, 12) % 11 / 2
    path = write_part(tmp_path_factory.mktemp("c"), sp.csr_array(dense), number=0, parts=1)
    kept = read_part(path, columns[:k])
    assert np.array_equal(kept.toarray(), dense[:, columns[:k]])
    assert kept.has_sorted_indices


@pytest.mark.parametrize(
    ("columns", "words"), [([12], "0 … 11"), ([-1], "0 … 11"), ([3, 3], "each item once")]
)
def test_wrong_columns_are_refused(path, columns, words):
    with pytest.raises(ValueError, match=words):
        read_part(path, columns)


@pytest.mark.parametrize("stars", [0.25, 5.5, -1.0, 0.75])
def test_only_half_stars_are_written(tmp_path, stars):
    with pytest.raises(ValueError, match="half stars from 0.5 to 5"):
        write_part(tmp_path, sp.csr_array([[stars]]), number=0, parts=1)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_part_is_a_part(tmp_path):
    path = write_part(tmp_path, sp.csr_array((0, 7)), number=0, parts=1)
    assert read_part(path).shape == (0, 7)


def test_every_flipped_byte_is_an_error_that_names_the_part(path):
    """Each byte of the file, once; a checksum of 32 bits finds any change within so few."""
    content = path.read_bytes()
    rng = np.random.default_rng(1)
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= int(rng.integers(1, 256))
        path.write_bytes(changed)
        with pytest.raises(DamagedPart, match=path.name):
            read_part(path)
    assert len(content) > 1000
    path.write_bytes(content)
    read_part(path)


def test_the_pages_carry_checksums_for_other_readers(path):
    """Without our own checksum Parquet's still finds what is changed within a page."""
    content = path.read_bytes()
    found = 0
    for place in range(4, 200, 4):
        changed = bytearray(content)
        changed[place] ^= 1
        try:
            table = module.pq.read_table(
                module.io.BytesIO(changed), page_checksum_verification=True
            )
            same = table.equals(module.pq.read_table(module.io.BytesIO(content)))
            assert same, f"byte {place}: silently wrong"
        except (module.pa.ArrowException, OSError):
            found += 1
    assert found > 20


@pytest.mark.parametrize("damage", ["cut", "empty", "missing", "renamed"])
def test_what_is_no_part_is_refused_by_name(path, damage):
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "missing":
        path.unlink()
    else:
        path = path.rename(path.with_name("part-00002.parquet"))
    with pytest.raises(DamagedPart, match="part-00002"):
        read_part(path)


def test_a_set_is_whole_or_refused(tmp_path):
    paths = write_like_movielens(tmp_path, users=60, items=120, ratings=1800, parts=3)
    assert list_parts(tmp_path) == paths
    paths[1].unlink()
    with pytest.raises(DamagedPart, match="lacks part 00001 of 00003"):
        list_parts(tmp_path)
    write_part(tmp_path, sp.csr_array((1, 120)), number=1, parts=4)
    with pytest.raises(DamagedPart, match="two sets"):
        list_parts(tmp_path)
    (tmp_path / "none").mkdir()
    with pytest.raises(FileNotFoundError, match="there is no part"):
        list_parts(tmp_path / "none")


def test_a_full_disk_is_an_error_that_names_the_part_and_leaves_nothing(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left.*part-00000-of-00001") as caught:
        write_part(tmp_path, sp.csr_array([[1.0]]), number=0, parts=1)
    assert caught.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of a file's size")
def test_a_real_limit_of_the_system_stops_writing_and_leaves_nothing(tmp_path):
    """The kernel refuses the bytes, as it does on a full disk."""
    code = """
import resource, signal, sys
from course_utils.distributed import write_like_movielens
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
try:
    write_like_movielens(sys.argv[1], users=300, items=200, ratings=9000, parts=1)
except OSError as error:
    print(error)
"""
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert "part-00000-of-00001" in run.stdout
    assert list(tmp_path.iterdir()) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 4000


@pytest.mark.parametrize("parts", [2, 3, 7])
def test_the_ratings_do_not_depend_on_the_number_of_parts(tmp_path, parts):
    sizes = {"users": 700, "items": 300, "ratings": 21_000, "seed": 5}
    for name, number in (("one", 1), ("many", parts)):
        (tmp_path / name).mkdir()
        write_like_movielens(tmp_path / name, parts=number, **sizes)
    whole, many = (
        sp.vstack([read_part(path) for path in list_parts(tmp_path / name)]).toarray()
        for name in ("one", "many")
    )
    assert np.array_equal(whole, many)
    assert whole.shape == (700, 300)


def test_the_ratings_are_as_unequal_as_those_of_movielens(tmp_path):
    (path,) = write_like_movielens(tmp_path, users=2000, items=87_585, ratings=318_000, parts=1)
    matrix = read_part(path)
    each = np.diff(matrix.indptr)
    assert each.min() == 20
    assert np.median(each) == pytest.approx(70, rel=0.1)
    assert each.mean() == pytest.approx(160, rel=0.1)
    by_film = np.sort(np.bincount(matrix.indices, minlength=87_585))[::-1]
    assert by_film[:876].sum() / matrix.nnz == pytest.approx(0.63, abs=0.08)
    assert set(np.unique(matrix.data)) <= set(np.arange(1, 11) / 2)


def test_movielens_in_parts_is_movielens(tmp_path):
    paths = write_grouplens(None, tmp_path, parts=4)
    matrix, user_ids, item_ids = load_movielens().users_by_items()
    assert (sp.vstack([read_part(path) for path in paths]) != matrix).nnz == 0
    assert np.array_equal(np.load(tmp_path / "user_ids.npy"), user_ids)
    assert np.array_equal(np.load(tmp_path / "item_ids.npy"), item_ids)
    firsts = [describe_part(path).first_user for path in paths]
    assert firsts == [671 * part // 4 for part in range(4)]
