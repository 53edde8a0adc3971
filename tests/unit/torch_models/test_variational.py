"""The bound and its parts against PyTorch's distributions, closed forms and known mistakes."""

import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal

pytestmark = pytest.mark.torch


def tensors(torch, *shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def pixels(rows=20, columns=8, seed=0):
    return np.random.default_rng(seed).random((rows, columns)).astype(np.float32)


# --- the parts ----------------------------------------------------------------------------------


def test_divergence_agrees_with_torch(torch, models):
    mean, log_variance = tensors(torch, 6, 3), tensors(torch, 6, 3, seed=1)
    codes = torch.distributions.Normal(mean, torch.exp(log_variance / 2))
    prior = torch.distributions.Normal(torch.zeros(3), torch.ones(3))
    expected = torch.distributions.kl_divergence(codes, prior).sum(1)
    torch.testing.assert_close(models.divergence(mean, log_variance), expected)


def test_bernoulli_nats_agree_with_torch(torch, models):
    rows, logits = (tensors(torch, 5, 9) > 0).float(), 30 * tensors(torch, 5, 9, seed=1)
    expected = -torch.distributions.Bernoulli(logits=logits).log_prob(rows).sum(1)
    torch.testing.assert_close(models.bernoulli_nats(rows, logits), expected)


def test_grey_pixels_cost_the_mean_of_their_coins(torch, models):
    grey, logits = torch.tensor([[0.25]]), torch.tensor([[1.7]])
    ones = models.bernoulli_nats(torch.ones(1, 1), logits)
    zeros = models.bernoulli_nats(torch.zeros(1, 1), logits)
    torch.testing.assert_close(models.bernoulli_nats(grey, logits), 0.25 * ones + 0.75 * zeros)


def test_draws_have_the_asked_mean_and_spread(torch, models):
    torch.manual_seed(0)
    mean, log_variance = torch.full((50_000, 1), 3.0), torch.full((50_000, 1), math.log(0.25))
    codes = models.draw_codes(mean, log_variance)
    assert float(codes.mean()) == pytest.approx(3, abs=0.01)
    assert float(codes.std()) == pytest.approx(0.5, abs=0.01)


# --- the four comparisons and the eleven mistakes -----------------------------------------------


def noise_like(mean):
    import torch

    return torch.randn_like(mean)


DIVERGENCES = {
    "sign lost": lambda m, v: -0.5 * (m**2 + v.exp() - 1 - v).sum(1),
    "minus one lost": lambda m, v: 0.5 * (m**2 + v.exp() - v).sum(1),
    "half lost": lambda m, v: (m**2 + v.exp() - 1 - v).sum(1),
    "mean over units": lambda m, v: 0.5 * (m**2 + v.exp() - 1 - v).mean(1),
    "sum over the batch": lambda m, v: 0.5 * (m**2 + v.exp() - 1 - v).sum(),
    "taken for a log deviation": lambda m, v: 0.5 * (m**2 + (2 * v).exp() - 1 - 2 * v).sum(1),
    "taken for a variance": lambda m, v: 0.5 * (m**2 + v - 1 - v.clamp(min=1e-9).log()).sum(1),
}
DRAWS = {
    "forgotten": lambda m, v: m,
    "variance as deviation": lambda m, v: m + v.exp() * noise_like(m),
    "log-variance as deviation": lambda m, v: m + v * noise_like(m),
    "half a log-variance as deviation": lambda m, v: m + 0.5 * v * noise_like(m),
}


@pytest.mark.parametrize("name", DIVERGENCES)
def test_faults_of_the_divergence_are_found_by_one_comparison(models, name):
    found = models.bound_faults(models.draw_codes, DIVERGENCES[name], models.bernoulli_nats)
    assert [fault.split(":")[0] for fault in found] == ["divergence"]


@pytest.mark.parametrize("name", DRAWS)
def test_faults_of_the_draw_are_found_by_one_comparison(models, name):
    found = models.bound_faults(DRAWS[name], models.divergence, models.bernoulli_nats)
    assert [fault.split(":")[0] for fault in found] == ["spread"]


def test_a_detached_draw_is_found(torch, models):
    def detached(mean, log_variance):
        return torch.distributions.Normal(mean, torch.exp(0.5 * log_variance)).sample()

    found = models.bound_faults(detached, models.divergence, models.bernoulli_nats)
    assert [fault.split(":")[0] for fault in found] == ["gradient"]


def test_a_mean_over_pixels_is_found(torch, models):
    def mean_over_pixels(rows, logits):
        cost = torch.nn.functional.binary_cross_entropy_with_logits
        return cost(logits, rows, reduction="none").mean(1)

    found = models.bound_faults(models.draw_codes, models.divergence, mean_over_pixels)
    assert [fault.split(":")[0] for fault in found] == ["reconstruction"]


def test_a_draw_without_its_mean_is_found(models):
    found = models.bound_faults(
        lambda m, v: (0.5 * v).exp() * noise_like(m), models.divergence, models.bernoulli_nats
    )
    assert [fault.split(":")[0] for fault in found] == ["gradient"]


def test_nothing_is_found_in_other_right_ways(torch, models):
    state = torch.get_rng_state()

    def draw(mean, log_variance):
        return torch.distributions.Normal(mean, torch.exp(log_variance).sqrt()).rsample()

    def kl(mean, log_variance):
        return -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp(), dim=1)

    def rec(rows, logits):
        p = torch.sigmoid(logits)
        return -(rows * p.log() + (1 - rows) * (1 - p).log()).sum(dim=-1)

    assert models.bound_faults(draw, kl, rec) == []
    assert torch.equal(torch.get_rng_state(), state)


# --- models -------------------------------------------------------------------------------------


def test_parts_and_log_weights_tell_the_same_bound(torch, models):
    model = models.VariationalAutoencoder(8, [7], code_size=3, seed=0)
    rows = torch.from_numpy(pixels())
    torch.manual_seed(1)
    reconstruction, by_unit = model.parts(rows)
    torch.manual_seed(1)
    weights = torch.stack([model.log_weights(rows) for _ in range(1000)]).mean(0)
    torch.manual_seed(2)
    costs = torch.stack([model.parts(rows)[0] for _ in range(1000)]).mean(0)
    assert reconstruction.shape == (20,)
    torch.testing.assert_close(-weights, costs + by_unit.sum(1), atol=0.2, rtol=0)


def test_loss_is_the_mean_of_both_parts(torch, models):
    rows = torch.from_numpy(pixels())
    for beta in (1.0, 4.0):
        model = models.VariationalAutoencoder(8, [7], code_size=3, beta=beta, seed=0)
        torch.manual_seed(1)
        loss = model.loss(rows)
        torch.manual_seed(1)
        reconstruction, by_unit = model.parts(rows)
        torch.testing.assert_close(loss, (reconstruction + beta * by_unit.sum(1)).mean())


def test_settings_that_are_not_given(models):
    settings = {"hidden_sizes": [256, 128], "code_size": 20, "beta": 1.0, "noisy": True}
    assert models.VariationalAutoencoder(6).config == {"n_features": 6} | settings


def test_without_noise_and_divergence_it_is_an_ordinary_autoencoder(torch, models):
    model = models.VariationalAutoencoder(8, [7], code_size=3, beta=0, noisy=False, seed=0)
    rows = torch.from_numpy(pixels())
    expected = torch.nn.functional.binary_cross_entropy(model(rows), rows) * 8
    torch.testing.assert_close(model.loss(rows), expected)
    torch.testing.assert_close(model.loss(rows), model.loss(rows), rtol=0, atol=0)


def test_decoder_starts_at_the_mean_picture(torch, models):
    mean = np.linspace(0, 1, 8)
    model = models.VariationalAutoencoder(8, [7], code_size=3, output_mean=mean, seed=0)
    got = torch.sigmoid(model.decoder[-1].bias).detach().numpy()
    np.testing.assert_allclose(got, mean.clip(0.01, 0.99), rtol=1e-5)


def test_first_weights_follow_the_seed_alone(torch, models):
    state = torch.get_rng_state()
    build = models.VariationalAutoencoder
    first, again = (build(8, [7], 3, seed=5).encoder[0].weight for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, build(8, [7], 3, seed=6).encoder[0].weight)
    assert torch.equal(torch.get_rng_state(), state)


def test_nats_do_not_depend_on_the_global_generator(torch, models):
    model, rows = models.VariationalAutoencoder(8, [7], code_size=3, seed=0), pixels()
    state = torch.get_rng_state()
    first, again = models.nats(model, rows, seed=3), models.nats(model, rows, seed=3)
    other = models.nats(model, rows, seed=4)
    np.testing.assert_array_equal(first.total, again.total)
    assert not np.array_equal(first.reconstruction, other.reconstruction)
    np.testing.assert_array_equal(first.by_unit, other.by_unit)
    assert torch.equal(torch.get_rng_state(), state)
    assert first.total.dtype == np.float64
    np.testing.assert_allclose(first.divergence, first.by_unit.sum(axis=1))


def test_units_in_use_are_those_that_cost_something(models):
    nats = models.Nats(np.zeros(2), np.array([[0.0, 0.03, 5.0], [0.0, 0.0, 4.0]]))
    assert nats.in_use == 2
    assert models.Nats(np.zeros(1), np.array([[0.0, 0.005]])).in_use == 0


def test_more_draws_give_a_tighter_bound(models):
    model, rows = models.VariationalAutoencoder(8, [7], code_size=3, seed=0), pixels(200)
    one = models.importance_weighted_bound(model, rows, draws=1)
    many = models.importance_weighted_bound(model, rows, draws=50)
    assert one.mean() < many.mean()
    batched = models.importance_weighted_bound(model, rows, draws=50, batch_size=200)
    np.testing.assert_array_equal(many, batched)


def test_linear_model_bounds_the_likelihood_from_below(models):
    model = models.LinearVariationalAutoencoder(4, 2, seed=0)
    rows = np.random.default_rng(0).standard_normal((300, 4)).astype(np.float32)
    mean, covariance = model.decoder.bias.detach().numpy(), model.covariance().numpy()
    exact = multivariate_normal(mean, covariance).logpdf(rows)
    bound = model.bound(rows)
    assert (bound < exact + 1e-4).all()
    drawn = np.mean([models.nats(model, rows, seed=seed).total for seed in range(300)], axis=0)
    np.testing.assert_allclose(-drawn.mean(), bound.mean(), atol=0.02)
    many = models.importance_weighted_bound(model, rows, draws=3000)
    assert np.quantile(np.abs(many - exact), 0.95) < 0.1
    assert many.mean() == pytest.approx(exact.mean(), abs=0.02)


def test_linear_model_reaches_probabilistic_pca(models):
    rng = np.random.default_rng(0)
    table = rng.standard_normal((500, 2)) @ rng.standard_normal((2, 4))
    table += 0.3 * rng.standard_normal((500, 4))
    model = models.LinearVariationalAutoencoder(4, 2, seed=0)
    models.fit(
        model, table, epochs=40, batch_size=50, learning_rate=0.03, one_cycle=True, progress=False
    )
    mean, covariance = model.decoder.bias.detach().numpy(), model.covariance().numpy()
    reached = multivariate_normal(mean, covariance).logpdf(table).mean()
    values = np.linalg.eigvalsh(np.cov(table.T, bias=True))[::-1]
    noise = values[2:].mean()
    best = -0.5 * (4 * np.log(2 * np.pi) + np.log(values[:2]).sum() + 2 * np.log(noise) + 4)
    assert best - 0.05 < reached <= best + 1e-6


def test_a_short_training_learns(torch, models):
    rows = (np.arange(4)[:, None] == np.arange(4)).repeat(3, axis=1).astype(np.float32)
    rows = np.tile(rows, (50, 1))
    model = models.VariationalAutoencoder(12, [16], 2, output_mean=rows.mean(axis=0), seed=0)
    history = models.fit(model, rows, epochs=30, batch_size=20, learning_rate=0.01, progress=False)
    assert history.train[-1] < 0.6 * history.train[0]
    assert models.nats(model, rows).in_use >= 1
    assert not model.training


# --- the judge ----------------------------------------------------------------------------------


def test_classifier_learns_its_labels(torch, models):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 300)
    rows = np.eye(3)[labels] + 0.2 * rng.standard_normal((300, 3))
    judge = models.Classifier(3, 3, [8, 5], seed=0)
    models.fit(
        judge, judge.labelled(rows, labels), epochs=20, learning_rate=0.02, batch_size=30,
        progress=False,
    )  # fmt: skip
    said = judge.probabilities(rows)
    np.testing.assert_allclose(said.sum(axis=1), 1, rtol=1e-5)
    assert np.mean(said.argmax(axis=1) == labels) > 0.95
    features = judge.features(rows)
    assert features.shape == (300, 5)
    assert features.min() >= 0
    logits = judge.last(torch.from_numpy(features))
    np.testing.assert_allclose(logits.softmax(1).detach().numpy(), said, rtol=1e-5)


# --- the front door -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((0,), {}, ValueError, "n_features must"),
        ((4.0,), {}, TypeError, "n_features must"),
        ((4,), {"beta": -1}, ValueError, "beta must"),
        ((4,), {"noisy": 1}, TypeError, "noisy must"),
        ((4,), {"output_mean": [0.5] * 3}, ValueError, r"shape \(4,\)"),
        ((4,), {"output_mean": [2.0] * 4}, ValueError, "output_mean must lie in"),
        ((4, "128"), {}, TypeError, "hidden_sizes must"),
    ],
)
def test_variational_says_what_is_wrong(models, arguments, options, error, message):
    with pytest.raises(error, match=message):
        models.VariationalAutoencoder(*arguments, **options)


def test_rows_are_checked(models):
    model = models.VariationalAutoencoder(4, [3], 2, seed=0)
    with pytest.raises(ValueError, match=r"rows must lie in \[0, 1\]"):
        models.nats(model, np.full((2, 4), 255))
    with pytest.raises(ValueError, match="rows of 4 columns"):
        models.nats(model, np.zeros((2, 5)))
    with pytest.raises(ValueError, match="rows of 2 columns"):
        model.decode(np.zeros((3, 4)))
    with pytest.raises(TypeError, match="model must be a VariationalAutoencoder"):
        models.nats(models.Autoencoder(4), np.zeros((2, 4)))
    with pytest.raises(TypeError, match="model must be a VariationalAutoencoder"):
        models.importance_weighted_bound(models.Autoencoder(4), np.zeros((2, 4)))
    with pytest.raises(ValueError, match="draws must"):
        models.importance_weighted_bound(model, np.zeros((2, 4)), draws=0)


def test_labels_are_checked(models):
    judge = models.Classifier(4, 3, [2], seed=0)
    with pytest.raises(ValueError, match="from 0 to 2"):
        judge.labelled(np.zeros((2, 4)), [0, 3])
    with pytest.raises(ValueError, match="one for each of 2 rows"):
        judge.labelled(np.zeros((2, 4)), [0])
    with pytest.raises(ValueError, match="at least one layer"):
        models.Classifier(4, 3, [])
