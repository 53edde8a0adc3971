"""What a rank does, within the process of the tests: in a group of one, or several by turns."""

import pytest

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def ranks():
    from unit.distributed import ranks

    return ranks


@pytest.fixture
def alone(ranks):
    """Make this process a group of one, which needs no port."""
    dist = ranks.dist
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.fixture
def be_rank(ranks, monkeypatch):
    """Return what makes this process one of several; sums over ranks are left to the test."""

    def take(rank, world):
        monkeypatch.setattr(ranks.dist, "is_initialized", lambda: True)
        monkeypatch.setattr(ranks.dist, "get_rank", lambda: rank)
        monkeypatch.setattr(ranks.dist, "get_world_size", lambda: world)
        for name in ("broadcast", "all_reduce"):
            monkeypatch.setattr(ranks.dist, name, lambda *arguments, **options: None)

    return take


@pytest.mark.parametrize(
    ("arguments", "named"),
    [((-1, 0, 1), "n"), ((3, 0, 0), "world"), ((3, 2, 2), "rank"), ((3, -1, 2), "rank")],
)
def test_what_is_out_of_range_is_named(ranks, arguments, named):
    with pytest.raises(ValueError, match=rf"^{named} must be "):
        ranks.my_rows(*arguments)


def test_without_a_group_there_is_nothing_to_share(ranks):
    message = (
        "^shared_steps needs a group of processes; start the script with torchrun and call "
        r'torch.distributed.init_process_group\("gloo"\) first$'
    )
    with (
        pytest.raises(RuntimeError, match=message),
        ranks.shared_steps(ranks.MODELS["cells"][0](0)),
    ):
        pass


@pytest.mark.parametrize("job", ["cells", "interactions", "gaps", "penalty"])
def test_a_rank_alone_takes_the_steps_of_a_plain_training(ranks, alone, job):
    plain, history, _ = ranks.train(job, 0)
    model, again, traffic = ranks.train(job, 0, ranks.shared_steps)
    found = model.state_dict()
    for name, weights in plain.state_dict().items():
        assert ranks.torch.allclose(found[name], weights, rtol=0, atol=1e-12), name
    assert again.train == pytest.approx(history.train, abs=1e-12)
    assert traffic.steps == ranks.EPOCHS * ranks.STEPS
    assert traffic.bytes == traffic.steps * sum(map(ranks.gradient_bytes, model.parameters()))
    assert model.loss.__func__ is type(model).loss, "the method of its class again"


@pytest.mark.parametrize("rows", [20, 2])  # of two rows one of three ranks has none
@pytest.mark.parametrize("job", ["cells", "interactions", "gaps"])
def test_shares_of_a_batch_add_up_to_its_loss_and_slope(ranks, be_rank, job, rows):
    make, table = ranks.MODELS[job]
    model, batch = make(0).double(), table()[:rows]
    parameters = list(model.parameters())
    whole = model.loss(batch)
    wanted = ranks.torch.autograd.grad(whole, parameters)
    total, slopes = 0.0, [ranks.torch.zeros_like(each) for each in parameters]
    for rank in range(3):
        be_rank(rank, 3)
        with ranks.shared_steps(model):
            share = model.loss(batch)
        total += share.item()
        for slope, own in zip(slopes, ranks.torch.autograd.grad(share, parameters), strict=True):
            slope += own
    assert total == pytest.approx(whole.item(), rel=1e-12)
    for slope, right in zip(slopes, wanted, strict=True):
        assert ranks.torch.allclose(slope, right, rtol=0, atol=1e-12)


def test_a_loss_that_says_no_weight_is_a_mean_over_rows(ranks, be_rank):
    torch = ranks.torch

    class Line(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.slope = torch.nn.Parameter(torch.ones(()))

        def loss(self, rows):
            return (self.slope * rows).mean()

    model, batch, total = Line().double(), torch.tensor([1.0, 2.0, 6.0]).double(), 0
    for rank in range(2):
        be_rank(rank, 2)
        with ranks.shared_steps(model):
            total += model.loss(batch).item()
    assert total == pytest.approx(3, rel=1e-12)


def test_a_rank_without_rows_sends_zeros_in_the_shape_of_the_others_totals(ranks, be_rank):
    make, table = ranks.MODELS["penalty"]
    model, batch = make(0).double(), table()[:2]
    received = []
    be_rank(0, 3)
    with ranks.shared_steps(model):
        model.loss_of = lambda *totals: received.extend(totals) or sum(map(ranks.torch.sum, totals))
        assert model.loss(batch).item() == 0
    shapes = [total.shape for total in model.loss_totals(batch)]
    assert [total.shape for total in received] == shapes


def test_bytes_of_gradients_are_those_that_are_predicted(ranks, alone):
    torch, parameter = ranks.torch, ranks.torch.nn.Parameter
    table, other, bias = (parameter(torch.ones(*shape)) for shape in ((6, 4), (6, 4), (5,)))
    other.grad = torch.sparse_coo_tensor(
        [[3, 1, 3]], torch.ones(3, 4), (6, 4), check_invariants=True
    )
    sent = ranks.add_up([bias, other, table], sparse=[table, other])
    predicted = ranks.gradient_bytes(other, rows=2) + ranks.gradient_bytes(bias)
    assert sent == predicted == 2 * (8 + 4 * 4) + 5 * 4
    assert table.grad.is_sparse
    assert (table.grad.shape, table.grad.values().numel()) == (table.shape, 0)
    assert other.grad.to_dense().sum(dim=1).tolist() == [0, 4, 0, 8, 0, 0]
    assert bias.grad.tolist() == [0] * 5


def test_ranks_draw_apart_in_training_and_each_the_same_again(ranks):
    from course_utils.distributed.training import _own_draws

    model = ranks.torch.nn.Linear(1, 1)

    def drawn(rank, world=2):
        ranks.torch.manual_seed(3)
        with _own_draws(model, rank, world):
            inside = ranks.torch.rand(4).tolist()
        return inside, ranks.torch.rand(2).tolist()

    (first, after), (second, later) = drawn(0), drawn(1)
    assert first != second
    assert after == later, "the common stream stays in step"
    assert drawn(0) == (first, after)
    ranks.torch.manual_seed(3)
    plain = ranks.torch.rand(4).tolist()
    assert drawn(0, world=1)[0] == plain
    model.eval()
    assert drawn(1)[0] == plain
