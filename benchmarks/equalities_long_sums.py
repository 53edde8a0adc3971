"""Print how far each sum over 100,000,000 cells lies from double precision.

Run it with ``python -m benchmarks.equalities_long_sums [cells]``; it needs 4 GB of memory at 1e8
cells. Single precision counts to 16.8 million one by one, so a sum that went cell by cell would be
off by far more than the last digits shown here. Each framework has a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import numpy as np
import scipy.sparse as sp

CELLS, BLOCK, UNITS = 100_000_000, 1_000_000, 50
PARTS = ("numpy", "torch", "keras")


def table(cells: int, seed: int) -> np.ndarray:
    """Numbers between 0 and 1 in single precision, shape (cells / UNITS, UNITS)."""
    values = np.random.default_rng(seed).random(cells, dtype=np.float32)
    return values.reshape(-1, UNITS)


def exact_mean(function: Callable[..., np.ndarray], *arrays: np.ndarray) -> float:
    """Mean over all cells in double precision, block by block."""
    flat = [array.reshape(-1) for array in arrays]
    total = 0.0
    for start in range(0, flat[0].size, BLOCK):
        parts = [array[start : start + BLOCK].astype(np.float64) for array in flat]
        total += float(function(*parts).sum())
    return total / flat[0].size


def squares(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Squared differences."""
    return (left - right) ** 2


def entropies(truth: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Binary cross-entropies of shares kept off 0 and 1 as Keras does."""
    share = np.clip(share, 1e-7, 1 - 1e-7)
    return -(truth * np.log(share) + (1 - truth) * np.log1p(-share))


def with_numpy(truth: np.ndarray, answer: np.ndarray) -> Iterator[tuple[str, float, float]]:
    """Name, value and exact value of each measure."""
    from course_utils import metrics

    error = exact_mean(squares, truth, answer)
    yield "rmse, squared", metrics.rmse(truth, answer) ** 2, error
    yield "psnr, as an error", 10 ** (-metrics.psnr(truth, answer) / 10), error
    entropy = metrics.binary_cross_entropy(truth, answer)
    yield "binary_cross_entropy", entropy, exact_mean(entropies, truth, answer)
    yield "bce_floor", metrics.bce_floor(truth), exact_mean(entropies, truth, truth)


def with_torch(truth: np.ndarray, answer: np.ndarray) -> Iterator[tuple[str, float, float]]:
    """Name, value and exact value of each loss and penalty."""
    import torch

    from course_utils import torch_models
    from course_utils.torch_models.dense import squared_error

    target, output = torch.from_numpy(truth), torch.from_numpy(answer)
    total, count = squared_error(output, target)
    yield "squared error / observed", float(total / count), exact_mean(squares, truth, answer)
    nothing = sp.csr_array(np.zeros_like(truth))
    yield (
        "sparse_mean_squared_error",
        float(torch_models.sparse_mean_squared_error(output, nothing)),
        exact_mean(np.square, answer),
    )
    yield "l1_sparsity", float(torch_models.l1_sparsity(output)), exact_mean(np.abs, answer)
    means = np.asarray(answer.mean(axis=0, dtype=np.float64))
    divergence = float(np.mean(entropies(np.full(UNITS, 0.1), means)) + 0.1 * np.log(0.1))
    divergence += 0.9 * np.log(0.9)
    yield "kl_sparsity at 0.1", float(torch_models.kl_sparsity(output, 0.1)), divergence


def with_keras(truth: np.ndarray, answer: np.ndarray) -> Iterator[tuple[str, float, float]]:
    """Name, value and exact value of each loss."""
    from course_utils import runtime

    tf = runtime.import_framework("keras")
    from course_utils import keras_models

    loss = float(keras_models.masked_mse(tf.constant(truth), tf.constant(answer)))
    yield "masked_mse", loss, exact_mean(squares, truth, answer)
    entropy = float(tf.keras.losses.BinaryCrossentropy()(truth, answer))
    yield "BinaryCrossentropy", entropy, exact_mean(entropies, truth, answer)


def main(arguments: list[str]) -> int:
    """Print a table of relative errors; the exit status is 1 if one is above 1e-5."""
    if arguments[:1] not in [[part] for part in PARTS]:
        command = [sys.executable, "-m", __spec__.name]
        return max(subprocess.run([*command, part, *arguments]).returncode for part in PARTS)
    cells = int(arguments[1]) if len(arguments) > 1 else CELLS
    measures = {"numpy": with_numpy, "torch": with_torch, "keras": with_keras}[arguments[0]]
    worst = 0.0
    for name, value, exact in measures(table(cells, 0), table(cells, 1)):
        error = abs(value / exact - 1)
        worst = max(worst, error)
        print(f"{arguments[0]:<6} {name:<28} {value:.9f}  relative error {error:.1e}", flush=True)
    return int(worst > 1e-5)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
