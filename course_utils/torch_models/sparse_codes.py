"""Codes in which few units are active: an autoencoder, and what makes its codes sparse."""

from __future__ import annotations

import math
from typing import Any, cast

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from course_utils import _arguments
from course_utils.torch_models.dense import Autoencoder, filled, squared_error
from course_utils.torch_models.randomness import Seed, first_weights
from course_utils.torch_models.tensors import as_tensor, real_tensor

_SHORTEST = 1e-12  # what `normalize` divides an atom of zeros by


class SparseCodeAutoencoder(Autoencoder):
    r"""Autoencoder with one layer each way and a code in which few units are active.

    Introduced in *Make codes sparse*.

    The decoder is a dictionary: row x becomes a sum of *atoms*, its columns, each weighted by
    a unit of the code, ::

        code = activation(W x + b),   x̂ = Σ code[j] · atom[j] + offset

    The activation is a sigmoid for the Kullback-Leibler penalty, which speaks of probabilities,
    and a ReLU otherwise. What is penalised is the tensor that the decoder receives; what one
    penalises elsewhere the next layer can undo. As in :class:`Autoencoder`, NaN is a gap.

    Parameters
    ----------
    n_features : int
        Columns of the matrix.
    code_size : int
        Number of units and of atoms, usually many.
    sparsity : {"none", "kl", "l1", "top_k"}
        What makes the code sparse: nothing, :func:`kl_sparsity` or :func:`l1_sparsity` added to
        the loss, or :func:`keep_top_k` on the code itself.
    weight : float
        Factor of the penalty, at least 0; for "kl" and "l1". Both penalties are means over units,
        and the squared error is a mean over cells. Neither grows with the number of units, but the
        pull on a single unit falls with it, so a weight has to be searched for each width.
    target : float
        Mean activity asked for by "kl", between 0 and 1.
    k : int, optional
        Most active units in a row; for "top_k" alone.
    unit_atoms : bool, optional
        Scale each atom to length 1, so that a code cannot be made small by large atoms. Default:
        except for "kl", whose codes cannot exceed 1.
    seed : int or numpy.random.Generator, optional
        Decides the first weights, as for :class:`Autoencoder`.

    Attributes
    ----------
    config : dict
        The first seven arguments, as :func:`save` stores them.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as 2.0 for a count.
    ValueError
        If an argument is out of range, or is given to a kind of sparsity that ignores it.

    References
    ----------
    A. Ng (2011). Sparse autoencoder. CS294A lecture notes, section 3.

    A. Makhzani, B. Frey (2014). k-sparse autoencoders. ICLR. arXiv:1312.5663

    Examples
    --------
    >>> model = SparseCodeAutoencoder(6, 8, sparsity="top_k", k=2)
    >>> codes = model.encode(torch.eye(6))
    >>> codes.shape, int((codes > 0).sum(dim=1).max()) <= 2
    (torch.Size([6, 8]), True)
    """

    def __init__(
        self,
        n_features: int,
        code_size: int,
        *,
        sparsity: str = "none",
        weight: float = 0.0,
        target: float = 0.05,
        k: int | None = None,
        unit_atoms: bool | None = None,
        seed: Seed | None = None,
    ) -> None:
        with first_weights(seed):
            super().__init__(n_features, [], code_size)
            sparsity = _arguments.choice("sparsity", sparsity, ("none", "kl", "l1", "top_k"))
            weight = _arguments.number("weight", weight, 0)
            if weight and sparsity not in ("kl", "l1"):
                raise ValueError(f"sparsity {sparsity!r} has no weight, got {weight!r}")
            if (k is None) == (sparsity == "top_k"):
                raise ValueError(
                    f"k is for sparsity 'top_k', which needs it; got {sparsity!r}, k={k}"
                )
            self.config = {
                "n_features": self.config["n_features"],
                "code_size": self.config["code_size"],
                "sparsity": sparsity,
                "weight": weight,
                "target": _checked_target(target),
                "k": None if k is None else _arguments.integer("k", k, 1, code_size),
                "unit_atoms": sparsity != "kl"
                if unit_atoms is None
                else _arguments.flag("unit_atoms", unit_atoms),
            }
            self._start_at_atoms()

    def _start_at_atoms(self) -> None:
        """Draw atoms of length 1, and let each unit look for its own."""
        layer_in, layer_out = self._two_layers()
        with torch.no_grad():
            nn.init.normal_(layer_out.weight)
            layer_out.weight.copy_(nn.functional.normalize(layer_out.weight, dim=0))
            layer_in.weight.copy_(layer_out.weight.T)
            layer_in.bias.zero_()
            layer_out.bias.zero_()

    def _two_layers(self) -> tuple[nn.Linear, nn.Linear]:
        return cast(nn.Linear, self.encoder[0]), cast(nn.Linear, self.decoder[0])

    def start_at_mean(self, mean: ArrayLike) -> None:
        """Set the offset to the mean row, and let the encoder look at what differs from it.

        Parameters
        ----------
        mean : array_like, shape (n_features,)
            Mean of the training rows.

        Raises
        ------
        TypeError
            If `mean` does not hold real numbers.
        ValueError
            If it has another shape or is not finite.
        """
        offset = as_tensor(_arguments.dense("mean", mean, ndim=1, single=True))
        layer_in, layer_out = self._two_layers()
        if offset.shape != layer_out.bias.shape:
            raise ValueError(
                f"mean must have {self.config['n_features']} numbers, got {len(offset)}; "
                "it is the mean of the training rows by column"
            )
        with torch.no_grad():
            layer_out.bias.copy_(offset)
            layer_in.bias.copy_(-layer_in.weight @ layer_out.bias)

    def start_at(self, mean: ArrayLike) -> None:
        """Do what :meth:`start_at_mean` does; this is its former name.

        Parameters
        ----------
        mean : array_like, shape (n_features,)
            As for :meth:`start_at_mean`.
        """
        self.start_at_mean(mean)

    def encode(self, rows: Any) -> Tensor:
        """Codes of rows: the very tensor that the decoder receives.

        Parameters
        ----------
        rows : array_like or Tensor or scipy sparse array, shape (n, n_features)
            As for :meth:`Autoencoder.encode`.

        Returns
        -------
        Tensor, shape (n, code_size)
            At least 0; with "kl" at most 1 as well.

        Raises
        ------
        ValueError
            If the number of columns is not `n_features`.
        """
        sums = self.encoder(filled(self._tensor(rows)))
        if self.config["sparsity"] == "kl":
            return torch.sigmoid(sums)
        if self.config["sparsity"] == "top_k":
            return keep_top_k(torch.relu(sums), self.config["k"])
        return torch.relu(sums)

    def atoms(self) -> Tensor:
        """Rows that the units stand for.

        Returns
        -------
        Tensor, shape (code_size, n_features)
            What one unit of activity adds to a reconstruction; differentiable.
        """
        atoms = self._two_layers()[1].weight.T
        return nn.functional.normalize(atoms, dim=1) if self.config["unit_atoms"] else atoms

    def decode(self, codes: Tensor) -> Tensor:
        """Add up atoms.

        Parameters
        ----------
        codes : Tensor, shape (n, code_size)
            Activity of each unit; any real numbers.

        Returns
        -------
        Tensor, shape (n, n_features)
            ``codes @ atoms + offset``.
        """
        layer = self._two_layers()[1]
        if self.config["unit_atoms"]:
            # Dividing the codes by the lengths gives the same sums as dividing the atoms.
            squares = layer.weight.square().sum(dim=0)
            codes = codes / squares.clamp_min(_SHORTEST**2).sqrt()
        return cast(Tensor, layer(codes))

    def forward(self, rows: Any) -> Tensor:
        """Reconstruct rows, gaps included.

        Parameters
        ----------
        rows : array_like or Tensor or scipy sparse array, shape (n, n_features)
            As for :meth:`encode`.

        Returns
        -------
        Tensor, shape (n, n_features)
            Without gaps.
        """
        return self.decode(self.encode(rows))

    def loss(self, rows: Any) -> Tensor:
        """Mean squared error over the observed cells, plus the weighted penalty of the code.

        Parameters
        ----------
        rows : array_like or Tensor or scipy sparse array, shape (n, n_features)
            Input and target.

        Returns
        -------
        Tensor, shape ()
            Differentiable. The "kl" penalty is that of the batch, so it depends on which rows
            come together.
        """
        return self.loss_of(*self.loss_totals(rows))

    def loss_totals(self, rows: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Add up over rows whatever the loss is made of.

        Neither penalty is a mean over cells, and "kl" is no mean of anything: a mean of losses of
        batches would depend on how the rows were cut. These totals do not.

        Parameters
        ----------
        rows : array_like or Tensor or scipy sparse array, shape (n, n_features)
            Input and target.

        Returns
        -------
        error, cells, n_rows : Tensor, shape ()
            Squared error, number of observed cells, and n.
        activity : Tensor, shape (code_size,)
            Of each unit.
        """
        target = self._tensor(rows)
        codes = self.encode(target)
        error, cells = squared_error(self.decode(codes), target)
        return error, cells, torch.tensor(len(codes)), codes.sum(dim=0)

    def loss_of(self, error: Tensor, cells: Tensor, n_rows: Tensor, activity: Tensor) -> Tensor:
        """Turn totals into the loss of the rows they come from.

        Parameters
        ----------
        error, cells, n_rows, activity : Tensor
            From :meth:`loss_totals`, also the sums of those of several batches.

        Returns
        -------
        Tensor, shape ()
            The loss.
        """
        loss = error / cells.clamp(min=1)
        if self.config["sparsity"] == "kl":
            penalty = _divergence(activity / n_rows, self.config["target"])
        elif self.config["sparsity"] == "l1":
            penalty = (activity / n_rows).mean()  # no code is negative
        else:
            return loss
        return loss + self.config["weight"] * penalty


def kl_sparsity(codes: Tensor, target: float) -> Tensor:
    r"""Penalise units whose mean activity is not the target.

    Introduced in *Make codes sparse*.

    With :math:`m_j` the mean of unit j over rows and :math:`\rho` the target, each unit costs the
    Kullback-Leibler divergence of two coins, :math:`\rho \log(\rho / m_j) + (1 - \rho) \log((1 -
    \rho) / (1 - m_j))`.

    Parameters
    ----------
    codes : Tensor, shape (n, units)
        From 0 to 1, such as the output of a sigmoid: not what goes into it.
    target : float
        Between 0 and 1.

    Returns
    -------
    Tensor, shape ()
        Mean over units, in nats; differentiable. It is 0 if each *mean* is on target, which does
        not say that any single value is 0. Means are kept off 0 and 1 by the precision of the
        type, so that it stays finite.

    Raises
    ------
    ValueError
        If `codes` is not 2-D with a row, a mean lies outside [0, 1], or `target` is out of range.

    References
    ----------
    A. Ng (2011). Sparse autoencoder. CS294A lecture notes, section 3.

    Examples
    --------
    >>> kl_sparsity(torch.tensor([[0.5], [0.5]]), target=0.05)
    tensor(0.4946)
    >>> kl_sparsity(torch.tensor([[0.0], [0.1]]), target=0.05)
    tensor(0.)
    """
    codes, target = _checked_codes(codes), _checked_target(target)
    if not bool(((codes >= 0) & (codes <= 1)).all()):
        raise ValueError(
            "codes must lie in [0, 1], such as the output of a sigmoid; "
            f"got values from {float(codes.min()):g} to {float(codes.max()):g}"
        )
    return _divergence(codes.mean(dim=0), target)


def _divergence(means: Tensor, target: float) -> Tensor:
    rounding = torch.finfo(means.dtype).eps
    means = means.clamp(rounding, 1 - rounding)
    on = target * (math.log(target) - torch.log(means))
    off = (1 - target) * (math.log1p(-target) - torch.log1p(-means))
    return (on + off).mean()


def l1_sparsity(codes: Tensor) -> Tensor:
    """Penalise activity by its size.

    Introduced in *Make codes sparse*.

    It pulls every active unit down by the same amount and so leaves the weak ones at 0, but also
    the strong ones too small.

    Parameters
    ----------
    codes : Tensor, shape (n, units)
        Any real numbers.

    Returns
    -------
    Tensor, shape ()
        Mean absolute value over rows and units.

    Raises
    ------
    ValueError
        If `codes` is not 2-D with a row.

    References
    ----------
    B. A. Olshausen, D. J. Field (1996). Emergence of simple-cell receptive field properties by
    learning a sparse code for natural images. Nature 381. doi:10.1038/381607a0

    Examples
    --------
    >>> l1_sparsity(torch.tensor([[3.0, 0.0], [0.0, -1.0]]))
    tensor(1.)
    """
    return _checked_codes(codes).abs().mean()


def keep_top_k(codes: Tensor, k: int) -> Tensor:
    """Set all but the k largest values of each row to 0.

    Introduced in *Make codes sparse*.

    Gradients pass through what is kept.

    Parameters
    ----------
    codes : Tensor, shape (n, units)
        Usually the output of a ReLU; of signed values the largest are kept, not the farthest
        from 0.
    k : int
        From 1 to the number of units.

    Returns
    -------
    Tensor, shape (n, units)
        Exactly k places of each row are kept, also where values are equal; which of equal ones
        is PyTorch's choice.

    Raises
    ------
    ValueError
        If `codes` is not 2-D with a row, or `k` is out of range.

    References
    ----------
    A. Makhzani, B. Frey (2014). k-sparse autoencoders. ICLR. arXiv:1312.5663

    Examples
    --------
    >>> keep_top_k(torch.tensor([[3.0, 1.0, 2.0], [0.0, 0.0, 5.0]]), k=2)
    tensor([[3., 0., 2.],
            [0., 0., 5.]])
    """
    codes = _checked_codes(codes)
    k = _arguments.integer("k", k, 1, codes.shape[1])
    values, places = codes.topk(k, dim=1)
    return torch.zeros_like(codes).scatter(1, places, values)


def _checked_codes(codes: Any) -> Tensor:
    codes = real_tensor("codes", codes)
    if codes.ndim != 2 or codes.numel() == 0:
        raise ValueError(f"codes must be 2-D and not empty, got shape {tuple(codes.shape)}")
    return codes


def _checked_target(target: Any) -> float:
    return _arguments.number("target", target, above=0, below=1)
