"""Variational autoencoders: the code of a row is drawn."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils import _arguments
from course_utils.torch_models.bounds import (
    bernoulli_nats,
    divergence,
    draw_codes,
    unit_divergence,
)
from course_utils.torch_models.randomness import Seed, first_weights
from course_utils.torch_models.tensors import as_tensor, check_width, dense_rows, sizes


class _Variational(nn.Module):
    """What models with a normal code share; a subclass has `encode` and `cost`."""

    config: dict[str, Any]

    def encode(self, rows: Any) -> tuple[Tensor, Tensor]:
        raise NotImplementedError

    def cost(self, rows: Tensor, codes: Tensor) -> Tensor:
        raise NotImplementedError

    def prepare(self, rows: Any, name: str = "rows") -> Tensor:
        """Bring rows into the form of which :func:`fit` cuts its batches.

        Parameters
        ----------
        rows : array_like or Tensor, shape (n, n_features)
            Dense rows without gaps.
        name : str
            What messages call them.

        Returns
        -------
        Tensor, shape (n, n_features)
            In the model's type, where the model is.
        """
        rows = dense_rows(self, rows, name)
        check_width(rows, self.config["n_features"])
        return rows

    def parts(self, rows: Any) -> tuple[Tensor, Tensor]:
        """Both parts of the bound, with one drawn code for each row.

        Parameters
        ----------
        rows : array_like or Tensor, shape (n, n_features)
            As for :meth:`encode`.

        Returns
        -------
        reconstruction : Tensor, shape (n,)
            Nats of each row, given its code.
        by_unit : Tensor, shape (n, code_size)
            Nats of each unit of its code.
        """
        rows = self.prepare(rows)
        mean, log_variance = self.encode(rows)
        return self.cost(rows, draw_codes(mean, log_variance)), unit_divergence(mean, log_variance)

    def loss(self, rows: Any) -> Tensor:
        """Mean negative bound of a batch.

        Parameters
        ----------
        rows : array_like or Tensor, shape (n, n_features)
            Input and target.

        Returns
        -------
        Tensor, shape ()
            In nats.
        """
        reconstruction, by_unit = self.parts(rows)
        return (reconstruction + by_unit.sum(1)).mean()

    def log_weights(self, rows: Any) -> Tensor:
        """Log importance weights: log p(row, code) - log q(code), for one drawn code each.

        Parameters
        ----------
        rows : array_like or Tensor, shape (n, n_features)
            As for :meth:`encode`.

        Returns
        -------
        Tensor, shape (n,)
            Their mean over draws is the bound of :meth:`parts`.
        """
        rows = self.prepare(rows)
        mean, log_variance = self.encode(rows)
        codes = draw_codes(mean, log_variance)
        noise = (codes - mean) * torch.exp(-0.5 * log_variance)
        prior_less_code = 0.5 * (noise.square() + log_variance - codes.square()).sum(1)
        return prior_less_code - self.cost(rows, codes)


class VariationalAutoencoder(_Variational):
    r"""Autoencoder whose code is drawn from a normal distribution, for rows from 0 to 1.

    Introduced in *Draw from a code*.

    The encoder gives each row a mean and a log-variance per unit, and the decoder the log-odds of
    each pixel. What is minimised is the negative evidence lower bound (Kingma and Welling, 2014;
    Rezende and others, 2014), in nats: the cross-entropy of the pixels, summed, plus `beta` times
    :func:`divergence`. Layers are followed by SiLU and start as He and others (2015) say.

    Parameters
    ----------
    n_features : int
        Pixels of a row.
    hidden_sizes : sequence of int
        Widths of the encoder's hidden layers; the decoder mirrors them.
    code_size : int
        Units of the code.
    beta : float
        Weight of the divergence, at least 0; only 1 makes the loss a bound (Higgins and others,
        2017).
    noisy : bool
        Whether training draws the code. Without, and with `beta` 0, this is an ordinary
        autoencoder with the same layers, loss and start.
    output_mean : array_like, shape (n_features,), optional
        Mean of the training rows: the decoder starts with its log-odds. Default: one half.
    seed : int or numpy.random.Generator, optional
        Decides the first weights. Default: PyTorch's global generator.

    Attributes
    ----------
    config : dict
        The arguments up to `noisy`.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If a number is out of range, or `output_mean` is not from 0 to 1 or of another length.

    References
    ----------
    D. P. Kingma, M. Welling (2014). Auto-encoding variational Bayes. ICLR. arXiv:1312.6114

    D. J. Rezende, S. Mohamed, D. Wierstra (2014). Stochastic backpropagation and approximate
    inference in deep generative models. ICML. arXiv:1401.4082

    I. Higgins and others (2017). beta-VAE: learning basic visual concepts with a constrained
    variational framework. ICLR.

    K. He, X. Zhang, S. Ren, J. Sun (2015). Delving deep into rectifiers. ICCV. arXiv:1502.01852

    Examples
    --------
    >>> model = VariationalAutoencoder(6, [5], code_size=2, seed=0)
    >>> mean, log_variance = model.encode(torch.zeros(3, 6))
    >>> mean.shape, model.decode(mean).shape
    (torch.Size([3, 2]), torch.Size([3, 6]))
    """

    def __init__(
        self,
        n_features: int,
        hidden_sizes: Sequence[int] = (256, 128),
        code_size: int = 20,
        *,
        beta: float = 1.0,
        noisy: bool = True,
        output_mean: Any = None,
        seed: Seed | None = None,
    ) -> None:
        super().__init__()
        self.config = {
            "n_features": _arguments.integer("n_features", n_features, 1),
            "hidden_sizes": sizes("hidden_sizes", hidden_sizes),
            "code_size": _arguments.integer("code_size", code_size, 1),
            "beta": _arguments.number("beta", beta, 0),
            "noisy": _arguments.flag("noisy", noisy),
        }
        pixels, units = self.config["n_features"], self.config["code_size"]
        inner = self.config["hidden_sizes"]
        with first_weights(seed):
            self.encoder = _silu_layers([pixels, *inner, 2 * units])
            self.decoder = _silu_layers([units, *inner[::-1], pixels])
        with torch.no_grad():
            self.encoder[-1].get_parameter("weight")[units:] *= 0.1  # all variances start near 1
            if output_mean is not None:
                self.decoder[-1].get_parameter("bias").copy_(_log_odds(output_mean, pixels))

    def prepare(self, rows: Any, name: str = "rows") -> Tensor:
        """Bring rows into the form of which :func:`fit` cuts its batches.

        Parameters
        ----------
        rows : array_like or Tensor, shape (n, n_features)
            Dense rows without gaps.
        name : str
            What messages call them.

        Returns
        -------
        Tensor, shape (n, n_features)
            In the model's type, where the model is.

        Raises
        ------
        TypeError
            If `rows` are sparse or hold no real numbers.
        ValueError
            If they have another number of columns, or an array holds a value outside [0, 1].
        """
        if not isinstance(rows, Tensor):
            rows = _arguments.dense(name, rows, single=True, empty=True)
            _arguments.in_unit_interval(name, rows)
        return super().prepare(rows, name)

    def encode(self, rows: Any) -> tuple[Tensor, Tensor]:
        """Find the normal distributions from which the codes of rows are drawn.

        Parameters
        ----------
        rows : array_like or Tensor, shape (n, n_features)
            From 0 to 1.

        Returns
        -------
        mean, log_variance : Tensor, shape (n, code_size)
            Of each unit.
        """
        mean, log_variance = self.encoder(self.prepare(rows)).chunk(2, dim=1)
        return mean, log_variance

    def decode(self, codes: Any) -> Tensor:
        """Pixels drawn for codes.

        Parameters
        ----------
        codes : array_like or Tensor, shape (n, code_size)
            Any codes.

        Returns
        -------
        Tensor, shape (n, n_features)
            The probabilities, from 0 to 1.
        """
        codes = dense_rows(self, codes, "codes")
        check_width(codes, self.config["code_size"])
        return torch.sigmoid(self.decoder(codes))

    def forward(self, rows: Any) -> Tensor:
        """Reconstruct rows from the means of their codes.

        Parameters
        ----------
        rows : array_like or Tensor, shape (n, n_features)
            From 0 to 1.

        Returns
        -------
        Tensor, shape (n, n_features)
            The same at each call.
        """
        return self.decode(self.encode(rows)[0])

    def cost(self, rows: Tensor, codes: Tensor) -> Tensor:
        """Nats of rows once their codes are known.

        Parameters
        ----------
        rows : Tensor, shape (n, n_features)
            From 0 to 1.
        codes : Tensor, shape (n, code_size)
            A code for each.

        Returns
        -------
        Tensor, shape (n,)
            As :func:`bernoulli_nats` counts.
        """
        return bernoulli_nats(rows, self.decoder(codes))

    def loss(self, rows: Any) -> Tensor:
        """Mean cost of the pixels of a batch, plus `beta` times the divergence.

        Parameters
        ----------
        rows : array_like or Tensor, shape (n, n_features)
            Input and target.

        Returns
        -------
        Tensor, shape ()
            In nats.
        """
        rows = self.prepare(rows)
        mean, log_variance = self.encode(rows)
        codes = draw_codes(mean, log_variance) if self.config["noisy"] else mean
        loss = self.cost(rows, codes)
        if self.config["beta"]:
            loss = loss + self.config["beta"] * divergence(mean, log_variance)
        return loss.mean()


class LinearVariationalAutoencoder(_Variational):
    """Variational autoencoder with linear maps both ways and one noise for all columns.

    Introduced in *Draw from a code*.

    The rows it can draw are those of probabilistic PCA (Tipping and Bishop, 1999), whose best
    likelihood has a closed form: a case in which a training can be checked (Lucas and others,
    2019). The log-variance of a unit is the same for all rows, as it is in the exact posterior.

    Parameters
    ----------
    n_features : int
        Columns.
    code_size : int
        Units of the code.
    seed : int or numpy.random.Generator, optional
        Decides the first weights. Default: PyTorch's global generator.

    Attributes
    ----------
    config : dict
        The first two arguments.
    encoder, decoder : torch.nn.Linear
        The two maps.

    References
    ----------
    M. E. Tipping, C. M. Bishop (1999). Probabilistic principal component analysis. Journal of the
    Royal Statistical Society B 61. doi:10.1111/1467-9868.00196

    J. Lucas, G. Tucker, R. Grosse, M. Norouzi (2019). Don't blame the ELBO! A linear VAE
    perspective on posterior collapse. NeurIPS. arXiv:1911.02469

    Examples
    --------
    >>> LinearVariationalAutoencoder(4, 2, seed=0).covariance().shape
    torch.Size([4, 4])
    """

    def __init__(self, n_features: int, code_size: int, *, seed: Seed | None = None) -> None:
        super().__init__()
        self.config = {
            "n_features": _arguments.integer("n_features", n_features, 1),
            "code_size": _arguments.integer("code_size", code_size, 1),
        }
        columns, units = self.config["n_features"], self.config["code_size"]
        with first_weights(seed):
            self.encoder = nn.Linear(columns, units)
            self.decoder = nn.Linear(units, columns)
        self.log_variance = nn.Parameter(torch.zeros(units))
        self.log_noise = nn.Parameter(torch.zeros(()))

    def encode(self, rows: Any) -> tuple[Tensor, Tensor]:
        """Find the normal distributions from which the codes of rows are drawn.

        Parameters
        ----------
        rows : array_like or Tensor, shape (n, n_features)
            Any finite numbers.

        Returns
        -------
        mean, log_variance : Tensor, shape (n, code_size)
            Of each unit.
        """
        mean = self.encoder(self.prepare(rows))
        return mean, self.log_variance.expand_as(mean)

    def cost(self, rows: Tensor, codes: Tensor) -> Tensor:
        """Nats of rows under normal noise round what the decoder says.

        Parameters
        ----------
        rows : Tensor, shape (n, n_features)
            The rows.
        codes : Tensor, shape (n, code_size)
            A code for each.

        Returns
        -------
        Tensor, shape (n,)
            Negative log densities.
        """
        squares = (rows - self.decoder(codes)).square() / self.log_noise.exp()
        return 0.5 * (squares + self.log_noise + math.log(2 * math.pi)).sum(1)

    @torch.no_grad()
    def bound(self, rows: Any) -> np.ndarray:
        """Lower bound on log p of each row, with the mean over draws in closed form.

        Parameters
        ----------
        rows : array_like or Tensor, shape (n, n_features)
            Any finite numbers.

        Returns
        -------
        ndarray, shape (n,)
            What the bound of :func:`nats` comes to over many draws.
        """
        rows = self.prepare(rows)
        mean, log_variance = self.encode(rows)
        scatter = log_variance.exp() @ self.decoder.weight.square().sum(0)
        cost = self.cost(rows, mean) + 0.5 * scatter / self.log_noise.exp()
        return -(cost + divergence(mean, log_variance)).cpu().numpy()

    def covariance(self) -> Tensor:
        """Covariance of the rows that the model draws; their mean is the decoder's bias.

        Returns
        -------
        Tensor, shape (n_features, n_features)
            W Wᵀ plus the noise variance on the diagonal.
        """
        weight = self.decoder.weight.detach()
        noise = self.log_noise.detach().exp()
        return weight @ weight.T + noise * torch.eye(len(weight)).to(weight)


def _silu_layers(widths: Sequence[int]) -> nn.Sequential:
    modules: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(widths):
        layer = nn.Linear(inputs, outputs)
        nn.init.kaiming_normal_(layer.weight)
        nn.init.zeros_(layer.bias)
        modules += [layer, nn.SiLU()]
    last = modules[-2]
    nn.init.xavier_normal_(last.weight)  # type: ignore[arg-type]
    return nn.Sequential(*modules[:-1])


def _log_odds(mean: Any, pixels: int) -> Tensor:
    values = _arguments.dense("output_mean", mean, ndim=1, shape="(n_features,)")
    _arguments.in_unit_interval("output_mean", values)
    if len(values) != pixels:
        raise ValueError(f"output_mean must have shape ({pixels},), got {values.shape}")
    values = np.clip(values, 0.01, 0.99)
    return as_tensor(np.log(values / (1 - values)))
