"""The bound on what rows cost under a variational autoencoder, and its parts, in nats."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from course_utils import _arguments
from course_utils.metrics import importance_bound
from course_utils.torch_models.losses import evaluating
from course_utils.torch_models.randomness import Seed, seed_number, seeded
from course_utils.torch_models.tensors import ready


def draw_codes(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Draw one code from each row's normal distribution; gradients reach both arguments.

    Introduced in *Draw from a code*.

    The noise is drawn first and then stretched and shifted (the *reparameterisation* of Kingma and
    Welling, 2014), by PyTorch's global generator, which :func:`fit` seeds.

    Parameters
    ----------
    mean : Tensor, shape (rows, units)
        Where the codes lie.
    log_variance : Tensor, shape (rows, units)
        Logarithm of the variance: any number is a legal one.

    Returns
    -------
    Tensor, shape (rows, units)
        One code for each row.

    References
    ----------
    D. P. Kingma, M. Welling (2014). Auto-encoding variational Bayes. ICLR. arXiv:1312.6114

    Examples
    --------
    >>> narrow = torch.full((1, 2), -200.0)
    >>> draw_codes(torch.tensor([[1.0, 2.0]]), narrow)
    tensor([[1., 2.]])
    """
    return mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    r"""Nats by which normal codes differ from the prior N(0, I), for each row.

    Introduced in *Draw from a code*.

    The Kullback-Leibler divergence :math:`\tfrac12 \sum (m^2 + s^2 - 1 - \log s^2)` over the units:
    what a code costs that is drawn from the row's distribution and written down by a reader who
    only knows the prior.

    Parameters
    ----------
    mean : Tensor, shape (rows, units)
        Means m.
    log_variance : Tensor, shape (rows, units)
        Logarithms of the variances s².

    Returns
    -------
    Tensor, shape (rows,)
        At least 0; 0 if every unit is N(0, 1).

    References
    ----------
    D. P. Kingma, M. Welling (2014). Auto-encoding variational Bayes. ICLR, appendix B.
    arXiv:1312.6114

    Examples
    --------
    >>> divergence(torch.tensor([[0.0], [2.0]]), torch.zeros(2, 1))
    tensor([0., 2.])
    """
    return unit_divergence(mean, log_variance).sum(1)


def bernoulli_nats(rows: Tensor, logits: Tensor) -> Tensor:
    """Nats that pixels cost if each is a coin, summed over the pixels of each row.

    Parameters
    ----------
    rows : Tensor, shape (rows, pixels)
        From 0 to 1. A grey pixel counts as the mean of the coins that are 1 so often.
    logits : Tensor, shape (rows, pixels)
        Log-odds of the coins.

    Returns
    -------
    Tensor, shape (rows,)
        Cross-entropy of each row.

    Examples
    --------
    >>> bernoulli_nats(torch.ones(1, 784), torch.zeros(1, 784)).round()
    tensor([543.])
    """
    cost = nn.functional.binary_cross_entropy_with_logits(logits, rows, reduction="none")
    return cost.sum(1)


def bound_faults(
    draw: Callable[[Tensor, Tensor], Tensor],
    divergence: Callable[[Tensor, Tensor], Tensor],
    reconstruction: Callable[[Tensor, Tensor], Tensor],
) -> list[str]:
    """Check the three parts of a variational autoencoder before it is trained.

    Introduced in *Draw from a code*.

    Four comparisons with values worked out by hand find the usual mistakes, of which some do not
    show in a loss curve or in pictures.

    Parameters
    ----------
    draw, divergence, reconstruction : callable
        Functions of two tensors, as :func:`draw_codes`, :func:`divergence` and
        :func:`bernoulli_nats`. `draw` takes its noise from PyTorch's global generator, which is
        left as it was found.

    Returns
    -------
    list of str
        What is wrong; empty if all four comparisons hold. Their first words are "divergence",
        "spread", "gradient" and "reconstruction".

    Examples
    --------
    >>> bound_faults(draw_codes, divergence, bernoulli_nats)
    []
    >>> bound_faults(lambda mean, log_variance: mean, divergence, bernoulli_nats)
    ['spread: draws with log-variance log 4 have a standard deviation of 0.00, not 2']
    """
    faults = []
    by_hand = torch.tensor([0.0, (1 + 4 - 1 - math.log(4)) / 2])
    log_four = torch.tensor([[0.0, 0.0], [math.log(4), 0.0]])
    cost = divergence(torch.tensor([[0.0, 0.0], [1.0, 0.0]]), log_four)
    if not _close(cost, by_hand):
        faults.append(f"divergence: {_shown(cost)} for two rows, not 0.00 and 1.31")

    mean = torch.zeros(20_000, 1, requires_grad=True)
    with seeded(0):
        codes = draw(mean, torch.full((20_000, 1), math.log(4)))
    spread = float(codes.detach().std())
    if not 1.9 < spread < 2.1:
        faults.append(
            "spread: draws with log-variance log 4 have a standard deviation "
            f"of {spread:.2f}, not 2"
        )
    slope = torch.zeros_like(mean)
    if codes.requires_grad:
        slope = torch.autograd.grad(codes.sum(), mean, allow_unused=True)[0]
    if slope is None or not _close(slope, torch.ones_like(mean)):
        faults.append("gradient: a draw does not move with its mean; training cannot reach it")

    cost = reconstruction(torch.ones(1, 784), torch.zeros(1, 784))
    if not _close(cost, torch.tensor([784 * math.log(2)])):
        faults.append(f"reconstruction: {_shown(cost)} for 784 fair coins, not 784 log 2 = 543.43")
    return faults


def _close(got: Tensor, expected: Tensor) -> bool:
    return got.shape == expected.shape and bool(torch.allclose(got, expected, rtol=1e-4, atol=1e-5))


def _shown(cost: Tensor) -> str:
    return " and ".join(f"{value:.2f}" for value in cost.detach().reshape(-1).tolist())


def unit_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Nats of each unit of each row."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


class Nats(NamedTuple):
    """The two parts of the bound on what rows cost.

    Introduced in *Draw from a code*.

    Attributes
    ----------
    reconstruction : ndarray, shape (rows,)
        What a row costs once its code is known.
    by_unit : ndarray, shape (rows, units)
        What each unit of its code costs.
    """

    reconstruction: np.ndarray
    by_unit: np.ndarray

    @property
    def divergence(self) -> np.ndarray:
        """What the whole code of each row costs, shape (rows,)."""
        return self.by_unit.sum(axis=1)

    @property
    def total(self) -> np.ndarray:
        """The negative bound, shape (rows,): no model of these rows with this decoder costs more.

        In the mean over draws, a row costs at most so many nats under the model: -log p(row).
        """
        return self.reconstruction + self.divergence

    @property
    def in_use(self) -> int:
        """Units that cost more than 0.01 nats in the mean."""
        return int(np.sum(self.by_unit.mean(axis=0) > 0.01))


def nats(model: Any, rows: Any, *, seed: Seed = 0, batch_size: int = 1000) -> Nats:
    """Both parts of the bound for each row, with one drawn code.

    Introduced in *Draw from a code*.

    Parameters
    ----------
    model : VariationalAutoencoder or LinearVariationalAutoencoder
        Its mode is left as it was found.
    rows : array_like or Tensor, shape (n, n_features)
        At least one.
    seed : int or numpy.random.Generator
        Decides the draws; PyTorch's global generator stays as it is.
    batch_size : int
        Rows at a time.

    Returns
    -------
    Nats
        With float64 arrays.

    Raises
    ------
    TypeError
        If `model` is of another class.
    ValueError
        If the rows do not fit the model.

    Examples
    --------
    >>> from course_utils.torch_models import VariationalAutoencoder
    >>> model = VariationalAutoencoder(6, [5], code_size=2, seed=0)
    >>> nats(model, np.eye(6)).by_unit.shape
    (6, 2)
    """
    _refuse_unless_variational(model)
    pieces = _batches(model, rows, seed, batch_size, model.parts)
    reconstruction, by_unit = zip(*pieces, strict=True)
    return Nats(_joined(reconstruction), _joined(by_unit))


def importance_weighted_bound(
    model: Any, rows: Any, *, draws: int = 64, seed: Seed = 0, batch_size: int = 1000
) -> np.ndarray:
    """Lower bound on log p of each row, from several drawn codes; tighter, the more there are.

    Introduced in *Draw from a code*.

    Parameters
    ----------
    model : VariationalAutoencoder or LinearVariationalAutoencoder
        Its mode is left as it was found.
    rows : array_like or Tensor, shape (n, n_features)
        At least one.
    draws : int
        Codes for each row; with 1 this is the usual bound.
    seed : int or numpy.random.Generator
        Decides the draws; PyTorch's global generator stays as it is.
    batch_size : int
        Rows at a time.

    Returns
    -------
    ndarray of float64, shape (n,)
        In nats; see :func:`course_utils.metrics.importance_bound`.

    Raises
    ------
    TypeError
        If `model` is of another class, or `draws` is no integer.
    ValueError
        If the rows do not fit the model, or `draws` is below 1.

    References
    ----------
    Y. Burda, R. Grosse, R. Salakhutdinov (2016). Importance weighted autoencoders. ICLR.
    arXiv:1509.00519

    Examples
    --------
    >>> from course_utils.torch_models import VariationalAutoencoder
    >>> model = VariationalAutoencoder(6, [5], code_size=2, seed=0)
    >>> importance_weighted_bound(model, np.eye(6), draws=3).shape
    (6,)
    """
    _refuse_unless_variational(model)
    draws = _arguments.integer("draws", draws, 1)

    def weights(batch: Tensor) -> Tensor:
        return torch.stack([model.log_weights(batch) for _ in range(draws)], dim=1)

    log_weights = _joined(_batches(model, rows, seed, batch_size, weights))
    return importance_bound(log_weights.T)


def _refuse_unless_variational(model: Any) -> None:
    if not callable(getattr(model, "log_weights", None)):
        raise TypeError(
            "model must be a VariationalAutoencoder or a LinearVariationalAutoencoder, "
            f"got {type(model).__name__}"
        )


def _batches(
    model: Any, rows: Any, seed: Seed, batch_size: int, function: Callable[[Tensor], Any]
) -> list[Any]:
    """Results of a function on batches of rows, without gradients, with noise from a seed."""
    batch_size = _arguments.integer("batch_size", batch_size, 1)
    rows = ready(model, rows, "rows")
    with seeded(seed_number(seed), rows.device), evaluating(model):
        starts = range(0, len(rows), batch_size)
        return [function(rows[start : start + batch_size]) for start in starts]


def _joined(parts: Sequence[Tensor]) -> np.ndarray:
    return torch.cat(list(parts)).cpu().double().numpy()
