"""`FeatureBagAutoencoder`: its formula, what it drops, and that features reach unknown items."""

import numpy as np
import pytest
import scipy.sparse as sp

pytestmark = pytest.mark.torch

N_ITEMS, N_FEATURES = 24, 6


def features_of(n=N_ITEMS, seed=0):
    rng = np.random.default_rng(seed)
    table = rng.random((n, N_FEATURES)) < 0.3
    table[:, 0] = np.arange(n) < n // 2
    table[:, 1] = ~table[:, 0]
    return sp.csr_array(table.astype(float))


def two_kinds(n=60, seed=0):
    """Users who choose among the items with feature 0, or among those with feature 1."""
    rng = np.random.default_rng(seed)
    kind = (np.arange(n)[:, None] % 2 == 0) == (np.arange(N_ITEMS) < N_ITEMS // 2)
    return sp.csr_array((kind & (rng.random((n, N_ITEMS)) < 0.4)).astype(np.float32))


def build(models, **options):
    return models.FeatureBagAutoencoder(features_of(), 3, seed=0, **options)


def by_hand(model, rows, features, ids):
    """Scores with dense NumPy arrays."""
    bag = model.bag.weight.detach().numpy()
    vectors = features.toarray() @ bag
    if ids:
        vectors[:, :-1] += model.output.weight.detach().numpy()
        vectors[:, -1] += model.output.bias.detach().numpy()
    table, bias = model.lookup.weight.detach().numpy(), model.bias.detach().numpy()
    lengths = np.maximum(np.sqrt(rows.sum(axis=1)), 1e-9)
    codes = np.tanh(rows.toarray() / lengths[:, None] @ table + bias)
    return codes @ vectors[:, :-1].T + vectors[:, -1]


@pytest.mark.parametrize("ids", [False, True])
def test_scores_follow_the_formula(models, ids):
    model = build(models, ids=ids).eval()
    model.start_at_popularity(np.arange(N_ITEMS))
    rows, new = two_kinds(), features_of(5, seed=3)
    new.data = np.arange(1, new.nnz + 1) / 4  # features have weights
    found = model(rows).detach().numpy()
    np.testing.assert_allclose(found, by_hand(model, rows, features_of(), ids), atol=1e-5)
    found = model.offers(rows, new).detach().numpy()
    np.testing.assert_allclose(found, by_hand(model, rows, new, False), atol=1e-5)


def test_ids_are_dropped_item_by_item(models, torch):
    model = build(models, ids=True, drop_ids=0.5, drop_code=0.0, hide_items=0.0)
    model.start_at_popularity(np.arange(N_ITEMS))
    rows, shares = two_kinds()[:4], []
    with torch.no_grad():
        whole, offered = model.eval()(rows), model.offers(rows, features_of())
        torch.manual_seed(0)
        for _ in range(100):
            found = model.train()(rows)
            kept = torch.isclose(found, whole, atol=1e-6).all(dim=0)
            dropped = torch.isclose(found, offered, atol=1e-6).all(dim=0)
            assert (kept != dropped).all()
            shares.append(dropped.float().mean().item())
    assert 0 < min(shares) < max(shares) < 1
    assert np.mean(shares) == pytest.approx(0.5, abs=0.05)


def test_without_ids_known_items_are_scored_as_new_ones(models):
    model = build(models).eval()
    rows = two_kinds()
    np.testing.assert_allclose(
        model(rows).detach(), model.offers(rows, features_of()).detach(), atol=1e-6
    )
    assert not model.output.weight.requires_grad


def test_it_starts_at_popularity_as_far_as_features_tell(models):
    counts = np.where(np.arange(N_ITEMS) < N_ITEMS // 2, 50.0, 2.0)
    for ids in (False, True):
        model = build(models, ids=ids)
        model.start_at_popularity(counts)
        bias = (features_of() @ model.bag.weight[:, -1].detach().double().numpy()).ravel()
        assert bias[: N_ITEMS // 2].min() > bias[N_ITEMS // 2 :].max()
        if ids:
            whole = bias + model.output.bias.detach().numpy()
            np.testing.assert_allclose(whole, np.log(counts + 0.05), atol=1e-5)


@pytest.mark.parametrize("ids", [False, True])
def test_the_penalty_is_the_mean_squared_length(torch, models, ids):
    plain, strict = (build(models, ids=ids, penalty=p).eval() for p in (0.0, 2.0))
    rows = two_kinds()
    expected = (plain.bag.weight[:, :-1] ** 2).sum() / N_FEATURES
    if ids:
        expected = expected + (plain.output.weight**2).sum() / N_ITEMS
    gap = strict.loss(rows) - plain.loss(rows)
    assert gap.item() == pytest.approx(2 * expected.item(), rel=1e-4)


@pytest.mark.parametrize("options", [{}, {"ids": True, "drop_ids": 0.5}])
def test_training_teaches_which_new_items_belong_to_whom(torch, models, options):
    model = build(models, **options)
    rows = two_kinds(200)
    model.start_at_popularity(rows.sum(axis=0))
    models.fit(model, rows, epochs=30, batch_size=20, learning_rate=0.02, seed=0)
    new = sp.csr_array(np.eye(2, N_FEATURES))
    with torch.no_grad():
        scores = model.offers(rows, new).numpy()
    right = np.where(
        np.arange(200) % 2 == 0, scores[:, 0] > scores[:, 1], scores[:, 1] > scores[:, 0]
    )
    assert right[rows.sum(axis=1) > 0].mean() > 0.95


def test_a_seed_decides_the_weights_and_leaves_the_global_generator(torch, models):
    before = torch.get_rng_state()
    first, again = build(models, ids=True), build(models, ids=True)
    assert torch.equal(torch.get_rng_state(), before)
    for one, two in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"ids": 1}, TypeError, "ids"),
        ({"drop_ids": 1.0}, ValueError, "drop_ids"),
        ({"penalty": -1.0}, ValueError, "penalty"),
        ({"hide_items": 2.0}, ValueError, "hide_items"),
    ],
)
def test_refusals(models, options, error, text):
    with pytest.raises(error, match=text):
        build(models, **options)


def test_other_features_are_refused(models):
    model = build(models)
    with pytest.raises(ValueError, match="features must have 6 columns"):
        model.offers(two_kinds(), np.ones((2, N_FEATURES + 1)))


def test_features_are_named_where_they_are_refused(models):
    wrong = sp.csr_array(np.eye(3, N_FEATURES) * 1j)
    with pytest.raises(TypeError, match="^features must hold real numbers"):
        models.FeatureBagAutoencoder(wrong, 3)
    with pytest.raises(TypeError, match="^features must hold real numbers"):
        build(models).offers(two_kinds(), wrong)


def test_without_a_word_nothing_is_added_to_the_loss(models):
    rows, model = two_kinds(), build(models).eval()
    told = build(models, ids=False, drop_ids=0.0, penalty=0.0).eval()
    assert model.loss(rows).item() == told.loss(rows).item()
    assert not model.ids
