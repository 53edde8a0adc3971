"""Pictures carry their description; small drawings show what they are given."""

import base64

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.sparse as sp
from matplotlib.colors import to_rgba

from course_utils import plots
from course_utils.plots import style

ALT = "Two lines that cross in the middle."


@pytest.fixture
def published(monkeypatch):
    """What show() hands to IPython's display, as (bundle, keyword arguments)."""
    calls = []
    monkeypatch.setattr(style, "display", lambda bundle, **options: calls.append((bundle, options)))
    return calls


@pytest.mark.slow
def test_show_publishes_picture_and_description_and_closes(published):
    figure, axes = plt.subplots()
    axes.plot([0, 1], [1, 0])
    plots.show(figure, alt="Two lines that\n   cross in the middle.")
    ((bundle, options),) = published
    assert bundle["text/plain"] == ALT
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert options == {"raw": True, "metadata": {"image/png": {"alt": ALT}}}
    assert not plt.fignum_exists(figure.number)


def test_stored_picture_does_not_name_the_version_of_matplotlib(published):
    figure, _ = plt.subplots()
    plots.show(figure, alt=ALT)
    picture = base64.b64decode(published[0][0]["image/png"])
    assert matplotlib.__version__.encode() not in picture


@pytest.mark.parametrize("alt", ["", "a plot", "<Figure size 640x480 with 1 Axes>"])
def test_show_refuses_an_empty_description(published, alt):
    figure, _ = plt.subplots()
    with pytest.raises(ValueError, match="alt must describe"):
        plots.show(figure, alt=alt)
    assert published == []
    plt.close(figure)


def test_image_rows_draws_every_image_at_its_place():
    first, second = np.random.default_rng(0).random((2, 3, 6))
    figure = plots.image_rows({"first": first, "second": second}, shape=(2, 3))
    drawn = [np.asarray(axes.images[0].get_array()).ravel() for axes in figure.axes]
    np.testing.assert_array_equal(drawn, np.concatenate([first, second]))
    assert [text.get_text() for axes in figure.axes for text in axes.texts] == ["first", "second"]
    assert {axes.images[0].get_clim() for axes in figure.axes} == {(0, 1)}  # one scale for all
    plt.close(figure)


def test_image_rows_refuses_rows_that_do_not_match():
    with pytest.raises(ValueError, match=r"shape \(n, 784\).*'b': \(2, 784\)"):
        plots.image_rows({"a": np.zeros((3, 784)), "b": np.zeros((2, 784))})
    with pytest.raises(ValueError, match=r"shape \(n, 784\).*\(3, 28\)"):
        plots.image_rows({"a": np.zeros((3, 28))})
    with pytest.raises(
        ValueError, match=r"row 'a' must be 2-D with shape \(n, 4\), got shape \(4,\)"
    ):
        plots.image_rows({"a": np.zeros(4)}, shape=(2, 2))
    with pytest.raises(ValueError, match="the same shape"):
        plots.image_rows({})
    with pytest.raises(TypeError, match="height and width must be an integer"):
        plots.image_rows({"a": np.zeros((3, 4))}, shape=(2.0, 2))
    with pytest.raises(ValueError, match="scale must be a number above 0"):
        plots.image_rows({"a": np.zeros((3, 4))}, shape=(2, 2), scale=0)


@pytest.mark.parametrize(
    "matrix",
    [
        [[0, 5, np.nan], [2, -1, 8]],
        sp.csr_array(([0.0, 5, 2, -1, 8], [0, 1, 0, 1, 2], [0, 2, 5]), shape=(2, 3)),
        np.array([[0, 5, np.nan], [2, -1, 8]], np.float16),
        np.array([[0, 5, np.nan], [2, -1, 8]], ">f8"),
    ],
    ids=["NaN", "not stored", "half", "big-endian"],
)
def test_heat_map_writes_known_numbers_into_their_cells_and_none_elsewhere(matrix):
    figure, axes = plt.subplots()
    assert plots.heat_map(matrix, axes, title="A") is axes
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert written == {
        (0.5, 0.5): "0",
        (1.5, 0.5): "5",
        (0.5, 1.5): "2",
        (1.5, 1.5): "-1",
        (2.5, 1.5): "8",
    }
    drawn = axes.collections[0].get_array().reshape(2, 3)
    assert drawn.mask.tolist() == [[False, False, True], [False, False, False]]
    assert any(patch.get_hatch() for patch in axes.patches)
    assert axes.get_title() == "A"
    figure.canvas.draw()
    plt.close(figure)


def test_heat_map_takes_the_known_cells_from_where():
    figure, axes = plt.subplots()
    plots.heat_map([[1.0, np.inf]], where=[[True, False]])  # on the current axes
    assert [text.get_text() for text in axes.texts] == ["1"]
    plots.heat_map(np.ones((2, 2), bool), axes, where=np.zeros((2, 2), bool))
    assert len(axes.texts) == 1  # nothing is known, and that can be drawn
    plt.close(figure)


@pytest.mark.parametrize("numbers", [[[3, 3]], [list(range(20))], [list(range(-9, 9))], [[-4, -1]]])
def test_heat_map_numbers_stand_out_from_their_cells(numbers):
    figure, axes = plt.subplots()
    plots.heat_map(numbers, axes)
    figure.canvas.draw()
    for face, text in zip(axes.collections[0].get_facecolors(), axes.texts, strict=True):
        shades = [luminance(color) + 0.05 for color in (face, to_rgba(text.get_color()))]
        assert max(shades) / min(shades) > 4.5  # WCAG 2, level AA
    plt.close(figure)


def luminance(color):
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in color[:3]]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def test_heat_maps_with_the_same_limits_have_the_same_colours():
    _, both = plt.subplots(1, 2)
    plots.heat_map([[0, 5]], both[0], limits=(-5, 5))
    plots.heat_map([[-1, 5]], both[1], limits=(-5, np.int8(5)))
    colours = [axes.collections[0].get_facecolors()[1] for axes in both]
    np.testing.assert_array_equal(*colours)
    assert [axes.collections[0].get_clim() for axes in both] == [(-5, 5), (-5, 5)]
    for wrong in [(5, 5), (5, 0)]:
        with pytest.raises(ValueError, match="limits must rise"):
            plots.heat_map([[0, 5]], both[0], limits=wrong)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (([1, 2],), ValueError, "matrix must be 2-D"),
        (([["a"]],), TypeError, "matrix must hold real numbers"),
        (([[np.inf]],), ValueError, "matrix must be finite"),
        ((np.ma.masked_array([[1]], [[True]]),), ValueError, "masked"),
        ((np.empty((0, 2)),), ValueError, "empty"),
    ],
)
def test_heat_map_refuses(arguments, error, words):
    with pytest.raises(error, match=words):
        plots.heat_map(*arguments)


def test_layer_widths_draws_one_bar_per_layer_with_area_for_units():
    figure = plots.layer_widths({"input": 784, "code": 32, "output": 784})
    bars = figure.axes[0].patches
    heights = [bar.get_height() for bar in bars]
    np.testing.assert_allclose(np.square(heights), [784, 32, 784])
    centres = [bar.get_y() + bar.get_height() / 2 for bar in bars]
    np.testing.assert_allclose(centres, 0, atol=1e-12)
    assert bars[1].get_facecolor() != bars[0].get_facecolor() == bars[2].get_facecolor()
    plt.close(figure)


@pytest.mark.parametrize(
    ("layers", "error", "message"),
    [
        ({"in": 6, "out": 6}, ValueError, "code must be 'in' or 'out', got 'code'"),
        ({"in": 6, "code": 0}, ValueError, "layer 'code' must be an integer of at least 1, got 0"),
        ({}, ValueError, "layers must hold at least one layer"),
        ({"in": 6.0, "code": 2}, TypeError, "layer 'in' must be an integer of at least 1, got 6.0"),
    ],
)
def test_layer_widths_refuses_a_network_without_a_code(layers, error, message):
    with pytest.raises(error, match=message):
        plots.layer_widths(layers)


def test_csr_arrays_draws_what_is_stored_and_converts_nothing():
    twice = sp.csr_array(([2.0, 0.0, 3.0], [1, 1, 0], [0, 2, 3]), shape=(2, 2))
    figure = plots.csr_arrays(twice)
    texts = [text.get_text() for text in figure.axes[1].texts]
    assert texts == ["2", "1", "0", "1", "3", "0", "0", "2", "3"]
    plt.close(figure)
    with pytest.raises(TypeError, match=r"matrix must be a csr_array, got coo_array; use .tocsr()"):
        plots.csr_arrays(twice.tocoo())
    with pytest.raises(TypeError, match="matrix must be a csr_array, got ndarray"):
        plots.csr_arrays(np.eye(2))
