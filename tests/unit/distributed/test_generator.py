"""Invented ratings have the distributions that are written down, and only the seed decides them."""

from statistics import NormalDist

import numpy as np
import pytest
import scipy.sparse as sp

from course_utils.distributed import generator, list_parts, read_part, write_like_movielens

PER_USER = 60.0


@pytest.fixture(scope="module")
def films():
    return generator._Films(2000, seed=3)


@pytest.fixture(scope="module")
def blocks(films):
    """Ratings of 8 blocks, as one table."""
    blocks = [generator._block(films, number, 256, PER_USER) for number in range(8)]
    return sp.csr_array(sp.vstack(blocks))


def probabilities(films):
    """Of each film by rank, put together from what is looked up when one is drawn."""
    by_rank = np.empty(films.items)
    by_rank[films.by_taste] = np.diff(films.cumulated, prepend=0.0)
    return by_rank


def test_popularity_falls_with_the_rank_as_is_written_down(films):
    weights = (np.arange(1, 2001) - 1 + 1 + 0.0015 * 2000) ** -1.8
    np.testing.assert_allclose(probabilities(films), weights / weights.sum(), rtol=1e-9)
    assert films.cumulated[-1] == 1.0


def test_each_film_has_one_of_sixteen_tastes_and_lies_with_those_of_its_own(films):
    assert sorted(films.by_taste) == list(range(2000))
    assert len(films.starts) == 17
    assert (films.starts[0], films.starts[-1]) == (0.0, 1.0)
    edges = np.searchsorted(films.cumulated, films.starts[1:]) + 1
    sizes = np.diff(edges, prepend=0)
    assert sizes.sum() == 2000
    assert sizes.min() > 125 - 4 * np.sqrt(125)  # draws with 16 equal chances
    assert sizes.max() < 125 + 4 * np.sqrt(125)
    for ranks in np.split(films.by_taste, edges[:-1]):
        assert (np.diff(ranks) > 0).all()


def test_numbers_of_films_say_nothing_of_their_popularity(films):
    assert sorted(films.names) == list(range(2000))
    assert abs(np.corrcoef(films.names, np.arange(2000))[0, 1]) < 0.1


def test_quality_is_a_standard_normal_number(films):
    assert abs(films.quality.mean()) < 4 / np.sqrt(2000)
    assert films.quality.std() == pytest.approx(1, abs=4 / np.sqrt(4000))


def test_half_of_what_is_drawn_comes_from_one_s_own_taste_the_rest_from_all(films):
    count = 200_000
    drawn = films.draw(np.random.default_rng(0), np.full(count, 5))
    ranks = np.argsort(films.names)[drawn]  # names → ranks
    chances = probabilities(films)
    own = np.zeros(2000, bool)
    low, high = np.searchsorted(films.cumulated, films.starts[5:7], side="left")
    own[films.by_taste[low + 1 : high + 1]] = True
    expected = 0.5 * chances + 0.5 * np.where(own, chances, 0) / chances[own].sum()
    found = np.bincount(ranks, minlength=2000) / count
    # Each count is nearly a Poisson number.
    surprise = (found - expected) * np.sqrt(count / expected)
    assert np.abs(surprise).max() < 5
    assert np.mean(surprise**2) == pytest.approx(1, abs=0.2)


def test_draws_from_both_ends_are_films(films):
    """The largest number below 1, and 0, as a generator may give them."""

    class Ends:
        def random(self, size):
            return np.resize([0.0, np.nextafter(1, 0)], size)

    drawn = films.draw(Ends(), np.array([0, 15, 0, 15]))
    assert set(np.argsort(films.names)[drawn]) <= {films.by_taste[0], films.by_taste[-1]}


def test_activity_is_twenty_and_a_log_normal_number(blocks):
    each = np.diff(blocks.indptr)
    assert blocks.shape == (8 * 256, 2000)
    assert each.min() == 20
    mean = np.log(PER_USER - 20) - 1.43**2 / 2
    for share in (0.3, 0.5, 0.7, 0.9, 0.98):
        bound = 20 + np.exp(mean + 1.43 * NormalDist().inv_cdf(share))
        assert np.mean(each < bound) == pytest.approx(share, abs=0.03)


def test_nobody_rates_more_than_a_quarter_of_the_films():
    block = generator._block(generator._Films(103, seed=0), 0, 100, 10_000.0)
    assert np.diff(block.indptr).max() == 25


def test_stars_are_halves_around_three_and_a_half_with_films_and_moods_of_their_own(films, blocks):
    stars = blocks.data
    assert stars.dtype == np.float32
    assert sorted(set(stars)) == [0.5 * n for n in range(1, 11)]
    assert np.mean(stars) == pytest.approx(3.5, abs=0.15)
    # Films of which few ratings are cut off at either end.
    quality = films.quality[blocks.indices]
    inner = (quality > -1.6) & (quality < -0.6)
    rows = np.repeat(np.arange(blocks.shape[0]), np.diff(blocks.indptr))
    _, rows = np.unique(rows[inner], return_inverse=True)
    centred = (2 * stars - 7 - quality)[inner]
    counts = np.bincount(rows)
    means = np.bincount(rows, centred) / counts
    noise = np.sum((centred - means[rows]) ** 2) / (counts - 1).sum()
    assert noise == pytest.approx(1.6**2 + 1 / 12, rel=0.05)  # the latter of rounding
    assert means.var() - noise * np.mean(1 / counts) == pytest.approx(0.8**2, rel=0.15)
    assert means.mean() == pytest.approx(0, abs=0.1)


def test_who_has_rated_too_few_films_gets_the_most_popular_of_the_others():
    """Of few films, the last are drawn so seldom that some do not come to twenty by drawing."""
    few = generator._Films(100, seed=0)
    for number in range(2):
        block = generator._block(few, number, 256, 25.0)
        assert block.has_canonical_format
        assert np.diff(block.indptr).min() == 20
    chosen = np.sort(np.concatenate([100 + few.names[[0, *range(50, 67)]], 200 + few.names]))
    found = generator._with_least(chosen, few, 3)
    each = [set(found[found // 100 == user] % 100) for user in range(3)]
    assert each[0] == set(few.names[:20])
    assert each[1] == set(few.names[[0, 1, 2, *range(50, 67)]])
    assert each[2] == set(range(100))
    assert (np.diff(found) > 0).all()


def test_where_all_have_what_they_want_nothing_more_is_drawn(films, monkeypatch):
    draws, draw = [], films.draw

    def counted(rng, tastes):
        draws.append(len(tastes))
        return draw(rng, tastes)

    monkeypatch.setattr(films, "draw", counted)
    block = generator._block(films, 0, 5, 25.0)
    assert np.diff(block.indptr).min() >= 20
    assert 1 < len(draws) < generator._ROUNDS
    assert draws == sorted(draws, reverse=True)


def test_each_block_has_a_stream_of_its_own(films):
    again = generator._block(films, 0, 256, PER_USER)
    assert (generator._block(films, 0, 256, PER_USER) != again).nnz == 0
    assert (generator._block(films, 1, 256, PER_USER) != again).nnz > 0
    other = generator._Films(2000, seed=4)
    assert (generator._block(other, 0, 256, PER_USER) != again).nnz > 0


@pytest.mark.parametrize(
    ("first", "end"), [(0, 600), (0, 256), (256, 512), (255, 257), (300, 301), (599, 600), (9, 9)]
)
def test_any_run_of_users_is_cut_out_of_the_same_blocks(first, end):
    few = generator._Films(80, seed=1)
    cut = generator._users_between(few, first, end, users=600, per_user=30.0)
    whole = sp.vstack(
        [generator._block(few, number, users, 30.0) for number, users in enumerate((256, 256, 88))]
    ).tocsr()
    assert cut.dtype == np.float32
    assert isinstance(cut, sp.csr_array)
    assert cut.shape == (end - first, 80)
    assert np.array_equal(cut.toarray(), whole[first:end].toarray())


def test_what_stands_twice_is_left_out():
    assert generator._distinct(np.array([5, 1, 5, 3, 1, 1])).tolist() == [1, 3, 5]
    assert generator._distinct(np.array([], np.int64)).tolist() == []
    assert generator._distinct(np.array([7])).tolist() == [7]


@pytest.fixture
def asked(monkeypatch):
    """What is asked of the writer of parts, in place of writing anything."""
    calls = []
    monkeypatch.setattr(generator, "write_runs", lambda *arguments: calls.append(arguments))
    return calls


def test_by_default_the_shape_is_that_of_ml_32m(asked, tmp_path):
    write_like_movielens(tmp_path)
    ((folder, users, parts, between),) = asked
    assert (folder, users, parts) == (tmp_path, 200_948, 16)
    assert between.keywords == {"users": 200_948, "per_user": 32_000_204 / 200_948}
    (films,) = between.args
    assert (films.items, films.seed) == (87_585, 0)


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ({}, True),
        ({"users": 1, "ratings": 25}, True),
        ({"users": 0}, False),
        ({"items": 99}, False),
        ({"ratings": 249}, False),
        ({"ratings": 250}, True),
        ({"ratings": 10 * 100 // 4}, True),
        ({"ratings": 10 * 100 // 4 + 1}, False),
        ({"parts": 0}, False),
        ({"parts": 1}, True),
        ({"parts": 99_999}, True),
        ({"parts": 100_000}, False),
        ({"seed": -1}, False),
        ({"seed": 7}, True),
    ],
)
def test_numbers_out_of_range_are_refused(change, allowed, asked, tmp_path):
    options = {"users": 10, "items": 100, "ratings": 250, "parts": 2, "seed": 0} | change
    if allowed:
        write_like_movielens(tmp_path, **options)
        (films,) = asked[0][3].args
        assert films.seed == options["seed"]
    else:
        with pytest.raises(ValueError, match=f"{next(iter(change))} must be an integer"):
            write_like_movielens(tmp_path, **options)
        assert asked == []


def test_what_is_written_are_these_ratings(tmp_path):
    paths = write_like_movielens(tmp_path, users=300, items=110, ratings=7600, parts=2, seed=6)
    assert list_parts(tmp_path) == paths
    found = sp.vstack([read_part(path) for path in paths])
    films = generator._Films(110, seed=6)
    expected = generator._users_between(films, 0, 300, users=300, per_user=7600 / 300)
    assert np.array_equal(found.toarray(), expected.toarray())
