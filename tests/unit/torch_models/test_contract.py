"""What every model of `torch_models` promises; a new class without an entry here fails."""

import os
import stat
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.torch

COLUMNS = 7

# Name of a case -> class, arguments, options, and whether it takes dense rows with gaps.
CASES = {
    "dense": ("Autoencoder", (COLUMNS, (6,), 3), {"hide_observed": 0.3}, True),
    "codes": ("SparseCodeAutoencoder", (COLUMNS, 5), {}, True),
    "codes, KL": ("SparseCodeAutoencoder", (COLUMNS, 5), {"sparsity": "kl", "weight": 0.7}, True),
    "codes, L1": ("SparseCodeAutoencoder", (COLUMNS, 5), {"sparsity": "l1", "weight": 0.7}, True),
    "codes, top": ("SparseCodeAutoencoder", (COLUMNS, 5), {"sparsity": "top_k", "k": 2}, True),
    "sparse input": ("SparseInputAutoencoder", (COLUMNS, [6], 3), {}, False),
    "interactions": ("InteractionAutoencoder", (COLUMNS, 3), {}, False),
}
every_model = pytest.mark.parametrize("case", CASES)


def build(models, case, seed=0):
    name, arguments, options, _ = CASES[case]
    return getattr(models, name)(*arguments, **options, seed=seed)


def ratings(n=37, seed=0):
    """Sparse integers from 1 to 3 with rows of very different lengths; rows 0 and 20 are empty."""
    rng = np.random.default_rng(seed)
    table = rng.integers(1, 4, (n, COLUMNS)) * (rng.random((n, COLUMNS)) < rng.random((n, 1)))
    table[[0, min(20, n - 1)]] = 0
    table[1] = 3
    return sp.csr_array(table)


def weights_of(model):
    return [tensor.clone() for tensor in model.state_dict().values()]


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def answer(model, rows):
    return model(rows).detach().numpy()


def test_every_class_has_a_case(models):
    from course_utils.torch_models.files import _CLASSES

    assert {name for name, *_ in CASES.values()} == set(_CLASSES)


# --- files --------------------------------------------------------------------------------------


@every_model
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_comes_back_from_a_file(torch, models, case, precision, tmp_path):
    model = build(models, case).to(getattr(torch, precision))
    models.save(model, tmp_path / "model.pt")
    state = torch.get_rng_state()
    again = models.load(tmp_path / "model.pt")
    assert torch.equal(torch.get_rng_state(), state)
    assert type(again) is type(model)
    assert again.config == model.config
    assert same(weights_of(again), weights_of(model))
    assert not any(module.training for module in again.modules())
    np.testing.assert_array_equal(answer(again, ratings()), answer(model.eval(), ratings()))


@every_model
def test_files_follow_the_umask_and_the_home_folder(models, case, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    before = os.umask(0o027)
    try:
        models.save(build(models, case), "~/model.pt")
        models.fit(build(models, case), ratings(), epochs=1, checkpoint="~/run.pt")
    finally:
        os.umask(before)
    for name in ("model.pt", "run.pt"):
        assert (tmp_path / name).is_file()
        if os.name == "posix":
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o640
    assert same(weights_of(models.load("~/run.pt")), weights_of(models.load(tmp_path / "run.pt")))


@every_model
def test_numbers_of_numpy_are_numbers_of_python_also_in_files(models, case, tmp_path):
    name, arguments, options, _ = CASES[case]

    def as_numpy(value):
        if isinstance(value, (list, tuple)):
            return [as_numpy(part) for part in value]
        return np.array([value])[0]  # np.int64, np.float64, np.str_

    model = getattr(models, name)(
        *map(as_numpy, arguments), **{key: as_numpy(value) for key, value in options.items()}
    )
    assert repr(model.config) == repr(build(models, case).config)
    training = {
        "epochs": np.int64(3),
        "batch_size": np.int32(8),
        "learning_rate": np.logspace(-3, -2, 2)[0],
        "one_cycle": np.True_,
        "patience": np.int8(3),
        "min_delta": np.float32(0),
        "seed": np.arange(3)[1],
        "progress": np.False_,
    }
    path = tmp_path / "run.pt"
    first = models.fit(model, ratings(), checkpoint=path, **training)
    assert models.fit(build(models, case), ratings(), checkpoint=path, **training) == first
    assert models.load(path).config == model.config


# --- rows ---------------------------------------------------------------------------------------


def forms_of(rows):
    """The same numbers in other forms."""
    twice = rows.astype(np.uint8).tocoo()  # 3 becomes 1 + 1 + 1, and 2 becomes 1 + 1 + 0
    parts = [np.concatenate([part, part, part]) for part in twice.coords]
    values = [np.minimum(twice.data, 1), twice.data > 1, twice.data > 2]
    yield "three parts", sp.coo_array((np.concatenate(values), parts), rows.shape)
    for form in ("csr", "csc", "coo", "lil", "dok", "bsr", "dia"):
        yield form, rows.asformat(form)
    for dtype in (np.uint8, np.int8, np.int64, np.float32, np.float64):
        yield dtype.__name__, rows.astype(dtype)
    yield "matrix", sp.csr_matrix(rows)
    unsorted = rows.copy()
    for start, stop in zip(unsorted.indptr[:-1], unsorted.indptr[1:], strict=True):
        unsorted.indices[start:stop] = unsorted.indices[start:stop][::-1].copy()
        unsorted.data[start:stop] = unsorted.data[start:stop][::-1].copy()
    unsorted.has_sorted_indices = False
    yield "unsorted", unsorted


@every_model
def test_every_sparse_form_has_the_same_answer(models, case):
    model, rows = build(models, case).eval(), ratings().astype(np.float32)
    expected, loss = answer(model, rows), model.loss(rows).item()
    square = rows[:COLUMNS]
    for name, form in forms_of(rows):
        before = form.copy()
        np.testing.assert_allclose(answer(model, form), expected, atol=1e-5, err_msg=name)
        assert models.mean_loss(model, form, batch_size=5) == pytest.approx(loss, rel=1e-5), name
        assert float(model.loss_weight(form)) == pytest.approx(float(model.loss_weight(rows)))
        assert (form != before).nnz == 0
        assert form.nnz == before.nnz
    for form in (sp.csc_array(square), sp.coo_array(square)):
        np.testing.assert_allclose(answer(model, form), expected[:COLUMNS], atol=1e-5)


@st.composite
def tables(draw):
    """A sparse matrix in some form, the sums of its cells, and which cells it stores."""
    n, stored = draw(st.integers(1, 5)), draw(st.integers(1, 12))
    cells = st.tuples(st.integers(0, n - 1), st.integers(0, COLUMNS - 1), st.integers(0, 100))
    entries = draw(st.lists(cells, min_size=stored, max_size=stored))
    rows, columns, values = (np.array(part) for part in zip(*entries, strict=True))
    values[0] += 1  # so that there is something to learn
    dense, seen = np.zeros((n, COLUMNS)), np.zeros((n, COLUMNS), bool)
    np.add.at(dense, (rows, columns), values)
    seen[rows, columns] = True
    dtypes = [np.uint8, np.int8, np.uint16, np.int64, np.float32, np.float64]
    values = values.astype(draw(st.sampled_from(dtypes)))
    form = draw(st.sampled_from(["coo", "unsorted csr", "unsorted csc"]))
    if form == "coo":
        return sp.coo_array((values, (rows, columns)), dense.shape), dense, seen
    by_row = form.endswith("csr")
    outer, inner = (rows, columns) if by_row else (columns, rows)
    order = np.argsort(outer, kind="stable")
    starts = np.concatenate([[0], np.bincount(outer, minlength=dense.shape[1 - by_row]).cumsum()])
    make = sp.csr_array if by_row else sp.csc_array
    return make((values[order], inner[order], starts), shape=dense.shape), dense, seen


@every_model
@settings(max_examples=60)
@given(table=tables(), batch_size=st.integers(1, 6))
def test_any_sparse_matrix_means_its_sums(models, case, table, batch_size):
    matrix, dense, seen = table
    model = build(models, case).double().eval()
    # An independent way in where there is one: dense rows, in which a gap is NaN.
    plain = np.where(seen, dense, np.nan) if CASES[case][3] else sp.csr_array(dense)
    np.testing.assert_allclose(answer(model, matrix), answer(model, plain), rtol=1e-9, atol=1e-9)
    expected = model.loss(plain).item()
    assert model.loss(matrix).item() == pytest.approx(expected, rel=1e-9)
    loss = models.mean_loss(model, matrix, batch_size=batch_size)
    assert loss == pytest.approx(expected, rel=1e-9)


@settings(max_examples=60)
@given(table=tables(), other=tables())
def test_fingerprints_are_of_cells_and_not_of_forms(models, table, other):
    from course_utils.torch_models.checkpoints import fingerprint

    model = build(models, "dense")

    def mark(rows):
        return fingerprint(model.prepare(rows))

    matrix, dense, seen = table
    assert mark(matrix) == mark(np.where(seen, dense, np.nan))
    changed = dense.copy()
    changed[tuple(np.argwhere(seen)[0])] += 1
    assert mark(matrix) != mark(np.where(seen, changed, np.nan))
    same_cells = np.array_equal(seen, other[2]) and np.array_equal(dense, other[1])
    assert (mark(matrix) == mark(other[0])) == same_cells


def test_fingerprints_of_both_forms_agree_whatever_the_blocks(models, monkeypatch):
    from course_utils.torch_models import checkpoints

    model = build(models, "dense")
    marks = []
    for cells in (1, 30, 10**6):
        monkeypatch.setattr(checkpoints, "_BLOCK_CELLS", cells)
        dense = np.where(ratings().toarray() > 0, ratings().toarray(), np.nan)
        marks.append(checkpoints.fingerprint(model.prepare(ratings())))
        assert checkpoints.fingerprint(model.prepare(dense)) == marks[-1]


@every_model
def test_dense_rows_are_taken_or_refused(torch, models, case):
    model, takes_dense = build(models, case).eval(), CASES[case][3]
    table = ratings().toarray()
    if not takes_dense:
        for rows in (table, table.tolist(), torch.tensor(table)):
            for function in (model.encode, model, model.loss, lambda r: models.fit(model, r)):
                with pytest.raises(TypeError, match="rows must be a scipy sparse array"):
                    function(rows)
        return
    expected = answer(model, table.astype(np.float32))
    forms = [
        table,
        table.tolist(),
        pd.DataFrame(table),
        np.asfortranarray(table),
        table[::-1][::-1],
    ]
    forms += [table.astype(dtype) for dtype in (np.uint8, np.int8, np.float16, np.float64)]
    forms += [torch.tensor(table), torch.tensor(table, dtype=torch.float16)]
    forms += [np.ma.MaskedArray(table), [[Fraction(int(v)) for v in row] for row in table]]
    for rows in forms:
        np.testing.assert_allclose(answer(model, rows), expected, atol=1e-6)
    gaps = np.where(table > 0, table, np.nan)
    assert models.mean_loss(model, gaps) == pytest.approx(
        models.mean_loss(model, sp.csr_array(table)), rel=1e-6
    )
    assert answer(model, table > 1) == pytest.approx(answer(model, (table > 1) * 1.0), abs=1e-6)
    with pytest.raises(ValueError, match="masked"):
        model(np.ma.masked_equal(table, 0))
    with pytest.raises(TypeError, match="real numbers"):
        model(table.astype(complex))
    with pytest.raises(TypeError, match="real numbers"):
        model(torch.tensor(table, dtype=torch.complex64))
    with pytest.raises(TypeError, match="sparse tensor; use .to_dense"):
        model(torch.tensor(table).to_sparse())


def damaged(change):
    rows = ratings().astype(np.float64)
    change(rows)
    return rows


@every_model
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (ratings()[:, :3], "rows of 7 columns, got a matrix of shape"),
        (damaged(lambda r: r.data.__setitem__(4, np.nan)), "must be finite, got nan in row"),
        (damaged(lambda r: r.data.__setitem__(4, np.inf)), "must be finite, got inf in row"),
        (damaged(lambda r: r.data.__setitem__(4, 1e300)), "beyond the model's precision"),
        (damaged(lambda r: r.indices.__setitem__(4, -1)), "must lie in 0 … 6, got -1"),
        (damaged(lambda r: r.indices.__setitem__(4, 7)), "must lie in 0 … 6, got 7"),
    ],
)
def test_bad_rows_are_refused_before_any_work(models, case, rows, message):
    model = build(models, case)
    before = weights_of(model)
    for function in (
        model.encode,
        model.loss,
        model.loss_weight,
        lambda rows: models.mean_loss(model, rows),
        lambda rows: models.fit(model, rows),
        lambda rows: models.fit(model, ratings(), validation=rows),
    ):
        with pytest.raises(ValueError, match=message):
            function(rows)
    assert same(weights_of(model), before)


@every_model
def test_infinite_dense_rows_are_refused(torch, models, case):
    if not CASES[case][3]:
        return
    rows = ratings().toarray().astype(float)
    rows[3, 2] = np.inf
    for form in (rows, torch.tensor(rows)):
        with pytest.raises(ValueError, match="rows must be finite, got infinity"):
            models.fit(build(models, case), form)


@every_model
def test_a_row_without_an_entry_is_no_trouble(models, case):
    rows = ratings()
    model = build(models, case)
    history = models.fit(model, rows, validation=rows, epochs=1, batch_size=1)
    assert np.isfinite(history.train).all()
    assert np.isfinite(answer(model, rows[:1])).all()
    ends = sp.csr_array(sp.vstack([rows[1:5], rows[:1]]))
    assert np.isfinite(models.mean_loss(model, ends, batch_size=4))


@every_model
def test_no_row_and_nothing_but_empty_rows_are_refused(models, case):
    model, empty = build(models, case), sp.csr_array((3, COLUMNS))
    with pytest.raises(ValueError, match="at least one row"):
        models.fit(model, empty[:0])
    if case == "sparse input":  # where a cell that is not stored is a 0 to be learnt
        assert np.isfinite(models.mean_loss(model, empty))
        return
    with pytest.raises(ValueError, match="rows must hold something"):
        models.mean_loss(model, empty)
    with pytest.raises(ValueError, match="rows must hold something"):
        models.fit(model, empty)
    with pytest.raises(ValueError, match="validation must hold something"):
        models.fit(model, ratings(), validation=empty)


# --- losses -------------------------------------------------------------------------------------


@every_model
def test_batches_do_not_change_the_mean_loss(models, case):
    model, rows = build(models, case).double().eval(), ratings()
    whole = model.loss(rows).item()
    for batch_size in (1, 2, 7, 36, 37, 1000):
        assert models.mean_loss(model, rows, batch_size=batch_size) == pytest.approx(
            whole, rel=1e-12
        )


@every_model
def test_the_training_loss_weighs_what_the_loss_averages_over(torch, models, case):
    model, rows, seen = build(models, case).double(), ratings(), []
    loss = model.loss

    def record(batch):
        value = loss(batch)
        seen.append((float(value.detach()), float(model.loss_weight(batch))))
        return value

    model.loss = record
    history = models.fit(model, rows, epochs=1, batch_size=8)
    losses, weights = np.transpose(seen)
    assert len(seen) == 5
    assert history.train[0] == pytest.approx(np.average(losses, weights=weights), rel=1e-12)
    assert weights.sum() == pytest.approx(float(model.loss_weight(rows)))


@every_model
def test_modes_are_left_as_promised(models, case):
    rows = ratings()
    for options in ({}, {"validation": rows}, {"validation": lambda model: 1.0}):
        model = build(models, case)
        models.fit(model, rows, epochs=2, **options)
        assert not any(module.training for module in model.modules())
    for mode in (True, False):
        model.train(mode)
        next(model.children()).eval()
        before = [module.training for module in model.modules()]
        models.mean_loss(model, rows)
        assert [module.training for module in model.modules()] == before


# --- training -----------------------------------------------------------------------------------


@every_model
def test_weights_and_training_follow_from_seeds_alone(torch, models, case):
    rows = ratings()
    results = []
    for noise, seed in ((1, 5), (2, 5), (3, np.random.default_rng(8)), (4, 6)):
        torch.manual_seed(noise)
        before = torch.get_rng_state()
        model = build(models, case, seed=seed)
        models.fit(model, rows, epochs=2, batch_size=8, seed=3)
        assert torch.equal(torch.get_rng_state(), before)
        results.append(weights_of(model))
    assert same(results[0], results[1])
    assert not same(results[0], results[2])
    assert not same(results[0], results[3])
    torch.manual_seed(5)
    name, arguments, options, _ = CASES[case]
    assert same(
        weights_of(getattr(models, name)(*arguments, **options)),
        weights_of(build(models, case, seed=5)),
    )


@every_model
def test_a_generator_seeds_a_training(models, case):
    losses = [
        models.fit(build(models, case), ratings(), epochs=1, batch_size=4, seed=seed).train
        for seed in (np.random.default_rng(0), np.random.default_rng(0), np.random.default_rng(1))
    ]
    assert losses[0] == losses[1] != losses[2]


class Killed(BaseException):
    pass


@every_model
@pytest.mark.parametrize("one_cycle", [False, True])
@pytest.mark.parametrize("judge", ["nobody", "rows", "function"])
def test_a_killed_training_ends_as_if_nothing_had_happened(
    torch, models, case, one_cycle, judge, tmp_path
):
    rows = ratings()
    options = {"epochs": 5, "batch_size": 8, "learning_rate": 0.02, "one_cycle": one_cycle}
    if judge == "rows":
        options["validation"] = rows[1:9]
    elif judge == "function":
        options["validation"] = lambda model: float(model.loss(rows[1:5]))
    straight = build(models, case)
    expected = models.fit(straight, rows, **options)

    killed, steps = build(models, case), 0
    loss = killed.loss

    def dies(batch):
        nonlocal steps
        steps += killed.training
        if steps == 18:  # in the fourth epoch of five steps each
            raise Killed
        return loss(batch)

    killed.loss = dies
    path = tmp_path / "run.pt"
    with pytest.raises(Killed):
        models.fit(killed, rows, checkpoint=path, **options)
    assert not killed.training
    assert same(weights_of(models.load(path)), weights_of(killed))  # the best epoch so far

    torch.manual_seed(77)
    # The same rows in another form and type.
    again = sp.coo_array(rows.astype(np.float64))
    if judge == "rows":
        options["validation"] = options["validation"].astype(np.uint8).tocsc()
    resumed = build(models, case, seed=99)
    assert models.fit(resumed, again, checkpoint=path, patience=9, **options) == expected
    assert same(weights_of(resumed), weights_of(straight))


def other_values(rows):
    rows = rows.copy()
    rows.data[0] += 1
    return rows


OTHER = {
    "rows": lambda rows: {"rows": other_values(rows)},
    "rows of another shape": lambda rows: {"rows": rows[:-1]},
    "validation": lambda rows: {"validation": other_values(rows[:9])},
    "no validation": lambda rows: {"validation": None},
    "a function": lambda rows: {"validation": lambda model: 1.0},
    "batch_size": lambda rows: {"batch_size": 9},
    "learning_rate": lambda rows: {"learning_rate": 0.5},
    "seed": lambda rows: {"seed": 1},
    "one_cycle": lambda rows: {"one_cycle": True},
}


@every_model
@pytest.mark.parametrize("other", OTHER)
def test_a_checkpoint_of_another_training_is_refused(models, case, other, tmp_path):
    rows, path = ratings(), tmp_path / "run.pt"
    options = {"rows": rows, "validation": rows[:9], "checkpoint": path, "epochs": 1}
    models.fit(build(models, case), **options)
    content, model = path.read_bytes(), build(models, case)
    before = weights_of(model)
    word = "validation" if other in ("no validation", "a function") else other.split()[0]
    with pytest.raises(ValueError, match=f"another training: its settings differ: {word} was"):
        models.fit(model, **options | {"epochs": 2} | OTHER[other](rows))
    assert path.read_bytes() == content
    assert same(weights_of(model), before)
    history = models.fit(model, **options | {"epochs": 2, "patience": 9, "min_delta": 0.1})
    assert len(history.train) == 2


@every_model
def test_checkpoints_of_other_models_and_earlier_editions_are_refused(
    torch, models, case, tmp_path
):
    path, rows = tmp_path / "run.pt", ratings()
    models.fit(build(models, case), rows, epochs=1, checkpoint=path)
    with pytest.raises(ValueError, match="settings differ: precision was torch.float32"):
        models.fit(build(models, case).double(), rows, epochs=1, checkpoint=path)
    name, (columns, *sizes), options, _ = CASES[case]
    sizes[-1] += 1
    with pytest.raises(ValueError, match="another training: its config is"):
        models.fit(getattr(models, name)(columns, *sizes, **options), rows, checkpoint=path)
    content = torch.load(path, weights_only=True)
    content["settings"] = {"rows": [37, 7], "batch_size": 256, "seed": 0}
    torch.save(content, path)
    with pytest.raises(ValueError, match="first edition; delete the file"):
        models.fit(build(models, case), rows, epochs=1, checkpoint=path)
    content["settings"] = {"batch_size": np.float64(0.5)}
    torch.save(content, path)
    with pytest.raises(ValueError, match="numbers of NumPy"):
        models.load(path)


@every_model
def test_files_are_refused_before_the_first_epoch(models, case, tmp_path):
    model, rows = build(models, case), ratings()
    model.loss = None  # whoever trained would fail in another way
    with pytest.raises(TypeError, match="a method loss"):
        models.fit(model, rows, epochs=1)
    model = build(models, case)
    before = weights_of(model)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        models.fit(model, rows, checkpoint=tmp_path / "missing" / "run.pt")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        models.fit(model, rows, checkpoint=tmp_path)

    class Own(type(model)):
        pass

    _, arguments, options, _ = CASES[case]
    with pytest.raises(TypeError, match="must be one of .*got Own"):
        models.fit(Own(*arguments, **options), rows, checkpoint=tmp_path / "run.pt")
    assert not list(tmp_path.iterdir())
    assert same(weights_of(model), before)


@every_model
def test_a_full_disk_leaves_the_earlier_checkpoint(torch, models, case, tmp_path, monkeypatch):
    path, rows, written = tmp_path / "run.pt", ratings(), []
    real = torch.save

    def full(content, file):
        written.append(1)
        if len(written) == 3:
            file.write(b"half")
            raise OSError("no space left on device")
        real(content, file)

    monkeypatch.setattr(torch, "save", full)
    model = build(models, case)
    with pytest.raises(OSError, match="no space"):
        models.fit(model, rows, epochs=4, checkpoint=path)
    assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]
    expected = build(models, case)
    history = models.fit(expected, rows, epochs=4)
    assert models.fit(model, rows, epochs=4, checkpoint=path) == history
    assert same(weights_of(model), weights_of(expected))


def scripted(*losses):
    """A validation that says the losses it is told to."""
    told = iter(losses)
    return lambda model: next(told)


@every_model
def test_a_validation_loss_that_is_not_finite_ends_the_training(models, case, tmp_path):
    rows, path = ratings(), tmp_path / "run.pt"
    twin = build(models, case)
    models.fit(twin, rows, epochs=2, validation=scripted(2.0, 1.0))
    for bad in (np.nan, np.inf):
        path.unlink(missing_ok=True)
        losses = [2.0, 1.0, bad]
        model = build(models, case)
        with pytest.raises(FloatingPointError, match=f"validation loss is {bad} after 3 .*epoch 1"):
            models.fit(
                model, rows, validation=lambda _, losses=losses: losses.pop(0), checkpoint=path
            )
        assert same(weights_of(model), weights_of(twin))
        assert same(weights_of(models.load(path)), weights_of(twin))
        assert not model.training
    model = build(models, case)
    before = weights_of(model)
    with pytest.raises(FloatingPointError, match="those it came with"):
        models.fit(model, rows, validation=lambda _: np.nan, checkpoint=tmp_path / "none.pt")
    assert same(weights_of(model), before)
    assert not (tmp_path / "none.pt").exists()


def test_what_cannot_be_trained_is_refused(torch, models):
    class Constant(torch.nn.Module):
        def loss(self, rows):
            return rows.sum()

    for model in (None, Constant, torch.nn.Linear(7, 7), Constant()):
        for function in (models.fit, models.mean_loss):
            with pytest.raises(TypeError, match=r"model must be .* and a method loss\(rows\), got"):
                function(model, ratings())


@pytest.mark.parametrize("answer", [None, "low", [1.0, 2.0]])
def test_a_validation_that_says_no_number_is_refused(models, answer):
    with pytest.raises(TypeError, match="validation must return a number, got"):
        models.fit(build(models, "dense"), ratings(), validation=lambda _: answer)


@every_model
def test_a_training_loss_that_is_not_finite_ends_the_training(models, case, tmp_path):
    rows, path = ratings(), tmp_path / "run.pt"
    twin = build(models, case)
    models.fit(twin, rows, epochs=2)
    model, steps = build(models, case), 0
    loss = model.loss

    def breaks(batch):
        nonlocal steps
        steps += 1
        return loss(batch) * (np.nan if steps > 2 else 1)

    model.loss = breaks
    with pytest.raises(FloatingPointError, match="training loss is nan after 2 whole epochs"):
        models.fit(model, rows, checkpoint=path)
    assert same(weights_of(model), weights_of(twin))
    assert same(weights_of(models.load(path)), weights_of(twin))


@every_model
def test_weights_that_are_not_finite_are_never_the_best(torch, models, case):
    model = build(models, case)
    before, loss = weights_of(model), model.loss

    def finite_loss_without_a_finite_gradient(batch):
        return loss(batch) + (next(model.parameters()).sum() * 0).sqrt()

    model.loss = finite_loss_without_a_finite_gradient
    with pytest.raises(FloatingPointError, match="largest weight is inf after 0 whole epochs"):
        models.fit(model, ratings(), epochs=1)
    assert same(weights_of(model), before)


@every_model
def test_the_model_decides_on_the_device(torch, models, case):
    """PyTorch's meta device computes shapes only and, like a GPU, refuses to mix with the CPU."""
    model = build(models, case).to("meta")
    loss = model.loss(ratings())
    loss.backward()
    answers = loss, model.encode(ratings()), model(ratings())
    assert {answer.device.type for answer in answers} == {"meta"}
    assert all(parameter.grad.device.type == "meta" for parameter in model.parameters())


@every_model
def test_the_model_decides_on_the_precision(torch, models, case):
    for dtype in (torch.float32, torch.float64):
        model = build(models, case).to(dtype)
        models.fit(model, ratings(), epochs=1)
        assert model(ratings()).dtype == model.loss(ratings()).dtype == dtype
