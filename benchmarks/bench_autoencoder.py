"""The autoencoder of *Autoencode digits* against the recipe in the source: loss over wall time.

Both train the network 784-128-64-32-64-128-784 on all 60,000 training digits and are scored on
the 10,000 test digits, which decide nothing. Run it with
``python -m benchmarks.bench_autoencoder``.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from benchmarks.harness import Target, compare, report
from course_utils import runtime
from course_utils.datasets import load_mnist
from course_utils.metrics import bce_floor, binary_cross_entropy

WIDTHS = [784, 128, 64, 32]
SOURCE_EPOCHS = 29
SOURCE_LOSS = 0.0868  # printed in the source after 29 epochs


def main() -> int:
    """Train with both recipes, print loss over time and store the comparison."""
    runtime.start(seed=0, framework="keras")
    import keras

    from course_utils.keras_models import fit, mlp_autoencoder

    digits = load_mnist()
    curves: dict[str, list[tuple[float, float]]] = {}
    trained: dict[str, keras.Model] = {}

    def source_recipe() -> None:
        """Default initialisation, Adam at its default rate, batch 256, plain `fit`."""
        name = f"source recipe, {SOURCE_EPOCHS} epochs"
        keras.utils.set_random_seed(0)
        layers = [keras.layers.Dense(units, activation="relu") for units in (128, 64, 32, 64, 128)]
        network = keras.Sequential(
            [keras.Input((784,)), *layers, keras.layers.Dense(784, activation="sigmoid")]
        )
        network.compile(optimizer="adam", loss="binary_crossentropy")
        ends: list[float] = []
        begin = time.perf_counter()
        history = network.fit(
            digits.x_train,
            digits.x_train,
            epochs=SOURCE_EPOCHS,
            batch_size=256,
            validation_data=(digits.x_test, digits.x_test),
            verbose=0,
            callbacks=[
                keras.callbacks.LambdaCallback(
                    on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter() - begin)
                )
            ],
        )
        curves[name] = list(zip(ends, history.history["val_loss"], strict=True))
        trained[name] = network

    def course_recipe(epochs: int) -> None:
        """Train as in *Autoencode digits*, on all training digits."""
        name = f"course, {epochs} epochs"
        autoencoder, _, _ = mlp_autoencoder(WIDTHS, output_mean=digits.x_train.mean(axis=0))
        history = fit(
            autoencoder, digits.x_train, validation=digits.x_test, epochs=epochs, report=False
        )
        ends = np.cumsum(history.seconds).tolist()
        curves[name] = list(zip(ends, history.validation_loss, strict=True))
        trained[name] = autoencoder

    comparison = compare(
        "autoencoder 784-128-64-32-64-128-784, 60,000 digits, compilation included",
        {
            "course, 5 epochs": lambda: course_recipe(5),
            f"source recipe, {SOURCE_EPOCHS} epochs": source_recipe,
            "course, 10 epochs": lambda: course_recipe(10),
        },
        repeats=2,
        budget=60.0,
    )
    test_loss = {
        name: binary_cross_entropy(digits.x_test, network(digits.x_test).numpy())
        for name, network in trained.items()
    }
    comparison.notes = {name: f"test loss {loss:.4f}" for name, loss in test_loss.items()}

    print(f"test loss at the end of an epoch; the floor is {bce_floor(digits.x_test):.4f}")
    for name, curve in curves.items():
        chosen = [curve[epoch - 1] for epoch in (1, 2, 5, 10, 20, 29) if epoch <= len(curve)]
        print(f"  {name:<28}" + "  ".join(f"{end:5.1f} s {loss:.4f}" for end, loss in chosen))
    print()
    source = f"source recipe, {SOURCE_EPOCHS} epochs"
    targets = [
        Target(
            f"test loss of 5 epochs, against {SOURCE_LOSS} of the source's 29",
            test_loss["course, 5 epochs"],
            at_most=SOURCE_LOSS,
        ),
        Target(
            "wall time of these 5 epochs, as a share of the source recipe's",
            1 / comparison.ratio(source, "course, 5 epochs"),
            at_most=1 / 5,
        ),
        Target("test loss of 10 epochs", test_loss["course, 10 epochs"], at_most=0.082),
    ]
    return 0 if report("autoencoder", [comparison], targets) else 1


if __name__ == "__main__":
    sys.exit(main())
