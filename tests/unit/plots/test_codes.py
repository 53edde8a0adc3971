"""Maps of codes show each point, image and label where it belongs."""

import base64

import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.sparse as sp
from matplotlib.colors import to_hex

from course_utils import plots
from course_utils.plots import style

ALT = "A map of digits with a cross, and the digit decoded there."


@pytest.fixture
def axes():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def test_code_map_gives_each_label_its_colour_and_its_name_at_the_median(axes):
    codes = np.array([[0.0, 0.0], [1.0, 2.0], [2.0, 1.0], [8.0, 9.0]])
    plots.code_map(axes, codes, np.array([3, 3, 3, 9]), title="digits")
    (points,) = axes.collections
    np.testing.assert_array_equal(points.get_offsets(), codes)
    drawn = [to_hex(color).upper() for color in points.get_facecolors()]
    assert drawn == [plots.DIGIT_COLORS[3].upper()] * 3 + [plots.DIGIT_COLORS[9].upper()]
    assert [text.get_text() for text in axes.texts] == ["3", "9"]
    np.testing.assert_allclose([text.get_position() for text in axes.texts], [[1, 1], [8, 9]])
    assert axes.get_title() == "digits"


@pytest.mark.parametrize("spread", [0.0, 0.01, 1.0])
def test_names_of_labels_do_not_cover_one_another(axes, spread):
    rng = np.random.default_rng(0)
    frame = rng.uniform(-3, 3, size=(1000, 2))
    centres = spread * rng.normal(size=(10, 2))
    codes = np.concatenate([frame, np.repeat(centres, 1000, axis=0)])
    labels = np.concatenate([np.zeros(1000, dtype=int), np.repeat(np.arange(10), 1000)])
    plots.code_map(axes, codes, labels)
    size = np.array([np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim())])
    spots = np.array([text.get_position() for text in axes.texts]) / size
    gaps = np.linalg.norm(spots[:, np.newaxis] - spots, axis=2)[~np.eye(10, dtype=bool)]
    assert gaps.min() > 0.055
    assert np.abs(spots * size - centres).max() < 2


def test_ten_digits_have_ten_colours():
    assert len({color.upper() for color in plots.DIGIT_COLORS}) == 10


@pytest.mark.parametrize("outlier", [1e3, 1e9])
def test_a_few_far_points_do_not_shrink_the_map(axes, outlier):
    codes = np.random.default_rng(0).normal(size=(1000, 2))
    codes[0] = outlier
    plots.code_map(axes, codes, np.zeros(1000, dtype=int))
    assert axes.get_xlim()[1] < 5
    assert axes.get_ylim()[1] < 5


def test_a_dead_unit_can_still_be_drawn(axes):
    codes = np.column_stack([np.arange(5.0), np.zeros(5)])
    plots.code_map(axes, codes, np.arange(5))
    low, high = axes.get_ylim()
    assert low < 0 < high


@pytest.mark.parametrize(
    ("codes", "labels", "error", "message"),
    [
        (np.zeros((3, 3)), [0, 0, 0], ValueError, r"shape \(n, 2\), got shape \(3, 3\)"),
        (np.zeros(3), [0, 0, 0], ValueError, r"codes must be 2-D with shape \(n, 2\), got shape"),
        ([[0, np.inf]], [0], ValueError, "codes must be finite, got inf in row 0, column 1"),
        (sp.csr_array((3, 2)), [0, 0, 0], TypeError, "codes must be a dense array"),
        (np.zeros((3, 2)), [0, 0], ValueError, "labels must be one for each of 3 codes, got 2"),
        (np.zeros((3, 2)), [0, 1, 10], ValueError, "from 0 to 9"),
        (np.zeros((3, 2)), [0, 1, -1], ValueError, "from 0 to 9"),
        (np.zeros((3, 2)), np.zeros(3), TypeError, "labels must hold integers, got float64"),
    ],
)
def test_code_map_refuses(axes, codes, labels, error, message):
    with pytest.raises(error, match=message):
        plots.code_map(axes, codes, labels)
    assert not axes.collections, "nothing is drawn before all is checked"


def test_maps_take_lists_and_integers(axes):
    plots.code_map(axes, [[0, 1], [2, 3]], [4, 9])
    assert [text.get_text() for text in axes.texts] == ["4", "9"]
    plots.glyph_map(axes, [[0, 0], [1, 1]], [[0, 1, 1, 0], [1, 0, 0, 1]], count=np.int64(2))
    plots.decoder_grid(axes, lambda points: [[0.5]] * len(points), [[0, 0], [1, 1]], count=2)
    assert axes.images[-1].get_array().tolist() == [[0.5, 0.5], [0.5, 0.5]]


def test_glyph_map_puts_each_image_in_its_cell(axes):
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    images = np.arange(1, 5)[:, np.newaxis] / 4 * np.ones((4, 4))
    plots.glyph_map(axes, corners, images, count=2)
    canvas = axes.images[0].get_array()
    assert canvas.shape == (4, 4)
    # The first row of the picture is the top of the map.
    np.testing.assert_array_equal(canvas[::2, ::2], [[0.75, 1.0], [0.25, 0.5]])
    left, right, bottom, top = axes.images[0].get_extent()
    assert left < 0 < 1 < right
    assert bottom < 0 < 1 < top


def test_glyph_map_draws_the_image_nearest_to_the_middle_of_a_cell(axes):
    codes = np.array([[0.0, 0.0], [0.45, 0.55], [1.0, 1.0], [0.9, 0.1]])
    images = np.arange(1, 5)[:, np.newaxis] / 4 * np.ones((4, 1))
    plots.glyph_map(axes, codes, images, count=1)
    assert axes.images[0].get_array().tolist() == [[0.5]]


def test_glyph_map_refuses_images_without_a_place(axes):
    with pytest.raises(ValueError, match="images must be one for each of 2 codes, got 3"):
        plots.glyph_map(axes, np.zeros((2, 2)), np.zeros((3, 4)))
    with pytest.raises(ValueError, match="must be square, got 3 pixels"):
        plots.glyph_map(axes, np.eye(2), np.zeros((2, 3)))
    with pytest.raises(TypeError, match="count must be an integer of at least 1, got 2.0"):
        plots.glyph_map(axes, np.eye(2), np.zeros((2, 4)), count=2.0)


def test_decoder_grid_refuses_what_it_cannot_draw(axes):
    with pytest.raises(
        ValueError, match="what decode returns must be one for each of 4 codes, got 3"
    ):
        plots.decoder_grid(axes, lambda points: np.zeros((3, 4)), np.eye(2), count=2)
    with pytest.raises(ValueError, match="what decode returns must be finite, got nan"):
        plots.decoder_grid(axes, lambda points: np.full((4, 4), np.nan), np.eye(2), count=2)
    with pytest.raises(ValueError, match="count must be an integer of at least 1, got 0"):
        plots.decoder_grid(axes, lambda points: points, np.eye(2), count=0)


def test_decoder_grid_asks_for_the_points_at_which_it_draws(axes):
    asked = []

    def decode(points):
        asked.append(points)
        return points[:, 1:]  # one pixel: the second number

    plots.decoder_grid(axes, decode, np.array([[0.0, -2.0], [1.0, 2.0]]), count=3)
    (points,) = asked
    left, right, bottom, top = axes.images[0].get_extent()
    steps = np.array([1, 3, 5]) / 6
    np.testing.assert_allclose(np.unique(points[:, 0].round(9)), left + steps * (right - left))
    np.testing.assert_allclose(np.unique(points[:, 1].round(9)), bottom + steps * (top - bottom))
    drawn = axes.images[0].get_array()
    np.testing.assert_allclose(
        drawn, np.repeat(bottom + steps[::-1, np.newaxis] * (top - bottom), 3, 1)
    )


def test_sliders_redraw_and_leave_a_picture_where_no_kernel_runs(monkeypatch):
    import ipywidgets

    calls, boxes, asked = [], [], []
    monkeypatch.setattr(style, "display", lambda bundle, **options: calls.append((bundle, options)))
    box = ipywidgets.VBox
    monkeypatch.setattr(ipywidgets, "VBox", lambda parts: boxes.append(box(parts)) or boxes[-1])

    def decode(points):
        asked.append(points[0].tolist())
        return np.full((1, 4), 0.5)

    codes = np.array([[0.0, -1.0], [4.0, 1.0]])
    plots.explore_codes(decode, codes, np.array([0, 1]), alt=f"  {ALT}\n")
    ((bundle, options),) = calls
    assert bundle["text/plain"] == ALT
    assert options == {"raw": True, "metadata": {"image/png": {"alt": ALT}}}
    assert "application/vnd.jupyter.widget-view+json" in bundle
    sliders, image = boxes[0].children
    assert base64.b64decode(bundle["image/png"]) == image.value
    before = image.value
    sliders.children[0].value = 100
    assert image.value != before
    np.testing.assert_allclose(asked[0], [2, 0], atol=1e-9)  # the middle of the frame
    assert asked[1][0] > 3.9
    assert asked[1][1] == pytest.approx(0, abs=1e-9)
    assert plt.get_fignums() == []
