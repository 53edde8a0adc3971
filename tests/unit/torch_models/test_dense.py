"""`torch_models.Autoencoder`: the source's network, gaps, hiding, and training on dense rows."""

import itertools

import numpy as np
import pytest

pytestmark = pytest.mark.torch

N_FEATURES = 12


def make(models, torch, hidden_sizes=(9, 7), code_size=4, seed=0, **options):
    torch.manual_seed(seed)
    return models.Autoencoder(N_FEATURES, hidden_sizes, code_size, **options)


def gappy_rows(n=40, seed=0, gaps=0.3):
    """Rows near a plane, with gaps; row 0 is all gap, row 1 has none."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((n, 2)) @ np.random.default_rng(9).standard_normal((2, N_FEATURES))
    missing = rng.random(rows.shape) < gaps
    missing[0], missing[1] = True, False
    return np.where(missing, np.nan, rows).astype(np.float32)


def relu_network(model, rows):
    """The network in NumPy."""
    linear = [layer for layer in [*model.encoder, *model.decoder] if hasattr(layer, "weight")]
    code_layer = sum(hasattr(layer, "weight") for layer in model.encoder)
    codes = None
    for position, layer in enumerate(linear, start=1):
        weight, bias = (part.detach().numpy() for part in (layer.weight, layer.bias))
        rows = rows @ weight.T + bias
        if position == code_layer:
            codes = rows
        elif position < len(linear):
            rows = np.maximum(rows, 0)
    return rows, codes


def test_default_is_the_network_of_the_source(models):
    model = models.Autoencoder(500)
    shapes = [tuple(p.shape) for p in model.parameters() if p.ndim == 2]
    widths = [500, 128, 64, 32, 64, 128, 500]
    assert shapes == [(after, before) for before, after in itertools.pairwise(widths)]
    kinds = [type(layer).__name__ for layer in [*model.encoder, *model.decoder]]
    assert kinds == 2 * ["Linear", "ReLU", "Linear", "ReLU", "Linear"]


@pytest.mark.parametrize("hidden_sizes", [(), (9,), (9, 7)])
def test_network_code_and_loss_by_hand(torch, models, hidden_sizes):
    model = make(models, torch, hidden_sizes).double()
    rows = gappy_rows().astype(np.float64)
    output, codes = relu_network(model, np.nan_to_num(rows))
    np.testing.assert_allclose(model(rows).detach().numpy(), output, atol=1e-12)
    np.testing.assert_allclose(model.encode(rows).detach().numpy(), codes, atol=1e-12)
    observed = ~np.isnan(rows)
    expected = ((output - rows)[observed] ** 2).mean()
    assert model.loss(rows).item() == pytest.approx(expected, rel=1e-12)
    assert int(model.loss_weight(rows)) == observed.sum()


def test_gaps_have_no_gradient(torch, models):
    rows = torch.tensor(gappy_rows(), dtype=torch.float64)
    model = make(models, torch).double()
    model.loss(rows).backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())
    assert all(p.grad.abs().max() > 0 for p in model.parameters())
    # A column that nobody observed: its decoder weights stay as they are.
    model.zero_grad()
    rows[:, 3] = torch.nan
    model.loss(rows).backward()
    assert (model.decoder[-1].weight.grad[3] == 0).all()
    assert (model.decoder[-1].weight.grad[4] != 0).any()


def test_a_batch_of_gaps_costs_nothing(torch, models):
    model = make(models, torch)
    loss = model.loss(np.full((2, N_FEATURES), np.nan))
    loss.backward()
    assert loss.item() == 0
    assert all((p.grad == 0).all() for p in model.parameters())


def test_mean_loss_weighs_cells_not_rows(torch, models):
    model, rows = make(models, torch).double(), gappy_rows().astype(np.float64)
    whole = float(model.loss(rows).detach())
    for batch_size in (1, 7, 40):
        loss = models.mean_loss(model, rows, batch_size=batch_size)
        assert loss == pytest.approx(whole, rel=1e-12)


def test_hides_only_observed_cells_and_only_in_training(torch, models):
    model = make(models, torch, hide_observed=0.25)
    inputs = []
    model.encoder.register_forward_pre_hook(lambda module, given: inputs.append(given[0]))
    rows = torch.ones(2000, N_FEATURES)
    rows[:, ::3] = torch.nan
    model.loss(rows)
    (seen,) = inputs
    assert (seen[:, ::3] == 0).all()
    kept = seen[:, 1::3]
    assert set(kept.unique().tolist()) == {0.0, torch.tensor(1 / 0.75).item()}
    assert float((kept == 0).float().mean()) == pytest.approx(0.25, abs=0.02)
    model.eval()
    model.loss(rows)
    assert (inputs[1][:, 1::3] == 1).all()


def test_hidden_cells_still_count_in_the_loss(torch, models):
    model = make(models, torch, hide_observed=0.9)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    assert model.loss(2 * np.ones((5, N_FEATURES))).item() == pytest.approx(4)


def test_fills_gaps_better_than_the_column_mean(torch, models):
    rows, complete = gappy_rows(600), gappy_rows(200, seed=1, gaps=0)[1:]
    model = make(models, torch, (24,), 2, hide_observed=0.2)
    hidden = np.random.default_rng(2).random(complete.shape) < 0.3

    def error(prediction):
        return ((prediction - complete)[hidden] ** 2).mean()

    def filled():
        with torch.no_grad():
            return model.eval()(np.where(hidden, np.nan, complete)).numpy()

    before = error(filled())
    models.fit(model, rows, epochs=80, batch_size=50, learning_rate=0.01)
    assert error(filled()) < 0.25 * error(np.nanmean(rows, axis=0)) < before


@pytest.mark.parametrize(
    "form", [list, np.asfortranarray, lambda r: r[::-1][::-1], lambda r: r.astype(np.float64)]
)
def test_any_array_trains_alike(torch, models, form):
    rows = gappy_rows()
    expected = models.fit(make(models, torch), rows, epochs=2)
    assert models.fit(make(models, torch), form(rows), epochs=2) == expected
    assert models.fit(make(models, torch), torch.tensor(rows), epochs=2) == expected


def test_read_only_rows_train_without_a_warning(torch, models):
    rows = gappy_rows()
    rows.setflags(write=False)
    models.fit(make(models, torch), rows, epochs=1)


def test_rows_are_not_changed(torch, models):
    rows = gappy_rows()
    before = rows.copy()
    models.fit(make(models, torch, hide_observed=0.5), rows, validation=rows, epochs=2)
    np.testing.assert_array_equal(rows, before)


def test_save_and_load(torch, models, tmp_path):
    model = make(models, torch, hide_observed=0.25).eval()
    models.save(model, tmp_path / "model.pt")
    loaded = models.load(tmp_path / "model.pt").eval()
    assert loaded.config == model.config
    assert loaded.config["hide_observed"] == 0.25
    assert torch.equal(loaded(gappy_rows()), model(gappy_rows()))


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((0, [4], 2), {}, ValueError, "n_features must be an integer of at least 1, got 0"),
        ((5, [4.5], 2), {}, TypeError, r"hidden_sizes\[0\] must be .*got 4.5"),
        ((5, 4, 2), {}, TypeError, "hidden_sizes must be a sequence of integers, got 4"),
        ((5, [4], True), {}, TypeError, "code_size must be .*got True"),
        ((5, [4], 2), {"hide_observed": 1.0}, ValueError, "below 1, got 1.0"),
        ((5, [4], 2), {"hide_observed": float("nan")}, ValueError, "below 1, got nan"),
    ],
)
def test_refuses_sizes_and_shares(models, arguments, options, error, message):
    with pytest.raises(error, match=message):
        models.Autoencoder(*arguments, **options)


@pytest.mark.parametrize("shape", [(3,), (2, 5), (2, 12, 1)])
def test_refuses_rows_of_another_shape(torch, models, shape):
    with pytest.raises(ValueError, match="rows of 12 columns, got an array of shape"):
        make(models, torch)(np.zeros(shape))


def stored(rows):
    """The same rows as a sparse matrix that stores the observed cells, zeros among them."""
    import scipy.sparse as sp

    cells = np.nonzero(~np.isnan(rows))
    return sp.csr_array((rows[cells], cells), shape=rows.shape)


@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
def test_cells_that_are_not_stored_are_gaps(torch, models, form):
    rows = gappy_rows()
    rows[1, 2] = 0  # observed, and not a gap
    sparse, model = stored(rows).asformat(form), make(models, torch)
    assert torch.equal(model(sparse), model(rows))
    assert model.loss(sparse).item() == pytest.approx(model.loss(rows).item(), rel=1e-6)
    assert int(model.loss_weight(sparse)) == int(model.loss_weight(rows)) == sparse.nnz
    sparse_history = models.fit(make(models, torch), sparse, validation=sparse, epochs=3)
    dense_history = models.fit(make(models, torch), rows, validation=rows, epochs=3)
    for left, right in zip(sparse_history[:2], dense_history[:2], strict=True):
        assert left == pytest.approx(right, rel=1e-5)


def test_a_cell_stored_twice_is_the_sum(torch, models):
    import scipy.sparse as sp

    twice = sp.csr_array(([1.0, 2.0], [3, 3], [0, 2]), shape=(1, N_FEATURES))
    once = sp.csr_array(([3.0], [3], [0, 1]), shape=(1, N_FEATURES))
    model = make(models, torch)
    assert torch.equal(model(twice), model(once))
    assert twice.nnz == 2


def test_a_function_can_judge_the_epochs(torch, models):
    losses, modes = [3.0, 1.0, 2.0, 2.5, 0.5], []

    def judge(model):
        modes.append((model.training, torch.is_grad_enabled()))
        return losses[len(modes) - 1]

    model = make(models, torch)
    history = models.fit(model, gappy_rows(), validation=judge, epochs=9, patience=2)
    assert history.validation == [3.0, 1.0, 2.0, 2.5]
    assert history.best_epoch == 1
    assert modes == 4 * [(False, False)]
    twin = make(models, torch)
    models.fit(twin, gappy_rows(), epochs=2)
    for left, right in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.equal(left, right)


# --- the noise of a training, and where it happens ------------------------------------------------


def interactions(n=30):
    import scipy.sparse as sp

    chosen = np.random.default_rng(0).random((n, N_FEATURES)) < 0.4
    return sp.csr_array(chosen.astype(np.float32))


NOISY = {
    "Autoencoder": lambda models, torch: (make(models, torch, hide_observed=0.4), gappy_rows()),
    "InteractionAutoencoder": lambda models, torch: (
        models.InteractionAutoencoder(N_FEATURES, 3),
        interactions(),
    ),
}


@pytest.mark.parametrize("kind", NOISY)
def test_noise_depends_on_the_seed_alone(torch, models, kind):
    histories = []
    for global_seed, seed in ((1, 0), (2, 0), (1, 5)):
        torch.manual_seed(0)
        model, rows = NOISY[kind](models, torch)
        torch.manual_seed(global_seed)
        state = torch.get_rng_state()
        histories.append(models.fit(model, rows, epochs=2, batch_size=8, seed=seed).train)
        assert torch.equal(torch.get_rng_state(), state)  # left as it was found
    assert histories[0] == histories[1] != histories[2]


@pytest.mark.parametrize("kind", NOISY)
def test_each_epoch_has_noise_of_its_own(torch, models, kind):
    model, rows = NOISY[kind](models, torch)
    draws = []
    loss = model.loss

    def record(batch):
        draws.append(torch.get_rng_state().sum().item())
        return loss(batch)

    model.loss = record
    models.fit(model, rows, epochs=3, batch_size=100)
    assert len(set(draws)) == 3


@pytest.mark.parametrize("kind", NOISY)
def test_resumed_training_repeats_the_noise(torch, models, tmp_path, kind):
    options = {"epochs": 5, "batch_size": 8, "learning_rate": 0.01}
    torch.manual_seed(0)
    straight, rows = NOISY[kind](models, torch)
    expected = models.fit(straight, rows, **options)
    torch.manual_seed(0)
    first, _ = NOISY[kind](models, torch)
    models.fit(first, rows, checkpoint=tmp_path / "run.pt", **options | {"epochs": 2})
    torch.manual_seed(77)
    second, _ = NOISY[kind](models, torch)
    assert models.fit(second, rows, checkpoint=tmp_path / "run.pt", **options) == expected
    for left, right in zip(straight.parameters(), second.parameters(), strict=True):
        assert torch.equal(left, right)


def meta_model(models, kind):
    sizes = {
        "Autoencoder": lambda: models.Autoencoder(N_FEATURES, [9], 4, hide_observed=0.3),
        "SparseInputAutoencoder": lambda: models.SparseInputAutoencoder(N_FEATURES, [9], 4),
        "InteractionAutoencoder": lambda: models.InteractionAutoencoder(N_FEATURES, 4),
    }
    return sizes[kind]().to("meta")


@pytest.mark.parametrize(
    "kind", ["Autoencoder", "SparseInputAutoencoder", "InteractionAutoencoder"]
)
def test_the_model_decides_on_the_device(torch, models, kind):
    """PyTorch's meta device computes shapes only and, like a GPU, refuses to mix with the CPU."""
    model = meta_model(models, kind)
    rows = gappy_rows(16) if kind == "Autoencoder" else interactions(16)
    loss = model.loss(stored(rows) if kind == "Autoencoder" else rows)
    assert loss.device.type == model.encode(rows).device.type == model(rows).device.type == "meta"
    loss.backward()
    assert all(parameter.grad.device.type == "meta" for parameter in model.parameters())


def test_one_epoch_fetches_nothing_before_its_end(torch, models):
    """A step that reads a number makes the CPU wait for a GPU; the meta device cannot be read."""
    model = models.Autoencoder(N_FEATURES, [9], 4, hide_observed=0.3).to("meta")
    from course_utils.torch_models import training

    fetched, rows = [], torch.tensor(gappy_rows()).to("meta")

    class Optimizer:
        param_groups = ({},)

        def zero_grad(self):
            pass

        def step(self):
            fetched.append("step")

    with pytest.raises(NotImplementedError, match="meta"):
        training._train_epoch(model, rows, Optimizer(), 8, (0, 0), lambda _: 0.1)
    assert fetched == 5 * ["step"]
