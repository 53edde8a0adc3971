"""The course's training loop against the loop of the source, at 10,000 × 500.

Both train the network 500-128-64-64-64-128-500 with Adam on the mean squared error from the same
weights. The source's loop takes batches of 128 from a `DataLoader`, keeps the rate at 1e-3 and
reads the loss with `.item()` in every step. Two questions are asked: how long does `fit` take for
the same steps, and how long to the same loss, when it may choose batches and rates? Run it with
``python -m benchmarks.bench_interactions``; a GPU is used if there is one.
"""

from __future__ import annotations

import sys
from typing import Any

from benchmarks.harness import Target, compare, report
from course_utils import runtime
from course_utils.datasets import planted_interactions

EPOCHS = 30  # of the source's loop, which would go on for as long as an epoch brings 1e-4
SOURCE, SAME_STEPS, ONE_CYCLE = "loop of the source", "fit, the same steps", "fit, one cycle"


def main() -> int:
    """Train with both loops and store the comparison."""
    runtime.start(seed=0, framework="torch")
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    from course_utils.torch_models import Autoencoder, fit, mean_loss

    device = runtime.device()
    planted = planted_interactions(10_000, 500, 16, density=1.0, noise=0.2, seed=0)
    rows = torch.from_numpy(planted.observed.toarray() - 3)
    trained = {}

    def untrained() -> Autoencoder:
        torch.manual_seed(0)
        return Autoencoder(500, hidden_sizes=(128, 64), code_size=64).to(device)

    def source_loop() -> None:
        model = untrained()
        batches = DataLoader(TensorDataset(rows), batch_size=128, shuffle=True)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for _ in range(EPOCHS):
            total = 0.0
            for (batch,) in batches:
                batch = batch.to(device)
                optimizer.zero_grad()
                loss = torch.nn.functional.mse_loss(model.decoder(model.encoder(batch)), batch)
                loss.backward()
                optimizer.step()
                total += loss.item()
        trained[SOURCE] = model

    def course_loop(name: str, **options: Any) -> None:
        model = untrained()
        fit(model, rows, progress=False, **options)
        trained[name] = model

    same_steps = {"epochs": EPOCHS, "batch_size": 128, "learning_rate": 1e-3}
    one_cycle = {"epochs": 10, "batch_size": 256, "learning_rate": 5e-3, "one_cycle": True}
    comparison = compare(
        f"{EPOCHS} epochs of the source, 10,000 × 500, on {device}",
        {
            SOURCE: source_loop,
            SAME_STEPS: lambda: course_loop(SAME_STEPS, **same_steps),
            ONE_CYCLE: lambda: course_loop(ONE_CYCLE, **one_cycle),
        },
        repeats=5,
        budget=60,
    )
    losses = {name: mean_loss(model, rows) for name, model in trained.items()}
    comparison.notes = {name: f"loss {loss:.5f}" for name, loss in losses.items()}
    targets = [
        Target(
            "time of one cycle, as a share of the source's loop",
            1 / comparison.ratio(SOURCE, ONE_CYCLE),
            at_most=1 / 3,
        ),
        Target(
            "loss of one cycle, as a share of the source's loop",
            losses[ONE_CYCLE] / losses[SOURCE],
            at_most=1.0,
        ),
    ]
    return 0 if report("interactions", [comparison], targets) else 1


if __name__ == "__main__":
    sys.exit(main())
