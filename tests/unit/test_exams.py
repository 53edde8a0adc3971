"""Exams of recommenders: nobody is taught what is asked, and choices are made in practice alone."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from course_utils import exams, metrics


def likes_of(people=60, items=150, seed=0):
    rng = np.random.default_rng(seed)
    popular = np.linspace(0.6, 0.02, items)
    return sp.csr_array((rng.random((people, items)) < popular).astype(float))


def popularity(train, _):
    return lambda seen: np.tile(train.sum(axis=0), (seen.shape[0], 1))


@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=8),
    st.sampled_from([0.1, 0.2, 0.5, 0.9]),
    st.integers(0, 5),
)
def test_a_share_of_each_person_is_hidden(lengths, share, seed):
    rows = (np.arange(12) < np.array(lengths)[:, None]).astype(float)
    seen, hidden = exams.hide_share(rows, share, seed=seed)
    for row, length in enumerate(lengths):
        expected = min(length, max(1, round(share * length)))
        assert hidden[row].sum() == expected
    np.testing.assert_array_equal(seen.toarray() + hidden, rows)


def test_which_items_are_hidden_is_drawn_evenly():
    rows = np.ones((20_000, 5))
    _, hidden = exams.hide_share(rows, 0.2)
    np.testing.assert_allclose(hidden.mean(axis=0), 0.2, atol=0.015)


def test_numbers_and_stored_zeros_do_not_matter():
    rows = sp.csr_array(([3.5, 0.0, 2.0], ([0, 0, 0], [0, 1, 2])), shape=(1, 3))
    seen, hidden = exams.hide_share(rows, 0.5)
    assert seen.nnz == hidden.sum() == 1
    assert seen.data.tolist() == [1.0]


def test_an_exam_keeps_teachers_and_examined_apart():
    likes = likes_of()
    examined = np.arange(60) < 10
    exam = exams.examine(likes, ~examined, examined)
    dense = likes.toarray()
    known = np.flatnonzero(dense[10:].sum(axis=0))
    np.testing.assert_array_equal(exam.items, known)
    np.testing.assert_array_equal(exam.train.toarray(), dense[10:, known])
    np.testing.assert_array_equal(exam.seen.toarray() + exam.hidden, dense[:10, known])


def plain(exam):
    """Return the parts of an exam, dense, as lists that can be compared."""
    return [getattr(part, "toarray", lambda part=part: part)().tolist() for part in exam]


def test_what_is_left_out_is_what_the_page_says():
    likes = (np.arange(12) < np.array([12, 12, 4, 5, 6, 12])[:, None]).astype(float)
    teachers, examined = np.arange(6) < 2, np.arange(6) >= 2
    assert plain(exams.hide_share(likes)) == plain(exams.hide_share(likes, 0.2, seed=0))
    one = exams.examine(likes, teachers, examined)
    assert plain(one) == plain(
        exams.examine(
            likes, teachers, examined, share=0.2, least=5, keep_unknown=False, times=None, seed=0
        )
    )
    assert (one.seen.toarray() + one.hidden).sum(axis=1).tolist() == [5, 6, 12]
    likes = likes_of(30, 20)
    least_five = exams.deal(likes)
    for first, second in zip(
        least_five, exams.deal(likes, folds=5, share=0.2, least=5, times=None, seed=0), strict=True
    ):
        assert list(map(plain, first)) == list(map(plain, second))
    assert len(least_five[0]) == len(least_five[1]) == 5
    assert sum(len(exam.hidden) for exam in exams.deal(likes, least=6)[0]) < sum(
        len(exam.hidden) for exam in least_five[0]
    )


def test_the_share_that_is_hidden_is_that_of_the_exam():
    likes = np.ones((2, 10))
    exam = exams.examine(likes, [True, False], [False, True], share=0.7)
    assert exam.hidden.sum() == 7
    final, practice = exams.deal(np.ones((6, 10)), folds=3, share=0.7)
    assert all((exam.hidden.sum(axis=1) == 7).all() for exam in (*final, *practice))


def test_a_hundred_items_count_in_practice():
    hidden = np.zeros((1, 120), dtype=bool)
    hidden[0, [4, 99, 100]] = True
    exam = exams.Exam(
        sp.csr_array(np.ones((1, 120))), sp.csr_array((1, 120)), hidden, np.arange(120)
    )
    in_order = lambda train, sign: lambda seen: sign * np.arange(120.0)[None]  # noqa: E731
    done = exams.climb(in_order, [-1, 1], [exam], [exam])
    assert done.practice[-1] == metrics.ndcg_at_k(-np.arange(120.0)[None], hidden, 100)
    assert done.practice[-1] < metrics.ndcg_at_k(-np.arange(120.0)[None], hidden, 101)


def test_the_people_of_a_practice_exam_are_those_of_the_next_exam():
    people = 9
    likes = np.hstack([np.eye(people), np.ones((people, 6))])
    sat, practice = exams.deal(likes, folds=3)
    for exam, rehearsal in zip(np.roll(np.arange(3), -1), practice, strict=True):
        assert len(rehearsal.hidden) == len(sat[exam].hidden) == 3
        assert set(rehearsal.items) <= set(sat[exam].items)


@pytest.mark.parametrize("keep", [False, True])
def test_items_that_no_teacher_has_do_not_count_unless_they_are_kept(keep):
    likes = np.array([[1, 1, 1, 0, 0], [1, 1, 0, 1, 1], [1, 1, 1, 1, 0]])
    exam = exams.examine(
        likes, [True, False, False], [False, True, True], least=3, keep_unknown=keep
    )
    assert exam.items.tolist() == list(range(5 if keep else 3))
    assert len(exam.hidden) == (2 if keep else 1)
    assert exam.train.toarray().tolist() == [[1, 1, 1, 0, 0][: len(exam.items)]]


def test_as_many_groups_as_people_but_no_more():
    likes = np.ones((4, 6))
    assert [len(exam.hidden) for exam in exams.deal(likes, folds=4)[0]] == [1] * 4
    with pytest.raises(ValueError, match="folds must be an integer from 3 to 4, got 5"):
        exams.deal(likes, folds=5)


def test_times_of_whoever_is_left_out_do_not_matter():
    likes = np.ones((4, 6))
    likes[1, 2:] = 0
    times = np.tile(np.arange(1.0, 7), (4, 1))
    times[3] = times[3, ::-1]
    exam = exams.examine(
        likes, [True, False, False, False], [False, True, True, True], least=3, times=times
    )
    assert exam.hidden.tolist() == [[False] * 5 + [True], [True] + [False] * 5]


def test_whoever_has_too_few_items_is_not_examined():
    likes = np.ones((4, 6))
    likes[1, 2:] = 0
    exam = exams.examine(likes, [False, False, True, True], [True, True, False, False], least=3)
    assert exam.hidden.shape == (1, 6)


def test_a_stored_zero_is_no_interaction():
    pairs = np.ones((4, 6))
    pairs[1, 2:] = 0
    stored = sp.csr_array(np.ones((4, 6)))
    stored.data[8:12] = 0
    people = [False, False, True, True], [True, True, False, False]
    one, other = (exams.examine(table, *people, least=3) for table in (pairs, stored))
    assert one.hidden.shape == other.hidden.shape == (1, 6)
    np.testing.assert_array_equal(one.hidden, other.hidden)


def test_everybody_is_examined_once_and_never_in_the_own_practice():
    # Each person has an item of their own, so rows tell who is where.
    people = 30
    likes = np.hstack([np.eye(people), np.ones((people, 120))])
    sat, practice = exams.deal(likes, seed=1)
    everybody = []
    for exam, rehearsal in zip(sat, practice, strict=True):
        teachers = set(exam.items[np.unique(exam.train[:, exam.items < people].indices)])
        pupils = set(
            rehearsal.items[np.unique(rehearsal.train[:, rehearsal.items < people].indices)]
        )
        assert len(teachers) == 24
        assert len(pupils) == 18
        assert pupils < teachers
        assert len(rehearsal.hidden) == 6
        everybody += sorted(set(range(people)) - teachers)
    assert sorted(everybody) == list(range(people))


def test_equal_seeds_deal_equally():
    likes = likes_of()
    one, two = (exams.deal(likes, seed=seed)[0] for seed in (3, np.random.default_rng(3)))
    for first, second in zip(one, two, strict=True):
        np.testing.assert_array_equal(first.hidden, second.hidden)
    other = exams.deal(likes, seed=4)[0]
    assert other[0].hidden.shape != one[0].hidden.shape or (other[0].hidden != one[0].hidden).any()


def test_scores_leave_out_what_is_shown_and_nothing_else():
    exam = exams.deal(likes_of())[0][0]
    values = exams.scores(popularity, None, exam)
    np.testing.assert_array_equal(np.isneginf(values), exam.seen.toarray() > 0)
    kept = np.isfinite(values)
    counts = np.tile(exam.train.sum(axis=0), (len(values), 1))
    np.testing.assert_array_equal(values[kept], counts[kept])


def test_a_perfect_model_gets_every_mark():
    exam = exams.deal(likes_of())[0][0]
    for name, values in exams.marks(exam.hidden.astype(float), exam.hidden).items():
        np.testing.assert_allclose(values, 1.0, err_msg=name)


def test_the_setting_of_an_exam_is_the_best_of_its_practice():
    sat, practice = exams.deal(likes_of(), folds=3)
    truth = {id(exam.train): exam.hidden for exam in (*sat, *practice)}
    better = {id(exam.train): place for place, exam in enumerate(practice)}

    def oracle(train, setting):
        # Setting g is perfect in practice exam g, and useless in all others and in all exams.
        perfect = better.get(id(train)) == setting
        return lambda seen: truth[id(train)] * 1.0 if perfect else np.zeros(seen.shape)

    done = exams.climb(oracle, [2, 1, 0], sat, practice)
    assert done.chosen == [0, 1, 2]
    np.testing.assert_allclose(np.diag([done.practice[setting] for setting in (0, 1, 2)]), 1)
    expected = np.concatenate(
        [metrics.ndcg_at_k(exams.scores(oracle, g, sat[g]), sat[g].hidden, 100) for g in range(3)]
    )
    np.testing.assert_array_equal(done.marks["NDCG@100"], expected)


def test_of_equal_settings_the_first_is_chosen():
    sat, practice = exams.deal(likes_of(), folds=3)
    assert exams.climb(popularity, ["b", "a"], sat, practice).chosen == ["b"] * 3


def test_one_setting_needs_no_practice():
    sat, practice = exams.deal(likes_of(), folds=3)
    asked = []

    def counted(train, setting):
        asked.append(setting)
        return popularity(train, setting)

    done = exams.climb(counted, [7], sat, practice)
    assert done.practice == {}
    assert asked == [7] * 3
    assert done.lists.shape == (len(sat[0].hidden), 10)
    np.testing.assert_array_equal(
        done.lists[0], np.argsort(-exams.scores(popularity, None, sat[0])[0], kind="stable")[:10]
    )


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: exams.hide_share([[1, 1]], 1.0), ValueError, "share"),
        (lambda: exams.deal(np.ones((6, 6)), folds=2), ValueError, "folds"),
        (lambda: exams.deal(np.ones((6, 6)), folds=2.0), TypeError, "folds"),
        (
            lambda: exams.examine(np.ones((2, 6)), [True, True], [False, True]),
            ValueError,
            "person 1 in both",
        ),
        (
            lambda: exams.examine(np.ones((2, 3)), [True, False], [False, True]),
            ValueError,
            "lower least",
        ),
        (lambda: exams.examine(np.ones((2, 6)), [1, 0], [0, 1]), TypeError, "teachers"),
        (lambda: exams.climb(popularity, [], [], []), ValueError, "needs a setting"),
        (lambda: exams.climb(popularity, [1], [], []), ValueError, "needs a setting"),
        (lambda: exams.climb_by(popularity, [1], [], 3), TypeError, "practice must be"),
        (lambda: exams.examine(np.ones((2, 6)), [True], [False, True]), ValueError, "teachers"),
        (lambda: exams.examine(np.ones((2, 6)), [True, False], [True]), ValueError, "examined"),
        (lambda: exams.hide_share([[1, 1]], 0.0), ValueError, "share"),
        (lambda: exams.hide_share([[1, np.nan]]), ValueError, "rows must be finite"),
        (
            lambda: exams.examine(np.ones((2, 6)), [True, False], [False, True], least=1),
            ValueError,
            "least must be an integer of at least 2, got 1",
        ),
    ],
)
def test_refusals(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_a_model_that_scores_other_items_is_refused():
    exam = exams.deal(likes_of())[0][0]
    with pytest.raises(ValueError, match="model must score"):
        exams.scores(lambda train, _: lambda seen: np.ones((3, 2)), None, exam)


# ---- exams by time ------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 12), min_size=1, max_size=6), st.integers(0, 5))
def test_the_latest_are_hidden_and_of_equally_late_ones_some(lengths, seed):
    rng = np.random.default_rng(seed)
    rows = rng.permuted(np.arange(12) < np.array(lengths)[:, None], axis=1).astype(float)
    times = sp.csr_array(rows * rng.integers(1, 5, rows.shape))
    seen, hidden = exams.hide_share(rows, 0.4, times=times, seed=seed)
    clock = times.toarray()
    for person, length in enumerate(lengths):
        assert hidden[person].sum() == min(length, max(1, round(0.4 * length)))
        shown = clock[person, seen.toarray()[person] > 0]
        assert clock[person, hidden[person]].min() >= shown.max(initial=0)
    np.testing.assert_array_equal(seen.toarray() + hidden, rows)


def test_which_of_equally_late_ones_is_drawn_evenly():
    rows = np.ones((20_000, 4))
    times = np.tile([7, 9, 9, 9], (20_000, 1))
    _, hidden = exams.hide_share(rows, 0.25, times=times)
    np.testing.assert_allclose(hidden.mean(axis=0), [0, 1 / 3, 1 / 3, 1 / 3], atol=0.02)


def test_times_may_hold_more_than_the_rows_and_a_stored_zero_is_a_time():
    times = sp.csr_array(([0, 5, 9], ([0, 0, 0], [0, 1, 2])), shape=(1, 3))
    _, hidden = exams.hide_share([[1, 1, 0]], 0.5, times=times)
    assert hidden.tolist() == [[False, True, False]]


def test_exams_by_time_examine_the_same_people():
    likes = likes_of()
    times = likes * np.random.default_rng(1).integers(1, 100, likes.shape)
    drawn, latest = exams.deal(likes, seed=2)[0], exams.deal(likes, times=times, seed=2)[0]
    for one, other in zip(drawn, latest, strict=True):
        np.testing.assert_array_equal(one.train.toarray(), other.train.toarray())
        np.testing.assert_array_equal(
            one.seen.toarray() + one.hidden, other.seen.toarray() + other.hidden
        )
        assert (one.hidden != other.hidden).any()


def test_items_that_no_teacher_has_are_misses_for_whoever_teaches():
    likes = likes_of().toarray()
    likes[:20, 100:] = 0  # the first teachers do not know the last items
    examined = np.arange(60) >= 50
    groups = [np.arange(60) < 20, (np.arange(60) >= 20) & ~examined]
    first, second = (
        exams.examine(likes, teachers, examined, keep_unknown=True, seed=4) for teachers in groups
    )
    np.testing.assert_array_equal(first.hidden, second.hidden)
    assert first.items.tolist() == list(range(150))
    values = exams.scores(popularity, None, first)
    unknown = likes[:20].sum(axis=0) == 0
    assert unknown[100:].all()
    assert np.isneginf(values[:, unknown]).all()
    assert np.isfinite(values[:, ~unknown][first.seen.toarray()[:, ~unknown] == 0]).all()
    only = np.zeros_like(first.hidden)
    only[:, 120] = True
    assert metrics.ndcg_at_k(values, only, 100).max() == 0


@pytest.mark.parametrize(
    ("times", "text"),
    [
        (np.ones((1, 2)), "times must have shape"),
        (np.zeros((1, 3)), "times must hold a time for each item"),
        (sp.csr_array(([4], ([0], [1])), shape=(1, 3)), "nothing can be hidden by time"),
        (np.array([[1, np.nan, 2]]), "times"),
    ],
)
def test_foreign_times_are_refused(times, text):
    with pytest.raises(ValueError, match=text):
        exams.hide_share(np.ones((1, 3)), 0.5, times=times)


def test_exams_and_settings_may_come_one_by_one():
    dealt, practice = exams.deal(np.ones((6, 120)), folds=3)

    def model(train, setting):
        return lambda seen: np.ones(seen.shape)

    listed = exams.climb(model, [0, 1], dealt, practice)
    drawn = exams.climb(model, iter([0, 1]), iter(dealt), iter(practice))
    assert drawn.chosen == listed.chosen == [0, 0, 0]
    np.testing.assert_array_equal(drawn.marks["NDCG@10"], listed.marks["NDCG@10"])
