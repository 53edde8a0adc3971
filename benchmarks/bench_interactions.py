"""The training loop of notebook 10 against the loop of the source, at 10,000 × 500.

Both train the network 500-128-64-64-64-128-500 with Adam on the mean squared error, in batches
of 128 and from the same weights. The source's loop takes its batches from a `DataLoader` and
reads the loss with `.item()` in every step. Run it with
``python -m benchmarks.bench_interactions``; a GPU is used if there is one.
"""

from __future__ import annotations

import sys

from benchmarks.harness import Target, compare, report
from course_utils import runtime
from course_utils.datasets import planted_interactions

EPOCHS = 3


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
        trained["loop of the source"] = model

    def course_loop() -> None:
        model = untrained()
        fit(model, rows, epochs=EPOCHS, batch_size=128, progress=False)
        trained["torch_models.fit"] = model

    comparison = compare(
        f"{EPOCHS} epochs, 10,000 × 500, batches of 128, on {device}",
        {"loop of the source": source_loop, "torch_models.fit": course_loop},
        repeats=5,
    )
    losses = {name: mean_loss(model, rows) for name, model in trained.items()}
    comparison.notes = {name: f"loss {loss:.4f}" for name, loss in losses.items()}
    targets = [
        Target(
            "time of fit, as a share of the source's loop",
            1 / comparison.ratio("loop of the source", "torch_models.fit"),
            at_most=1 / 3,
        ),
        Target(
            "loss of fit, as a share of the source's loop",
            losses["torch_models.fit"] / losses["loop of the source"],
            at_most=1.02,
        ),
    ]
    return 0 if report("interactions", [comparison], targets) else 1


if __name__ == "__main__":
    sys.exit(main())
