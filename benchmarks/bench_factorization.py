"""A thousand epochs on tiny tables, and truncated SVD, against what a user would run instead."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.decomposition import TruncatedSVD

from benchmarks.harness import Comparison, Target, compare, report
from course_utils import runtime
from course_utils.factorization import truncated_svd
from course_utils.metrics import rmse

PLAIN, FAST = "fit, 1,000 epochs", "fit_repeated"
RATINGS = np.array([[5, 3, 0, 0], [4, 0, 0, 5], [0, 0, 3, 4], [0, 5, 0, 0], [0, 0, 4, 0]]) / 5


def random_table() -> np.ndarray:
    """Ten by ten ratings from 1 to 10, half of them replaced by 0, divided by 10."""
    random = np.random.RandomState(42)
    table = random.randint(1, 11, size=(10, 10)).astype(float)
    table.ravel()[random.choice(100, 50, replace=False)] = 0
    return table / 10


def network(table: np.ndarray, code: int) -> Any:
    """Build the autoencoder of both contenders, with the same initial weights each time."""
    from course_utils.keras_models import mlp_autoencoder

    return mlp_autoencoder([table.shape[1], code], code_activation="tanh", seed=0)[0]


def difference_after(epochs: int, table: np.ndarray, code: int, batch_size: int) -> float:
    """Largest difference of a weight if both see the rows in the same order."""
    from course_utils.keras_models import fit_repeated

    plain, repeated = network(table, code), network(table, code)
    plain.compile(optimizer="adam", loss="mse")
    plain.fit(table, table, epochs=epochs, batch_size=batch_size, shuffle=False, verbose=0)
    fit_repeated(repeated, table, epochs=epochs, batch_size=batch_size, shuffle=False)
    pairs = zip(plain.get_weights(), repeated.get_weights(), strict=True)
    return float(max(np.abs(left - right).max() for left, right in pairs))


def thousand_epochs(table: np.ndarray, code: int, batch_size: int) -> Comparison:
    """Time the same network with the same budget: plain `fit`, and `fit_repeated`."""
    import tensorflow

    from course_utils.keras_models import fit_repeated

    errors: dict[str, list[float]] = {PLAIN: [], FAST: []}

    def plain() -> None:
        # With a global seed `fit` would visit the rows in the same order in every epoch.
        tensorflow.random.set_seed(None)
        model = network(table, code)
        model.compile(optimizer="adam", loss="mse")
        model.fit(table, table, epochs=1000, batch_size=batch_size, verbose=0)
        errors[PLAIN].append(rmse(table, model(table).numpy()))

    def repeated() -> None:
        model, order = network(table, code), len(errors[FAST])
        fit_repeated(model, table, epochs=1000, batch_size=batch_size, seed=order)
        errors[FAST].append(rmse(table, model(table).numpy()))

    contenders: dict[str, Callable[[], None]] = {FAST: repeated, PLAIN: plain}
    rows, columns = table.shape
    task = f"1,000 epochs, {rows}×{columns}, code {code}, batch {batch_size}, tanh and sigmoid"
    comparison = compare(task, contenders, repeats=5, budget=20.0)
    for name, reached in errors.items():
        comparison.notes[name] = f"loss {np.mean(np.square(reached)):.5f}"
    return comparison


def loss_ratio(comparison: Comparison) -> float:
    """Loss of `fit_repeated` as a multiple of the loss of `fit`."""
    fast, plain = (float(comparison.notes[name].removeprefix("loss ")) for name in (FAST, PLAIN))
    return fast / plain


def factorise() -> Comparison:
    """Time the 32 largest singular values of a sparse matrix of the size of MovieLens small."""
    matrix = sp.random_array((9_000, 670), density=0.0165, rng=np.random.default_rng(0)).tocsr()
    dense = matrix.toarray()
    arpack = TruncatedSVD(32, algorithm="arpack", random_state=0)
    contenders: dict[str, Callable[[], object]] = {
        "truncated_svd": lambda: truncated_svd(matrix, 32),
        "sklearn TruncatedSVD, arpack": lambda: arpack.fit_transform(matrix),
        "numpy.linalg.svd, all factors": lambda: np.linalg.svd(dense, full_matrices=False),
    }
    task = "32 factors of a sparse 9,000×670 matrix with 99,500 nonzeros"
    return compare(task, contenders, repeats=5, budget=10.0)


def main() -> int:
    """Measure, print and store; the exit status is 1 if a target is missed."""
    runtime.start(seed=0, framework="keras")
    small = thousand_epochs(RATINGS, code=3, batch_size=2)
    larger = thousand_epochs(random_table(), code=5, batch_size=4)
    svd = factorise()
    targets = [
        Target("5×4: fit takes this many times longer", small.ratio(PLAIN, FAST), at_least=25),
        Target("10×10: fit takes this many times longer", larger.ratio(PLAIN, FAST), at_least=25),
        Target("5×4: loss as a multiple of fit's", loss_ratio(small), at_most=1.1),
        Target("10×10: loss as a multiple of fit's", loss_ratio(larger), at_most=1.1),
        Target(
            "5×4: largest difference of a weight after 100 epochs in the same order",
            difference_after(100, RATINGS, code=3, batch_size=2),
            at_most=1e-4,
        ),
        Target(
            "truncated_svd against sklearn's, time",
            svd.ratio("truncated_svd", "sklearn TruncatedSVD, arpack"),
            at_most=1.5,  # both call ARPACK; on a busy machine the ratio moves by a fifth
        ),
    ]
    return int(not report("factorization", [small, larger, svd], targets))


if __name__ == "__main__":
    sys.exit(main())
