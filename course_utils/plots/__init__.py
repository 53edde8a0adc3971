"""One look for every figure, and pictures that carry a description.

Importing this package sets Matplotlib's defaults for the course, so that no notebook spends a
line on them. The colours are Okabe and Ito's, which stay distinct for colour-blind readers.
"""

from matplotlib import pyplot as plt

from course_utils.plots.maps import (
    DIGIT_COLORS,
    code_map,
    decoder_grid,
    explore_codes,
    glyph_map,
)
from course_utils.plots.matrices import csr_arrays, heat_map, image_rows, layer_widths
from course_utils.plots.style import COLORS, show

__all__ = [
    "COLORS",
    "DIGIT_COLORS",
    "code_map",
    "csr_arrays",
    "decoder_grid",
    "explore_codes",
    "glyph_map",
    "heat_map",
    "image_rows",
    "layer_widths",
    "plt",
    "show",
]
