"""The checks of *Draw digits in two dimensions* catch what learners get wrong."""

import numpy as np
import pytest
from judging import assert_judged
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from course_utils import metrics
from course_utils.checks import TODO, Status
from course_utils.checks import codes_in_two_dimensions as check


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "TODO"),
        (1 - (15 / 16) ** 2, Status.RIGHT, "15/16"),
        (31 / 256, Status.RIGHT, "1/16"),
        (np.float64(31 / 256), Status.RIGHT, "1/16"),
        (1 / 16, Status.WRONG, "there are two of them"),
        (1 / 8, Status.WRONG, "twice"),
        (1 / 256, Status.WRONG, "both units are dead"),
        ((15 / 16) ** 2, Status.WRONG, "both units live"),
        (1 - 0.5**8, Status.WRONG, "a unit lives if"),
        (0.121, Status.WRONG, "rounded"),
        (0.25, Status.WRONG, "four coins"),
    ],
)
def test_predict_dead(answer, status, text):
    assert_judged(check.predict_dead, answer, status, text)


@pytest.mark.parametrize(
    ("codes", "status", "text"),
    [
        (TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (None, Status.RETURNED_NONE, "TODO"),
        ([[1.0, 0.0], [-1.0, 2.0]], Status.RIGHT, "broken"),
        (np.array([[1, 5], [-1, 5]]), Status.RIGHT, "broken"),
        ([[2.0, 1.0], [2.0, 0.0]], Status.RIGHT, "broken"),  # stuck at another value
        ([[1.0, 0.0], [2.0, 0.0]], Status.WRONG, "survives"),
        ([[0.0, 0.0], [0.0, 0.0]], Status.WRONG, "survives"),
        ([[-1.0, 0.0], [-2.0, 0.0]], Status.WRONG, "survives"),
        ([[1.0, 0.0]], Status.WRONG, "not a legal input"),
        ([1.0, -1.0], Status.WRONG, "not a legal input"),
        ([[1.0, np.nan], [1.0, 0.0]], Status.WRONG, "finite"),
        ([[1.0], [-1.0]], Status.WRONG, "two numbers"),
        ("codes", Status.WRONG, "not a legal input"),
    ],
)
def test_break_sum(codes, status, text):
    assert_judged(check.break_sum, codes, status, text)


def squares(points):
    return np.square(points[:, np.newaxis] - points).sum(axis=2).astype(float)


def nearest_other(points):
    distances = squares(points)
    np.fill_diagonal(distances, np.inf)
    return distances.argmin(axis=1)


def solved_accuracy(codes, labels):
    return float(np.mean(labels[nearest_other(codes)] == labels))


def accuracy_by_loop(codes, labels):
    right = 0
    for i in range(len(codes)):
        others = [j for j in range(len(codes)) if j != i]
        nearest = min(others, key=lambda j: np.linalg.norm(codes[i] - codes[j]))
        right += labels[nearest] == labels[i]
    return np.float32(right / len(codes))


def with_itself(codes, labels):
    return float(np.mean(labels[squares(codes).argmin(axis=1)] == labels))


def second_smallest(codes, labels):
    return float(np.mean(labels[np.argsort(squares(codes), axis=1)[:, 1]] == labels))


def farthest(codes, labels):
    return float(np.mean(labels[squares(codes).argmax(axis=1)] == labels))


def order_of_the_rows(codes, labels):
    before = labels[np.maximum(np.arange(len(labels)) - 1, 0)]
    return float(np.mean(np.where(np.arange(len(labels)) == 0, labels[1], before) == labels))


def zero_is_infinite(codes, labels):
    distances = squares(codes)
    distances[distances == 0] = np.inf  # a copy is a neighbour as well
    return float(np.mean(labels[distances.argmin(axis=1)] == labels))


def by_the_course(codes, labels):
    return metrics.knn_accuracy(codes, labels, k=1)


def by_a_saved_name(codes, labels, score=metrics.knn_accuracy):
    return score(codes, labels, k=1)


def by_neighbours(codes, labels):
    nearest = NearestNeighbors(n_neighbors=1).fit(codes).kneighbors(return_distance=False)
    return float(np.mean(labels[nearest[:, 0]] == labels))


def by_a_classifier(codes, labels):
    rows = np.arange(len(codes))
    right = 0
    for i in rows:
        voters = KNeighborsClassifier(n_neighbors=1).fit(codes[rows != i], labels[rows != i])
        right += voters.predict(codes[[i]])[0] == labels[i]
    return right / len(codes)


def share_of_wrong(codes, labels):
    return 1 - solved_accuracy(codes, labels)


def counted(codes, labels):
    return int(np.sum(labels[nearest_other(codes)] == labels))


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda codes, labels: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (solved_accuracy, Status.RIGHT, "4 of 4"),
        (accuracy_by_loop, Status.RIGHT, "4 of 4"),
        (with_itself, Status.WRONG, "two points with two labels"),
        (second_smallest, Status.WRONG, "copies"),
        (zero_is_infinite, Status.WRONG, "copies"),
        (farthest, Status.WRONG, "two pairs"),
        (order_of_the_rows, Status.WRONG, "two pairs"),
        (by_the_course, Status.WRONG, "write it yourself"),
        (by_a_saved_name, Status.WRONG, "write it yourself"),
        (by_neighbours, Status.WRONG, "write it yourself"),
        (by_a_classifier, Status.WRONG, "write it yourself"),
        (share_of_wrong, Status.WRONG, "two points with two labels"),
        (counted, Status.WRONG, "two pairs"),
        (lambda codes, labels: 1.0, Status.WRONG, "two points"),
        (lambda codes, labels: print(codes), Status.RETURNED_NONE, "return"),
        (lambda codes, labels: codes.nearest, Status.RAISED, "AttributeError"),
    ],
)
def test_own_points_accuracy(attempt, status, text):
    assert_judged(check.own_points_accuracy, attempt, status, text)


@pytest.mark.parametrize(
    "library_call", [by_the_course, by_a_saved_name, by_neighbours, by_a_classifier]
)
def test_library_calls_are_right_and_work_again_after_a_check(library_call):
    check.own_points_accuracy.judge(library_call)
    codes, labels = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]]), np.array([3, 3, 8])
    assert library_call(codes, labels) == pytest.approx(solved_accuracy(codes, labels))


def solved_share(x, codes):
    return float(np.mean(nearest_other(x) == nearest_other(codes)))


def share_with_itself(x, codes):
    return float(np.mean(squares(x).argmin(axis=1) == squares(codes).argmin(axis=1)))


def share_of_equal_distances(x, codes):
    return float(np.mean(squares(x).min(axis=1) == squares(codes).min(axis=1)))


def share_by_first_column(x, codes):
    return solved_share(x[:, :1], codes[:, :1])


def one_space_twice(x, codes):
    return solved_share(codes, codes)


def share_lost(x, codes):
    return 1 - solved_share(x, codes)


def number_kept(x, codes):
    return float(np.sum(nearest_other(x) == nearest_other(codes)))


@pytest.mark.parametrize(
    ("attempt", "status", "text"),
    [
        (lambda x, codes: TODO, Status.NOT_ATTEMPTED, "not attempted"),
        (solved_share, Status.RIGHT, "4 of 4"),
        (share_with_itself, Status.WRONG, "two points change places"),
        (share_of_equal_distances, Status.WRONG, "two points change places"),
        (share_by_first_column, Status.WRONG, "three pixels"),
        (one_space_twice, Status.WRONG, "two points change places"),
        (share_lost, Status.WRONG, "ten times as large"),
        (number_kept, Status.WRONG, "ten times as large"),
        (lambda x, codes: 0.5, Status.WRONG, "ten times as large"),
        (lambda x, codes: print(x), Status.RETURNED_NONE, "return"),
        (lambda x, codes: x.nearest, Status.RAISED, "AttributeError"),
    ],
)
def test_share_kept(attempt, status, text):
    assert_judged(check.share_kept, attempt, status, text)
