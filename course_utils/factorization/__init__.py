"""Factorise a matrix: rank-k approximations, linear autoencoders, factors of some or all cells."""

from course_utils.factorization.als import Factors, alternating_least_squares
from course_utils.factorization.implicit_als import ImplicitALS, fit_implicit_als
from course_utils.factorization.linear_autoencoder import EASE, ease, fit_ease
from course_utils.factorization.svd import SVD, rank_k_rmse, truncated_svd

__all__ = [
    "EASE",
    "SVD",
    "Factors",
    "ImplicitALS",
    "alternating_least_squares",
    "ease",
    "fit_ease",
    "fit_implicit_als",
    "rank_k_rmse",
    "truncated_svd",
]
