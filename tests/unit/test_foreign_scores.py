"""Scores, codes and vectors as other people bring them: the right value, or a refusal that helps.

Oracles are plain: exact sorting of Python's own numbers, dense double precision, the definition.
"""

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from memory import peak_of

from course_utils import features, metrics, ranking, similarity

LAYOUTS = {
    "as it is": lambda table: table,
    "Fortran": np.asfortranarray,
    "strided": lambda table: np.repeat(np.repeat(table, 2, axis=0), 3, axis=1)[::2, ::3],
    "masked, nothing hidden": np.ma.masked_array,
}
EXTREMES = [0, 1, 2, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), -128, 127, 2**64 - 1, 2**64 - 2]


@st.composite
def score_tables(draw):
    """A table of any real type, with ties and the extremes of its type, and a legal k."""
    name = draw(
        st.sampled_from(["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"])
    )
    dtype = np.dtype(name)
    if dtype.kind in "iu":
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        elements = st.sampled_from([v for v in [*EXTREMES, low, high] if low <= v <= high])
    else:
        elements = st.sampled_from([0, 1] if dtype.kind == "b" else [-np.inf, -1, -0.0, 0.0, 0.5])
    shape = draw(st.integers(1, 3)), draw(st.integers(1, 12))
    table = draw(hnp.arrays(dtype, shape, elements=elements))
    k = draw(st.integers(1, shape[1]))
    return (
        table,
        draw(st.sampled_from([k, np.int64(k), np.array(k)])),
        draw(st.sampled_from(list(LAYOUTS))),
    )


def ranked(row, k):
    values = [v.item() for v in row]
    return sorted(range(len(values)), key=lambda i: (-values[i], i))[: int(k)]


class TestScoresOfEveryType:
    @pytest.mark.slow
    @given(score_tables())
    @settings(max_examples=300)
    def test_top_k_is_exact_sorting(self, case):
        table, k, layout = case
        got = ranking.top_k(LAYOUTS[layout](table), k)
        assert got.tolist() == [ranked(row, k) for row in table]

    @pytest.mark.slow
    @given(score_tables(), st.data())
    @settings(max_examples=100)
    def test_lists_are_judged_by_the_same_order(self, case, data):
        table, k, layout = case
        relevant = data.draw(hnp.arrays(bool, table.shape))
        relevant[:, 0] = True
        never = [[v.item() == -np.inf for v in row] for row in table]
        hits = [
            [relevant[i, j] and not never[i][j] for j in ranked(row, k)]
            for i, row in enumerate(table)
        ]
        most = np.minimum(relevant.sum(axis=1), int(k))
        got = metrics.recall_at_k(LAYOUTS[layout](table), relevant, k)
        np.testing.assert_allclose(got, np.sum(hits, axis=1) / most)
        gains = 1 / np.log2(np.arange(2, int(k) + 2))
        expected = [gains[hit].sum() / gains[:m].sum() for hit, m in zip(hits, most, strict=True)]
        np.testing.assert_allclose(metrics.ndcg_at_k(table, relevant, k), expected)

    def test_plays_as_bytes(self):
        assert ranking.top_k(np.array([[9, 3, 0, 0]], np.uint8), 3).tolist() == [[0, 1, 2]]
        assert ranking.top_k(np.array([[-128, 5, 7]], np.int8), 3).tolist() == [[2, 1, 0]]


def moved(draw, points):
    """The same points elsewhere, in another type, order and unit; all of it exact."""
    shift = draw(st.sampled_from([0, 1000, -(2**20)]))
    unit = draw(st.sampled_from([1.0, 2.0**-300, 2.0**300]))
    kind = draw(st.sampled_from(["int64", "float32", "float64"]))
    points = (points + shift).astype(kind)
    points = points * unit if kind == "float64" else points
    return LAYOUTS[draw(st.sampled_from(list(LAYOUTS)))](points)


@st.composite
def places(draw):
    shape = draw(st.integers(6, 14)), draw(st.integers(1, 20))
    points = draw(hnp.arrays(np.int64, shape, elements=st.integers(-3, 3)))
    return points, moved(draw, points)


class TestPlaces:
    @pytest.mark.slow
    @given(places(), st.integers(1, 6))
    @settings(max_examples=200)
    def test_nearest_rows_is_the_definition(self, case, k):
        points, given_form = case
        squares = ((points[:, None] - points) ** 2).sum(axis=2)
        expected = np.argsort(squares, axis=1, kind="stable")[:, :k]
        np.testing.assert_array_equal(features.nearest_rows(given_form, given_form, k), expected)

    @pytest.mark.slow
    @given(st.integers(0, 1000), st.sampled_from([0.0, 1e4, -1e6]), st.sampled_from([2, 20]))
    @settings(max_examples=60)
    def test_a_shift_and_a_unit_change_no_score(self, seed, shift, columns):
        rng = np.random.default_rng(seed)
        x, labels = rng.standard_normal((40, columns)), rng.integers(0, 3, 40)
        codes = x[:, :2] + 0.3 * rng.standard_normal((40, 2))
        for unit in (1.0, 2.0**-500, 2.0**500):
            there = (x + shift) * unit
            assert metrics.trustworthiness(there, codes * unit, 5) == pytest.approx(
                metrics.trustworthiness(x, codes, 5)
            )
            assert metrics.knn_accuracy(there, labels, k=3) == metrics.knn_accuracy(x, labels, k=3)

    def test_places_in_metres(self):
        utm = np.array([[500000, 5400000], [500001, 5400000], [500040, 5400000]], "float32")
        assert features.nearest_rows(utm, utm, 2).tolist() == [[0, 1], [1, 0], [2, 1]]


class TestErrors:
    @given(
        hnp.arrays(np.int64, (3, 4), elements=st.integers(0, 100)),
        st.sampled_from(["u1", "i1", "f2", "f4", "f8", "i8"]),
        st.sampled_from(list(LAYOUTS)),
        st.sampled_from([1.0, 1e-200, 1e200]),
    )
    @settings(max_examples=100)
    def test_rmse_of_any_type_layout_and_scale(self, table, dtype, layout, scale):
        other = table[::-1] // 2
        expected = np.sqrt(np.mean((table - other) ** 2.0))
        given_form = LAYOUTS[layout](table.astype(dtype))
        assert metrics.rmse(given_form, other.astype(dtype)) == pytest.approx(expected)
        scaled = LAYOUTS[layout](table * scale)
        assert metrics.rmse(scaled, other * scale) == pytest.approx(expected * scale, rel=1e-12)

    def test_long_sums_in_single_precision(self):
        x = np.random.default_rng(0).random(3_000_001, dtype=np.float32)
        exact = np.sqrt(np.mean(x.astype(np.float64) ** 2))
        got = []
        peak = peak_of(lambda: got.append(metrics.rmse(x, np.zeros_like(x))))
        assert got == [pytest.approx(exact, rel=1e-14)]
        assert peak < 60 * 2**20  # a copy in double precision of both would take as much again

    @pytest.mark.slow
    def test_ten_million_cells(self):
        x = np.random.default_rng(0).random(10**7, dtype=np.float32)
        zeros = np.zeros_like(x)
        exact = np.mean(x.astype(np.float64) ** 2)
        assert metrics.rmse(x, zeros) == pytest.approx(np.sqrt(exact), rel=1e-14)
        assert metrics.psnr(x, zeros) == pytest.approx(-10 * np.log10(exact), rel=1e-14)


HALF = sp.csr_array(np.array([[0.5, 0, 1], [0, 0.25, 0], [1, 0, 0.5]]))
MASKED = np.ma.masked_array(HALF.toarray(), np.eye(3, dtype=bool))
DENSE_ONLY = {
    "rmse": lambda m: metrics.rmse(m, m),
    "psnr": lambda m: metrics.psnr(m, m),
    "binary_cross_entropy": lambda m: metrics.binary_cross_entropy(m, m),
    "bce_floor": metrics.bce_floor,
    "dead_units": metrics.dead_units,
    "knn_accuracy": lambda m: metrics.knn_accuracy(m, [0, 1, 0], k=1),
    "trustworthiness": lambda m: metrics.trustworthiness(m, m, k=1),
    "continuity": lambda m: metrics.continuity(m, m, k=1),
    "ndcg_at_k": lambda m: metrics.ndcg_at_k(m, np.ones((3, 3), bool), 2),
    "recall_at_k": lambda m: metrics.recall_at_k(m, np.ones((3, 3), bool), 2),
    "masked_rmse": lambda m: metrics.masked_rmse(HALF, m),
    "bootstrap_interval": metrics.bootstrap_interval,
    "mean_interval": metrics.mean_interval,
    "top_k": lambda m: ranking.top_k(m, 1),
    "nearest_rows": lambda m: features.nearest_rows(m, m, 1),
    "label_budget_curve": lambda m: features.label_budget_curve(
        features.Parts(m, m, m), features.Parts([0, 1, 0], [0, 1, 0], [0, 1, 0]), {"": None}, [1]
    ),
}


class TestRefusals:
    @pytest.mark.parametrize("name", DENSE_ONLY)
    def test_sparse_tables_are_refused_with_what_to_do(self, name):
        with pytest.raises(TypeError, match=r"must be a dense array, got a csr_array.*toarray\(\)"):
            DENSE_ONLY[name](HALF)

    @pytest.mark.parametrize("name", [*DENSE_ONLY, "top_k_cosine"])
    def test_masked_cells_are_refused(self, name):
        call = DENSE_ONLY.get(name, lambda m: similarity.top_k_cosine(m, 1))
        with pytest.raises(ValueError, match="masked one with 3 masked cells"):
            call(MASKED)

    @pytest.mark.parametrize("count", [2.0, True, "2"])
    def test_counts_are_integers(self, count):
        line = np.arange(6.0)[:, None]
        calls = [
            lambda: ranking.top_k(line.T, count),
            lambda: metrics.ndcg_at_k(line.T, line.T > 2, count),
            lambda: metrics.knn_accuracy(line, [0, 1] * 3, k=count),
            lambda: metrics.trustworthiness(line, line, count),
            lambda: metrics.bootstrap_interval(line[:, 0], resamples=count),
            lambda: metrics.masked_rmse(HALF, HALF.toarray(), resamples=count),
            lambda: features.nearest_rows(line, line, count),
            lambda: features.draw_rows(6, count, 0),
            lambda: similarity.top_k_cosine(line, count),
            lambda: similarity.similar_items(0, line, count),
        ]
        for call in calls:
            with pytest.raises(TypeError, match="must be an integer"):
                call()

    def test_truths_and_labels_are_what_they_are_called(self):
        with pytest.raises(TypeError, match="relevant must hold True and False"):
            metrics.ndcg_at_k([[1.0, 2.0]], [[1, 0]], 1)
        with pytest.raises(TypeError, match="labels must hold integers, got float64"):
            metrics.knn_accuracy([[1.0], [2.0]], [0.0, 1.0], k=1)
        with pytest.raises(TypeError, match="where must hold True and False"):
            metrics.rmse([1, 2], [1, 2], [0, 1])
        with pytest.raises(TypeError, match="genres must hold True and False"):
            similarity.draw_questions(HALF, HALF, np.ones((3, 1)))


def plain_bootstrap(values, level, resamples, seed):
    """All draws at once, as in a textbook."""
    n = len(values)
    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples)
    return np.quantile(draws @ values / n, [(1 - level) / 2, (1 + level) / 2])


class TestBootstrap:
    @pytest.mark.parametrize("block", [1, 50, 333, 2**20])
    def test_blocks_draw_the_same_numbers_as_one(self, monkeypatch, block):
        values = np.random.default_rng(3).random(37)
        monkeypatch.setattr(metrics.intervals, "_DRAWN_CELLS", block)
        got = metrics.bootstrap_interval(values, level=0.9, resamples=np.int32(200), seed=4)
        np.testing.assert_allclose(got, plain_bootstrap(values, 0.9, 200, 4), rtol=1e-13)
        hidden, guess = sp.csr_array(values[:, None]), np.full((37, 1), 0.5)
        score = metrics.masked_rmse(hidden, guess, resamples=200, level=0.9, seed=4)
        squares = plain_bootstrap((values - 0.5) ** 2, 0.9, 200, 4)
        # The root is monotone, and so changes quantiles only between two neighbouring values.
        np.testing.assert_allclose(score[1:], np.sqrt(squares), rtol=1e-3)

    def test_agrees_with_scipy(self):
        values = np.random.default_rng(0).exponential(size=300)
        expected = scipy.stats.bootstrap(
            (values,), np.mean, method="percentile", n_resamples=4000, rng=1
        ).confidence_interval
        got = metrics.bootstrap_interval(values, resamples=4000)
        np.testing.assert_allclose(got, expected, atol=0.02)

    def test_a_generator_goes_on_where_it_was(self):
        rng = np.random.default_rng(0)
        first, second = (metrics.bootstrap_interval([0.0, 1, 5], seed=rng) for _ in range(2))
        assert first == metrics.bootstrap_interval([0.0, 1, 5], seed=0)
        assert isinstance(second, tuple)

    @pytest.mark.slow
    @pytest.mark.parametrize("masked", [False, True])
    def test_memory_of_the_users_of_ml_25m(self, masked):
        values = np.random.default_rng(0).random(162_541)

        def draw():
            if masked:
                hidden = sp.csr_array(values[:, None])
                metrics.masked_rmse(hidden, np.zeros((len(values), 1)), resamples=30)
            else:
                metrics.bootstrap_interval(values, resamples=30)

        peak = peak_of(draw)
        assert peak < 60 * 2**20  # all draws of these few resamples alone would take 39 MB

    def test_mean_interval_of_equal_and_of_far_values(self):
        assert metrics.mean_interval([0.3] * 4) == (0.3, 0.3)
        near = np.array([0.0, 1.0, 3.0])
        far = np.array(metrics.mean_interval(near + 2.0**40)) - 2.0**40
        np.testing.assert_allclose(far, metrics.mean_interval(near), atol=1e-3)
        assert features.mean_interval is metrics.mean_interval


class TestMemory:
    @pytest.mark.slow
    def test_nearest_rows_and_knn_accuracy(self):
        codes = np.random.default_rng(0).standard_normal((12_000, 8))
        labels = np.arange(12_000) % 3
        # All distances would take 1.1 GB.
        assert peak_of(lambda: features.nearest_rows(codes, codes[:3000], 5)) < 100 * 2**20
        assert peak_of(lambda: metrics.knn_accuracy(codes, labels, codes[:3000], labels[:3000])) < (
            100 * 2**20
        )

    @pytest.mark.slow
    def test_trustworthiness_in_blocks(self):
        codes = np.random.default_rng(0).standard_normal((4000, 2))
        assert peak_of(lambda: metrics.trustworthiness(codes, codes, 2)) < 70 * 2**20  # n²: 128 MB


class TestCosinesAtAnyScale:
    @pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e200, 1e300])
    @pytest.mark.parametrize("form", [sp.csr_array, sp.csc_array, sp.coo_array, np.asarray])
    def test_sparse_and_dense_agree(self, scale, form):
        pair = np.array([[scale, 0], [scale, 0], [0, 1.0], [0, 0]])
        indices, scores = similarity.top_k_cosine(form(pair), 1)
        assert (indices[:2, 0].tolist(), scores[:2, 0].tolist()) == ([1, 0], [1, 1])
        table = similarity.cosine_scorer(form(pair))(np.arange(4))
        np.testing.assert_allclose(table, [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0] * 4])
        assert similarity.similar_items(1, form(pair), 1).indices.tolist() == [0]

    def test_stored_zeros_and_duplicates(self):
        parts = np.array([200, 100, 0, 1], np.uint8), ([0, 0, 0, 1], [0, 0, 1, 0])
        assert similarity.top_k_cosine(sp.coo_array(parts, shape=(2, 2)), 1).scores.tolist() == [
            [1.0],
            [1.0],
        ]


def test_questions_are_drawn_once_and_asked_often():
    rng = np.random.default_rng(0)
    train, held_out = (
        sp.csr_array(rng.integers(0, 6, (40, users)) * (rng.random((40, users)) < 0.4))
        for users in (30, 8)
    )
    genres = rng.random((40, 5)) < 0.4
    questions = similarity.draw_questions(train, held_out, genres, liked=3, seed=np.int64(2))
    for scorer in (similarity.cosine_scorer(train), similarity.cosine_scorer(genres)):
        asked = questions.ask(scorer)
        again = similarity.evaluate_similarity(scorer, train, held_out, genres, liked=3, seed=2)
        for one, other in zip(asked, again, strict=True):
            np.testing.assert_array_equal(one, other)
