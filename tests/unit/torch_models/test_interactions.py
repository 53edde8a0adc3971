"""`InteractionAutoencoder`: its formula, its noise, and that it learns who belongs together."""

import numpy as np
import pytest
import scipy.sparse as sp

pytestmark = pytest.mark.torch

N_ITEMS = 24


@pytest.fixture
def model(torch, models):
    torch.manual_seed(0)
    return models.InteractionAutoencoder(N_ITEMS, 3).double().eval()


def two_kinds(n=60, seed=0):
    """Users who choose among the first or among the last twelve items; user 0 has none."""
    rng = np.random.default_rng(seed)
    kind = np.arange(n)[:, None] % 2 == np.arange(N_ITEMS) // 12
    chosen = kind & (rng.random((n, N_ITEMS)) < 0.4)
    chosen[0] = False
    return sp.csr_array(chosen.astype(np.float32))


def by_hand(model, rows):
    """Scores with dense NumPy arrays, row by row."""
    table, bias = model.lookup.weight.detach().numpy(), model.bias.detach().numpy()
    weight, offset = model.output.weight.detach().numpy(), model.output.bias.detach().numpy()
    scores = []
    for row in rows.toarray().astype(float):
        code = np.tanh(row / (np.linalg.norm(row) or 1) @ table + bias)
        scores.append(weight @ code + offset)
    return np.array(scores)


def test_scores_follow_the_formula(model):
    rows = two_kinds()
    np.testing.assert_allclose(model(rows).detach().numpy(), by_hand(model, rows), atol=1e-12)
    np.testing.assert_allclose(model(rows * 7).detach().numpy(), by_hand(model, rows), atol=1e-12)


def test_loss_is_the_mean_negative_log_likelihood(model):
    rows = two_kinds()
    scores = by_hand(model, rows)
    log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    expected = -log_p[rows.toarray() > 0].mean()
    assert model.loss(rows).item() == pytest.approx(expected, rel=1e-12)


def test_gradient(torch, model):
    rows = two_kinds(6).astype(np.float64)
    names, tensors = zip(*model.named_parameters(), strict=True)

    def loss(*values):
        return torch.func.functional_call(model, dict(zip(names, values, strict=True)), (rows,))

    assert torch.autograd.gradcheck(loss, tensors)


def test_noise_in_training_only(torch, models):
    rows = two_kinds()
    torch.manual_seed(0)
    model = models.InteractionAutoencoder(N_ITEMS, 3, hide_items=0.5, drop_code=0.0)
    first, second = model(rows), model(rows)
    assert not torch.equal(first, second)
    model.eval()
    assert torch.equal(model(rows), model(rows))
    quiet = models.InteractionAutoencoder(N_ITEMS, 3, hide_items=0.0, drop_code=0.0)
    assert torch.equal(quiet(rows), quiet(rows))


def test_hides_the_promised_share(torch, models):
    torch.manual_seed(0)
    model = models.InteractionAutoencoder(2000, 1, hide_items=0.3)
    with torch.no_grad():
        model.lookup.weight.fill_(0.01)
    full = sp.csr_array(np.ones((1, 2000), dtype=np.float32))
    # n items of weight 1/√n each add up to √n hundredths.
    seen = (float(torch.atanh(model.encode(full).detach())) * 100) ** 2
    assert 0.65 < seen / 2000 < 0.75


def test_starts_at_popularity(torch, models):
    model = models.InteractionAutoencoder(3, 2).eval()
    model.start_at_popularity([9, 0, 99])
    with torch.no_grad():
        model.output.weight.zero_()
        p = torch.softmax(model(sp.csr_array((1, 3), dtype=np.float32)), dim=1)[0]
    assert float(p[2] / p[0]) == pytest.approx(99.05 / 9.05, rel=1e-5)


def test_learns_who_belongs_together(torch, models):
    rows = two_kinds()
    torch.manual_seed(0)
    model = models.InteractionAutoencoder(N_ITEMS, 4)
    before = models.mean_loss(model, rows)
    models.fit(model, rows, epochs=60, batch_size=20, learning_rate=0.03)
    assert models.mean_loss(model, rows) < before - 0.4
    new = sp.csr_array(([1.0, 1.0], ([0, 1], [0, 23])), shape=(2, N_ITEMS), dtype=np.float32)
    scores = model.eval()(new).detach().numpy()
    assert scores[0, 1:12].mean() > scores[0, 12:].mean() + 1
    assert scores[1, 12:23].mean() > scores[1, :12].mean() + 1
    vectors = model.output.weight.detach().numpy()
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = units @ units.T
    assert cosines[:12, :12].mean() > 0.5 > 0 > cosines[:12, 12:].mean()


def test_save_and_load(torch, models, model, tmp_path):
    models.save(model, tmp_path / "model.pt")
    again = models.load(tmp_path / "model.pt").eval()
    assert again.config == model.config
    assert torch.equal(again(two_kinds()), model(two_kinds()))


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((0, 2), {}, ValueError, "at least 1, got 0"),
        ((3, 2.0), {}, TypeError, "at least 1, got 2.0"),
        ((3, True), {}, TypeError, "got True"),
        ((3,), {}, TypeError, "code_size must be an integer of at least 1, got None"),
        ((3, 2), {"n_features": 3}, TypeError, "two names of one number"),
    ],
)
def test_refuses_sizes(models, arguments, options, error, message):
    with pytest.raises(error, match=message):
        models.InteractionAutoencoder(*arguments, **options)


def test_its_columns_have_two_names(torch, models):
    first, second = (
        models.InteractionAutoencoder(code_size=2, seed=1, **{name: 5})
        for name in ("n_items", "n_features")
    )
    assert first.config == second.config
    assert first.config["n_features"] == 5
    assert torch.equal(first.lookup.weight, second.lookup.weight)


def test_refuses_what_is_no_popularity(models):
    model = models.InteractionAutoencoder(3, 2)
    for popularity in ([1, 2], [1, -1, 0]):
        with pytest.raises(ValueError, match="popularity must be 3 numbers of at least 0"):
            model.start_at_popularity(popularity)
    with pytest.raises(ValueError, match="must be finite"):
        model.start_at_popularity([1, np.nan, 0])


def test_refuses_negative_interactions(models, model):
    rows = two_kinds(4)
    rows.data[3] = -1
    row = int(np.searchsorted(rows.indptr, 3, side="right")) - 1
    with pytest.raises(ValueError, match=f"got -1 in row {row}, column {rows.indices[3]}"):
        models.fit(model, rows, epochs=1)


def test_refuses_shares_and_other_columns(models, model):
    with pytest.raises(ValueError, match="below 1, got 1"):
        models.InteractionAutoencoder(3, 2, hide_items=1.0)
    with pytest.raises(ValueError, match="24 columns"):
        model(sp.csr_array((1, 5), dtype=np.float32))


def test_a_file_of_the_first_edition_loads(torch, models, model, tmp_path):
    path = tmp_path / "model.pt"
    models.save(model, path)
    content = torch.load(path, weights_only=True)
    content["config"]["n_items"] = content["config"].pop("n_features")  # as it was called then
    torch.save(content, path)
    assert models.load(path).config == model.config
    assert torch.equal(models.load(path)(two_kinds()), model(two_kinds()))
    content["class"] = "Perceptron"
    torch.save(content, path)
    with pytest.raises(ValueError, match="holds a Perceptron, which this course does not know"):
        models.load(path)
    with pytest.raises(IsADirectoryError, match="is a folder"):
        models.load(tmp_path)


def test_the_rung_is_the_network_trained_as_on_the_page(torch, models):
    train, seen = two_kinds()[1:], two_kinds(seed=5)
    network = models.InteractionAutoencoder(N_ITEMS, 3, hide_items=0.2, seed=0)
    network.start_at_popularity(train.sum(axis=0))
    models.fit(network, train, epochs=3, batch_size=64, learning_rate=4e-3, seed=0)
    with torch.no_grad():
        expected = network(seen).numpy()
    scorer = models.denoiser(train.astype(float), (3, 0.2), epochs=3)
    np.testing.assert_array_equal(scorer(seen.astype(float)), expected)


def test_one_teacher_makes_a_rung_and_none_does_not(models):
    scorer = models.denoiser(sp.csr_array([[1.0, 0, 2]]), (2, 0.0), epochs=1)
    assert scorer(sp.csr_array(np.eye(2, 3))).shape == (2, 3)
    for nobody in (sp.csr_array((0, 3)), sp.csr_array((3, 0)), sp.csr_array((2, 3))):
        with pytest.raises(ValueError, match="train must hold interactions above 0, got shape"):
            models.denoiser(nobody, (2, 0.0))


def test_another_seed_is_another_rung(models):
    one, other = (models.denoiser(two_kinds()[1:], (3, 0.2), epochs=1, seed=s) for s in (0, 1))
    assert not np.array_equal(one(two_kinds()), other(two_kinds()))
