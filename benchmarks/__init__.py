"""Side-by-side measurements; run them with ``make bench``."""
