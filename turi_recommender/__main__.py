"""``python -m turi_recommender``: the command line."""

from turi_recommender.cli import main

if __name__ == "__main__":
    main()
