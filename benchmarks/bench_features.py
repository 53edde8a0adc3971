"""Step 3 of *Use codes as features* in full: all digits, and the source's autoencoder.

PCA and three autoencoders learn from the 60,000 training digits less 5,000 for validation; all
10,000 test digits are classified, and no setting is chosen by them: each draw of labels chooses by
cross-validation among its own. Time is that of learning the features; the curves stand in its
notes. Run it with ``python -m benchmarks.bench_features``; ``--draws`` and ``--epochs`` make it
shorter.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import numpy as np

from benchmarks.harness import Target, compare, report
from course_utils import runtime
from course_utils.datasets import load_mnist
from course_utils.features import Parts, label_budget_curve, mean_interval
from course_utils.metrics import knn_accuracy

BUDGETS = [100, 300, 1000, 3000, 10_000]
WIDTHS = [784, 128, 64, 32]
SIZE = 32
CS = (0.01, 0.1, 1, 10, 100)


def main() -> int:
    """Learn the features, print the curves and store times and targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=6, help="draws at each number of labels")
    parser.add_argument("--epochs", type=int, default=29, help="epochs of the source's recipe")
    arguments = parser.parse_args()
    runtime.start(seed=0, framework="keras")
    import keras
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    from course_utils.keras_models import fit, mlp_autoencoder

    digits = load_mnist()
    order = np.random.default_rng(0).permutation(len(digits.x_train))
    train, validation = order[5000:], order[:5000]
    raw = Parts(digits.x_train[train], digits.x_train[validation], digits.x_test)
    labels = Parts(digits.y_train[train], digits.y_train[validation], digits.y_test)
    encode: dict[str, Callable[[np.ndarray], np.ndarray]] = {"raw pixels": lambda x: x}

    def by_pca() -> None:
        encode["PCA"] = PCA(SIZE, svd_solver="covariance_eigh").fit(raw.train).transform

    def by_course_recipe(name: str, noise: float) -> None:
        network, encoder, _ = mlp_autoencoder(WIDTHS, output_mean=raw.train.mean(axis=0))
        fit(network, raw.train, noise=noise, epochs=10, learning_rate=0.005, progress=False)
        encode[name] = lambda x: encoder(x).numpy()

    def by_source_recipe() -> None:
        """Rectified code, default initialisation, Adam at its default rate, batch 256."""
        keras.utils.set_random_seed(0)
        layers = [keras.layers.Dense(units, activation="relu") for units in (128, 64, 32, 64, 128)]
        network = keras.Sequential(
            [keras.Input((784,)), *layers, keras.layers.Dense(784, activation="sigmoid")]
        )
        network.compile(optimizer="adam", loss="binary_crossentropy")
        network.fit(raw.train, raw.train, epochs=arguments.epochs, batch_size=256, verbose=0)
        encoder = keras.Model(network.inputs[0], layers[2].output)
        encode["AE, source recipe"] = lambda x: encoder(x).numpy()

    comparison = compare(
        "learning 32 features from 55,000 digits, compilation included",
        {
            "PCA": by_pca,
            "AE, course, 10 epochs": lambda: by_course_recipe("AE, course, 10 epochs", 0.0),
            "denoising AE, 10 epochs": lambda: by_course_recipe("denoising AE, 10 epochs", 0.5),
            "AE, source recipe": by_source_recipe,
        },
        repeats=1,
        budget=20.0,
    )
    kinds = {name: Parts(*map(encoder, raw)) for name, encoder in encode.items()}
    full = {
        name: knn_accuracy(parts.train, labels.train, parts.test, labels.test)
        for name, parts in kinds.items()
    }
    comparison.notes = {name: f"10-NN {share:.4f}, all labels" for name, share in full.items()}

    def with_scaling(models: dict[str, object]) -> dict[str, object]:
        scaled = {f"{key}, scaled": make_pipeline(StandardScaler(), m) for key, m in models.items()}
        return models | scaled

    candidates = {
        "kNN": with_scaling(
            {f"k={k}": KNeighborsClassifier(k, algorithm="brute") for k in (1, 3, 5, 10)}
        ),
        "linear probe": with_scaling(
            {f"C={c}": LogisticRegression(C=c, tol=1e-3, max_iter=1000) for c in CS}
        ),
        "tree": {
            f"leaf={n}": DecisionTreeClassifier(min_samples_leaf=n, random_state=0)
            for n in (1, 5, 20)
        },
    }
    accuracy: dict[tuple[str, str], np.ndarray] = {}
    print(f"accuracy on 10,000 test digits, 95 % intervals over {arguments.draws} draws of labels")
    for classifier, models in candidates.items():
        print(f"{classifier:<28}" + "".join(f"{budget:>17,}" for budget in BUDGETS))
        for name, parts in kinds.items():
            curve = label_budget_curve(
                parts,
                labels,
                models,
                BUDGETS,
                draws=arguments.draws,
                folds=3,
                workers=runtime.default_threads(),
            )
            accuracy[classifier, name] = curve.accuracy
            halves = [np.diff(mean_interval(row))[0] / 2 for row in curve.accuracy]
            means = curve.accuracy.mean(axis=1)
            cells = [f"{m:.4f} ±{half:.4f}" for m, half in zip(means, halves, strict=True)]
            print(f"  {name:<26}" + "".join(f"{cell:>17}" for cell in cells), flush=True)
            told = ", ".join(f"{n:,}: {m:.3f}" for n, m in zip(BUDGETS, means, strict=True))
            comparison.notes[name] += f"; {classifier}, {told}"
    print()
    autoencoders = [name for name in kinds if "AE" in name]

    def mean_gain(classifier: str, name: str, other: str) -> np.ndarray:
        return (accuracy[classifier, name] - accuracy[classifier, other]).mean(axis=1)

    by_codes = max(mean_gain("kNN", name, "PCA").max() for name in autoencoders)
    probed = mean_gain("linear probe", "AE, course, 10 epochs", "PCA").mean()
    budget = BUDGETS.index(1000)
    trees = max(mean_gain("tree", name, "PCA")[budget] for name in autoencoders)
    worst = min(accuracy["kNN", name][-1].mean() for name in kinds)
    targets = [
        Target("PCA-32, 10 neighbours among 55,000 labels", full["PCA"], at_least=0.97),
        Target(
            "kNN: most that an autoencoder's code gains over PCA-32", float(by_codes), at_most=0.01
        ),
        Target(  # *Use codes as features* calls them level
            "linear probe: AE and PCA apart, mean over all budgets",
            abs(float(probed)),
            at_most=0.01,
        ),
        Target("tree, 1,000 labels: best code minus PCA", float(trees), at_most=0.0),
        Target("kNN, 10,000 labels: the worst of five features", float(worst), at_least=0.92),
    ]
    return 0 if report("features", [comparison], targets) else 1


if __name__ == "__main__":
    sys.exit(main())
