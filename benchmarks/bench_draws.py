"""Who draws the best digits: mixtures on codes, one normal, or a variational autoencoder's prior.

The long form of *Draw from a code*: 55,000 training digits, six epochs, three starts, and mixtures
of up to 100 components. Each set of 10,000 drawings is scored in the features of one judge against
5,000 held-out digits. Run it with ``python -m benchmarks.bench_draws``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

from benchmarks.harness import Comparison, Target, compare, report
from course_utils import metrics, runtime
from course_utils.datasets import load_mnist

STARTS, EPOCHS, DRAWINGS = (0, 1, 2), 6, 10_000
COMPONENTS = (1, 10, 100)
UNITS, HIDDEN = 20, (256, 128)

Decoder = Callable[[np.ndarray], np.ndarray]


def mixture_of(codes: np.ndarray, k: int) -> GaussianMixture:
    """Fit a mixture to 10,000 codes."""
    options: dict[str, Any] = {"tol": 0.02, "reg_covar": 0.001, "random_state": 0}
    return GaussianMixture(k, **options).fit(codes[:10_000])


def main() -> int:
    """Train, draw, score, and store the table."""
    runtime.start(seed=0, framework="torch")
    import torch

    from course_utils import torch_models as models

    rng = np.random.default_rng(0)
    digits = load_mnist()
    order = rng.permutation(60_000)
    x, held_out = digits.x_train[order[5000:]], digits.x_train[order[:5000]]
    judge = models.Classifier(784, 10, (256, 64), seed=0)
    rows = judge.labelled(x, digits.y_train[order[5000:]])
    models.fit(judge, rows, epochs=4, batch_size=128, learning_rate=0.003, one_cycle=True)
    real = judge.features(held_out)
    notes: dict[str, str] = {}
    found: dict[str, list[dict[str, float]]] = {}

    def score(name: str, drawn: np.ndarray) -> None:
        """Keep the scores of one set of drawings."""
        found.setdefault(name, []).append(
            {
                "FD": metrics.frechet_distance(real, judge.features(drawn)),
                "sure": float(np.mean(judge.probabilities(drawn).max(axis=1) > 0.9)),
                "near": float(metrics.nearest_distance(drawn[:500], x).mean()),
            }
        )
        notes[name] = ", ".join(
            f"{key} {min(values):.2f}-{max(values):.2f}"
            for key in ("FD", "sure", "near")
            for values in [[row[key] for row in found[name]]]
        )

    def contest(name: str, decode: Decoder, codes: np.ndarray) -> None:
        """Score draws from N(0, I) and from mixtures; one component is one normal."""
        score(f"{name}, N(0, I)", decode(rng.standard_normal((DRAWINGS, codes.shape[1]))))
        for k in COMPONENTS:
            drawn = mixture_of(codes, k).sample(DRAWINGS)[0]
            score(f"{name}, mixture of {k}", decode(rng.permutation(drawn)))

    def controls() -> None:
        """Score sets whose worth is known."""
        score("test digits", digits.x_test)
        score("training digits, copied", x[:DRAWINGS])
        coins = rng.random((DRAWINGS, 784)) < x.mean(axis=0)
        score("independent pixels", coins.astype(np.float32))

    def linear() -> None:
        """Draw from principal components, as many as the networks have units."""
        pca = PCA(UNITS, svd_solver="covariance_eigh").fit(x)
        contest(
            "PCA",
            lambda codes: pca.inverse_transform(codes).clip(0, 1).astype(np.float32),
            pca.transform(x).astype(np.float64),
        )

    nats: list[Any] = []
    gains: list[float] = []

    @torch.no_grad()
    def networks(name: str, **options: Any) -> None:
        """Train one kind of network from every start, and draw."""
        for start in STARTS:
            model = models.VariationalAutoencoder(
                784, HIDDEN, UNITS, output_mean=x.mean(axis=0), seed=start, **options
            )
            with torch.enable_grad():
                models.fit(
                    model,
                    x,
                    epochs=EPOCHS,
                    batch_size=256,
                    learning_rate=0.005,
                    one_cycle=True,
                    seed=start,
                )
            mean, log_variance = model.encode(x)
            if not options:
                torch.manual_seed(start)
                mean = models.draw_codes(mean, log_variance)
                nats.append(models.nats(model, digits.x_test))
                some = digits.x_test[-500:]
                one, many = (
                    models.importance_weighted_bound(model, some, draws=draws).mean()
                    for draws in (1, 64)
                )
                gains.append(float(many - one))

            def decode(codes: np.ndarray, model: Any = model) -> np.ndarray:
                return model.decode(codes).numpy()

            contest(name, decode, mean.numpy().astype(np.float64))
            if options:
                score("reconstructions of held-out digits", model(held_out).numpy())

    comparison: Comparison = compare(
        "drawing digits from 20 numbers, 55,000 training digits, 6 epochs, range of three starts",
        {
            "controls": controls,
            "PCA": linear,
            "AE": lambda: networks("AE", beta=0, noisy=False),
            "VAE": lambda: networks("VAE"),
        },
        repeats=1,
        budget=0.0,  # the scores are what counts: one run each
    )
    print("\n".join(f"{name:36} {note}" for name, note in notes.items()))
    comparison.notes = {
        kind: "; ".join(
            f"{name.removeprefix(kind).lstrip(', ')}: {note}"
            for name, note in notes.items()
            if name.startswith(kind)
        )
        for kind in ("PCA", "AE", "VAE")
    }
    comparison.notes["controls"] = "; ".join(
        f"{name}: {note}" for name, note in notes.items() if name[:3] not in ("PCA", "AE,", "VAE")
    )

    def ends(name: str) -> tuple[float, float]:
        values = [row["FD"] for row in found[name]]
        return min(values), max(values)

    cheat, ceiling = ends("training digits, copied")[1], ends("test digits")[0]
    bounds = [float(part.total.mean()) for part in nats]
    in_use = [part.in_use for part in nats]
    targets = [
        Target("copies: Fréchet distance over that of test digits", cheat / ceiling, at_most=1.0),
        Target(  # *Draw from a code* says so
            "AE, mixture of 10: share of the distance of the VAE's prior",
            ends("AE, mixture of 10")[1] / ends("VAE, N(0, I)")[0],
            at_most=0.5,
        ),
        Target(
            "AE, mixture of 100: the same share",
            ends("AE, mixture of 100")[1] / ends("VAE, N(0, I)")[0],
            at_most=0.2,
        ),
        Target(
            "VAE, mixture of 100: the same share",
            ends("VAE, mixture of 100")[1] / ends("VAE, N(0, I)")[0],
            at_most=0.2,
        ),
        Target("-bound of test digits, nats", max(bounds), at_most=108.0),
        Target("nats that 64 draws gain on one", min(gains), at_least=2.0),
        Target("units in use of 20, most", float(max(in_use)), at_most=20.0),
        Target("units in use of 20, fewest", float(min(in_use)), at_least=10.0),
    ]
    return 0 if report("draws", [comparison], targets) else 1


if __name__ == "__main__":
    sys.exit(main())
