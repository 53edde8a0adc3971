"""Parts: what is written is read, whatever the cut, and no damage goes unseen."""

import errno
import os
import resource
import subprocess
import sys
import zlib

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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_every_half_star_is_written_and_the_numbers_are_narrow(tmp_path):
    stars = np.arange(11)[np.newaxis] / 2
    path = write_part(tmp_path, sp.csr_array(stars), number=0, parts=1)
    found = read_part(path)
    assert found.toarray().tolist() == stars.tolist()
    assert found.indices.dtype == found.indptr.dtype == np.int32
    kept = read_part(path, [10, 0, 3])
    assert kept.indices.dtype == kept.indptr.dtype == np.int32
    rated = read_part(path, values="rated")
    assert (rated.dtype, rated.data.tolist()) == (np.int32, [1] * 10)
    assert describe_part(path).first_user == 0
    table = module.pq.read_table(path)
    assert [str(field.type) for field in table.schema] == ["int32", "int32", "int8"]
    assert table.column_names == ["user", "item", "halves"]
    column = module.pq.read_metadata(path).row_group(0).column(0)
    assert column.compression == "ZSTD"


@pytest.mark.parametrize(
    ("numbers", "allowed"),
    [
        ({"number": 0, "parts": 1}, True),
        ({"number": 99_998, "parts": 99_999}, True),
        ({"number": 0, "parts": 100_000}, False),
        ({"number": 0, "parts": 0}, False),
        ({"number": 2, "parts": 2}, False),
        ({"number": -1, "parts": 2}, False),
        ({"number": 0, "parts": 1, "first_user": -1}, False),
    ],
)
def test_a_part_is_one_of_at_most_99_999(numbers, allowed, tmp_path):
    if allowed:
        path = write_part(tmp_path, sp.csr_array([[1.0]]), **numbers)
        assert path.name.startswith(f"part-{numbers['number']:05}-of-{numbers['parts']:05}-")
    else:
        with pytest.raises(ValueError, match="must be an integer"):
            write_part(tmp_path, sp.csr_array([[1.0]]), **numbers)


def test_the_first_wrong_rating_is_named(tmp_path):
    with pytest.raises(ValueError, match="half stars") as error:
        write_part(tmp_path, sp.csr_array([[4.5, 0.3, 7.0]]), number=0, parts=1)
    assert str(error.value) == "stars must be half stars from 0.5 to 5, got 0.3; round them first"


def test_runs_of_users_are_of_nearly_equal_length(tmp_path):
    asked = []

    def between(first, end):
        asked.append((first, end))
        return sp.csr_array((end - first, 3))

    paths = module.write_runs(tmp_path, 11, 4, between)
    assert asked == [(0, 2), (2, 5), (5, 8), (8, 11)]
    assert [tuple(describe_part(path)) for path in paths] == [
        (number, 4, first, end - first, 3, 0) for number, (first, end) in enumerate(asked)
    ]


def renamed(path, content):
    """Write other bytes, under the name that has their checksum."""
    start = path.name.rpartition("-")[0]
    target = path.with_name(f"{start}-{zlib.crc32(content):08x}.parquet")
    target.write_bytes(content)
    return target


def parquet(table):
    buffer = module.io.BytesIO()
    module.pq.write_table(table, buffer)
    return buffer.getvalue()


NUMBERS = b'{"number": 0, "parts": 1, "first_user": 0, "users": 1, "items": 1, "ratings": 1}'


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {"another": NUMBERS},
        {"course": b"{"},
        {"course": b'{"number": 0}'},
        {"course": NUMBERS[:-1] + b', "more": 1}'},
    ],
    ids=["none", "no key", "no JSON", "too little", "too much"],
)
def test_a_table_of_somebody_else_is_no_part_whatever_its_name(metadata, path):
    table = module.pa.table({"user": [0]}).replace_schema_metadata(metadata)
    other = renamed(path, parquet(table))
    with pytest.raises(DamagedPart, match="not a part of this course") as error:
        describe_part(other)
    assert str(error.value).startswith(f"{other}: not a part of this course (")


def test_bytes_that_are_no_table_are_no_part(path):
    with pytest.raises(DamagedPart, match="not a part of this course"):
        read_part(renamed(path, b"PAR1" * 100))


def test_damage_from_before_the_file_had_its_name_is_found_by_the_pages(path):
    content = bytearray(path.read_bytes())
    content[60] ^= 1  # among the numbers of the first column
    with pytest.raises(DamagedPart, match="not a part of this course .*"):
        read_part(renamed(path, bytes(content)))


@pytest.mark.parametrize("place", [0, 4, 100, -5, -1])
def test_a_flipped_byte_anywhere_is_an_error(place, path):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedPart, match=path.name):
        read_part(path)


def test_each_damage_says_what_to_do(path):
    again = "write this part again"
    content = path.read_bytes()
    cut = path.with_name(path.name)
    cut.write_bytes(content[:-1])
    with pytest.raises(DamagedPart) as error:
        read_part(cut)
    assert str(error.value) == (
        f"{cut}: the bytes do not have the checksum in its name, so the file is cut or changed; "
        f"{again}"
    )
    cut.unlink()
    with pytest.raises(DamagedPart) as error:
        read_part(cut)
    assert str(error.value) == f"{cut}: there is no such file; {again}"
    other = path.with_name("part-2.parquet")
    with pytest.raises(DamagedPart) as error:
        read_part(other)
    assert str(error.value) == (
        f"{other}: the name must be part-…-of-…-CHECKSUM.parquet, as write_part gives it"
    )


def written(folder, numbers, parts):
    """Parts that differ, so that their names do."""
    return [
        write_part(folder, sp.csr_array([[(n % 9 + 1) / 2]]), number=n, parts=parts)
        for n in numbers
    ]


def test_a_set_that_is_not_whole_says_what_is_wrong(tmp_path):
    for name in ("part-00000-of-00001.parquet", "part-00000-of-00001-0000000g.parquet", "notes"):
        (tmp_path / name).touch()  # not named as a part
    with pytest.raises(FileNotFoundError) as missing:
        list_parts(tmp_path)
    assert str(missing.value) == f"there is no part in {tmp_path}; write_part names its files so"
    paths = written(tmp_path, [0, 3], 5)
    with pytest.raises(DamagedPart) as error:
        list_parts(tmp_path)
    assert str(error.value) == (f"{tmp_path} lacks part 00001 of 00005 (3 in all); write it again")
    paths += written(tmp_path, [4, 2, 1], 5)
    assert list_parts(tmp_path) == sorted(paths)
    write_part(tmp_path, sp.csr_array([[5.0]]), number=3, parts=5)  # once more, and not the same
    with pytest.raises(DamagedPart) as error:
        list_parts(tmp_path)
    assert str(error.value) == (
        f"{tmp_path} holds parts of two sets; keep each set in a folder of its own"
    )


@pytest.mark.parametrize("columns", [[], [0], [11]])
def test_the_first_and_the_last_column_can_be_kept_and_none_too(columns, small, path):
    assert read_part(path, columns).toarray().tolist() == small[:, columns].tolist()


def test_columns_out_of_range_are_shown(path):
    with pytest.raises(ValueError, match=r"^columns must lie in 0 … 11, got \[ 3 12\]$"):
        read_part(path, [3, 12])
    with pytest.raises(ValueError, match=r"^columns must name each item once$"):
        read_part(path, [3, 4, 3])
