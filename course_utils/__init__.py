"""Verified functions for the course *From sparse matrices to latent codes*."""

__version__ = "0.2.0"
