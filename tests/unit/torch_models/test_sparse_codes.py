"""`SparseCodeAutoencoder` and its penalties: formulas, gradients, and what they make sparse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import rel_entr

pytestmark = pytest.mark.torch

KINDS = [
    {"sparsity": "none"},
    {"sparsity": "kl", "weight": 0.7, "target": 0.2},
    {"sparsity": "l1", "weight": 0.7},
    {"sparsity": "l1", "weight": 0.7, "unit_atoms": False},
    {"sparsity": "top_k", "k": 2},
]


def some_rows(n=12, columns=5, seed=0):
    return np.random.default_rng(seed).standard_normal((n, columns))


def build(torch, models, **arguments):
    torch.manual_seed(0)
    return models.SparseCodeAutoencoder(5, 4, **arguments).double()


def by_hand(model, rows):
    """Codes and reconstructions, unit by unit."""
    weight, bias = (tensor.detach().numpy() for tensor in model.encoder[0].parameters())
    columns, offset = (tensor.detach().numpy() for tensor in model.decoder[0].parameters())
    settings, codes = model.config, []
    for row in np.nan_to_num(rows):
        sums = [weight[unit] @ row + bias[unit] for unit in range(len(weight))]
        if settings["sparsity"] == "kl":
            code = [1 / (1 + np.exp(-value)) for value in sums]
        else:
            code = [max(value, 0.0) for value in sums]
        if settings["sparsity"] == "top_k":
            kept = sorted(range(len(code)), key=lambda unit: -code[unit])[: settings["k"]]
            code = [value if unit in kept else 0.0 for unit, value in enumerate(code)]
        codes.append(code)
    atoms = columns.T
    if settings["unit_atoms"]:
        atoms = np.array([atom / np.sqrt(sum(atom**2)) for atom in atoms])
    return np.array(codes), np.array(codes) @ atoms + offset


@pytest.mark.parametrize("arguments", KINDS)
def test_follows_its_formula(torch, models, arguments):
    model, rows = build(torch, models, **arguments), some_rows()
    with torch.no_grad():
        model.decoder[0].weight.mul_(torch.tensor([0.5, 1.0, 2.0, 3.0]))
        model.decoder[0].bias.add_(0.3)
        model.encoder[0].bias.add_(torch.tensor([0.1, -0.2, 0.3, 0.0]))
    rows[0, 1] = rows[3, 4] = np.nan
    codes, output = by_hand(model, rows)
    np.testing.assert_allclose(model.encode(rows).detach(), codes, atol=1e-12)
    np.testing.assert_allclose(model(rows).detach(), output, atol=1e-12)
    np.testing.assert_allclose(model.decode(model.encode(rows)).detach(), output, atol=1e-12)
    expected = np.nanmean((output - rows) ** 2)
    if arguments["sparsity"] == "kl":
        expected += 0.7 * models.kl_sparsity(torch.from_numpy(codes), 0.2).item()
    elif arguments["sparsity"] == "l1":
        expected += 0.7 * np.abs(codes).mean()
    assert model.loss(rows).item() == pytest.approx(expected, rel=1e-12)
    assert model.loss_weight(rows).item() == rows.size - 2


@pytest.mark.parametrize("arguments", KINDS)
def test_gradient_of_the_loss(torch, models, arguments):
    model, rows = build(torch, models, **arguments), torch.from_numpy(some_rows())
    names, tensors = zip(*model.named_parameters(), strict=True)

    model.forward = model.loss  # which is what functional_call calls

    def loss(*values):
        return torch.func.functional_call(model, dict(zip(names, values, strict=True)), (rows,))

    assert torch.autograd.gradcheck(loss, tensors)


def test_gradients_of_the_penalties(torch, models):
    generator = torch.Generator().manual_seed(0)
    codes = torch.rand(6, 4, dtype=torch.float64, generator=generator).requires_grad_()
    signed = torch.randn(6, 4, dtype=torch.float64, generator=generator).requires_grad_()
    assert torch.autograd.gradcheck(lambda values: models.kl_sparsity(values, 0.05), codes)
    assert torch.autograd.gradcheck(models.l1_sparsity, signed)
    assert torch.autograd.gradcheck(lambda values: models.keep_top_k(values, 2), signed)


means = st.lists(st.floats(0.01, 0.99), min_size=1, max_size=6)


@given(means, st.floats(0.01, 0.99))
def test_divergence_against_scipy(unit_means, target):
    torch = pytest.importorskip("torch")
    from course_utils.torch_models import kl_sparsity

    m = np.array(unit_means)
    spread = np.minimum(m, 1 - m) / 2
    codes = torch.from_numpy(np.stack([m - spread, m + spread]))
    expected = rel_entr(target, m) + rel_entr(1 - target, 1 - m)
    assert kl_sparsity(codes, target).item() == pytest.approx(expected.mean(), rel=1e-9, abs=1e-12)


def test_divergence_is_zero_only_at_the_target(torch, models):
    at = torch.tensor([[0.05, 0.0], [0.05, 0.1]], dtype=torch.float64)
    assert models.kl_sparsity(at, 0.05).item() == pytest.approx(0, abs=1e-15)
    for shift in (-0.02, 0.02):
        one_off = at + torch.tensor([shift, 0.0])
        assert models.kl_sparsity(one_off.clamp(min=0), 0.05).item() > 1e-3
    # The penalty is of each unit's mean: these two units are at 0.05 only together.
    assert models.kl_sparsity(torch.tensor([[0.1, 0.0]]), 0.05).item() > 0.01


def test_l1_counts_negative_values_too(torch, models):
    assert models.l1_sparsity(torch.tensor([[1.0, -3.0], [0.0, 0.0]])).item() == 1.0


def test_source_weight_at_the_start(torch, models):
    assert 0.2 * 10 * models.kl_sparsity(torch.full((3, 10), 0.5), 0.05).item() == pytest.approx(
        0.9893, abs=1e-4
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_divergence_stays_finite_at_the_ends(torch, models, dtype):
    codes = torch.tensor([[0.0, 1.0]] * 3, dtype=getattr(torch, dtype), requires_grad=True)
    penalty = models.kl_sparsity(codes, 0.05)
    penalty.backward()
    assert torch.isfinite(penalty)
    assert torch.isfinite(codes.grad).all()


rows_and_k = st.integers(1, 6).flatmap(
    lambda units: st.tuples(
        st.lists(
            st.lists(st.integers(-2, 3), min_size=units, max_size=units), min_size=1, max_size=5
        ),
        st.integers(1, units),
    )
)


@given(rows_and_k)
def test_top_k_keeps_exactly_k_of_the_largest(given_rows):
    torch = pytest.importorskip("torch")
    from course_utils.torch_models import keep_top_k

    values, k = np.array(given_rows[0], dtype=float), given_rows[1]
    codes = torch.from_numpy(values).requires_grad_()
    kept = keep_top_k(codes, k)
    kept.sum().backward()
    passed = codes.grad.numpy()
    assert set(passed.ravel()) <= {0.0, 1.0}
    assert (passed.sum(axis=1) == k).all()
    np.testing.assert_array_equal(kept.detach().numpy(), values * passed)
    for row, chosen in zip(values, passed > 0, strict=True):
        np.testing.assert_array_equal(np.sort(row[chosen]), np.sort(row)[len(row) - k :])


def groups(n=400, seed=0):
    """Rows that each hold one or two of eight patterns at right angles, and some noise."""
    rng = np.random.default_rng(seed)
    patterns = np.linalg.qr(rng.standard_normal((20, 8)))[0].T
    weights = np.where(rng.random((n, 8)) < 0.2, rng.uniform(1, 2, (n, 8)), 0)
    return (weights @ patterns + 0.02 * rng.standard_normal((n, 20))).astype(np.float32), patterns


@pytest.mark.parametrize(
    "arguments", [{"sparsity": "l1", "weight": 0.05}, {"sparsity": "top_k", "k": 3}]
)
def test_finds_planted_atoms(torch, models, arguments):
    rows, patterns = groups()
    active, likeness = {}, {}
    for kind in ({"sparsity": "none"}, arguments):
        model = _trained(torch, models, rows, **kind)
        active[kind["sparsity"]] = (model.encode(rows) > 0).float().mean().item()
        # Cosine of each pattern with the atom most like it.
        likeness[kind["sparsity"]] = (model.atoms().detach().numpy() @ patterns.T).max(axis=0)
    kind = arguments["sparsity"]
    assert active[kind] < 0.3 < 0.8 < active["none"]
    assert likeness[kind].min() > 0.95
    assert likeness["none"].max() < 0.85


def test_divergence_moves_the_means(torch, models):
    rows, _ = groups()
    for target in (0.1, 0.4):
        model = _trained(torch, models, rows, sparsity="kl", weight=3.0, target=target)
        np.testing.assert_allclose(model.encode(rows).mean(dim=0).detach(), target, atol=0.08)


def _trained(torch, models, rows, **arguments):
    torch.manual_seed(0)
    model = models.SparseCodeAutoencoder(20, 16, **arguments)
    models.fit(model, rows, epochs=60, batch_size=50, learning_rate=0.01, progress=False)
    return model


@pytest.mark.parametrize("sparsity", ["none", "l1"])
def test_unit_atoms_close_the_escape(torch, models, sparsity):
    for unit_atoms, lengths in ((True, np.ones(4)), (False, np.full(4, 3.0))):
        model = build(torch, models, sparsity=sparsity, unit_atoms=unit_atoms)
        with torch.no_grad():
            model.decoder[0].weight.mul_(3)
        found = np.linalg.norm(model.atoms().detach().numpy(), axis=1)
        np.testing.assert_allclose(found, lengths, rtol=1e-6)


def test_atoms_have_length_one_but_for_kl(torch, models):
    assert [build(torch, models, **kind).config["unit_atoms"] for kind in KINDS] == [
        True,
        False,
        True,
        False,
        True,
    ]


def test_starts_at_the_mean(torch, models):
    model = build(torch, models)
    mean = np.arange(5.0)
    model.start_at_mean(mean)
    np.testing.assert_allclose(model(mean[np.newaxis]).detach()[0], mean, atol=1e-12)
    np.testing.assert_allclose(model.encode(mean[np.newaxis]).detach(), 0, atol=1e-12)


def test_refuses_what_is_no_mean(torch, models):
    model = build(torch, models)
    with pytest.raises(ValueError, match="mean must have 5 numbers, got 1"):
        model.start_at_mean([1.0])
    with pytest.raises(ValueError, match="mean must be finite"):
        model.start_at_mean([0, 0, np.nan, 0, 0])


def test_former_names_of_the_start(torch, models):
    model, other = build(torch, models), build(torch, models)
    model.start_at(np.arange(5))
    other.start_at_mean(np.arange(5))
    assert torch.equal(model.encoder[0].bias, other.encoder[0].bias)
    films, others = (models.InteractionAutoencoder(3, 2, seed=0) for _ in range(2))
    films.start_at([1, 2, 3])
    others.start_at_popularity([1, 2, 3])
    assert torch.equal(films.output.bias, others.output.bias)


@pytest.mark.parametrize("arguments", KINDS)
def test_save_and_load(torch, models, arguments, tmp_path):
    model, rows = build(torch, models, **arguments), some_rows()
    models.save(model, tmp_path / "model.pt")
    again = models.load(tmp_path / "model.pt")
    assert again.config == model.config
    assert torch.equal(again.encode(rows), model.encode(rows))
    assert torch.equal(again(rows), model(rows))


def test_resumes_to_the_same_weights(torch, models, tmp_path):
    rows = some_rows(40).astype(np.float32)

    def trained(*stages):
        torch.manual_seed(0)
        for epochs in stages:
            model = models.SparseCodeAutoencoder(5, 4, sparsity="l1", weight=0.01)
            path = tmp_path / f"{len(stages)}.pt"
            models.fit(model, rows, epochs=epochs, batch_size=8, checkpoint=path, progress=False)
            torch.manual_seed(1)  # a resumed model starts from other weights
        return model.state_dict()

    torch.manual_seed(0)
    whole, resumed = trained(4), trained(2, 4)
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sparsity": "l2"}, "got 'l2'"),
        ({"sparsity": "l1", "weight": -1.0}, "at least 0, got -1"),
        ({"sparsity": "l1", "weight": float("nan")}, "at least 0, got nan"),
        ({"weight": 0.1}, "'none' has no weight"),
        ({"sparsity": "top_k", "k": 2, "weight": 0.1}, "'top_k' has no weight"),
        ({"sparsity": "top_k"}, "needs it"),
        ({"sparsity": "l1", "k": 2}, "got 'l1', k=2"),
        ({"sparsity": "top_k", "k": 5}, "from 1 to 4, got 5"),
        ({"sparsity": "top_k", "k": 0}, "from 1 to 4, got 0"),
        ({"sparsity": "kl", "target": 0.0}, "above 0 and below 1, got 0"),
        ({"sparsity": "kl", "target": 1.0}, "above 0 and below 1, got 1"),
    ],
)
def test_refuses(models, arguments, message):
    with pytest.raises(ValueError, match=message):
        models.SparseCodeAutoencoder(5, 4, **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sparsity": 1}, "sparsity must be 'none', .* or 'top_k', got 1"),
        ({"sparsity": "l1", "weight": "1"}, "weight must be a number"),
        ({"sparsity": "top_k", "k": True}, "k must be an integer from 1 to 4, got True"),
        ({"sparsity": "top_k", "k": 2.0}, "k must be an integer from 1 to 4, got 2.0"),
        ({"unit_atoms": "no"}, "unit_atoms must be True or False, got 'no'"),
    ],
)
def test_refuses_the_wrong_kind(models, arguments, message):
    with pytest.raises(TypeError, match=message):
        models.SparseCodeAutoencoder(5, 4, **arguments)


def test_penalties_take_any_real_numbers(torch, models):
    codes = np.array([[0, 1], [1, 1], [0, 0]])
    for form in (codes, codes.tolist(), codes.astype(bool), torch.tensor(codes, dtype=torch.uint8)):
        assert models.kl_sparsity(form, 0.5).item() == pytest.approx(
            models.kl_sparsity(torch.tensor(codes, dtype=torch.float64), 0.5).item(), rel=1e-6
        )
        assert models.l1_sparsity(form).item() == pytest.approx(3 / 6)
        np.testing.assert_array_equal(models.keep_top_k(form, 2), codes)
    ones = torch.full((70_000, 1), 1.0, dtype=torch.float16)  # whose sum float16 does not hold
    assert models.l1_sparsity(ones).item() == 1
    with pytest.raises(TypeError, match="real numbers, got torch.complex64"):
        models.l1_sparsity(torch.zeros(1, 1, dtype=torch.complex64))


def test_penalties_refuse(torch, models):
    with pytest.raises(ValueError, match=r"from -1 to 0\.5"):
        models.kl_sparsity(torch.tensor([[-1.0, 0.5]]), 0.05)
    with pytest.raises(ValueError, match=r"from 0 to 1\.5"):
        models.kl_sparsity(torch.tensor([[0.0, 1.5]]), 0.05)
    with pytest.raises(ValueError, match="output of a sigmoid"):
        models.kl_sparsity(torch.tensor([[float("nan")]]), 0.05)
    with pytest.raises(ValueError, match="got 5"):
        models.kl_sparsity(torch.tensor([[0.5]]), 5)
    for penalty in (models.l1_sparsity, lambda codes: models.keep_top_k(codes, 1)):
        with pytest.raises(ValueError, match="2-D and not empty"):
            penalty(torch.zeros(3))
        with pytest.raises(ValueError, match="2-D and not empty"):
            penalty(torch.zeros(0, 3))
    with pytest.raises(ValueError, match=r"from 1 to 1, got 2"):
        models.keep_top_k(torch.zeros(1, 1), 2)
    with pytest.raises(ValueError, match="5 columns"):
        models.SparseCodeAutoencoder(5, 4).encode(np.zeros((2, 6)))
