"""The service: recommenders that Turi Create trained, answered over HTTP."""

from turi_recommender import __version__ as __version__
