"""Real and planted data: digits, films, any ratings table, and larger sets to download.

Everything a notebook loads by default ships in ``data/`` and needs no network. The functions here
read it, check that it is intact, and hand out arrays of compact types. ``data/README.md`` has
sources and terms.
"""

from course_utils.datasets.dictionaries import PlantedDictionary, planted_dictionary
from course_utils.datasets.film_labels import film_labels
from course_utils.datasets.films import FilmFeatures, film_features, title_years
from course_utils.datasets.interactions import Interactions, load_interactions
from course_utils.datasets.mnist import MNIST, load_mnist
from course_utils.datasets.movielens import MovieLens, load_movielens
from course_utils.datasets.planted import PlantedInteractions, planted_interactions
from course_utils.datasets.remote import DOWNLOADS, DownloadError, RemoteFile, download
from course_utils.datasets.shipped import data_directory

__all__ = [
    "DOWNLOADS",
    "MNIST",
    "DownloadError",
    "FilmFeatures",
    "Interactions",
    "MovieLens",
    "PlantedDictionary",
    "PlantedInteractions",
    "RemoteFile",
    "data_directory",
    "download",
    "film_features",
    "film_labels",
    "load_interactions",
    "load_mnist",
    "load_movielens",
    "planted_dictionary",
    "planted_interactions",
    "title_years",
]
