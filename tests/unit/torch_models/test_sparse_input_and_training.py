"""`course_utils.torch_models`: the sparse autoencoder against its dense twin, and training."""

import copy
import functools
import itertools

import numpy as np
import pytest
import scipy.sparse as sp

pytestmark = pytest.mark.torch

MEAN_LOSS = "course_utils.torch_models.training.mean_loss"

N_FEATURES = 20


def sparse_rows(n=40, dtype=np.float32, seed=0):
    """Rows of two kinds, so that two numbers say most of what is in a row; three are empty."""
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 2, n)
    dense = np.zeros((n, N_FEATURES), dtype=dtype)
    for row, kind in enumerate(kinds):
        dense[row, 10 * kind + rng.choice(10, 6, replace=False)] = rng.uniform(1, 2, 6)
    dense[[0, n // 2, n - 1]] = 0
    return sp.csr_array(dense)


def make(models, torch, hidden_sizes=(8,), code_size=3, seed=0, **options):
    torch.manual_seed(seed)
    return models.SparseInputAutoencoder(N_FEATURES, hidden_sizes, code_size, **options)


def dense_twin(torch, model):
    """The same network with an ordinary linear layer in front, built from the same weights."""
    first = torch.nn.Linear(N_FEATURES, model.lookup.weight.shape[1]).to(model.bias.dtype)
    with torch.no_grad():
        first.weight.copy_(model.lookup.weight.T)
        first.bias.copy_(model.bias)
    return first, torch.nn.Sequential(
        first, copy.deepcopy(model.encoder), copy.deepcopy(model.decoder)
    )


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-6), ("float64", 1e-12)])
@pytest.mark.parametrize("hidden_sizes", [(), (8,), (8, 5)])
def test_equals_its_dense_twin(torch, models, hidden_sizes, precision, tolerance):
    model = make(models, torch, hidden_sizes).to(getattr(torch, precision))
    rows = sparse_rows(dtype=precision)
    first, twin = dense_twin(torch, model)
    dense = torch.tensor(rows.toarray())
    torch.testing.assert_close(model(rows), twin(dense), atol=tolerance, rtol=0)
    loss, dense_loss = model.loss(rows), torch.nn.functional.mse_loss(twin(dense), dense)
    torch.testing.assert_close(loss, dense_loss, atol=tolerance, rtol=0)
    loss.backward()
    dense_loss.backward()
    pairs = [(model.lookup.weight.grad.T, first.weight.grad), (model.bias.grad, first.bias.grad)]
    rest = list(twin.parameters())[2:]
    mine = [*model.encoder.parameters(), *model.decoder.parameters()]
    pairs += [(left.grad, right.grad) for left, right in zip(mine, rest, strict=True)]
    for left, right in pairs:
        assert right.abs().max() > 1e-4  # a gradient of zeros would agree with anything
        torch.testing.assert_close(left, right, atol=tolerance, rtol=0)


def test_training_equals_training_the_dense_twin(torch, models):
    rows = sparse_rows(dtype=np.float64)
    model = make(models, torch).double()
    _, twin = dense_twin(torch, model)
    twin.loss = lambda batch: torch.nn.functional.mse_loss(twin(batch), batch)
    sparse_history = models.fit(model, rows, epochs=4, batch_size=16)
    dense_history = models.fit(twin, torch.tensor(rows.toarray()), epochs=4, batch_size=16)
    np.testing.assert_allclose(sparse_history.train, dense_history.train, rtol=1e-10)
    torch.testing.assert_close(model(rows), twin(torch.tensor(rows.toarray())), atol=1e-9, rtol=0)


def test_starts_like_a_linear_layer(torch, models):
    model = make(models, torch, hidden_sizes=(4000,))
    bound = N_FEATURES**-0.5
    weights = model.lookup.weight.detach()
    assert weights.abs().max() <= bound
    assert weights.std() == pytest.approx(bound / 3**0.5, rel=0.02)


def test_empty_row_has_the_code_of_the_bias(torch, models):
    model = make(models, torch)
    code = model.encode(sp.csr_array((1, N_FEATURES), dtype=np.float32))
    torch.testing.assert_close(code[0], model.encoder(model.bias))


def test_sparse_mean_squared_error_and_its_gradient(torch, models):
    rows = sparse_rows(dtype=np.float64)
    output = torch.randn(rows.shape, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda y: models.sparse_mean_squared_error(y, rows), output)
    expected = torch.nn.functional.mse_loss(output, torch.tensor(rows.toarray()))
    torch.testing.assert_close(models.sparse_mean_squared_error(output, rows), expected)
    doubled = 2 * models.sparse_mean_squared_error(output, rows)
    doubled.backward()
    torch.testing.assert_close(
        output.grad, 4 * (output.detach() - torch.tensor(rows.toarray())) / output.numel()
    )


def test_sparse_mean_squared_error_refuses(torch, models):
    with pytest.raises(ValueError, match=r"same shape.*\(2, 3\) and \(3, 2\)"):
        models.sparse_mean_squared_error(torch.zeros(2, 3), sp.csr_array((3, 2)))
    with pytest.raises(TypeError, match="target must be a scipy sparse array"):
        models.sparse_mean_squared_error(torch.zeros(2, 3), np.zeros((2, 3)))
    with pytest.raises(TypeError, match="^output must hold real numbers"):
        models.sparse_mean_squared_error("text", sp.csr_array((2, 3)))


def test_codes_are_linear_without_hidden_layers_and_not_cut_with_them(torch, models):
    rows = sparse_rows()
    for hidden_sizes in ((), (8,)):
        model = make(models, torch, hidden_sizes)
        with torch.no_grad():
            codes = model.encode(rows)
            first = torch.tensor(rows.toarray()) @ model.lookup.weight + model.bias
            if hidden_sizes:
                last = model.encoder[-1]
                first = first.relu() @ last.weight.T + last.bias
        torch.testing.assert_close(codes, first, atol=1e-6, rtol=0)
        assert codes.min() < 0


def test_sparse_mean_squared_error_takes_any_form(torch, models):
    target = np.array([[0, 3, 0, 4], [1, 0, 0, 2]])
    output = torch.arange(8.0).reshape(2, 4)
    expected = ((output.numpy() - target) ** 2).mean()
    twice = sp.coo_array(([1, 2, 4, 1, 2], ([0, 0, 0, 1, 1], [1, 1, 3, 0, 3])), shape=(2, 4))
    for form in ("csr", "csc", "coo", "lil", "dok", "bsr", "dia"):
        for matrix in (sp.csr_array(target).asformat(form), twice.asformat(form)):
            for dtype in (np.uint8, np.int64, np.float32, np.float64):
                loss = models.sparse_mean_squared_error(output, matrix.astype(dtype))
                assert loss.item() == pytest.approx(expected, rel=1e-6)
    unsorted = sp.csr_array(([2.0, 1.0], [2, 0], [0, 2]), shape=(1, 3))
    assert models.sparse_mean_squared_error(torch.zeros(1, 3), unsorted).item() == pytest.approx(
        5 / 3
    )


@pytest.mark.parametrize("shape", [(1, 20_000_000), (20_000, 1000), (20_000_000, 1)])
def test_sparse_mean_squared_error_stays_exact_when_it_is_long(torch, models, shape):
    output = torch.full(shape, 0.1)
    loss = models.sparse_mean_squared_error(output, sp.csr_array(shape)).item()
    assert loss == pytest.approx(np.float32(0.1).astype(float) ** 2, rel=1e-6)


def test_input_is_never_made_dense(torch, models, monkeypatch):
    rows = sparse_rows()

    def refuse(*arguments, **options):
        raise AssertionError("the sparse input was made dense")

    for name in ("toarray", "todense", "__array__"):
        monkeypatch.setattr(sp.csr_array, name, refuse, raising=False)
    models.fit(make(models, torch), rows, validation=rows[:5], epochs=1)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0, [4], 2), ValueError, "got 0"),
        ((5, [4.5], 2), TypeError, "got 4.5"),
        ((5, [4], True), TypeError, "got True"),
    ],
)
def test_sizes_are_checked(models, arguments, error, message):
    with pytest.raises(error, match=message):
        models.SparseInputAutoencoder(*arguments)


def test_wrong_number_of_columns_is_refused(torch, models):
    with pytest.raises(ValueError, match=r"rows of 20 columns, got a matrix of shape \(2, 3\)"):
        make(models, torch)(sp.csr_array((2, 3)))


def test_bad_ids_are_refused(torch, models):
    rows = sparse_rows()
    rows.indices[0] = N_FEATURES
    with pytest.raises(ValueError, match="rows: every column must lie in 0 … 19, got 20"):
        make(models, torch)(rows)


# --- fit ----------------------------------------------------------------------------------------


def test_training_beats_the_best_constant_row(torch, models):
    rows, held_out = sparse_rows(300), sparse_rows(100, seed=1)
    model = make(models, torch)
    before = models.mean_loss(model, held_out)
    history = models.fit(model, rows, validation=held_out, epochs=60, learning_rate=0.01)
    after = models.mean_loss(model, held_out)
    mean_row = rows.toarray().mean(axis=0)
    constant = ((held_out.toarray() - mean_row) ** 2).mean()
    assert before > constant > after * 1.3
    assert len(history.train) == len(history.validation) == 60
    assert after == pytest.approx(min(history.validation), rel=1e-6)


@pytest.mark.parametrize("form", ["csc", "coo", "lil"])
def test_any_format_trains_alike(torch, models, form):
    rows = sparse_rows()
    expected = models.fit(make(models, torch), rows, epochs=2)
    assert models.fit(make(models, torch), rows.asformat(form), epochs=2) == expected


def test_duplicates_are_summed_and_the_caller_keeps_them(torch, models):
    rows = sparse_rows()
    halves = sp.csr_array(
        (np.repeat(rows.data / 2, 2), np.repeat(rows.indices, 2), 2 * rows.indptr), rows.shape
    )
    expected = models.fit(make(models, torch), rows, epochs=2).train
    got = models.fit(make(models, torch), halves, epochs=2).train
    assert got == pytest.approx(expected, rel=1e-6)
    assert halves.nnz == 2 * rows.nnz


def test_batches_do_not_change_the_mean_loss(torch, models):
    model, rows = make(models, torch).double(), sparse_rows(dtype=np.float64)
    whole = float(model.loss(rows).detach())
    for batch_size in (1, 7, 40):
        loss = models.mean_loss(model, rows, batch_size=batch_size)
        assert loss == pytest.approx(whole, rel=1e-12)


class Scripted:
    """Stands in for `mean_loss`: says the losses it is told to."""

    def __init__(self, *losses):
        self.losses = list(losses)

    def __call__(self, model, rows, *, batch_size):
        return self.losses.pop(0)


def test_stops_early_and_goes_back_to_the_best_weights(torch, models, monkeypatch):
    rows = sparse_rows()
    monkeypatch.setattr(
        "course_utils.torch_models.training.mean_loss", Scripted(5.0, 3.0, 4.0, 3.5, 3.2, 1.0)
    )
    model = make(models, torch)
    history = models.fit(model, rows, validation=rows, epochs=50, patience=3)
    assert history.validation == [5.0, 3.0, 4.0, 3.5, 3.2]
    assert history.best_epoch == 1
    twin = make(models, torch)
    models.fit(twin, rows, epochs=2)
    for left, right in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.equal(left, right)


def test_min_delta_is_what_counts_as_improvement(torch, models, monkeypatch):
    rows = sparse_rows()
    monkeypatch.setattr(
        "course_utils.torch_models.training.mean_loss", Scripted(5.0, 4.95, 4.91, 1.0)
    )
    history = models.fit(
        make(models, torch), rows, validation=rows, epochs=50, patience=2, min_delta=0.1
    )
    assert history == ([history.train[0], *history.train[1:]], [5.0, 4.95, 4.91], 0)


def test_same_seed_same_weights_other_seed_other_order(torch, models):
    rows = sparse_rows()
    runs = [
        models.fit(make(models, torch), rows, epochs=2, batch_size=8, seed=seed).train
        for seed in (0, 0, 1)
    ]
    assert runs[0] == runs[1] != runs[2]


def test_each_epoch_sees_every_row_once_in_an_order_of_its_own(torch, models):
    seen = []

    class Recorder(torch.nn.Linear):
        def loss(self, batch):
            seen.append(batch[:, 0].tolist())
            return self(batch).square().mean()

    models.fit(Recorder(1, 1), torch.arange(12.0)[:, None], epochs=3, batch_size=5)
    assert [len(batch) for batch in seen] == 3 * [5, 5, 2]
    epochs = [list(itertools.chain(*seen[start : start + 3])) for start in (0, 3, 6)]
    assert all(sorted(epoch) == list(range(12)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]


def adam_by_hand(torch, model, rows, rate, steps):
    """Adam as its authors wrote it (Kingma and Ba, 2015, algorithm 1), all rows in each step."""
    weights = list(model.parameters())
    first, second = ([torch.zeros_like(weight) for weight in weights] for _ in range(2))
    for step in range(1, steps + 1):
        slopes = torch.autograd.grad(model.loss(rows), weights)
        with torch.no_grad():
            for weight, slope, mean, square in zip(weights, slopes, first, second, strict=True):
                mean.mul_(0.9).add_(0.1 * slope)
                square.mul_(0.999).add_(0.001 * slope**2)
                size = (square / (1 - 0.999**step)).sqrt() + 1e-8
                weight.sub_(rate * mean / (1 - 0.9**step) / size)


def stretched(torch, layout):
    """A linear model of three features whose weight lies in memory as `layout` says."""
    layouts = {
        "contiguous": torch.empty(2, 3),
        "transposed": torch.empty(3, 2).T,
        "every second": torch.empty(2, 6)[:, ::2],
    }

    class Linear(torch.nn.Module):
        def __init__(self):
            super().__init__()
            generator = torch.Generator().manual_seed(0)
            start = torch.randn((2, 3), generator=generator)
            self.weight = torch.nn.Parameter(layouts[layout].double().copy_(start))

        def loss(self, rows):
            return ((rows @ self.weight.T) ** 2).mean()

    return Linear()


@pytest.mark.parametrize("layout", ["contiguous", "transposed", "every second"])
def test_steps_are_those_of_adam_however_a_weight_lies_in_memory(torch, models, layout):
    rows = torch.randn((6, 3), generator=torch.Generator().manual_seed(1)).double()
    model, by_hand = stretched(torch, layout), stretched(torch, "contiguous")
    models.fit(model, rows, epochs=5, batch_size=6, learning_rate=0.1)
    adam_by_hand(torch, by_hand, rows, rate=0.1, steps=5)
    torch.testing.assert_close(model.weight, by_hand.weight, rtol=0, atol=1e-12)


def test_complex_weights_are_trained(torch, models):
    class Complex(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.tensor([1 + 1j, 2 - 1j]))

        def loss(self, rows):
            return (rows.cfloat() @ self.weight).abs().square().mean()

    losses = models.fit(Complex(), torch.eye(2), epochs=3, learning_rate=0.1).train
    assert losses[0] > losses[1] > losses[2]


def rates_of(torch, models, monkeypatch, **options):
    """Learning rates of all steps of a training of 10 rows in batches of 2."""
    rates = []

    class Recorder(torch.optim.Adam):
        def step(self):
            rates.append(self.param_groups[0]["lr"])
            super().step()

    monkeypatch.setattr(torch.optim, "Adam", Recorder)
    models.fit(make(models, torch), sparse_rows(10), batch_size=2, learning_rate=0.02, **options)
    return np.array(rates)


def test_learning_rate_is_constant_unless_asked_for_one_cycle(torch, models, monkeypatch):
    assert rates_of(torch, models, monkeypatch, epochs=4).tolist() == 20 * [0.02]


def test_one_cycle_rises_for_a_tenth_and_falls_to_nothing(torch, models, monkeypatch):
    rates = rates_of(torch, models, monkeypatch, epochs=8, one_cycle=True)  # 40 steps, 4 of them up
    np.testing.assert_allclose(rates[[0, 2, 4]], [0.02 / 25, 0.02 * 13 / 25, 0.02], rtol=1e-12)
    assert rates[22] == pytest.approx(0.01)  # half of the way down
    assert (np.diff(rates[4:]) < 0).all()
    assert 0 < rates[-1] < 0.02 / 250


@pytest.mark.parametrize(
    "options",
    [
        {"epochs": 0},
        {"batch_size": 0},
        {"patience": 0},
        {"learning_rate": -1.0},
        {"learning_rate": float("nan")},
        {"seed": -1},
        {"min_delta": -0.1},
    ],
)
def test_numbers_are_checked(torch, models, options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} must be a.* of at least"):
        models.fit(make(models, torch), sparse_rows(), **options)


@pytest.mark.parametrize(
    "options",
    [
        {"epochs": 2.0},
        {"epochs": True},
        {"batch_size": 2.5},
        {"patience": 1.5},
        {"learning_rate": "0.1"},
        {"one_cycle": "no"},
        {"seed": 0.5},
        {"progress": "no"},
        {"checkpoint": 3},
    ],
)
def test_the_wrong_kind_of_option_is_refused(torch, models, options):
    model = make(models, torch)
    before = model.bias.clone()
    with pytest.raises(TypeError, match=f"{next(iter(options))} must be|path must be"):
        models.fit(model, sparse_rows(), **options)
    assert torch.equal(model.bias, before)


def test_no_rows_are_refused(torch, models):
    with pytest.raises(ValueError, match=r"rows must be 2-D with at least one row.*\(0, 20\)"):
        models.fit(make(models, torch), sp.csr_array((0, N_FEATURES), dtype=np.float32))


def test_a_loss_that_explodes_is_reported(torch, models):
    model = make(models, torch)
    with torch.no_grad():
        model.bias.fill_(float("inf"))
    with pytest.raises(FloatingPointError, match="smaller learning_rate"):
        models.fit(model, sparse_rows())


def test_progress_bar_on_demand_only(torch, models, capfd):
    models.fit(make(models, torch), sparse_rows(), epochs=2)
    assert capfd.readouterr() == ("", "")
    models.fit(make(models, torch), sparse_rows(), epochs=2, progress=True)
    written = capfd.readouterr()
    assert written.out == ""
    assert "2/2" in written.err
    assert "loss=" in written.err


# --- checkpoints and files ----------------------------------------------------------------------


def test_killed_training_continues_where_it_was(torch, models, tmp_path):
    rows, path = sparse_rows(), tmp_path / "run.pt"
    options = {"validation": rows[:10], "epochs": 6, "batch_size": 8, "learning_rate": 0.01}
    straight = make(models, torch)
    expected = models.fit(straight, rows, **options)

    killed = make(models, torch)
    steps = 0
    loss = killed.loss

    def dies_in_the_fourth_epoch(batch):
        nonlocal steps
        steps += 1
        if steps > 19:  # 5 training batches and 1 of validation in each epoch
            raise KeyboardInterrupt
        return loss(batch)

    killed.loss = dies_in_the_fourth_epoch
    with pytest.raises(KeyboardInterrupt):
        models.fit(killed, rows, checkpoint=path, **options)

    continued = make(models, torch, seed=99)  # its own weights do not matter
    assert models.fit(continued, rows, checkpoint=path, **options) == expected
    for left, right in zip(straight.parameters(), continued.parameters(), strict=True):
        assert torch.equal(left, right)
    assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]


def test_a_checkpoint_of_the_step_by_step_adam_continues(torch, models, tmp_path, monkeypatch):
    """As versions of the course wrote it that knew only that one."""
    rows, path = sparse_rows(), tmp_path / "run.pt"
    options = {"batch_size": 8, "learning_rate": 0.01}
    before = functools.partial(torch.optim.Adam, foreach=False)
    with monkeypatch.context() as patch:
        patch.setattr(torch.optim, "Adam", lambda weights, lr, fused: before(weights, lr=lr))
        straight = models.fit(make(models, torch), rows, epochs=6, **options)
        models.fit(make(models, torch), rows, epochs=3, checkpoint=path, **options)
    assert models.fit(make(models, torch), rows, epochs=6, checkpoint=path, **options) == straight


def test_a_fingerprint_is_of_numbers_and_not_of_their_bytes(torch):
    from course_utils.torch_models.checkpoints import fingerprint

    rows = torch.tensor([[0.0, 1.5], [-2.0, torch.nan]])
    minus = torch.tensor([[-0.0, 1.5], [-2.0, torch.nan]])
    half = rows.bfloat16()  # which NumPy does not know
    assert {*map(fingerprint, (rows, minus, rows.double(), half))} == {fingerprint(rows)}
    assert fingerprint(rows + 1) != fingerprint(rows)


def test_finished_training_is_not_trained_further(torch, models, tmp_path):
    rows, path = sparse_rows(), tmp_path / "run.pt"
    first = models.fit(make(models, torch), rows, epochs=3, checkpoint=path)
    again = make(models, torch, seed=5)
    assert models.fit(again, rows, epochs=3, checkpoint=path) == first
    longer = models.fit(make(models, torch), rows, epochs=5, checkpoint=path)
    assert longer.train[:3] == first.train
    assert len(longer.train) == 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, "settings"),
        ({"batch_size": 5}, "settings"),
        ({"code_size": 2}, "config"),
        ({"rows": 30}, "settings"),
        ({"one_cycle": True}, "settings"),
    ],
)
def test_checkpoint_of_another_training_is_refused(torch, models, tmp_path, change, message):
    path = tmp_path / "run.pt"
    models.fit(make(models, torch), sparse_rows(), epochs=1, checkpoint=path)
    model = make(models, torch, code_size=change.pop("code_size", 3))
    rows = sparse_rows(change.pop("rows", 40))
    with pytest.raises(ValueError, match=f"run.pt belongs to another training: its {message}"):
        models.fit(model, rows, epochs=2, checkpoint=path, **change)


def test_one_cycle_cannot_be_stretched_afterwards(torch, models, tmp_path):
    rows, path = sparse_rows(), tmp_path / "run.pt"
    models.fit(make(models, torch), rows, epochs=2, one_cycle=True, checkpoint=path)
    with pytest.raises(ValueError, match="another training: its settings"):
        models.fit(make(models, torch), rows, epochs=3, one_cycle=True, checkpoint=path)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_save_and_load(torch, models, tmp_path, precision):
    model, rows = make(models, torch, (8, 5)).to(getattr(torch, precision)), sparse_rows()
    models.save(model, tmp_path / "model.pt")
    loaded = models.load(tmp_path / "model.pt")
    assert loaded.config == model.config
    assert torch.equal(loaded(rows), model(rows))
    content = torch.load(tmp_path / "model.pt", weights_only=True)
    assert content["class"] == "SparseInputAutoencoder"


def test_checkpoint_loads_as_the_best_model(torch, models, tmp_path, monkeypatch):
    rows, path = sparse_rows(), tmp_path / "run.pt"
    monkeypatch.setattr(MEAN_LOSS, Scripted(2.0, 1.0, 3.0))
    model = make(models, torch)
    models.fit(model, rows, validation=rows, epochs=3, checkpoint=path)
    assert torch.equal(models.load(path)(rows), model(rows))
    with torch.no_grad():
        model.bias.add_(1)
    models.save(model, tmp_path / "model.pt")
    with pytest.raises(ValueError, match="no training that could continue"):
        models.fit(model, rows, checkpoint=tmp_path / "model.pt")


def test_failed_save_keeps_the_earlier_file(torch, models, tmp_path, monkeypatch):
    path = tmp_path / "model.pt"
    model = make(models, torch)
    models.save(model, path)
    before = path.read_bytes()

    def full_disk(content, file):
        file.write(b"half a file")
        raise OSError("no space left on device")

    monkeypatch.setattr(torch, "save", full_disk)
    with pytest.raises(OSError, match="no space"):
        models.save(model, path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["model.pt"]


def test_files_that_are_no_models_are_refused(torch, models, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*missing\.pt"):
        models.load(tmp_path / "missing.pt")
    models.save(make(models, torch), tmp_path / "cut.pt")
    cut = (tmp_path / "cut.pt").read_bytes()[:-200]
    (tmp_path / "cut.pt").write_bytes(cut)
    with pytest.raises(ValueError, match=r"cut\.pt is damaged"):
        models.load(tmp_path / "cut.pt")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "pickled.pt")
    with pytest.raises(ValueError, match=r"pickled\.pt is damaged or not"):
        models.load(tmp_path / "pickled.pt")
    torch.save({"other": 1}, tmp_path / "other.pt")
    with pytest.raises(ValueError, match="was not written by save"):
        models.load(tmp_path / "other.pt")


def test_only_models_of_the_course_are_saved(torch, models, tmp_path):
    with pytest.raises(TypeError, match="one of .*SparseInputAutoencoder.*got Linear"):
        models.save(torch.nn.Linear(2, 2), tmp_path / "model.pt")
