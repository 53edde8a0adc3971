"""An edition in parts: which user and which film is where, and how many files there are."""

import numpy as np
import pytest
import scipy.sparse as sp

from course_utils.distributed import grouplens, read_part, write_grouplens


@pytest.fixture
def edition(monkeypatch):
    """What `load_movielens` finds in a folder: three users and four films, by their ids."""
    stars = sp.csr_array([[0, 0.5, 0, 0], [1.0, 0, 0, 2.0], [0, 0, 5.0, 0]])
    asked = []

    class Edition:
        def users_by_items(self):
            return stars, np.array([7, 3, 9]), np.array([40, 20, 30, 10])

    def load(source):
        asked.append(source)
        return Edition()

    monkeypatch.setattr(grouplens, "load_movielens", load)
    return stars.toarray(), asked


def test_ids_lie_beside_the_parts_in_the_order_of_rows_and_columns(edition, tmp_path):
    stars, asked = edition
    paths = write_grouplens("ml-x", tmp_path, parts=2)
    assert asked == ["ml-x"]
    assert sp.vstack([read_part(path) for path in paths]).toarray().tolist() == stars.tolist()
    assert [read_part(path).shape[0] for path in paths] == [1, 2]
    assert np.load(tmp_path / "user_ids.npy").tolist() == [7, 3, 9]
    assert np.load(tmp_path / "item_ids.npy").tolist() == [40, 20, 30, 10]
    assert len(list(tmp_path.iterdir())) == 4


def test_there_are_sixteen_parts_by_default_also_for_fewer_users(edition, tmp_path):
    paths = write_grouplens(None, tmp_path)
    assert len(paths) == 16
    assert sum(read_part(path).shape[0] for path in paths) == 3
    assert edition[1] == [None]


@pytest.mark.parametrize("parts", [0, 100_000])
def test_there_are_at_least_one_and_at_most_99_999_parts(parts, edition, tmp_path):
    with pytest.raises(ValueError, match="parts must be an integer from 1 to 99999"):
        write_grouplens(None, tmp_path, parts=parts)
    assert len(write_grouplens(None, tmp_path, parts=1)) == 1


def test_as_many_parts_as_a_name_can_count_are_asked_for(edition, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(grouplens, "write_runs", lambda *given: asked.append(given[:3]))
    write_grouplens(None, tmp_path, parts=99_999)
    assert asked == [(tmp_path, 3, 99_999)]


def test_a_folder_that_is_missing_is_said_at_once(edition, tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder"):
        write_grouplens(None, tmp_path / "none")
    with pytest.raises(TypeError, match=r"^folder must be text or a pathlib\.Path, got 3"):
        write_grouplens(None, 3)
