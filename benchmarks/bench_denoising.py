"""The course's denoisers against the recipe in the source, a blur, ridge regression and themselves.

The first table sets the recipes of *Remove noise from digits* side by side on all 60,000 training
digits, scored on the 10,000 test digits under noise that decided nothing. The second is an
ablation of the dense network: one thing changed at a time, on 20,000 digits, scored on validation
digits. The third trains the networks of that page from several starts, to show how far their order
depends on one. Run it with ``python -m benchmarks.bench_denoising``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter, shift

from benchmarks.harness import Comparison, Target, compare, report
from course_utils import runtime
from course_utils.datasets import load_mnist
from course_utils.metrics import binary_cross_entropy, psnr
from course_utils.noise import gaussian_noise
from course_utils.output_curve import fit_output_curve

SIGMA = 0.5
SOURCE_EPOCHS = 29
RIDGE_DIGITS, CURVE_DIGITS = 20_000, 2000
ABLATION_DIGITS, ABLATION_EPOCHS = 20_000, 8
WIDTHS, BATCH, PEAK_RATE = [784, 141], 256, 0.024
STARTS, CHANNELS = 5, 16  # the page's; all 60,000 digits keep 32 channels busy

Denoiser = Callable[[np.ndarray], np.ndarray]


def cut(answer: np.ndarray) -> np.ndarray:
    """Keep answers inside [0.001, 0.999], as the notebook does for all models."""
    return np.clip(answer, 0.001, 0.999)


def ridge(noisy: np.ndarray, clean: np.ndarray, penalty: float = 1.0) -> Denoiser:
    """Linear regression from noisy to clean pixels with a penalty on the squared weights."""
    centre, level = noisy.mean(axis=0), clean.mean(axis=0)
    left = noisy - centre
    gram = left.T @ left + penalty * np.eye(noisy.shape[1])
    weights = np.linalg.solve(gram, left.T @ (clean - level))
    return lambda new: (new - centre) @ weights + level


def blur(noisy: np.ndarray, width: float = 1.0) -> np.ndarray:
    """Weighted mean of each pixel's neighbours; the width is the one that the notebook chose."""
    pictures = noisy.reshape(-1, 28, 28)
    return gaussian_filter(pictures, (0, width, width)).reshape(noisy.shape)


def with_curve(model: Denoiser, clean: np.ndarray) -> Denoiser:
    """Put a curve of 40 numbers behind a model, fitted to digits that serve nothing else."""
    curve = fit_output_curve(model(gaussian_noise(clean, SIGMA, seed=4)), clean)
    return lambda y: curve(model(y))


def scores(truth: np.ndarray, answer: np.ndarray) -> str:
    """PSNR and cross-entropy in one phrase."""
    return f"{psnr(truth, answer):.2f} dB, BCE {binary_cross_entropy(truth, answer):.4f}"


def recipes(keras: Any, models: Any) -> tuple[Comparison, list[Target]]:
    """Time the recipes side by side and score them on the test digits."""
    digits = load_mnist()
    x_train = digits.x_train
    noisy_test = gaussian_noise(digits.x_test, SIGMA, seed=5)
    trained: dict[str, Denoiser] = {}
    source, ours = f"source recipe, {SOURCE_EPOCHS} epochs", "course, 10 epochs"
    straight = "course, no activation, 10 epochs"
    conv = "course, convolution, 1 epoch"
    linear = f"ridge, {RIDGE_DIGITS:,} digits"
    blurred, curved = "blur, curve", f"{linear}, curve"
    for_curve = x_train[RIDGE_DIGITS : RIDGE_DIGITS + CURVE_DIGITS]

    def source_recipe() -> None:
        """Noise drawn once, ReLU code, Adam at its default rate, batch 256, plain `fit`."""
        keras.utils.set_random_seed(0)
        noisy = gaussian_noise(x_train, SIGMA, seed=4)
        layers = [keras.layers.Dense(units, activation="relu") for units in (128, 64, 32, 64, 128)]
        network = keras.Sequential(
            [keras.Input((784,)), *layers, keras.layers.Dense(784, activation="sigmoid")]
        )
        network.compile(optimizer="adam", loss="binary_crossentropy")
        network.fit(noisy, x_train, epochs=SOURCE_EPOCHS, batch_size=256, verbose=0)
        trained[source] = lambda y: network(y).numpy()

    def course_recipe(name: str, activation: str) -> None:
        """Train as in *Remove noise from digits*, on all training digits."""
        network, _, _ = models.mlp_autoencoder(
            WIDTHS, code_activation=activation, output_mean=x_train.mean(axis=0)
        )
        models.fit(
            network,
            x_train,
            noise=SIGMA,
            epochs=10,
            batch_size=BATCH,
            learning_rate=PEAK_RATE,
            progress=False,
        )
        parameters.append(network.count_params())
        trained[name] = lambda y: network(y).numpy()

    def convolution() -> None:
        """Train a wider convolution than *Remove noise from digits*, on all training digits."""
        network = models.conv_denoiser(output_mean=float(x_train.mean()))
        options = {"epochs": 1, "batch_size": 32, "learning_rate": 0.04}
        models.fit(network, x_train, noise=SIGMA, progress=False, **options)
        parameters.append(network.count_params())
        trained[conv] = lambda y: network.predict(y, verbose=0)

    def ridge_regression() -> None:
        """Solve for the linear map, with the noise drawn once."""
        some = x_train[:RIDGE_DIGITS]
        solved = ridge(gaussian_noise(some, SIGMA, seed=3), some)
        trained[linear] = lambda y: cut(solved(y))
        trained[curved] = with_curve(solved, for_curve)

    def blur_and_curve() -> None:
        """Fit the curve; a blur itself learns nothing."""
        trained[blurred] = with_curve(blur, for_curve)

    parameters: list[int] = []
    comparison = compare(
        f"denoising, noise of {SIGMA}, 60,000 digits, compilation included",
        {
            blurred: blur_and_curve,
            linear: ridge_regression,
            straight: partial(course_recipe, straight, "linear"),
            ours: partial(course_recipe, ours, "silu"),
            conv: convolution,
            source: source_recipe,
        },
        repeats=1,
        budget=0.0,  # trainings of many seconds: one run each
    )
    answers = {name: model(noisy_test) for name, model in trained.items()}
    told = {name: scores(digits.x_test, answer) for name, answer in answers.items()}
    told[linear] += f"; with a curve {told.pop(curved)}"
    comparison.notes = {name: f"test {phrase}" for name, phrase in told.items()}
    decibels = {name: psnr(digits.x_test, answer) for name, answer in answers.items()}
    targets = [
        Target(
            "noisy test digits, distance from 9.37 dB",
            abs(psnr(digits.x_test, noisy_test) - 9.37),
            at_most=0.02,
        ),
        Target("ridge, distance from 17.48 dB", abs(decibels[linear] - 17.48), at_most=0.03),
        Target(
            "decibels of the course over ridge", decibels[ours] - decibels[linear], at_least=1.4
        ),
        Target(
            "decibels of the dense network over ridge with a curve",
            decibels[ours] - decibels[curved],
            at_least=0.3,
        ),
        Target(
            "decibels of the convolution over the best other model",
            decibels[conv] - max(d for name, d in decibels.items() if name != conv),
            at_least=0.5,
        ),
        Target("parameters of the course's networks, at most", max(parameters), at_most=222_384),
        Target("seconds of the course's training", comparison.median(ours), at_most=60),
        Target("decibels of the convolution", decibels[conv], at_least=19.3),
        Target("seconds of the convolution", comparison.median(conv), at_most=60),
        Target(
            "decibels of the course over the source", decibels[ours] - decibels[source], at_least=1
        ),
        Target(  # *Remove noise from digits* says so
            "decibels of ridge over the source", decibels[linear] - decibels[source], at_least=0.1
        ),
    ]
    return comparison, targets


def ablation(models: Any) -> Comparison:
    """Score the reference and what becomes of it, one change per row, on validation digits.

    A row changes one thing in the reference or, where its name has a colon, in the row named
    before the colon. All keep the peak rate, which was chosen for the reference.
    """
    digits = load_mnist()
    order = np.random.default_rng(0).permutation(len(digits.x_train))
    x_validation = digits.x_train[order[:5000]]
    clean = digits.x_train[order[5000 : 5000 + ABLATION_DIGITS]]
    noisy_validation = gaussian_noise(x_validation, SIGMA, seed=2)
    once = gaussian_noise(clean, SIGMA, seed=4)
    reference = {
        "widths": WIDTHS,
        "activation": "silu",
        "code_activation": "silu",
        "output_mean": clean.mean(axis=0),
    }
    training = {"epochs": ABLATION_EPOCHS, "batch_size": BATCH, "loss": "binary_crossentropy"}
    notes: dict[str, str] = {}

    def train(
        name: str, data: dict[str, Any], shape: dict[str, Any], steps: dict[str, Any]
    ) -> None:
        network, _, _ = models.mlp_autoencoder(**reference | shape)
        options = training | steps
        if "learning_rate" in options:  # constant
            models.fit_repeated(network, data["x"], data["targets"], parts=1, **options)
        else:
            models.fit(network, **data, learning_rate=PEAK_RATE, progress=False, **options)
        known = psnr(clean, cut(network(once).numpy()))
        answer = cut(network(noisy_validation).numpy())
        notes[name] = f"drawn before {known:.2f} dB, new {scores(x_validation, answer)}"

    fresh: dict[str, Any] = {"x": clean, "noise": SIGMA}
    fixed: dict[str, Any] = {"x": once, "targets": clean}
    copied: dict[str, Any] = {"x": once}
    deep, narrow, wide = [784, 141, 141], [784, 141, 32], [784, 1000]
    rows: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
        "reference: 141 SiLU, fresh noise": (fresh, {}, {}),
        "ReLU": (fresh, {"code_activation": "relu"}, {}),
        "last layer starts at random": (fresh, {"output_mean": None}, {}),
        "squared error": (fresh, {}, {"loss": "mse"}),
        "32 units": (fresh, {"widths": [784, 32]}, {}),
        "three layers of 141": (fresh, {"widths": deep}, {}),
        "three layers: middle of 32": (fresh, {"widths": narrow}, {}),
        "middle of 32: linear code": (fresh, {"widths": narrow, "code_activation": "linear"}, {}),
        "noise once": (fixed, {}, {}),
        "noise once: constant rate, 0.001": (fixed, {}, {"learning_rate": 0.001}),
        "noise once: target is the input": (copied, {}, {}),
        "1,000 units": (fresh, {"widths": wide}, {}),
        "1,000 units: noise once": (fixed, {"widths": wide}, {}),
        "1,000, once: target is the input": (copied, {"widths": wide}, {}),
    }
    comparison = compare(
        f"ablation, {ABLATION_DIGITS:,} digits, {ABLATION_EPOCHS} epochs, scored on validation",
        {name: partial(train, name, *row) for name, row in rows.items()},
        repeats=1,
        budget=0.0,  # the score is what counts: one run each
    )
    comparison.notes = notes
    return comparison


def starts(models: Any) -> tuple[Comparison, list[Target]]:
    """Train the networks of *Remove noise from digits* from several starts, noise and order too."""
    digits = load_mnist()
    order = np.random.default_rng(0).permutation(len(digits.x_train))
    truth = digits.x_train[order[:3000]]
    clean = digits.x_train[order[5000 : 5000 + ABLATION_DIGITS]]
    moved = shift(truth.reshape(-1, 28, 28), (0, -4, 4), order=0).reshape(truth.shape)
    judged = [(pictures, gaussian_noise(pictures, SIGMA, seed=2)) for pictures in (truth, moved)]
    found: dict[str, np.ndarray] = {}

    def train(name: str, activation: str | None) -> None:
        rows = []
        for seed in range(STARTS):
            if activation is None:
                network = models.conv_denoiser(
                    channels=CHANNELS, output_mean=float(clean.mean()), seed=seed
                )
                options = {"epochs": 1, "batch_size": 32, "learning_rate": 0.04}
            else:
                network, _, _ = models.mlp_autoencoder(
                    WIDTHS, code_activation=activation, output_mean=clean.mean(axis=0), seed=seed
                )
                options = {
                    "epochs": ABLATION_EPOCHS,
                    "batch_size": BATCH,
                    "learning_rate": PEAK_RATE,
                }
            models.fit(network, clean, noise=SIGMA, seed=seed, progress=False, **options)
            rows.append([psnr(x, cut(network.predict(y, verbose=0))) for x, y in judged])
        found[name] = np.array(rows)

    kinds = {"linear": "linear", "dense": "silu", "convolution": None}
    comparison = compare(
        f"{STARTS} starts, {ABLATION_DIGITS:,} digits, scored on validation",
        {name: partial(train, name, activation) for name, activation in kinds.items()},
        repeats=1,
        budget=0.0,  # the scores are what counts
    )
    comparison.notes = {
        name: "{:.2f} to {:.2f} dB, shifted {:.2f} to {:.2f} dB".format(
            *np.ravel([rows.min(axis=0), rows.max(axis=0)], order="F")
        )
        for name, rows in found.items()
    }
    targets = [
        Target(
            f"decibels of the worst convolution over the best dense network, {STARTS} starts",
            found["convolution"][:, 0].min() - found["dense"][:, 0].max(),
            at_least=0.5,
        ),
        Target(
            f"decibels of the worst dense network over the best linear one, {STARTS} starts",
            found["dense"][:, 0].min() - found["linear"][:, 0].max(),
            at_least=0,
        ),
    ]
    return comparison, targets


def main() -> int:
    """Measure recipes, ablation and starts, print the tables and store them."""
    runtime.start(seed=0, framework="keras")
    import keras

    from course_utils import keras_models

    comparison, targets = recipes(keras, keras_models)
    by_start, more = starts(keras_models)
    tables = [comparison, ablation(keras_models), by_start]
    return 0 if report("denoising", tables, targets + more) else 1


if __name__ == "__main__":
    sys.exit(main())
