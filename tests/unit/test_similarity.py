"""Neighbours against exact rational arithmetic, and an evaluator that is itself put to the test."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from memory import peak_of

from course_utils.datasets import load_movielens
from course_utils.similarity import (
    cosine_scorer,
    draw_questions,
    evaluate_similarity,
    evaluation,
    similar_items,
    top_k_cosine,
)

# --- top_k_cosine --------------------------------------------------------------------------------


def signed_square(left, right):
    """cos · |cos| as an exact fraction: it orders pairs as the cosine does, and has true ties."""
    dot = int(left @ right)
    lengths = int(left @ left) * int(right @ right)
    return Fraction(dot * abs(dot), lengths) if lengths else Fraction(0)


def neighbours_by_hand(vectors, k):
    rows = [[signed_square(left, right) for right in vectors] for left in vectors]
    return np.array(
        [
            sorted((j for j in range(len(vectors)) if j != i), key=lambda j: (-row[j], j))[:k]
            for i, row in enumerate(rows)
        ]
    ).reshape(len(vectors), k)


@st.composite
def whole_vectors(draw):
    """Small whole numbers: zero vectors, duplicates, multiples and opposites are frequent."""
    shape = draw(st.integers(2, 12)), draw(st.integers(1, 4))
    vectors = draw(hnp.arrays(np.int64, shape, elements=st.integers(-3, 3)))
    return vectors, draw(st.integers(1, shape[0] - 1)), draw(st.integers(1, 13))


FORMS = {
    "int64": lambda vectors: vectors,
    "float32": lambda vectors: vectors.astype(np.float32),
    "float64": lambda vectors: vectors.astype(np.float64),
    "Fortran order": lambda vectors: np.asfortranarray(vectors, dtype=np.float64),
    "scaled": lambda vectors: vectors * np.arange(1, len(vectors) + 1)[:, None] / 7,
    "huge": lambda vectors: vectors * 1e300,
    "tiny": lambda vectors: vectors * 1e-300,
    "csr": lambda vectors: sp.csr_array(vectors),
    "csc, float32": lambda vectors: sp.csc_array(vectors.astype(np.float32)),
    "coo": lambda vectors: sp.coo_array(vectors),
}


class TestTopKCosine:
    @pytest.mark.parametrize("form", FORMS)
    @given(case=whole_vectors())
    @settings(max_examples=40)
    def test_exact_rational_arithmetic(self, form, case):
        vectors, k, block_rows = case
        indices, scores = top_k_cosine(FORMS[form](vectors), k, block_rows=block_rows)
        expected = neighbours_by_hand(vectors, k)
        np.testing.assert_array_equal(indices, expected)
        squares = [
            [float(signed_square(vectors[i], vectors[j])) for j in row]
            for i, row in enumerate(expected)
        ]
        cosines = np.sign(squares) * np.sqrt(np.abs(squares))
        np.testing.assert_allclose(scores, cosines, atol=2e-7 if "float32" in form else 2e-12)

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_any_block_size_gives_the_same_bits(self, dtype):
        rng = np.random.default_rng(0)
        vectors = rng.standard_normal((301, 37)).astype(dtype)
        vectors[50:90] = vectors[10]  # more duplicates than k
        vectors[200:220] = 0
        vectors[230] = -vectors[10]
        whole = top_k_cosine(vectors, 10, block_rows=301)
        for block_rows in (1, 2, 7, 64, 128, 300, 1000):
            part = top_k_cosine(vectors, 10, block_rows=block_rows)
            np.testing.assert_array_equal(part.indices, whole.indices)
            np.testing.assert_array_equal(part.scores, whole.scores)
        assert whole.scores.dtype == dtype
        np.testing.assert_array_equal(whole.indices[10], range(50, 60))
        np.testing.assert_array_equal(whole.indices[55], [10, *range(50, 55), *range(56, 60)])

    def test_brute_force_in_double_precision(self):
        vectors = np.random.default_rng(1).standard_normal((700, 20))
        units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        cosines = units @ units.T
        np.fill_diagonal(cosines, -np.inf)
        indices, scores = top_k_cosine(vectors.astype(np.float32), 5)
        np.testing.assert_array_equal(indices, np.argsort(-cosines, axis=1)[:, :5])
        np.testing.assert_allclose(scores, -np.sort(-cosines, axis=1)[:, :5], atol=1e-6)

    def test_close_cosines_that_single_precision_confuses(self):
        angles = 1e-5 * np.arange(40)[::-1]
        vectors = np.column_stack([np.cos(angles), np.sin(angles)])
        rounded = vectors.astype(np.float32)
        assert len(np.unique(rounded @ rounded[-1])) < 20
        indices, _ = top_k_cosine(vectors, 3)
        np.testing.assert_array_equal(indices[39], [38, 37, 36])
        np.testing.assert_array_equal(indices[0], [1, 2, 3])

    def test_real_films_sparse_and_dense(self):
        matrix = load_movielens().matrix().matrix[:600]
        sparse = top_k_cosine(matrix, 10)
        dense = top_k_cosine(matrix.toarray(), 10, block_rows=50)
        np.testing.assert_array_equal(sparse.indices, dense.indices)
        np.testing.assert_allclose(sparse.scores, dense.scores, atol=1e-6)

    @pytest.mark.parametrize("block_rows", [64, 128])
    def test_memory_grows_with_the_block_not_with_the_square(self, block_rows):
        n, d, k = 6000, 32, 10
        vectors = np.random.default_rng(0).standard_normal((n, d)).astype(np.float32)
        peak = peak_of(lambda: top_k_cosine(vectors, k, block_rows=block_rows))
        # Result, unit vectors, block with its mask and maxima, and what is gathered for pairs.
        allowed = n * k * 12 + n * (4 * d + 8) + 1.25 * 4 * block_rows * n + 8 * 2**20
        assert peak < allowed
        assert peak < 4 * n * n / 8

    @pytest.mark.parametrize("form", [np.asarray, sp.csr_array, sp.coo_array])
    def test_scores_are_in_the_precision_of_the_vectors(self, form):
        vectors = np.array([[1, 2], [3, 4], [0, 1]])
        for dtype in (np.float32, np.float64):
            assert top_k_cosine(form(vectors.astype(dtype)), 1).scores.dtype == dtype
        assert top_k_cosine(form(vectors), 1).scores.dtype == np.float64

    def test_two_rows_are_each_others_neighbours_and_one_has_none(self):
        assert top_k_cosine([[1.0], [2.0]], 1).indices.tolist() == [[1], [0]]
        assert similar_items(1, [[1.0], [2.0]], 1).indices.tolist() == [0]
        for call in (lambda: top_k_cosine([[1.0]], 1), lambda: similar_items(0, [[1.0]], 1)):
            with pytest.raises(ValueError, match="vectors must have at least two rows to compare"):
                call()

    def test_input_is_not_changed(self):
        dense = np.eye(3)
        top_k_cosine(dense, 1)
        np.testing.assert_array_equal(dense, np.eye(3))
        messy = sp.csr_array(([1.0, 2.0], [1, 1], [0, 2, 2]), shape=(2, 2))
        assert top_k_cosine(messy, 1).scores[0] == 0
        assert messy.nnz == 2

    @pytest.mark.parametrize(
        ("vectors", "k", "options", "error", "message"),
        [
            ([1.0, 2.0], 1, {}, ValueError, "2-D"),
            ([[1.0]], 1, {}, ValueError, "two rows"),
            ([["a"], ["b"]], 1, {}, TypeError, "real numbers"),
            ([[1j], [1j]], 1, {}, TypeError, "real numbers"),
            ([[1.0], [np.nan]], 1, {}, ValueError, "finite"),
            (sp.csr_array([[1.0], [np.inf]]), 1, {}, ValueError, "finite"),
            ([[1.0], [2.0]], 2, {}, ValueError, "k must be an integer from 1 to 1, got 2"),
            ([[1.0], [2.0]], 0, {}, ValueError, "got 0"),
            ([[1.0], [2.0]], 1.0, {}, TypeError, "k must be an integer"),
            ([[1.0], [2.0]], True, {}, TypeError, "got True"),
            ([[1.0], [2.0]], 1, {"block_rows": 0}, ValueError, "block_rows"),
        ],
    )
    def test_refuses(self, vectors, k, options, error, message):
        with pytest.raises(error, match=message):
            top_k_cosine(vectors, k, **options)


# --- similar_items -------------------------------------------------------------------------------


class TestSimilarItems:
    @pytest.mark.slow
    @given(whole_vectors(), st.booleans())
    def test_without_support_it_is_one_row_of_all_neighbours(self, case, sparse):
        vectors, k, _ = case
        given_form = sp.csr_array(vectors) if sparse else vectors
        best = neighbours_by_hand(vectors, k)
        for query in range(len(vectors)):
            indices, scores = similar_items(query, given_form, k)
            exact = [signed_square(vectors[query], vectors[j]) for j in indices]
            assert query not in indices
            assert exact == [signed_square(vectors[query], vectors[j]) for j in best[query]]
            assert np.all(np.diff(scores) <= 0)

    def test_shrinks_by_common_raters_and_leaves_out(self):
        # Film 0 shares 1, 0, 2 and 9 raters with the others; film 2 has one rating only.
        ratings = np.zeros((5, 12))
        ratings[0, :9] = 4
        ratings[1, [0, 10, 11]] = ratings[2, 11] = ratings[3, [0, 1, 9]] = ratings[4] = 1
        support = sp.coo_array(ratings)
        indices, scores = similar_items(0, np.ones((5, 2)), 4, support=support, shrink=5)
        np.testing.assert_array_equal(indices, [4, 3, 1])
        np.testing.assert_allclose(scores, [10 / 15, 3 / 8, 2 / 7])

    def test_thirty_raters_halve_and_three_are_needed_unless_told_otherwise(self):
        rng = np.random.default_rng(0)
        vectors = rng.standard_normal((6, 3)).astype(np.float32)
        rated = np.arange(12) < np.array([2, 3, 4, 12, 7, 8])[:, None]
        units = vectors / np.linalg.norm(vectors.astype(float), axis=1)[:, None]
        common = rated.astype(int) @ rated.T.astype(int)
        expected = (units @ units.T) * (common + 1) / (common + 1 + 30)
        expected[:, 0] = -np.inf
        support = sp.csr_array(rated)
        found = cosine_scorer(vectors, support=support)(np.arange(6))
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        for query in range(6):
            indices, scores = similar_items(query, vectors, 5, support=support)
            others = [i for i in np.argsort(-expected[query]) if i not in (0, query)]
            assert indices.tolist() == others
            np.testing.assert_allclose(scores, expected[query, others], rtol=1e-6)

    def test_stored_zeros_are_no_ratings(self):
        stored = sp.csr_array(([1.0, 1.0, 0.0], ([0, 1, 2], [0, 0, 0])), shape=(3, 1))
        scores = similar_items(
            0, np.ones((3, 1)), 2, support=stored, min_support=0, shrink=2
        ).scores
        np.testing.assert_allclose(scores, [0.5, 1 / 3])
        assert (stored.nnz, stored.data.tolist()) == (3, [1, 1, 0])

    def test_no_shrinking_is_plain_cosine(self):
        vectors = np.random.default_rng(0).standard_normal((20, 3))
        ratings = sp.csr_array(np.random.default_rng(1).integers(0, 2, (20, 9)))
        plain = similar_items(3, vectors, 19)
        same = similar_items(3, vectors, 19, support=ratings, min_support=0, shrink=0)
        np.testing.assert_array_equal(plain.indices, same.indices)
        np.testing.assert_allclose(plain.scores, same.scores)

    @pytest.mark.parametrize(
        ("query", "k", "options", "error", "message"),
        [
            (3, 1, {}, ValueError, "query must be an integer from 0 to 2"),
            (-1, 1, {}, ValueError, "query"),
            (0.0, 1, {}, TypeError, "query"),
            (0, 3, {}, ValueError, "k must be"),
            (0, 1, {"support": sp.csr_array((2, 5))}, ValueError, "each of the 3 vectors"),
            (0, 1, {"shrink": -1.0}, ValueError, "shrink"),
            (0, 0, {}, ValueError, "k must be an integer from 1 to 2, got 0"),
            (0, 1, {"min_support": -1}, ValueError, "min_support must be an integer of at least 0"),
        ],
    )
    def test_refuses(self, query, k, options, error, message):
        with pytest.raises(error, match=message):
            similar_items(query, np.eye(3), k, **options)


# --- evaluate_similarity -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def films():
    """Ratings of three quarters of the users, of the others, and the genres."""
    movielens = load_movielens()
    matrix, item_ids, _ = movielens.matrix()
    held_out = np.random.default_rng(0).permutation(matrix.shape[1]) < matrix.shape[1] // 4
    by_user = matrix.tocsc()
    names = movielens.movies.set_index("movieId").loc[item_ids, "genres"]
    genres = names.str.get_dummies("|").to_numpy(dtype=bool)
    return by_user[:, ~held_out], by_user[:, held_out], genres


def support_of(train):
    return np.diff(train.tocsr().indptr).astype(float)


def planted(n_clusters=8, per_cluster=15, users=60, seed=0):
    """Users who rate all films of one cluster, love most of them, and dislike a few others."""
    rng = np.random.default_rng(seed)
    clusters = np.repeat(np.arange(n_clusters), per_cluster)
    own = clusters[:, None] == rng.permutation(np.arange(2 * users) % n_clusters)
    seen = rng.random(own.shape) < np.tile(np.linspace(0, 0.4, per_cluster), n_clusters)[:, None]
    stars = np.where(rng.random(own.shape) < 0.7, 5.0, 3.0)
    ratings = sp.csc_array(np.where(own, stars, np.where(seen, 1.0, 0.0)))
    genres = np.eye(n_clusters, dtype=bool)[clusters]
    return clusters, ratings[:, :users], ratings[:, users:], genres


class TestTheEvaluatorItself:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        "rule",
        [lambda s: s, lambda s: -s, lambda s: np.log1p(s), lambda s: s % 7 * 0.0],
        ids=["popular", "unpopular", "log", "constant"],
    )
    def test_popularity_alone_scores_exactly_one_half(self, films, rule):
        train, held_out, genres = films
        scores = rule(support_of(train))
        result = evaluate_similarity(
            lambda items: np.broadcast_to(scores, (len(items), len(scores))),
            train,
            held_out,
            genres,
        )
        np.testing.assert_allclose(result.auc, 0.5, atol=1e-12)

    @pytest.mark.slow
    def test_noise_scores_about_one_half(self, films):
        train, held_out, genres = films
        rng = np.random.default_rng(0)
        result = evaluate_similarity(
            lambda items: rng.random((len(items), len(genres))), train, held_out, genres
        )
        assert abs(result.auc.mean() - 0.5) < 0.01
        assert result.hit_rate.mean() < 0.01

    def test_planted_similarity_is_perfect(self):
        clusters, train, held_out, genres = planted()
        result = evaluate_similarity(
            lambda items: (clusters[items][:, None] == clusters).astype(float),
            train,
            held_out,
            genres,
        )
        np.testing.assert_array_equal(result.auc, 1.0)
        np.testing.assert_array_equal(result.hit_rate, 1.0)
        np.testing.assert_array_equal(result.genre_jaccard, 1.0)
        np.testing.assert_array_equal(result.cold_share, 0.0)

    def test_planted_similarity_turned_round_is_always_wrong(self):
        clusters, train, held_out, genres = planted()
        result = evaluate_similarity(
            lambda items: (clusters[items][:, None] != clusters).astype(float),
            train,
            held_out,
            genres,
        )
        np.testing.assert_array_equal(result.auc, 0.0)
        np.testing.assert_array_equal(result.hit_rate, 0.0)
        np.testing.assert_array_equal(result.genre_jaccard, 0.0)

    @pytest.mark.parametrize("size", [5, 20, 21, 22, 60])
    def test_recall_of_a_perfect_similarity_is_1_in_clusters_of_any_size(self, size):
        cluster, taste = np.repeat(np.arange(3), size), np.arange(12) % 3
        likes = sp.csr_array(np.where(cluster[:, None] == taste, 5.0, 0.0))
        result = evaluate_similarity(
            lambda items: (cluster[items][:, None] == cluster).astype(float),
            likes,
            likes,
            np.eye(3, dtype=bool)[cluster],
        )
        np.testing.assert_array_equal(result.recall, 1.0)
        np.testing.assert_allclose(result.hit_rate, min(1, 20 / (size - 1)))

    def test_raw_cosine_finds_planted_clusters(self):
        _, train, held_out, genres = planted()
        result = evaluate_similarity(cosine_scorer(train), train, held_out, genres)
        assert result.auc.mean() > 0.95
        assert result.genre_jaccard.mean() > 0.95


def small_world(seed, items=40):
    """Few ratings, so that many films are as popular as others; genres, and a scorer with ties."""
    rng = np.random.default_rng(seed)
    popular = rng.random((items, 1)) ** 2
    train, held_out = (
        sp.csr_array(rng.integers(0, 6, (items, users)) * (rng.random((items, users)) < popular))
        for users in (12, 9)
    )
    genres = rng.random((items, 4)) < 0.4
    scores = rng.choice([-np.inf, 0.0, 0.25, 0.5, 1.0, 2.0], (items, items))
    return train, held_out, genres, scores


def overlap_of_genres(one, other):
    return np.sum(one & other) / max(1, np.sum(one | other))


class TestQuestions:
    """What users are asked, against loops over a world of forty films."""

    @pytest.mark.parametrize("seed", range(6))
    def test_users_are_asked_for_what_they_like_and_for_its_matched_partners(self, seed):
        train, held_out, genres, _ = small_world(seed)
        questions = draw_questions(train, held_out, genres, liked=3, queries_per_user=4, seed=seed)
        support = (train.toarray() != 0).sum(axis=1)
        np.testing.assert_array_equal(questions.support, support)
        np.testing.assert_array_equal(questions.genres, genres)
        stars, stored = held_out.toarray(), held_out.astype(bool).toarray()
        likes = [
            [i for i in range(40) if stars[i, user] >= 3 and support[i] > 0] for user in range(9)
        ]
        likes = {user: found for user, found in enumerate(likes) if len(found) >= 2}
        assert len(questions.users) == len(likes)
        for (user, liked), question in zip(likes.items(), questions.users, strict=True):
            assert question.liked.tolist() == liked
            assert set(question.queries) <= set(liked)
            assert len(question.queries) == min(4, len(liked))
            assert np.all(np.diff(question.queries) > 0)
            unrated = [i for i in range(40) if support[i] > 0 and not stored[i, user]]
            matched = []
            for item in liked:
                equal = {i for i in unrated if support[i] == support[item]}
                less = [(support[i], i) for i in unrated if support[i] < support[item]]
                more = [(support[i], i) for i in unrated if support[i] > support[item]]
                if not equal and not (less and more):
                    continue
                partners = question.partners[:, len(matched)].tolist()
                matched.append(item)
                assert set(partners) <= set(unrated)
                if equal:
                    assert set(partners) <= equal
                else:
                    assert partners == [max(less)[1], min(more)[1]]
            assert question.targets.tolist() == matched

    def test_equally_popular_partners_are_drawn_evenly(self):
        train = sp.csr_array(np.ones((6, 2)))
        held_out = sp.csr_array([[5.0], [5.0], [0.0], [0.0], [0.0], [0.0]])
        rng = np.random.default_rng(0)
        drawn = [
            draw_questions(train, held_out, np.ones((6, 1), bool), seed=rng).users[0].partners
            for _ in range(150)
        ]
        counts = np.bincount(np.ravel(drawn), minlength=6)
        np.testing.assert_allclose(counts / 600, [0, 0, 0.25, 0.25, 0.25, 0.25], atol=0.06)
        assert {tuple(pair) for pair in np.array(drawn)[:, :, 0]} > {(2, 2), (2, 5), (5, 2)}

    def test_thirty_films_with_four_stars_or_more_are_asked_for_unless_told_otherwise(self):
        train = sp.csr_array(np.ones((40, 3)))
        stars = sp.csr_array(np.where(np.arange(40)[:, None] < 35, 4.0, 3.5))
        genres = np.ones((40, 1), bool)
        (user,) = draw_questions(train, stars, genres).users
        assert len(user.liked) == 35
        assert len(user.queries) == 30
        (twice,) = draw_questions(train, stars, genres, seed=0).users
        np.testing.assert_array_equal(user.queries, twice.queries)
        result = evaluate_similarity(cosine_scorer(train), train, stars, genres)
        again = draw_questions(train, stars, genres).ask(cosine_scorer(train))
        np.testing.assert_array_equal(result, again)

    @pytest.mark.parametrize("options", [{}, {"liked": 2, "queries_per_user": 5, "seed": 3}])
    def test_to_evaluate_is_to_draw_questions_and_to_ask_them(self, options):
        rng = np.random.default_rng(0)
        train = sp.csr_array(rng.random((80, 10)) < rng.random((80, 1)))
        held_out = sp.csr_array(rng.integers(1, 6, (80, 3)) * (np.arange(80)[:, None] < 70))
        genres, scores = rng.random((80, 3)) < 0.5, rng.random((80, 80))
        complete = {"liked": 4.0, "queries_per_user": 30, "seed": 0} | options
        questions = draw_questions(train, held_out, genres, **complete)
        if options:
            assert max(len(user.queries) for user in questions.users) == 5
        else:
            held_out = sp.csr_array(held_out.toarray() + 3 * (held_out.toarray() > 0))
            questions = draw_questions(train, held_out, genres, **complete)
            assert min(len(user.liked) for user in questions.users) > 31
        expected = questions.ask(scores.__getitem__)
        found = evaluate_similarity(scores.__getitem__, train, held_out, genres, **options)
        np.testing.assert_array_equal(found, expected)

    @pytest.mark.parametrize("dtype", [int, np.float32, float])
    def test_whoever_rates_all_of_three_films_finds_both_others_and_compares_none(self, dtype):
        likes = sp.csr_array(np.full((3, 2), 5.0))
        scores = np.array([[9, 2, 1], [2, 9, 0], [1, 0, 9]], dtype)
        found = evaluate_similarity(scores.__getitem__, likes, likes, np.ones((3, 1), bool))
        assert found.auc.tolist() == [0.5, 0.5]
        assert found.hit_rate.tolist() == found.recall.tolist() == [1, 1]

    def test_one_neighbour_that_nobody_knows_is_all_there_is(self):
        likes = sp.csr_array(np.full((3, 2), 5.0))
        only_next = np.full((3, 3), -np.inf)
        only_next[[0, 1, 2], [1, 2, 0]] = 1
        found = evaluate_similarity(only_next.__getitem__, likes, likes, np.eye(3, dtype=bool))
        assert found.cold_share.tolist() == [1, 1]
        assert found.genre_jaccard.tolist() == [0, 0]
        assert found.hit_rate.tolist() == [0.5, 0.5]

    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"queries_per_user": 0}, ValueError, "queries_per_user must be an integer of at"),
            ({"liked": "4"}, TypeError, "liked must be a number"),
            ({"seed": -1}, ValueError, "seed must be an integer of at least 0"),
            (
                {"liked": 6.5},
                ValueError,
                "a user who rates two items of train with at least 6.5",
            ),
        ],
    )
    def test_what_is_no_question_is_refused(self, options, error, message):
        train, held_out, genres, _ = small_world(0)
        with pytest.raises(error, match=message):
            draw_questions(train, held_out, genres, **options)

    def test_a_stored_zero_is_no_rating_in_train_and_one_in_held_out(self):
        places = np.arange(5), np.zeros(5, dtype=int)
        train = sp.csr_array(([1.0, 1.0, 0.0, 1.0, 1.0], places), shape=(5, 1))
        held_out = sp.csr_array(([0.0] * 3, ([0, 2, 3], [0, 0, 0])), shape=(5, 1))
        (user,) = draw_questions(train, held_out, np.ones((5, 1), bool), liked=0).users
        assert user.liked.tolist() == [0, 3]
        assert set(user.partners.ravel()) == {1, 4}

    @pytest.mark.parametrize("cells", [1, 79, 80, 2**21])
    @pytest.mark.parametrize("seed", range(3))
    def test_answers_against_loops(self, monkeypatch, seed, cells):
        train, held_out, genres, scores = small_world(seed)
        monkeypatch.setattr(evaluation, "_SCORED_CELLS", cells)
        monkeypatch.setattr(evaluation, "_HIT_NEIGHBOURS", 7)
        monkeypatch.setattr(evaluation, "_LISTED_NEIGHBOURS", 3)
        questions = draw_questions(train, held_out, genres, liked=2, queries_per_user=5, seed=seed)
        asked = []

        def scorer(items):
            asked.append(items)
            return scores[items]

        found = questions.ask(scorer)
        assert max(map(len, asked)) <= max(1, cells // 40)
        assert len(np.concatenate(asked)) == len(np.unique(np.concatenate(asked)))
        support = questions.support
        for user, question in enumerate(questions.users):
            hits, overlaps, cold, outcomes = [], [], [], []
            for item in question.queries:
                row = np.where(np.arange(40) == item, -np.inf, scores[item])
                best = [i for i in np.argsort(-row, kind="stable")[:7] if row[i] > -np.inf]
                hits.append(sum(i in question.liked for i in best))
                listed = best[:3]
                overlaps.append(sum(overlap_of_genres(genres[item], genres[i]) for i in listed) / 3)
                cold.append(sum(support[i] <= 2 for i in listed) / max(1, len(listed)))
                outcomes += [
                    (row[target] > row[partner]) + 0.5 * (row[target] == row[partner])
                    for target, pair in zip(question.targets, question.partners.T, strict=True)
                    for partner in pair
                    if target != item
                ]
            others = len(question.liked) - 1
            assert found.hit_rate[user] == pytest.approx(np.mean(hits) / others)
            assert found.recall[user] == pytest.approx(np.mean(hits) / min(others, 7))
            assert found.genre_jaccard[user] == pytest.approx(np.mean(overlaps))
            assert found.cold_share[user] == pytest.approx(np.mean(cold))
            assert found.auc[user] == pytest.approx(np.mean(outcomes) if outcomes else 0.5)

    def test_a_scorer_of_another_shape_or_of_nan_is_told_what_is_wanted(self):
        train, held_out, genres, _ = small_world(0)
        questions = draw_questions(train, held_out, genres, queries_per_user=1)
        for returned, got in (
            (np.zeros((2, 3)), "(2, 3)"),
            (np.full((7, 40), np.nan), "(7, 40) with NaN"),
        ):
            n = len(np.unique([user.queries for user in questions.users]))
            with pytest.raises(ValueError, match="the scorer must return") as error:
                questions.ask(lambda _, returned=returned: returned)
            assert str(error.value) == (
                f"the scorer must return numbers of shape ({n}, 40) for {n} items, got shape {got}"
            )

    def test_scores_are_not_written_to(self):
        train, held_out, genres, scores = small_world(1)
        before = scores.copy()
        evaluate_similarity(lambda items: scores[: len(items)], train, held_out, genres)
        np.testing.assert_array_equal(scores, before)


class TestEvaluateSimilarity:
    @pytest.mark.slow
    def test_columns_against_loops(self, films):
        train, held_out, genres = films
        support = support_of(train)
        rng = np.random.default_rng(5)
        table = rng.random((len(support), 30))
        scorer = cosine_scorer(table - 0.5)
        some = held_out[:, :5]
        result = evaluate_similarity(scorer, train, some, genres, queries_per_user=10_000)
        cosines = scorer(np.arange(0, len(support)))
        np.fill_diagonal(cosines, -np.inf)
        hits, overlaps, cold = [], [], []
        for user in range(some.shape[1]):
            column = some[:, [user]].toarray()[:, 0]
            liked = [i for i in np.flatnonzero(column >= 4) if support[i] > 0]
            if len(liked) < 2:
                continue
            per_query = []
            for i in liked:
                best = np.argsort(-cosines[i], kind="stable")
                per_query.append(
                    (
                        np.mean([j in best[:20] for j in liked if j != i]),
                        np.mean(
                            [
                                np.sum(genres[i] & genres[j]) / np.sum(genres[i] | genres[j])
                                for j in best[:10]
                            ]
                        ),
                        np.mean(support[best[:10]] <= 2),
                    )
                )
            hit, overlap, share = np.mean(per_query, axis=0)
            hits.append(hit), overlaps.append(overlap), cold.append(share)
        np.testing.assert_allclose(result.hit_rate, hits)
        np.testing.assert_allclose(result.genre_jaccard, overlaps)
        np.testing.assert_allclose(result.cold_share, cold)

    @pytest.mark.slow
    def test_partners_are_unrated_and_as_popular(self, films):
        train, held_out, genres = films
        support = support_of(train)
        asked = []

        def record(items):
            asked.append(items)
            return np.zeros((len(items), len(support)))

        evaluate_similarity(record, train, held_out, genres)
        items = np.concatenate(asked)
        assert np.all(np.diff(items) > 0), "each film is asked once, in order"
        assert np.all(support[items] > 0)

    def test_auc_of_one_user_by_hand(self):
        # Films 0 and 1 are liked; 2 and 3 are the only unrated ones, and all have two ratings.
        train = sp.csr_array(np.full((4, 2), 3.0))
        held_out = sp.csr_array(np.array([[5.0], [5.0], [0.0], [0.0]]))
        table = np.array([[0, 3, 2, 4], [3, 0, 3, 3], [0, 0, 0, 0], [0, 0, 0, 0]], dtype=float)
        outcomes = {
            evaluate_similarity(
                lambda items: table[items], train, held_out, np.ones((4, 1), bool), seed=seed
            ).auc[0]
            for seed in range(40)
        }
        # Query 0 wins against film 2 and loses against 3; query 1 ties with both.
        assert outcomes == {0.25, 0.5, 0.75}

    def test_missing_neighbours_are_no_hits(self):
        _, train, held_out, genres = planted()
        result = evaluate_similarity(
            lambda items: np.full((len(items), len(genres)), -np.inf), train, held_out, genres
        )
        for column, expected in zip(result, [0.5, 0, 0, 0, 0], strict=True):
            np.testing.assert_array_equal(column, expected)

    def test_cold_items_are_counted(self):
        n = 30
        train = sp.csr_array(np.where(np.arange(n)[:, None] < 10, 4.0, np.eye(1, 6) * 4.0))
        held_out = sp.csr_array(np.where(np.arange(n)[:, None] < 5, 5.0, 0.0))
        prefers_cold = np.arange(n, dtype=float)
        result = evaluate_similarity(
            lambda items: np.tile(prefers_cold, (len(items), 1)),
            train,
            held_out,
            np.ones((n, 1), bool),
        )
        np.testing.assert_array_equal(result.cold_share, 1.0)

    def test_same_seed_same_questions(self, films):
        train, held_out, genres = films
        scorer = cosine_scorer(train)
        first, second, other = (
            evaluate_similarity(
                scorer, train, held_out[:, :20], genres, queries_per_user=5, seed=seed
            )
            for seed in (1, 1, 2)
        )
        np.testing.assert_array_equal(first.auc, second.auc)
        assert not np.array_equal(first.auc, other.auc)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"genres": np.ones((5, 1), bool)}, "same items"),
            ({"held_out": sp.csr_array((3, 3))}, "same items"),
            ({"held_out": sp.csr_array((120, 3))}, "held_out must hold a user"),
            ({"scorer": lambda items: np.zeros((len(items), 3))}, "of shape"),
            ({"scorer": lambda items: np.full((len(items), 120), np.nan)}, "NaN"),
        ],
    )
    def test_refuses(self, change, message):
        _, train, held_out, genres = planted()
        arguments = {
            "scorer": cosine_scorer(train),
            "train": train,
            "held_out": held_out,
            "genres": genres,
        }
        with pytest.raises(ValueError, match=message):
            evaluate_similarity(**arguments | change)
