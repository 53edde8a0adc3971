"""How far is each verdict from turning? ``python -m tools.margins [notebook …]``.

Every notebook runs from ten seeds: the one that it is stored with and nine others, which change
every draw of its rows, splits, starting weights and noise. A verdict does not stop the notebook
there; it is written down whether it holds and, where it compares numbers, by how much. The table
of that lies beside the notebooks in ``notebooks/margins.csv``.

The run is long. It works under ``build/margins``, a notebook and a seed at a time, and goes on
where it was stopped; a notebook is run again when its code or the package has changed.
"""
