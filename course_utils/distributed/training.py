"""Train one model with several processes, which torchrun starts: the same steps, shared out.

Importing this module imports PyTorch. Within :func:`shared_steps`, `torch_models.fit` does on each
rank what it does alone; only the work of a batch is shared. What adds up over ranks is the gradient
of a *sum*, so each rank weighs its mean by its share of what the whole batch averages over.
:func:`course_utils.distributed.launch` starts a script on several ranks.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

from course_utils import _arguments
from course_utils.torch_models.randomness import seeded
from course_utils.torch_models.tensors import check_model

__all__ = ["Traffic", "add_up", "gradient_bytes", "my_rows", "shared_steps"]


@dataclass
class Traffic:
    """What a rank has given to the sums of gradients.

    Attributes
    ----------
    steps : int
        Steps of the optimiser.
    bytes : int
        Numbers and indices handed over, not what travels on the wire.
    """

    steps: int = 0
    bytes: int = 0


def my_rows(n: int, rank: int, world: int) -> slice:
    """Rows of a batch that a rank computes.

    Parameters
    ----------
    n : int
        Rows of the batch.
    rank, world : int
        Which process this is, counted from 0, and of how many.

    Returns
    -------
    slice
        Shares differ by one row at most; with fewer rows than ranks some are empty.

    Raises
    ------
    TypeError
        If a number is no integer.
    ValueError
        If one is out of range.

    Examples
    --------
    >>> [my_rows(5, rank, 2) for rank in range(2)]
    [slice(0, 2, None), slice(2, 5, None)]
    """
    n = _arguments.integer("n", n, 0)
    world = _arguments.integer("world", world, 1)
    rank = _arguments.integer("rank", rank, 0, world - 1)
    return slice(n * rank // world, n * (rank + 1) // world)


def add_up(parameters: Iterable[nn.Parameter], sparse: Collection[nn.Parameter] = ()) -> int:
    """Replace each gradient by its sum over all ranks.

    Parameters
    ----------
    parameters : iterable of torch.nn.Parameter
        In the same order on each rank. A parameter without a gradient, as where a rank had no
        row, counts as zero.
    sparse : collection of torch.nn.Parameter
        Those whose gradient is sparse. A rank without a row must send an empty *sparse* one: with
        a dense one all ranks wait for each other until a time-out.

    Returns
    -------
    int
        Bytes this rank gave, as :func:`gradient_bytes` predicts them.
    """
    kinds = {id(parameter) for parameter in sparse}
    sent = 0
    for parameter in parameters:
        gradient = parameter.grad
        if id(parameter) in kinds:
            gradient = _no_rows(parameter) if gradient is None else gradient.coalesce()
            sent += gradient.indices().nbytes + gradient.values().nbytes
        else:
            gradient = torch.zeros_like(parameter) if gradient is None else gradient
            sent += gradient.nbytes
        dist.all_reduce(gradient)
        parameter.grad = gradient
    return sent


def gradient_bytes(parameter: Tensor, rows: int | None = None) -> int:
    """Predict what :func:`add_up` gives for one parameter.

    Parameters
    ----------
    parameter : Tensor
        Whose gradient it is.
    rows : int, optional
        Rows that a sparse gradient names, each once: the distinct features of a rank's share of a
        batch. Default: the gradient is dense.

    Returns
    -------
    int
        Bytes: of a dense gradient all its numbers, of a sparse one 8 for the index of a row, and
        the numbers of that row.

    Raises
    ------
    TypeError
        If `rows` is no integer.
    ValueError
        If there are more rows than `parameter` has.

    Examples
    --------
    >>> table = torch.zeros(20_000, 64)
    >>> gradient_bytes(table), gradient_bytes(table, rows=7_472)
    (5120000, 1972608)
    """
    if rows is None:
        return parameter.nbytes
    rows = _arguments.integer("rows", rows, 0, len(parameter))
    return rows * (8 + parameter[0].nbytes)


def _no_rows(parameter: Tensor) -> Tensor:
    indices = torch.zeros((1, 0), dtype=torch.int64)
    values = parameter.new_zeros((0, *parameter.shape[1:]))
    empty = torch.sparse_coo_tensor(indices, values, parameter.shape, check_invariants=True)
    return empty.coalesce()


@contextlib.contextmanager
def shared_steps(model: Any) -> Iterator[Traffic]:
    """Share the work of each batch out over all ranks, while a model is trained.

    Every rank calls `fit` on the same rows with the same settings. The weights are those that one
    process gets with the whole batch, up to rounding, also when batches do not divide evenly; and
    checkpoints are `fit`'s own, so that a training that was killed goes on where it was.

    Parameters
    ----------
    model : torch.nn.Module
        As `fit` wants it, with dense gradients. All ranks begin with the weights of rank 0.

    Yields
    ------
    Traffic
        What this rank has given to the sums so far.

    Raises
    ------
    TypeError
        If `model` has no loss.
    RuntimeError
        If this process belongs to no group: start it with torchrun, and call
        `torch.distributed.init_process_group("gloo")` first.

    Notes
    -----
    A model that draws while it trains, such as noise on its input, draws on each rank from a
    stream of its own: other numbers than one process draws, but the same in each run with as many
    ranks, one that was killed and resumed included.
    """
    check_model(model)
    if not dist.is_initialized():
        raise RuntimeError(
            "shared_steps needs a group of processes; start the script with torchrun and call "
            'torch.distributed.init_process_group("gloo") first'
        )
    parameters = list(model.parameters())
    for tensor in (*parameters, *model.buffers()):
        dist.broadcast(tensor.data, src=0)
    traffic = Traffic()
    share = _share_of_totals if hasattr(model, "loss_totals") else _share_of_mean
    loss, rank, world = share(model), dist.get_rank(), dist.get_world_size()

    def shared_loss(batch: Any) -> Tensor:
        mine = batch[my_rows(batch.shape[0], rank, world)]
        with _own_draws(model, rank, world):
            return loss(mine, batch)

    def add_gradients(optimizer: torch.optim.Optimizer, *_: Any) -> None:
        if any(tensor is parameters[0] for tensor in optimizer.param_groups[0]["params"]):
            traffic.bytes += add_up(parameters)
            traffic.steps += 1

    hook = register_optimizer_step_pre_hook(add_gradients)
    model.loss = shared_loss
    try:
        yield traffic
    finally:
        del model.loss  # the method of its class again
        hook.remove()


def _share_of_mean(model: Any) -> Callable[[Any, Any], Tensor]:
    """Loss of a batch, of which this rank computes the part that its rows add to the mean."""
    whole_loss, parameters = model.loss, list(model.parameters())
    count = getattr(model, "loss_weight", lambda rows: rows.shape[0])

    def loss(mine: Any, batch: Any) -> Tensor:
        if mine.shape[0] and (weight := float(count(mine))):
            return _summed(whole_loss(mine) * (weight / float(count(batch))))
        return _summed(sum(parameter.sum() for parameter in parameters) * 0.0)

    return loss


def _share_of_totals(model: Any) -> Callable[[Any, Any], Tensor]:
    """Loss of a batch that is no mean, but follows from totals, of which this rank computes some.

    The loss is taken of the totals of all ranks, so that its slope is that of the whole batch;
    what flows back through a rank's own totals are the gradients that add up.
    """

    def loss(mine: Any, batch: Any) -> Tensor:
        if mine.shape[0]:
            totals = model.loss_totals(mine)
        else:  # nothing, in the shapes that the others send
            totals = [total * 0 for total in model.loss_totals(batch[:1])]
        return model.loss_of(*map(_summed, totals))

    return loss


def _summed(share: Tensor) -> Tensor:
    """Sum over all ranks, the same bits on each, through which gradients reach the own share."""
    total = share.detach().clone()
    dist.all_reduce(total)
    return total + (share - share.detach())


@contextlib.contextmanager
def _own_draws(model: nn.Module, rank: int, world: int) -> Iterator[None]:
    """Let a model in training draw from a stream of its rank.

    `fit` gives PyTorch's generator the same state on each rank. Were they to draw from it as it is,
    rank 1 would put the noise of rank 0 on other rows; and as shares differ in size, the states
    would part. So each takes one number, the same on all, and goes on from that and its rank.
    """
    if world == 1 or not model.training:
        yield
        return
    step = int(torch.randint(2**62, ()))
    with seeded(np.random.SeedSequence([step, rank]), next(model.parameters()).device):
        yield
