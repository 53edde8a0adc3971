"""Print the largest differences between equal computations, float32 and float64.

Run it with ``python -m benchmarks.equalities_embeddings``. The tests hold each of them below a
bound; this shows how far below. TensorFlow's arrays come from a second process.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

from course_utils import embeddings, torch_models
from course_utils.tensorflow_lookup import tensorflow_lookup


def untidy(dtype: Any, seed: int = 0) -> sp.csr_array:
    """Rows first, in the middle and last empty; stored zeros; unsorted ids; float weights."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 12, 200)
    counts[[0, 99, 100, 198, 199]] = 0
    ids = np.concatenate([rng.permutation(50)[:count] for count in counts]).astype(np.int32)
    weights = rng.standard_normal(len(ids)).astype(dtype)
    weights[::17] = 0
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return sp.csr_array((weights, ids, starts), shape=(200, 50))


def largest(left: Any, right: Any) -> float:
    """Largest absolute difference."""
    return float(np.abs(np.asarray(left) - np.asarray(right)).max())


def lookups(dtype: Any) -> dict[str, float]:
    """Answer and gradient of every way against `sparse_embedding_lookup`."""
    matrix, rng = untidy(dtype), np.random.default_rng(1)
    table = rng.standard_normal((50, 16)).astype(dtype)
    upstream = rng.standard_normal((200, 16)).astype(dtype)
    ours = embeddings.sparse_embedding_lookup(matrix, table)
    gradient = embeddings.sparse_embedding_lookup(matrix.T, upstream)
    cells = sp.coo_array(matrix)
    added, gathered = np.zeros_like(ours), table[cells.col] * cells.data[:, np.newaxis]
    np.add.at(added, cells.row, gathered)
    vectors = embeddings.one_hot(cells.col, 50, dtype=dtype)
    multiplied = np.zeros_like(ours)
    np.add.at(multiplied, cells.row, (vectors @ table) * cells.data[:, np.newaxis])
    errors = {
        "gather and np.add.at": largest(added, ours),
        "SciPy A @ E": largest(matrix @ table, ours),
        "dense A @ E": largest(matrix.toarray() @ table, ours),
        "one_hot": largest(multiplied, ours),
        "CSC input": largest(embeddings.sparse_embedding_lookup(matrix.tocsc(), table), ours),
        "dense A.T @ G, gradient": largest(matrix.toarray().T @ upstream, gradient),
    }
    ids, offsets, weights = map(torch.from_numpy, embeddings.embedding_bag_inputs(matrix))
    bag_table, csr_table = (torch.tensor(table, requires_grad=True) for _ in range(2))
    bag = torch.nn.functional.embedding_bag(
        ids, bag_table, offsets, mode="sum", per_sample_weights=weights
    )
    starts = torch.from_numpy(matrix.indptr)
    product = torch.sparse_csr_tensor(starts, ids, weights, size=matrix.shape) @ csr_table
    for name, result, leaf in (
        ("EmbeddingBag", bag, bag_table),
        ("sparse_csr", product, csr_table),
    ):
        result.backward(torch.from_numpy(upstream))
        errors[f"torch {name}"] = largest(result.detach(), ours)
        errors[f"torch {name}, gradient"] = largest(leaf.grad, gradient)
    theirs = tensorflow_lookup(matrix, table, upstream)
    for combiner in embeddings.COMBINERS:
        here = embeddings.sparse_embedding_lookup(matrix, table, combiner=combiner)
        scale = np.maximum(1, np.abs(here)).max()  # weights that nearly cancel make large means
        errors[f"tf {combiner}"] = largest(here[:198], theirs[combiner]) / float(scale)
    errors["tf sum, gradient"] = largest(gradient, theirs["gradient"])
    return errors


def twins(dtype: Any) -> dict[str, float]:
    """`SparseInputAutoencoder` against a dense network with the same weights."""
    rows = untidy(dtype)
    rows.sum_duplicates()
    torch.manual_seed(0)
    kind = torch.float64 if dtype is np.float64 else torch.float32
    model = torch_models.SparseInputAutoencoder(50, [32], 8).to(kind)
    first = torch.nn.Linear(50, 32, dtype=kind)
    first.weight.data, first.bias.data = model.lookup.weight.data.T.clone(), model.bias.data.clone()
    dense = torch.from_numpy(rows.toarray())
    output, twin = model(rows), model.decoder(model.encoder(first(dense)))
    errors = {"autoencoder, output": largest(output.detach(), twin.detach())}
    losses = model.loss(rows), torch.nn.functional.mse_loss(twin, dense)
    errors["autoencoder, loss"] = largest(*(loss.detach().numpy() for loss in losses))
    shared = [*model.encoder.parameters(), *model.decoder.parameters()]
    mine = torch.autograd.grad(losses[0], [model.lookup.weight, model.bias, *shared])
    other = torch.autograd.grad(losses[1], [first.weight, first.bias, *shared])
    pairs = zip([mine[0].T, *mine[1:]], other, strict=True)
    errors["autoencoder, all gradients"] = max(largest(left, right) for left, right in pairs)
    return errors


def main() -> None:
    """Print the table."""
    warnings.filterwarnings("ignore", message="Sparse")
    columns = {dtype.__name__: lookups(dtype) | twins(dtype) for dtype in (np.float32, np.float64)}
    print(f"{'against sparse_embedding_lookup':<34}" + "".join(f"{name:>12}" for name in columns))
    for name in columns["float32"]:
        print(f"{name:<34}" + "".join(f"{errors[name]:>12.1e}" for errors in columns.values()))


if __name__ == "__main__":
    main()
