"""Label budgets, Student's interval and nearest codes against scikit-learn and brute force."""

import threading
import time

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from course_utils import features as features_module
from course_utils.features import (
    Parts,
    draw_rows,
    label_budget_curve,
    mean_interval,
    nearest_rows,
)


class TestDrawRows:
    def test_rows_are_different_and_reproducible(self):
        rows = draw_rows(50, 50, 3)
        assert sorted(rows) == list(range(50))
        np.testing.assert_array_equal(rows, draw_rows(50, 50, 3))

    @pytest.mark.parametrize("other", [(50, 20, 1, 0), (50, 20, 0, 1), (50, 21, 0, 0)])
    def test_draw_seed_and_budget_change_the_rows(self, other):
        *numbers, seed = other
        assert not np.array_equal(draw_rows(50, 20, 0)[:20], draw_rows(*numbers, seed=seed)[:20])

    def test_seed_0_unless_told_otherwise_and_no_negative_number(self):
        np.testing.assert_array_equal(draw_rows(50, 9, 0), draw_rows(50, 9, 0, seed=0))
        for arguments in ((0, 1, 0), (5, 1, -1)):
            with pytest.raises(ValueError, match="must be an integer of at least"):
                draw_rows(*arguments)
        with pytest.raises(ValueError, match="seed must be an integer of at least 0"):
            draw_rows(5, 1, 0, seed=-1)
        assert draw_rows(1, 1, 0).tolist() == [0]

    @pytest.mark.parametrize("budget", [0, 51])
    def test_refuses_an_impossible_budget(self, budget):
        with pytest.raises(ValueError, match=f"from 1 to 50, got {budget}"):
            draw_rows(50, budget, 0)


def parts(seed=0, n=60):
    """Two overlapping clouds, other rows in each part."""
    rng = np.random.default_rng(seed)
    labels = Parts(*(rng.integers(2, size=n) for _ in range(3)))
    return Parts(*(rng.standard_normal((n, 2)) + 2 * y[:, None] for y in labels)), labels


class TestLabelBudgetCurve:
    def test_equals_the_same_by_hand(self):
        features, labels = parts()
        model = KNeighborsClassifier(3)
        curve = label_budget_curve(features, labels, {"3": model}, [10, 30], draws=2, seed=5)
        for i, budget in enumerate((10, 30)):
            for draw in (1, 2):
                rows = draw_rows(60, budget, draw, seed=5)
                model.fit(features.train[rows], labels.train[rows])
                assert curve.accuracy[i, draw - 1] == model.score(features.test, labels.test)

    def test_validation_chooses_and_test_does_not(self):
        features, labels = parts()
        constants = {name: DummyClassifier(strategy="constant", constant=name) for name in (0, 1)}
        labels = Parts(labels.train, np.ones(60, int), np.zeros(60, int))
        curve = label_budget_curve(features, labels, constants, [60])
        assert curve.chosen == [1]
        np.testing.assert_array_equal(curve.accuracy, np.zeros((1, 5)))

    def test_first_of_equally_good_candidates(self):
        features, labels = parts()
        same = {name: KNeighborsClassifier(1) for name in ("b", "a")}
        assert label_budget_curve(features, labels, same, [9, 30]).chosen == ["b", "b"]

    def test_each_draw_chooses_by_its_own_labels(self):
        features, labels = parts()
        models = {str(k): KNeighborsClassifier(k) for k in (1, 3, 7)}
        curve = label_budget_curve(features, labels, models, [12, 30], draws=3, folds=3, seed=2)
        for i, budget in enumerate((12, 30)):
            chosen = []
            for draw in (1, 2, 3):
                rows = draw_rows(60, budget, draw, seed=2)
                x, y = features.train[rows], labels.train[rows]
                folds = PredefinedSplit(np.arange(budget) % 3)
                right = [
                    np.sum(cross_val_predict(model, x, y, cv=folds) == y)
                    for model in models.values()
                ]
                name = list(models)[int(np.argmax(right))]
                model = models[name].fit(x, y)
                assert curve.accuracy[i, draw - 1] == model.score(features.test, labels.test)
                chosen.append(name)
            told = dict(part.rstrip(")").split(" (") for part in curve.chosen[i].split(", "))
            assert told == {name: str(chosen.count(name)) for name in set(chosen)}

    def test_folds_look_at_no_label_beyond_the_budget(self):
        features, labels = parts()
        drawn = np.concatenate([draw_rows(60, 8, draw) for draw in (1, 2)])
        hidden = np.full(60, 7)
        hidden[drawn] = labels.train[drawn]
        models = {str(k): KNeighborsClassifier(k) for k in (1, 3)}
        expected = label_budget_curve(features, labels, models, [8], draws=2, folds=4)
        secret = Parts(hidden, np.full(60, 7), labels.test)
        got = label_budget_curve(features, secret, models, [8], draws=2, folds=4)
        np.testing.assert_array_equal(got.accuracy, expected.accuracy)
        assert got.chosen == expected.chosen

    def test_enough_answers_end_the_folds(self):
        features, labels = parts(n=2000)
        calls = []

        class Counting(KNeighborsClassifier):
            def predict(self, rows):
                calls.append(len(rows))
                return super().predict(rows)

        models = {"1": Counting(1), "2": Counting(2)}
        label_budget_curve(features, labels, models, [1000], draws=1, folds=5)
        assert calls == [200, 200, 200, 200, 2000]  # two folds of two candidates, then the test

    @pytest.mark.parametrize(("budget", "folds_tried"), [(598, 2), (600, 1), (602, 1)])
    def test_three_hundred_answers_are_enough(self, budget, folds_tried):
        features, labels = parts(n=700)
        calls = []

        class Counting(DummyClassifier):
            def predict(self, rows):
                calls.append(len(rows))
                return super().predict(rows)

        models = {"1": Counting(), "2": Counting()}
        label_budget_curve(features, labels, models, [budget], draws=1, folds=2)
        assert calls == [budget // 2] * 2 * folds_tried + [700]

    def test_candidates_are_fitted_to_the_draw_0_where_the_validation_rows_choose(self):
        features, labels = parts()
        models = {str(k): KNeighborsClassifier(k) for k in (1, 3, 7)}
        chosen = []
        for seed in range(4):
            rows = draw_rows(60, 12, 0, seed=seed)
            scores = [
                model.fit(features.train[rows], labels.train[rows]).score(
                    features.validation, labels.validation
                )
                for model in models.values()
            ]
            curve = label_budget_curve(features, labels, models, [12], draws=1, seed=seed)
            chosen.append(list(models)[int(np.argmax(scores))])
            assert curve.chosen == chosen[-1:]
        assert len(set(chosen)) > 1

    def test_five_draws_of_seed_0_without_folds_unless_told_otherwise(self):
        features, labels = parts()
        models = {"1": KNeighborsClassifier(1), "3": KNeighborsClassifier(3)}
        plain = label_budget_curve(features, labels, models, [10])
        same = label_budget_curve(
            features, labels, models, [10], draws=5, folds=0, seed=0, workers=1
        )
        np.testing.assert_array_equal(plain.accuracy, same.accuracy)
        assert plain.chosen == same.chosen

    def test_names_are_told_with_the_most_frequent_first(self):
        features, labels = parts()
        models = {str(k): KNeighborsClassifier(k) for k in (1, 2)}
        curve = label_budget_curve(features, labels, models, [9], draws=8, folds=3, seed=2)
        assert curve.chosen == ["1 (6), 2 (2)"]

    def test_workers_fit_at_the_same_time(self):
        features, labels = parts()
        meeting = threading.Barrier(2, timeout=20)

        class Meeting(DummyClassifier):
            def fit(self, rows, answers):
                meeting.wait()
                return super().fit(rows, answers)

        label_budget_curve(features, labels, {"": Meeting()}, [9], draws=2, workers=2)

    def test_one_worker_fits_one_after_the_other(self):
        features, labels = parts()
        busy = threading.Lock()

        class Alone(DummyClassifier):
            def fit(self, rows, answers):
                assert busy.acquire(blocking=False), "another one is being fitted"
                time.sleep(0.01)
                busy.release()
                return super().fit(rows, answers)

        label_budget_curve(features, labels, {"": Alone()}, [9], draws=6)

    def test_labels_that_are_not_drawn_do_not_matter(self):
        features, labels = parts()
        drawn = np.concatenate([draw_rows(60, 8, draw) for draw in range(3)])
        hidden = np.full(60, 7)
        hidden[drawn] = labels.train[drawn]
        model = {"1": KNeighborsClassifier(1)}
        expected = label_budget_curve(features, labels, model, [8], draws=2).accuracy
        got = label_budget_curve(
            features, labels._replace(train=hidden), model, [8], draws=2
        ).accuracy
        np.testing.assert_array_equal(got, expected)

    def test_workers_change_nothing(self):
        features, labels = parts()
        models = {str(k): KNeighborsClassifier(k) for k in (1, 5)}
        one = label_budget_curve(features, labels, models, [10, 20], draws=3)
        two = label_budget_curve(features, labels, models, [10, 20], draws=3, workers=2)
        assert one.accuracy.shape == (2, 3)
        np.testing.assert_array_equal(one.accuracy, two.accuracy)
        assert one.chosen == two.chosen

    def test_validation_rows_are_not_needed_without_a_choice(self):
        features, labels = parts()
        missing = features._replace(validation=np.full((60, 2), np.nan))
        model = {"1": KNeighborsClassifier(1)}
        expected = label_budget_curve(features, labels, model, [10]).accuracy
        got = label_budget_curve(missing, labels, model, [10]).accuracy
        np.testing.assert_array_equal(got, expected)

    def test_estimators_stay_unfitted(self):
        features, labels = parts()
        model = KNeighborsClassifier(1)
        label_budget_curve(features, labels, {"1": model}, [10], draws=1)
        assert not hasattr(model, "classes_")

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (
                {"labels": Parts(np.zeros(60), np.zeros(59), np.zeros(60))},
                "validation must have one label .* 59",
            ),
            ({"candidates": {}}, "candidates must hold at least one"),
            ({"budgets": [0]}, "must be an integer from 1 to 60, got 0"),
            ({"seed": -1}, "seed must be an integer of at least 0, got -1"),
            ({"folds": -1}, "folds must be an integer of at least 0, got -1"),
            (
                {"features": Parts(np.zeros((60, 2)), np.zeros((0, 2)), np.zeros((60, 2)))},
                r"features.validation must not be empty, got shape \(0, 2\)",
            ),
            ({"draws": 0}, "draws must be an integer of at least 1, got 0"),
            ({"workers": 0}, "workers"),
            ({"budgets": [10, 61]}, "from 1 to 60, got 61"),
            ({"folds": 1}, "folds must be 0, or at least 2"),
            ({"folds": 11}, "each of budgets must be an integer from 11 to 60, got 10"),
        ],
    )
    def test_refuses(self, change, message):
        features, labels = parts()
        arguments = {
            "features": features,
            "labels": labels,
            "candidates": {"1": KNeighborsClassifier(1)},
            "budgets": [10, 20],
        }
        with pytest.raises(ValueError, match=message):
            label_budget_curve(**(arguments | change))


class TestMeanInterval:
    @pytest.mark.slow
    @given(hnp.arrays("f8", st.integers(2, 20), elements=st.floats(-10, 10)))
    def test_equals_scipy(self, values):
        expected = scipy.stats.ttest_1samp(values + np.arange(len(values)), 0).confidence_interval(
            0.9
        )
        np.testing.assert_allclose(
            mean_interval(values + np.arange(len(values)), level=0.9), expected, atol=1e-9
        )

    @pytest.mark.slow
    def test_covers_the_mean_as_often_as_promised(self):
        samples = np.random.default_rng(0).standard_normal((2000, 4))
        inside = [low < 0 < high for low, high in map(mean_interval, samples)]
        assert 0.93 < np.mean(inside) < 0.97

    @pytest.mark.parametrize("values", [[1.0], [1.0, 2.0, np.nan], [1.0, 2.0, np.inf]])
    def test_refuses_too_few(self, values):
        with pytest.raises(ValueError, match="at least two|must be finite"):
            mean_interval(values)

    def test_refuses_a_level(self):
        with pytest.raises(ValueError, match="above 0 and below 1, got 95"):
            mean_interval([1.0, 2.0], level=95)


class TestNearestRows:
    def test_equals_scikit_learn_over_several_blocks(self):
        rng = np.random.default_rng(0)
        codes, queries = rng.standard_normal((300, 4)), rng.standard_normal((2100, 4))
        expected = NearestNeighbors(n_neighbors=6).fit(codes).kneighbors(queries)[1]
        np.testing.assert_array_equal(nearest_rows(codes, queries, 6), expected)

    @pytest.mark.parametrize("columns", [1, 2, 5, 20])
    @pytest.mark.parametrize(
        ("unit", "shift"),
        [(1.0, 0.0), (1.0, 2.0**40), (2.0**-700, 0.0), (2.0**700, 2.0**710), (2.0**-1060, 0.0)],
    )
    def test_is_the_definition_wherever_and_however_large_the_points_are(
        self, columns, unit, shift
    ):
        rng = np.random.default_rng(columns)
        codes, queries = rng.integers(-3, 4, (12, columns)), rng.integers(-9, 10, (7, columns))
        squares = ((queries[:, None] - codes) ** 2).sum(axis=2)
        for k in (1, 5, 12):
            expected = np.argsort(squares, axis=1, kind="stable")[:, :k]
            found = nearest_rows(codes * unit + shift, queries * unit + shift, k)
            np.testing.assert_array_equal(found, expected)

    def test_rounding_of_the_product_decides_nothing(self):
        rng = np.random.default_rng(0)
        here, away = rng.standard_normal((2, 8))
        near = here + 1e-12 * rng.permutation(np.arange(1, 31))[:, None] * away
        codes = np.concatenate([near, rng.standard_normal((10, 8))])
        expected = np.argsort(((codes - here) ** 2).sum(axis=1), kind="stable")
        for k in (1, 3, 30):
            np.testing.assert_array_equal(nearest_rows(codes, [here], k)[0], expected[:k])

    @pytest.mark.parametrize("cells", [1, 29, 30, 31, 100])
    def test_blocks_change_nothing(self, monkeypatch, cells):
        rng = np.random.default_rng(0)
        codes, queries = rng.integers(0, 4, (30, 3)), rng.integers(0, 4, (17, 3))
        expected = nearest_rows(codes, queries, 4)
        monkeypatch.setattr(features_module, "_BLOCK_CELLS", cells)
        np.testing.assert_array_equal(nearest_rows(codes, queries, 4), expected)

    def test_neither_array_is_written_to(self):
        codes, queries = np.arange(6.0)[:, None], np.arange(3.0)[:, None]
        nearest_rows(codes, queries, 2)
        assert codes[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
        assert queries[:, 0].tolist() == [0, 1, 2]

    def test_ties_go_to_the_lower_row(self):
        assert nearest_rows([[1.0], [-1.0], [0.0], [0.0]], [[0.0]], 4).tolist() == [[2, 3, 0, 1]]

    def test_bytes_do_not_overflow(self):
        codes = np.array([[250], [16], [100]], dtype=np.uint8)
        assert nearest_rows(codes, np.array([[240]], dtype=np.uint8), 3).tolist() == [[0, 2, 1]]

    def test_no_queries(self):
        assert nearest_rows(np.ones((3, 2)), np.ones((0, 2)), 2).shape == (0, 2)

    @pytest.mark.parametrize("k", [0, 4])
    def test_refuses_more_neighbours_than_rows(self, k):
        with pytest.raises(ValueError, match=f"k must be an integer from 1 to 3, got {k}"):
            nearest_rows(np.ones((3, 2)), np.ones((1, 2)), k)

    def test_refuses_codes_in_one_row(self):
        with pytest.raises(ValueError, match="codes must be 2-D"):
            nearest_rows(np.ones(2), np.ones((1, 2)), 1)

    @pytest.mark.parametrize("queries", [np.ones((2, 3)), np.ones(2)])
    def test_refuses_other_shapes(self, queries):
        with pytest.raises(ValueError, match="same number of columns|queries must be 2-D"):
            nearest_rows(np.ones((3, 2)), queries, 1)
