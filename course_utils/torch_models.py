"""Autoencoders in PyTorch, with a training loop that stops early and can be killed and resumed.

Importing this module imports PyTorch, so it belongs in notebooks and tests that hold no
TensorFlow.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from tqdm import tqdm

from course_utils.embeddings import embedding_bag_inputs

_FORMAT = 1  # of the files that `save` and `fit` write


class Autoencoder(nn.Module):
    r"""Autoencoder of dense rows that may have gaps.

    Introduced in notebook 10. With hidden layers of 128 and 64 units it is the network
    d-128-64-k-64-128-d. A cell that is NaN was not observed: the encoder gets 0 for it, and the
    loss leaves it out, as in Sedhain et al. (2015). Centre the rows beforehand, so that 0 means
    "average". In training a share of the observed cells can be hidden from the encoder, which
    must then predict them (Vincent et al., 2008); gaps are never filled with noise.

    Parameters
    ----------
    n_features : int
        Columns of the matrix, d.
    hidden_sizes : sequence of int
        Widths of the encoder's hidden layers, each followed by a ReLU; the decoder mirrors them.
        No layer should be narrower than the code. Empty for a linear autoencoder.
    code_size : int
        Width of the code, k, which is linear.
    hide_observed : float
        Share of the observed cells hidden from the encoder in training, from 0 to below 1. What
        stays is divided by 1 - hide_observed, so that codes keep their scale. Drawn from PyTorch's
        global generator, which :func:`fit` seeds.

    Attributes
    ----------
    config : dict
        The four arguments, as :func:`save` stores them.
    encoder, decoder : torch.nn.Sequential
        The two halves; they take rows without gaps.

    Raises
    ------
    ValueError
        If a size is not a positive integer or `hide_observed` is out of range.

    References
    ----------
    P. Vincent, H. Larochelle, Y. Bengio, P.-A. Manzagol (2008). Extracting and composing robust
    features with denoising autoencoders. ICML '08. doi:10.1145/1390156.1390294

    S. Sedhain, A. K. Menon, S. Sanner, L. Xie (2015). AutoRec: autoencoders meet collaborative
    filtering. WWW '15 Companion, equation 2. doi:10.1145/2740908.2742726

    Examples
    --------
    >>> model = Autoencoder(5, hidden_sizes=[4], code_size=2)
    >>> rows = torch.tensor([[1.0, 0.0, float("nan"), 0.0, 2.0]])
    >>> model(rows).shape, model.encode(rows).shape
    (torch.Size([1, 5]), torch.Size([1, 2]))
    """

    def __init__(
        self,
        n_features: int,
        hidden_sizes: Sequence[int] = (128, 64),
        code_size: int = 32,
        *,
        hide_observed: float = 0.0,
    ) -> None:
        super().__init__()
        widths = [n_features, *hidden_sizes, code_size]
        _check_sizes(widths)
        _check_share(hide_observed)
        self.config: dict[str, Any] = {
            "n_features": int(n_features),
            "hidden_sizes": [int(width) for width in hidden_sizes],
            "code_size": int(code_size),
            "hide_observed": float(hide_observed),
        }
        self.encoder = _layers(widths)
        self.decoder = _layers(widths[::-1])

    def encode(self, rows: ArrayLike | Tensor) -> Tensor:
        """Codes of rows.

        Parameters
        ----------
        rows : array_like or Tensor, shape (n, n_features)
            On any device and of any type; NaN where nothing was observed.

        Returns
        -------
        Tensor, shape (n, code_size)
            On the model's device.

        Raises
        ------
        ValueError
            If the number of columns is not `n_features`.
        """
        return self.encoder(self._hide(torch.nan_to_num(self._tensor(rows), nan=0.0)))

    def forward(self, rows: ArrayLike | Tensor) -> Tensor:
        """Reconstruct rows, gaps included.

        Parameters
        ----------
        rows : array_like or Tensor, shape (n, n_features)
            As for :meth:`encode`.

        Returns
        -------
        Tensor, shape (n, n_features)
            Without gaps.
        """
        return self.decoder(self.encode(rows))

    def loss(self, rows: ArrayLike | Tensor) -> Tensor:
        """Mean squared error over the observed cells of a batch.

        Parameters
        ----------
        rows : array_like or Tensor, shape (n, n_features)
            Input and target.

        Returns
        -------
        Tensor, shape ()
            Differentiable; 0 if nothing was observed.
        """
        target = self._tensor(rows)
        observed = ~torch.isnan(target)
        # Not (error[observed]): how many cells that selects a GPU would have to tell the CPU first.
        squares = torch.where(observed, self(target) - target, 0.0).square()
        return squares.sum() / observed.sum().clamp(min=1)

    def loss_weight(self, rows: ArrayLike | Tensor) -> Tensor:
        """Count the cells that :meth:`loss` averages over.

        Parameters
        ----------
        rows : array_like or Tensor, shape (n, n_features)
            Input and target.

        Returns
        -------
        Tensor of integer, shape ()
            The number of observed cells.
        """
        return (~torch.isnan(self._tensor(rows))).sum()

    def _hide(self, rows: Tensor) -> Tensor:
        # A gap is 0 already, so dropout can only hide what was observed.
        return nn.functional.dropout(rows, self.config["hide_observed"], self.training)

    def _tensor(self, rows: ArrayLike | Tensor) -> Tensor:
        tensor = _on_device_of(self, rows)
        if tensor.ndim != 2 or tensor.shape[1] != self.config["n_features"]:
            raise ValueError(
                f"the model takes rows of {self.config['n_features']} columns, "
                f"got an array of shape {tuple(tensor.shape)}"
            )
        return tensor


def _check_sizes(sizes: Sequence[Any]) -> None:
    for size in sizes:
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
            raise ValueError(f"every size must be an integer of at least 1, got {size!r}")


def _check_share(share: float) -> None:
    if not 0 <= share < 1:
        raise ValueError(f"a share must be from 0 to below 1, got {share!r}")


def _on_device_of(model: nn.Module, rows: ArrayLike | Tensor) -> Tensor:
    """Rows as a tensor of the model's own type on the model's own device; no copy if they are."""
    weight = next(model.parameters())
    if not isinstance(rows, Tensor):  # PyTorch takes no negative strides and warns if read-only
        rows = torch.from_numpy(np.require(rows, requirements=["C", "W"]))
    return rows.to(device=weight.device, dtype=weight.dtype)


class SparseInputAutoencoder(nn.Module):
    r"""Autoencoder whose first layer looks its input up instead of multiplying by it.

    Introduced in notebook 03. A dense first layer computes :math:`x W + b`. If `x` is a row of a
    sparse matrix, that is a weighted sum of the few rows of `W` it names: an embedding lookup. The
    input is therefore never made dense; what is dense is one batch of the *output*.

    Parameters
    ----------
    n_features : int
        Columns of the matrix.
    hidden_sizes : sequence of int
        Widths of the encoder's hidden layers, each followed by a ReLU; the decoder mirrors them.
        Empty for a code right behind the lookup.
    code_size : int
        Width of the code, which is linear.

    Attributes
    ----------
    config : dict
        The three arguments, as :func:`save` stores them.
    lookup : torch.nn.EmbeddingBag
        The first layer's weights, shape (n_features, width): the transpose of a linear layer's.

    Raises
    ------
    ValueError
        If a size is not a positive integer.

    Examples
    --------
    >>> model = SparseInputAutoencoder(6, hidden_sizes=[4], code_size=2)
    >>> batch = sp.csr_array(np.eye(3, 6, dtype=np.float32))
    >>> model(batch).shape, model.encode(batch).shape
    (torch.Size([3, 6]), torch.Size([3, 2]))
    """

    def __init__(self, n_features: int, hidden_sizes: Sequence[int], code_size: int) -> None:
        super().__init__()
        widths = [n_features, *hidden_sizes, code_size]
        _check_sizes(widths)
        self.config: dict[str, Any] = {
            "n_features": int(n_features),
            "hidden_sizes": [int(width) for width in hidden_sizes],
            "code_size": int(code_size),
        }
        self.lookup = nn.EmbeddingBag(n_features, widths[1], mode="sum")
        # As nn.Linear(n_features, width) starts: the lookup is that layer, only faster.
        bound = 1 / math.sqrt(n_features)
        nn.init.uniform_(self.lookup.weight, -bound, bound)
        self.bias = nn.Parameter(torch.empty(widths[1]).uniform_(-bound, bound))
        self.encoder = _layers(widths[1:], first=nn.ReLU() if hidden_sizes else None)
        self.decoder = _layers(widths[::-1])

    def encode(self, rows: sp.csr_array) -> Tensor:
        """Codes of sparse rows.

        Parameters
        ----------
        rows : scipy sparse array, shape (n, n_features)
            As for :func:`course_utils.embeddings.embedding_bag_inputs`.

        Returns
        -------
        Tensor, shape (n, code_size)
            One code per row; an empty row has the code of the bias alone.

        Raises
        ------
        ValueError
            If the number of columns is not `n_features`, or an id or a weight is invalid.
        """
        ids, offsets, weights = _bag_tensors(rows, self.lookup, self.config["n_features"])
        return self.encoder(self.lookup(ids, offsets, per_sample_weights=weights) + self.bias)

    def forward(self, rows: sp.csr_array) -> Tensor:
        """Reconstruct sparse rows.

        Parameters
        ----------
        rows : scipy sparse array, shape (n, n_features)
            The input.

        Returns
        -------
        Tensor, shape (n, n_features)
            Dense: this is why one trains in batches.
        """
        return self.decoder(self.encode(rows))

    def loss(self, rows: sp.csr_array) -> Tensor:
        """Mean squared error over all cells of a batch, empty cells counting as 0.

        Parameters
        ----------
        rows : scipy sparse array, shape (n, n_features)
            Input and target.

        Returns
        -------
        Tensor, shape ()
            Differentiable.
        """
        return sparse_mean_squared_error(self(rows), rows)


def _layers(widths: Sequence[int], first: nn.Module | None = None) -> nn.Sequential:
    """Linear layers of the given widths with a ReLU between two of them."""
    layers = [first] if first is not None else []
    for index, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
        if index:
            layers.append(nn.ReLU())
        layers.append(nn.Linear(inputs, outputs))
    return nn.Sequential(*layers)


def sparse_mean_squared_error(output: Tensor, target: sp.csr_array) -> Tensor:
    r"""Mean squared error of a dense output against a sparse target.

    Introduced in notebook 03. With :math:`\sum (y - x)^2 = \sum y^2 + \sum_{x \neq 0} x (x - 2 y)`
    only the stored cells of the target are visited, and no dense copy of it is made.

    Parameters
    ----------
    output : Tensor, shape (n, columns)
        What the model says.
    target : csr_array, shape (n, columns)
        What is true; without duplicates.

    Returns
    -------
    Tensor, shape ()
        Mean over all n * columns cells.

    Raises
    ------
    ValueError
        If the shapes differ, there is no cell, or an entry of `target` is stored twice.

    Examples
    --------
    >>> sparse_mean_squared_error(torch.tensor([[1.0, 2.0]]), sp.csr_array([[0.0, 4.0]]))
    tensor(2.5000)
    """
    if tuple(output.shape) != target.shape or output.numel() == 0:
        raise ValueError(
            f"output and target must have the same shape and a cell, "
            f"got {tuple(output.shape)} and {target.shape}"
        )
    if not target.has_canonical_format:
        raise ValueError("target holds an entry twice; call sum_duplicates() on it first")
    return _SparseSquaredError.apply(output, target)


class _SparseSquaredError(torch.autograd.Function):
    """The mean squared error with a gradient that takes one array of the output's size.

    Left to autograd, the same formula keeps four of them, and the output is the largest array of
    a training step.
    """

    @staticmethod
    def forward(context: Any, output: Tensor, target: sp.csr_array) -> Tensor:
        rows = _row_of(target, output.device)
        columns = torch.from_numpy(target.indices[: target.nnz].astype(np.int64)).to(output.device)
        values = torch.from_numpy(target.data[: target.nnz]).to(output)
        context.save_for_backward(output, rows, columns, values)
        corrections = values * (values - 2 * output[rows, columns])
        return (torch.linalg.vector_norm(output).square() + corrections.sum()) / output.numel()

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        output, rows, columns, values = context.saved_tensors
        gradient = output.clone()
        gradient[rows, columns] -= values
        return gradient.mul_(2 * gradients[0] / output.numel()), None


class InteractionAutoencoder(nn.Module):
    r"""Denoising autoencoder of users, whose weights hold two vectors for each item.

    Introduced in notebook 13. A user's items are looked up, added and squashed into a code, and
    the code says how probable each item is to be this user's next:

        code = tanh(Σ lookup[item] / √count + bias),   p = softmax(output · code + bias)

    In training a part of the items is hidden from the encoder, so that copying does not help, and
    a part of the code is dropped. The loss is that of Liang et al. (2018), the multinomial
    likelihood; no item of a row stands for "disliked", only for "not chosen so far".

    Parameters
    ----------
    n_items : int
        Columns of the matrix.
    code_size : int
        Width of the code.
    hide_items, drop_code : float
        Share of a row's items hidden and of the code dropped in training, from 0 to below 1;
        drawn from PyTorch's global generator, which :func:`fit` seeds.

    Attributes
    ----------
    config : dict
        The four arguments, as :func:`save` stores them.
    lookup : torch.nn.EmbeddingBag
        What an item says about a user: weight of shape (n_items, code_size).
    output : torch.nn.Linear
        To which user an item is offered: weight of the same shape.

    Raises
    ------
    ValueError
        If a size is not a positive integer or a share out of range.

    References
    ----------
    D. Liang, R. G. Krishnan, M. D. Hoffman, T. Jebara (2018). Variational autoencoders for
    collaborative filtering. WWW '18, section 2 (Mult-DAE). doi:10.1145/3178876.3186150

    Examples
    --------
    >>> model = InteractionAutoencoder(5, code_size=2).eval()
    >>> rows = sp.csr_array(np.array([[1, 0, 1, 0, 0], [0, 0, 0, 0, 0]], dtype=np.float32))
    >>> model(rows).shape, model.encode(rows).shape
    (torch.Size([2, 5]), torch.Size([2, 2]))
    """

    def __init__(
        self, n_items: int, code_size: int, *, hide_items: float = 0.3, drop_code: float = 0.3
    ) -> None:
        super().__init__()
        _check_sizes([n_items, code_size])
        _check_share(hide_items)
        _check_share(drop_code)
        self.config: dict[str, Any] = {
            "n_items": int(n_items),
            "code_size": int(code_size),
            "hide_items": float(hide_items),
            "drop_code": float(drop_code),
        }
        self.lookup = nn.EmbeddingBag(n_items, code_size, mode="sum")
        self.bias = nn.Parameter(torch.zeros(code_size))
        self.output = nn.Linear(code_size, n_items)
        for weight in (self.lookup.weight, self.output.weight):
            nn.init.normal_(weight, std=0.3 / math.sqrt(code_size))
        nn.init.zeros_(self.output.bias)

    def start_at(self, popularity: ArrayLike) -> None:
        """Let the untrained model offer what is popular, so that training starts from there.

        Parameters
        ----------
        popularity : array_like, shape (n_items,)
            Number of interactions of each item, at least 0.
        """
        counts = torch.as_tensor(np.asarray(popularity), dtype=self.output.bias.dtype)
        with torch.no_grad():
            self.output.bias.copy_(torch.log(counts + 0.05))  # an item nobody chose is not -inf

    def encode(self, rows: sp.csr_array) -> Tensor:
        """Codes of users.

        Parameters
        ----------
        rows : scipy sparse array, shape (n, n_items)
            Interactions, 1 or a positive weight; as for
            :func:`course_utils.embeddings.embedding_bag_inputs`.

        Returns
        -------
        Tensor, shape (n, code_size)
            From -1 to 1. A row's length does not matter, only its direction.

        Raises
        ------
        ValueError
            If the number of columns is not `n_items`, or an id or a weight is invalid.
        """
        ids, offsets, weights = _bag_tensors(rows, self.lookup, self.config["n_items"])
        if self.training:
            draws = torch.rand(len(weights), device=weights.device)
            weights = weights * (draws >= self.config["hide_items"])
        row_of = _row_of(rows, weights.device)
        squares = weights.new_zeros(rows.shape[0]).index_add_(0, row_of, weights**2)
        weights = weights / torch.where(squares > 0, squares, 1).sqrt()[row_of]
        return torch.tanh(self.lookup(ids, offsets, per_sample_weights=weights) + self.bias)

    def forward(self, rows: sp.csr_array) -> Tensor:
        """Score all items; softmax over a row makes probabilities of the scores.

        Parameters
        ----------
        rows : scipy sparse array, shape (n, n_items)
            As for :meth:`encode`.

        Returns
        -------
        Tensor, shape (n, n_items)
            Dense: this is why one trains in batches.
        """
        codes = self.encode(rows)
        return self.output(nn.functional.dropout(codes, self.config["drop_code"], self.training))

    def loss(self, rows: sp.csr_array) -> Tensor:
        """Mean over all interactions of -log p(item | what the encoder saw of the user).

        Parameters
        ----------
        rows : scipy sparse array, shape (n, n_items)
            Input and target, without duplicates, with at least one interaction.

        Returns
        -------
        Tensor, shape ()
            In nats; differentiable. Users count by the number of their interactions.
        """
        scores = self(rows)
        ids, _, weights = _bag_tensors(rows, self.lookup, self.config["n_items"])
        row_of = _row_of(rows, scores.device)
        chosen = scores[row_of, ids.long()] - torch.logsumexp(scores, dim=1)[row_of]
        return -(weights * chosen).sum() / weights.sum()


def _bag_tensors(
    rows: Any, lookup: torch.nn.EmbeddingBag, columns: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Ids, offsets and weights of sparse rows where the lookup's table is, weights in its type."""
    if rows.shape[1] != columns:
        raise ValueError(
            f"the model takes rows of {columns} columns, got a matrix of shape {rows.shape}"
        )
    ids, offsets, weights = map(torch.from_numpy, embedding_bag_inputs(rows))
    table = lookup.weight
    return ids.to(table.device), offsets.to(table.device), weights.to(table)


def _row_of(rows: sp.csr_array, device: torch.device) -> Tensor:
    """Row of each stored entry of a CSR matrix."""
    return torch.from_numpy(np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))).to(device)


class History(NamedTuple):
    """What happened in a training.

    Attributes
    ----------
    train : list of float
        Mean loss of each epoch, taken while the weights still moved.
    validation : list of float
        Loss on the validation rows after each epoch; empty without validation rows.
    best_epoch : int
        Epoch, counted from 0, whose weights the model has now.
    """

    train: list[float]
    validation: list[float]
    best_epoch: int


def fit(
    model: nn.Module,
    rows: Any,
    *,
    validation: Any = None,
    epochs: int = 10,
    batch_size: int = 256,
    learning_rate: float = 1e-3,
    patience: int | None = None,
    min_delta: float = 0.0,
    seed: int = 0,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
) -> History:
    """Train a model with Adam on batches of rows.

    Introduced in notebook 03. The model's own `loss(rows)` says what is minimised; batches are
    `rows[positions]`. The model's device decides where this happens: dense rows move there as a
    whole, once, and sparse ones batch by batch.

    Parameters
    ----------
    model : torch.nn.Module
        With a method `loss(rows) -> Tensor` that averages over rows, or else over as many things
        as its method `loss_weight(rows)` says. It is trained in place and ends with the weights
        of its best epoch.
    rows : csr_array or ndarray or Tensor, shape (n, n_features)
        Training rows.
    validation : like `rows`, optional
        Rows that decide which epoch is best. Default: the training loss decides.
    epochs : int
        Most epochs to train, those of an earlier, resumed run included.
    batch_size : int
        Rows in a step.
    learning_rate : float
        Adam's step size.
    patience : int, optional
        Stop after so many epochs without improvement. Default: never.
    min_delta : float
        What counts as improvement: a loss lower than the best by more than this.
    seed : int
        Decides, epoch by epoch, the order of the rows and whatever the model draws from PyTorch's
        global generator, which is left as it was found.
    checkpoint : path, optional
        File to write after each epoch. If it exists, training continues from there, and ends with
        the same weights as if it had never stopped.
    progress : bool, optional
        Whether to draw a progress bar on stderr. Default: only on a terminal.

    Returns
    -------
    History
        Losses by epoch, those of a resumed run included.

    Raises
    ------
    ValueError
        If a number is out of range, there are no rows, the loss is not finite, or `checkpoint`
        belongs to another model or another training.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> model = SparseInputAutoencoder(4, hidden_sizes=[], code_size=2)
    >>> rows = sp.csr_array(np.eye(4, dtype=np.float32))
    >>> history = fit(model, rows, epochs=50, learning_rate=0.05)
    >>> history.train[-1] < 0.7 * history.train[0]
    True
    """
    for name, number, least in (
        ("epochs", epochs, 1),
        ("batch_size", batch_size, 1),
        ("patience", patience if patience is not None else 1, 1),
        ("learning_rate", learning_rate, 0),
        ("min_delta", min_delta, 0),
    ):
        if not least <= number < math.inf:
            raise ValueError(f"{name} must be at least {least}, got {number!r}")
    rows = _ready(rows, "rows", model)
    validation = None if validation is None else _ready(validation, "validation", model)
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    settings = {
        "rows": list(rows.shape),
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "seed": seed,
    }
    run = _Run()
    if checkpoint is not None and Path(checkpoint).exists():
        run = _resume(Path(checkpoint), model, optimizer, settings)
    bar = tqdm(
        total=epochs,
        initial=len(run.train),
        unit="epoch",
        disable=None if progress is None else not progress,
    )
    with bar:
        while len(run.train) < epochs and not run.stalled(patience):
            epoch = len(run.train)
            run.train.append(_train_epoch(model, rows, optimizer, batch_size, (seed, epoch)))
            if validation is not None:
                run.validation.append(mean_loss(model, validation, batch_size=batch_size))
            latest = (run.train if validation is None else run.validation)[-1]
            if latest < run.best_loss - min_delta:
                run.best_epoch, run.best_loss = epoch, latest
                run.best_state = {key: t.clone() for key, t in model.state_dict().items()}
            if checkpoint is not None:
                _write_checkpoint(Path(checkpoint), model, optimizer, settings, run)
            bar.update()
            bar.set_postfix(loss=f"{latest:.4g}", best=f"{run.best_loss:.4g}")
    model.load_state_dict(run.best_state)
    return History(run.train, run.validation, run.best_epoch)


def mean_loss(model: nn.Module, rows: Any, *, batch_size: int = 256) -> float:
    """Loss of a model on rows, averaged over batches without training.

    Introduced in notebook 03.

    Parameters
    ----------
    model : torch.nn.Module
        As for :func:`fit`.
    rows : csr_array or ndarray or Tensor, shape (n, n_features)
        At least one row.
    batch_size : int
        Rows at a time; changes memory, not the result.

    Returns
    -------
    float
        Mean over all rows, or over all things that the model's loss averages over.
    """
    rows = _ready(rows, "rows", model)
    was_training = model.training
    model.eval()
    mean = _Mean()
    with torch.no_grad():
        for start in range(0, rows.shape[0], batch_size):
            batch = rows[start : start + batch_size]
            mean.add(model, model.loss(batch), batch)  # type: ignore[operator]
    model.train(was_training)
    return mean.value()


class _Mean:
    """Mean of the losses of batches; what is on a GPU is fetched once, at the end."""

    def __init__(self) -> None:
        self.losses: list[Tensor] = []
        self.weights: list[Any] = []

    def add(self, model: nn.Module, loss: Tensor, batch: Any) -> None:
        self.losses.append(loss.detach())
        count = getattr(model, "loss_weight", None)
        self.weights.append(batch.shape[0] if count is None else count(batch))

    def value(self) -> float:
        losses = torch.stack(self.losses).cpu().double()
        weights = torch.stack([torch.as_tensor(weight) for weight in self.weights]).cpu().double()
        return float(losses @ weights / weights.sum())


def _ready(rows: Any, name: str, model: nn.Module) -> Any:
    """Rows that can be cut into batches: CSR if sparse, else a tensor where the model is."""
    if sp.issparse(rows):
        rows = sp.csr_array(rows)  # type: ignore[call-overload]
        if not rows.has_canonical_format:
            rows = rows.copy()
            rows.sum_duplicates()
    else:
        rows = _on_device_of(model, rows)
    if rows.ndim != 2 or rows.shape[0] == 0:
        raise ValueError(f"{name} must be 2-D with at least one row, got shape {tuple(rows.shape)}")
    return rows


def _train_epoch(
    model: nn.Module,
    rows: Any,
    optimizer: torch.optim.Optimizer,
    batch_size: int,
    seed: tuple[int, int],
) -> float:
    """One pass over the rows in a random order; mean loss on the way."""
    order: Any = np.random.default_rng(seed).permutation(rows.shape[0])
    if isinstance(rows, Tensor):
        order = torch.from_numpy(order).to(rows.device)
    model.train()
    mean = _Mean()
    with _seeded(next(model.parameters()).device, seed):
        for start in range(0, len(order), batch_size):
            batch = rows[order[start : start + batch_size]]
            loss = model.loss(batch)  # type: ignore[operator]
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            mean.add(model, loss, batch)
    value = mean.value()
    if not math.isfinite(value):
        raise ValueError(
            f"the loss is {value} after {seed[1]} whole epochs; "
            "a smaller learning_rate or scaled input may help"
        )
    return value


@contextlib.contextmanager
def _seeded(device: torch.device, seed: tuple[int, int]) -> Iterator[None]:
    """Seed PyTorch's global generators for one epoch, and give them back as they were.

    The noise of an epoch then depends on nothing that came before it, so that a resumed training
    repeats the noise of an uninterrupted one.
    """
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(int(np.random.SeedSequence(seed).generate_state(1)[0]))
        yield


@dataclass
class _Run:
    """How far a training has come."""

    train: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    best_epoch: int = -1
    best_loss: float = math.inf
    best_state: dict[str, Tensor] = field(default_factory=dict)

    def stalled(self, patience: int | None) -> bool:
        return patience is not None and len(self.train) - 1 - self.best_epoch >= patience


# --- files --------------------------------------------------------------------------------------

_Model = TypeVar("_Model", bound=nn.Module)
_CLASSES: dict[str, type[nn.Module]] = {
    "Autoencoder": Autoencoder,
    "SparseInputAutoencoder": SparseInputAutoencoder,
    "InteractionAutoencoder": InteractionAutoencoder,
}


def save(model: nn.Module, path: str | os.PathLike[str]) -> None:
    """Write a model's weights and configuration to a file.

    Introduced in notebook 03. The file holds tensors and plain values, no pickled code: it can be
    loaded with `weights_only=True`, also after the class has moved. It appears complete or not at
    all, and an earlier file stays until then.

    Parameters
    ----------
    model : torch.nn.Module
        One of this module's models.
    path : path
        Where to write; the folder must exist.

    Raises
    ------
    TypeError
        If `model` is of another class.

    See Also
    --------
    load : Reads the file.
    """
    _write_atomically(_description(model), Path(path))


def load(path: str | os.PathLike[str]) -> nn.Module:
    """Read a model that :func:`save` wrote.

    Introduced in notebook 03.

    Parameters
    ----------
    path : path
        The file. A checkpoint of :func:`fit` serves too and gives the weights of its best epoch.

    Returns
    -------
    torch.nn.Module
        A new model on the CPU with the stored class, configuration and weights.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged or was not written by :func:`save`.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(SparseInputAutoencoder(4, [], 2), Path(folder) / "model.pt")
    ...     load(Path(folder) / "model.pt").config
    {'n_features': 4, 'hidden_sizes': [], 'code_size': 2}
    """
    content = _read(Path(path))
    model = _CLASSES[content["class"]](**content["config"])
    state = content["run"]["best_state"] if "run" in content else content["state"]
    model.to(next(iter(state.values())).dtype)
    model.load_state_dict(state)
    return model


def _description(model: nn.Module) -> dict[str, Any]:
    name = type(model).__name__
    if _CLASSES.get(name) is not type(model):
        raise TypeError(f"model must be one of {', '.join(_CLASSES)}, got {name}")
    return {
        "format": _FORMAT,
        "class": name,
        "config": model.config,
        "state": model.state_dict(),
    }


def _write_checkpoint(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    settings: dict[str, Any],
    run: _Run,
) -> None:
    content = _description(model)
    content |= {"optimizer": optimizer.state_dict(), "settings": settings, "run": vars(run)}
    _write_atomically(content, path)


def _resume(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, settings: dict[str, Any]
) -> _Run:
    """Put model and optimizer where the checkpoint left them."""
    content = _read(path)
    if "run" not in content:
        raise ValueError(f"{path} holds a model, but no training that could continue")
    wanted = {"class": type(model).__name__, "config": model.config, "settings": settings}
    for key, value in wanted.items():
        if content[key] != value:
            raise ValueError(
                f"{path} belongs to another training: its {key} is {content[key]}, "
                f"not {value}; delete the file to start afresh"
            )
    model.load_state_dict(content["state"])
    optimizer.load_state_dict(content["optimizer"])
    return _Run(**content["run"])


def _write_atomically(content: dict[str, Any], path: Path) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as file:
            torch.save(content, file)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        content = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:  # torch raises many types: zip, pickle, end of file
        raise ValueError(f"{path} is damaged or not a file of this course ({error})") from error
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ValueError(f"{path} was not written by save() or fit() of this course")
    return content
