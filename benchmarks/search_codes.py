"""How the network of *Draw digits in two dimensions* was chosen: one change at a time.

Each row changes one setting of the page and is trained as there, from three starts; what counts is
the 10-NN accuracy of 5,000 validation digits, of which no picture is used in training. It takes
some ten minutes on two cores. Run it with ``python -m benchmarks.search_codes``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from course_utils import runtime
from course_utils.datasets import load_mnist
from course_utils.metrics import knn_accuracy

PAGE: dict[str, Any] = {"activation": "silu", "learning_rate": 6e-3, "last": 64, "epochs": 5}
CHANGES: list[dict[str, Any]] = [
    {},
    *({"activation": name} for name in ("gelu", "elu", "relu")),
    *({"learning_rate": rate} for rate in (3e-3, 1.2e-2)),
    *({"last": units} for units in (32, 128)),
]


def main(changes: Sequence[Mapping[str, Any]] = CHANGES, starts: int = 3) -> int:
    """Train every candidate and print its accuracies."""
    rng = runtime.start(seed=0, framework="keras")
    from course_utils.keras_models import fit, mlp_autoencoder

    digits = load_mnist()
    order = rng.permutation(len(digits.x_train))  # the split of the page
    x, y = digits.x_train[order], digits.y_train[order]
    judged, truth, x, y = x[:5000], y[:5000], x[5000:], y[5000:]
    for change in changes:
        settings = {**PAGE, **change}
        found = []
        for seed in range(starts):
            network, encoder, _ = mlp_autoencoder(
                [784, 256, 128, settings["last"], 2],
                activation=settings["activation"],
                output_mean=x.mean(axis=0),
                seed=seed,
            )
            fit(
                network,
                x,
                epochs=settings["epochs"],
                batch_size=256,
                learning_rate=settings["learning_rate"],
                seed=seed,
                progress=False,
            )
            voters = encoder(x[:6000]).numpy()
            found.append(knn_accuracy(voters, y[:6000], encoder(judged).numpy(), truth))
        name = ", ".join(f"{key} {value}" for key, value in change.items()) or "as on the page"
        shown = " ".join(f"{value:.3f}" for value in found)
        print(f"{name:22} {np.mean(found):.3f}  ({shown})", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
