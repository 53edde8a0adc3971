"""Keep torchrun's script out of the search for doctests, which would import PyTorch everywhere."""

collect_ignore = ["ranks.py"]
