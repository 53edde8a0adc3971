"""Checks of *Compare SVD with an autoencoder*."""

import numpy as np
from hypothesis import strategies as st

from course_utils.checks.engine import Breaking, Case, Exercise, Prediction, numbers
from course_utils.factorization import rank_k_rmse, truncated_svd

_RATINGS = np.array([[5, 3, 0, 0], [4, 0, 0, 5], [0, 0, 3, 4], [0, 5, 0, 0], [0, 0, 4, 0]])
_BASIS = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 1.0]])


def _lost_squares() -> np.ndarray:
    return truncated_svd(_RATINGS, 4).s[2:] ** 2


def _projection_distance(first: np.ndarray, second: np.ndarray) -> float:
    projections = [np.linalg.pinv(basis) @ basis for basis in (first, second)]
    # Rounding leaves some 1e-16 where the spaces are the same; feedback should say 0.
    return round(float(np.abs(projections[0] - projections[1]).max()), 9)


def _well_conditioned(bases: tuple[np.ndarray, np.ndarray]) -> bool:
    return all(np.linalg.cond(basis) < 100 for basis in bases)


@st.composite
def _bases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Draw two bases of any number of rows and columns, and of any lengths."""
    columns = draw(st.integers(2, 5))
    rows = draw(st.integers(1, columns - 1))
    row = st.lists(st.integers(-2, 2), min_size=columns, max_size=columns)
    basis = st.lists(row, min_size=rows, max_size=rows).map(np.array)
    scales = st.sampled_from([1.0, 1e-3, 1e3])
    pair = draw(st.tuples(basis, basis).filter(_well_conditioned))
    return pair[0] * draw(scales), pair[1] * draw(scales)


def _gain_over_rivals(rivals: dict[str, float], starts: list[float]) -> float:
    return min(rivals.values()) / (sum(starts) / len(starts))


@st.composite
def _tables_of_errors(draw: st.DrawFn) -> tuple[dict[str, float], list[float]]:
    error = st.integers(1, 1000).map(lambda thousandths: thousandths / 1000)
    scale = draw(st.sampled_from([1.0, 1e-6, 1e6]))
    rivals = draw(st.lists(error, min_size=1, max_size=6))
    starts = draw(st.lists(error, min_size=1, max_size=6))
    named = {f"rival {number}": scale * value for number, value in enumerate(rivals)}
    return named, [scale * value for value in starts]


def _reconstruction_after_first_entry_rule(matrix: np.ndarray) -> np.ndarray:
    u, s, vt = np.linalg.svd(matrix.astype(float), full_matrices=False)
    first = vt[:, 0]
    # Where mathematics has 0, one library leaves 1e-17 and another none.
    signs = np.where(np.abs(first) < 1e-13, 0.0, np.sign(first))
    return (u * signs * s) @ (vt * signs[:, None])


def _matrix_problem(matrix: np.ndarray) -> str:
    if matrix.ndim != 2 or matrix.size == 0 or max(matrix.shape) > 6:
        return "give a matrix with one to six rows and columns, such as [[1, 2], [3, 4]]"
    return "" if np.isfinite(matrix).all() else "all cells have to be finite numbers"


rank_two_error = Prediction(
    name="rank_two_error",
    answer=lambda: rank_k_rmse(_RATINGS, 2),
    because="Rank 2 drops the last two singular values, and their squares are the whole loss.",
    hint="Square what is dropped, add, divide by the 20 cells, take the root.",
    misconceptions={
        "that is the mean squared error; take the root": lambda: (
            float(np.sum(_lost_squares())) / 20
        ),
        "two singular values are dropped, and you counted one": lambda: float(
            np.sqrt(_lost_squares()[0] / 20)
        ),
        "that is the root of the summed squares; divide by the 20 cells first": lambda: float(
            np.sqrt(np.sum(_lost_squares()))
        ),
        "the mean goes over the 20 cells, not over the rows": lambda: float(
            np.sqrt(np.sum(_lost_squares()) / 5)
        ),
        "that is what rank 3 leaves": lambda: rank_k_rmse(_RATINGS, 3),
    },
    decimals=2,  # given digits to calculate with are rounded already
)

projection_distance = Exercise(
    name="projection_distance",
    reference=_projection_distance,
    cases=[
        Case("the same basis", (_BASIS, _BASIS), "the distance of a space to itself is 0"),
        Case(
            "a flipped sign",
            (_BASIS, _BASIS * [[1], [-1]]),
            "a vector and its negative span the same line",
        ),
        Case(
            "factors in another order",
            (_BASIS, _BASIS[::-1].copy()),
            "a network numbers its units as it likes",
            hint="Compare something that does not change when the rows change places.",
        ),
        Case(
            "mixed factors",
            (_BASIS, np.array([[1.0, 1.0], [1.0, -1.0]]) @ _BASIS),
            "sums and differences of the factors span the same plane",
            hint="The rows need not be orthonormal: which inverse makes up for that?",
        ),
        Case(
            "other lengths",
            (_BASIS, np.array([[3.0, 0.0], [0.0, 0.5]]) @ _BASIS),
            "a network's weights are not orthonormal, so basis.T @ basis is no projection",
            hint="Twice the basis has to give the same projection as the basis itself.",
        ),
        Case(
            "another plane",
            (_BASIS, np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])),
            "here there is a difference, and it has to be seen",
        ),
        Case(
            "a line and its mirror image",
            (np.array([[1.0, 1.0, 0.0]]), np.array([[1.0, -1.0, 0.0]])),
            "absolute values cannot tell these two lines apart",
            hint="Taking absolute values forgives more than a flipped sign.",
        ),
        Case(
            "planes in four dimensions",
            (np.eye(4)[:2], 2 * np.eye(4)[[0, 3]]),
            "bases of any size are welcome, and the projections are 4×4 here",
            hint="A projection has as many rows as a basis has columns.",
        ),
    ],
    hint="A subspace has many bases but only one projection: compare the projections.",
    search=_bases(),
)

break_sign_rule = Breaking(
    name="break_sign_rule",
    suspect=_reconstruction_after_first_entry_rule,
    reference=lambda matrix: matrix.astype(float),
    refusal=_matrix_problem,
    takes=numbers,
    hint="np.sign has three possible results. For which right singular vectors is it the third?",
)

gain_over_rivals = Exercise(
    name="gain_over_rivals",
    reference=_gain_over_rivals,
    cases=[
        Case(
            "one rival, one start",
            ({"PCA": 0.2}, [0.1]),
            "half the error is a gain of 2",
            hint="The rival's error stands above, the network's below.",
        ),
        Case(
            "the best rival comes last",
            ({"mean": 0.5, "PCA": 0.25, "segment": 0.125}, [0.25]),
            "whoever beats only the weak rivals has not won",
            hint="The best rival is the one with the smallest error.",
        ),
        Case(
            "the best rival comes first",
            ({"segment": 0.125, "mean": 0.5}, [0.25]),
            "the order of the table means nothing",
            hint="Look for the smallest error, wherever it stands.",
        ),
        Case(
            "a lucky start",
            ({"PCA": 0.5}, [0.125, 0.5, 0.5]),
            "one start in three is lucky, and nobody knows which",
            hint="Take the mean over all starts, neither the best nor the median.",
        ),
        Case(
            "errors in millionths",
            ({"PCA": 2e-6, "mean": 4e-6}, [1e-6, 3e-6]),
            "a gain has no unit, so nothing may be rounded or bounded",
            hint="Do not round: small errors are errors, too.",
        ),
    ],
    hint="Best rival above, mean over the starts below.",
    search=_tables_of_errors(),
)
