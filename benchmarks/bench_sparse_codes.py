"""Sparse codes of *Make codes sparse* at equal activity, beside scikit-learn's dictionary learning.

Each contender learns 128 atoms from the same 10,000 digits; then each of 2,000 test digits may use
6, 13 or 26 of them. An encoder finds the code in one product. Orthogonal matching pursuit (OMP)
searches for it: more exact, and dearer for every digit. Run it with
``python -m benchmarks.bench_sparse_codes``.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import numpy as np
from sklearn.decomposition import PCA, MiniBatchDictionaryLearning

from benchmarks.harness import Target, compare, report
from course_utils import runtime
from course_utils.datasets import load_mnist

UNITS, ACTIVE = 128, (6, 13, 26)


def squared_error(truth: np.ndarray, answer: np.ndarray) -> float:
    """Mean over all pixels."""
    return float(np.mean((truth - answer) ** 2))


def own_components(scores: np.ndarray, k: int) -> np.ndarray:
    """Keep the k scores of each row that are farthest from 0."""
    limit = np.sort(np.abs(scores), axis=1)[:, [-k]]
    return np.where(np.abs(scores) >= limit, scores, 0)


def main() -> int:
    """Train all contenders, print their errors and store the comparison."""
    runtime.start(seed=0, framework="torch")
    import torch

    from course_utils.torch_models import SparseCodeAutoencoder, fit, keep_top_k

    digits = load_mnist()
    order = np.random.default_rng(0).permutation(len(digits.x_train))
    train, test = digits.x_train[order[2000:12000]], digits.x_test[:2000]
    mean = train.mean(axis=0)
    models: dict[str, Any] = {}

    def autoencoder(name: str, **arguments: Any) -> None:
        torch.manual_seed(0)
        model = SparseCodeAutoencoder(784, UNITS, **arguments)
        model.start_at(mean)
        fit(model, train, epochs=5, batch_size=128, learning_rate=2e-3, progress=False)
        models[name] = model

    def dictionary() -> None:
        learner = MiniBatchDictionaryLearning(
            UNITS, max_iter=1, batch_size=256, fit_algorithm="cd", random_state=0
        )
        # In single precision its coordinate descent never comes within the tolerance, and is slow.
        models["scikit-learn, OMP"] = learner.fit((train - mean).astype(np.float64))
        learner.set_params(transform_algorithm="omp")

    settings: dict[str, dict[str, Any]] = {
        "dense": {},
        "KL": {"sparsity": "kl", "weight": 0.1},
        "L1": {"sparsity": "l1", "weight": 0.06},
    } | {f"top-{k}": {"sparsity": "top_k", "k": k} for k in ACTIVE}
    training = compare(
        f"learn {UNITS} atoms of 10,000 digits",
        {
            **{name: partial(autoencoder, name, **chosen) for name, chosen in settings.items()},
            "scikit-learn, OMP": dictionary,
        },
        repeats=3,
        budget=15.0,
    )

    def encoded(name: str, k: int) -> np.ndarray:
        model = models[name]
        with torch.no_grad():
            lengths = model.atoms().norm(dim=1)
            kept = keep_top_k(model.encode(test) * lengths, k) / lengths
            return model.decode(kept).numpy()

    def searched(k: int) -> np.ndarray:
        learner = models["scikit-learn, OMP"].set_params(transform_n_nonzero_coefs=k)
        return learner.transform((test - mean).astype(np.float64)) @ learner.components_ + mean

    coding = compare(
        "codes and reconstructions of 2,000 digits, 13 of 128 units",
        {
            "top-13": lambda: encoded("top-13", 13),
            "scikit-learn, OMP": lambda: searched(13),
        },
        repeats=5,
    )

    pca = PCA(UNITS, svd_solver="covariance_eigh").fit(train)
    scores = pca.transform(test)
    errors: dict[str, list[float]] = {
        "PCA, first k": [
            squared_error(test, pca.inverse_transform(scores * (np.arange(UNITS) < k)))
            for k in ACTIVE
        ],
        "PCA, own k": [
            squared_error(test, pca.inverse_transform(own_components(scores, k))) for k in ACTIVE
        ],
        "scikit-learn, OMP": [squared_error(test, searched(k)) for k in ACTIVE],
        "top-k": [squared_error(test, encoded(f"top-{k}", k)) for k in ACTIVE],
    }
    for name in ("dense", "KL", "L1"):
        errors[f"{name}, cut"] = [squared_error(test, encoded(name, k)) for k in ACTIVE]
    print(f"squared error of 2,000 test digits{'':6}" + "".join(f"  k = {k:2}" for k in ACTIVE))
    for name, row in sorted(errors.items(), key=lambda item: item[1]):
        print(f"  {name:<38}" + "".join(f"{error:8.4f}" for error in row))
    print()
    targets = [
        Target(
            "error of top-6, as a share of PCA's own 6",
            errors["top-k"][0] / errors["PCA, own k"][0],
            at_most=0.95,
        ),
        Target(
            "error of top-13, as a share of PCA's first 13",
            errors["top-k"][1] / errors["PCA, first k"][1],
            at_most=0.75,
        ),
        Target(
            "error of the dense code cut to 13, as a multiple of top-13",
            errors["dense, cut"][1] / errors["top-k"][1],
            at_least=2.0,
        ),
        Target(
            "time to code 2,000 digits by OMP, as a multiple of the encoder's",
            coding.ratio("scikit-learn, OMP", "top-13"),
            at_least=5.0,
        ),
    ]
    return 0 if report("sparse_codes", [training, coding], targets) else 1


if __name__ == "__main__":
    sys.exit(main())
