"""The models whose answers are recorded: every class and variant that docs/format.md names."""

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional

import turicreate as tc

from training.golden_data import Columns, Shop

OBSERVED = ["period", "maybe", "month", "hour", "vector", "tags", "weights"]
USER_SIDE = ["state", "month", "tags", "price"]
ITEM_SIDE = ["category", "month", "price", "vector", "tags", "weights"]
SEED_SHAPE = ["month", "weekday", "period"]


@dataclass
class Case:
    """A trained model and what is needed to ask it."""

    shop: Shop
    model: Any
    context: List[str] = field(default_factory=list)
    similar: bool = True
    recommends: bool = True
    resaved: bool = False
    note: str = ""


Maker = Callable[[int], Case]
CASES: Dict[str, Maker] = {}


def case(maker: Maker) -> Maker:
    """Register a case under its function's name."""
    CASES[maker.__name__] = maker
    return maker


def frame(columns: Columns) -> Any:
    """Make an SFrame; its column types come from the values."""
    result = tc.SFrame()
    for name, values in columns.items():
        result[name] = tc.SArray(values)
    return result


# -- item similarity ------------------------------------------------------------------------


def similarity(
    seed: int,
    kind: str,
    strings: bool = False,
    targets: Optional[List[Any]] = None,
    note: str = "",
    users: int = 40,
    items: int = 30,
    rows: int = 500,
    **options: Any,
) -> Case:
    """Train an item similarity model.

    Parameters
    ----------
    seed : int
        Seed of the data.
    kind : str
        Similarity: jaccard, cosine or pearson.
    strings : bool
        Whether ids are strings.
    targets : list, optional
        Values of the target column; without them there is none.
    note : str
        What the case is about.
    users, items, rows : int
        Size of the data.
    **options
        Further options of the library.
    """
    shop = Shop(seed, users, items, rows, strings)
    model = tc.item_similarity_recommender.create(
        frame(shop.events(targets)),
        target=None if targets is None else "target",
        similarity_type=kind,
        verbose=False,
        **options,
    )
    return Case(shop, model, note=note)


@case
def similarity_jaccard(seed: int) -> Case:
    return similarity(seed, "jaccard", targets=[1.0, 10.0, 50.0])


@case
def similarity_jaccard_strings(seed: int) -> Case:
    return similarity(seed, "jaccard", strings=True)


@case
def similarity_jaccard_zero_targets(seed: int) -> Case:
    return similarity(seed, "jaccard", targets=[0.0, 1.0, -1.0])


@case
def similarity_jaccard_ties(seed: int) -> Case:
    return similarity(seed, "jaccard", users=150, items=400, rows=900, note="mostly equal scores")


@case
def similarity_cosine(seed: int) -> Case:
    return similarity(seed, "cosine", targets=[1.0, 10.0, 50.0])


@case
def similarity_cosine_no_target(seed: int) -> Case:
    return similarity(seed, "cosine", strings=True)


@case
def similarity_cosine_negative(seed: int) -> Case:
    return similarity(seed, "cosine", targets=[-2.5, 0.3, 1.7, 0.0], rows=250, items=60)


@case
def similarity_pearson(seed: int) -> Case:
    return similarity(seed, "pearson", targets=[1.0, 2.0, 3.5, 5.0])


@case
def similarity_pearson_strings(seed: int) -> Case:
    return similarity(seed, "pearson", strings=True, targets=[-1.25, 0.0, 4.0], rows=250, items=50)


@case
def similarity_pearson_no_target(seed: int) -> Case:
    return similarity(seed, "pearson", items=60, rows=300)


@case
def similarity_few_neighbours(seed: int) -> Case:
    return similarity(seed, "jaccard", only_top_k=2, threshold=0.05, items=80)


@case
def similarity_nearest_items(seed: int) -> Case:
    shop = Shop(seed)
    events = frame(shop.events())
    pairs = [(a, b) for a in shop.items[:12] for b in shop.random.sample(shop.items, 4) if a != b]
    pairs = sorted(set(pairs))
    nearest = frame(
        {
            "item_id": [a for a, _ in pairs],
            "similar": [b for _, b in pairs],
            "score": [shop.random.random() for _ in pairs],
        }
    )
    model = tc.item_similarity_recommender.create(events, nearest_items=nearest, verbose=False)
    return Case(shop, model, note="neighbours given by the user")


@case
def similarity_side_users(seed: int) -> Case:
    shop = Shop(seed)
    events = frame(shop.events())
    extra = [shop._id("user", 5), shop._id("user", 6)]
    users = frame(shop.side_table("user_id", shop.users + extra, ["state"]))
    model = tc.item_similarity_recommender.create(events, user_data=users, verbose=False)
    shop.users += extra
    return Case(shop, model, note="two users occur in the side data only")


# -- item content and popularity ------------------------------------------------------------


@case
def content_items_only(seed: int) -> Case:
    shop = Shop(seed, strings=True)
    items = frame(shop.side_table("item_id", shop.items, ["category", "price", "tags"]))
    model = tc.item_content_recommender.create(items, "item_id", verbose=False)
    return Case(shop, model, recommends=False, note="no observations, so no users")


@case
def content_with_observations(seed: int) -> Case:
    shop = Shop(seed)
    events = frame(shop.events([1.0, 5.0]))
    items = frame(shop.side_table("item_id", shop.items, ["category", "price"]))
    model = tc.item_content_recommender.create(
        items,
        "item_id",
        events,
        user_id="user_id",
        target="target",
        verbose=False,
    )
    return Case(shop, model)


@case
def popularity_target(seed: int) -> Case:
    shop = Shop(seed, items=60, rows=300)
    events = frame(shop.events([1.0, 10.0, 50.0]))
    return Case(shop, tc.popularity_recommender.create(events, target="target", verbose=False))


@case
def popularity_counts(seed: int) -> Case:
    shop = Shop(seed, items=80, rows=300, strings=True)
    return Case(shop, tc.popularity_recommender.create(frame(shop.events()), verbose=False))


# -- factorization --------------------------------------------------------------------------


def factorization(
    seed: int,
    factors: int,
    ranking: bool = True,
    context: Optional[List[str]] = None,
    user_side: Optional[List[str]] = None,
    item_side: Optional[List[str]] = None,
    targets: Optional[List[Any]] = None,
    strings: bool = False,
    note: str = "",
    similar: bool = True,
    rows: int = 500,
    **options: Any,
) -> Case:
    """Train a factorization model; side tables bring users and items that occur nowhere else.

    Parameters
    ----------
    seed : int
        Seed of the data and of the training.
    factors : int
        Number of factors.
    ranking : bool
        Whether it is a ranking model.
    context, user_side, item_side : list of str, optional
        Side columns of the observations, the users and the items.
    targets : list, optional
        Values of the target column; without them there is none.
    strings : bool
        Whether ids are strings.
    note : str
        What the case is about.
    similar : bool
        Whether similar items are recorded as well.
    rows : int
        Number of observations.
    **options
        Further options of the library.
    """
    shop = Shop(seed, rows=rows, strings=strings)
    columns = shop.events(targets)
    columns.update(shop.context(context or []))
    if user_side:
        ids = [*shop.users, shop._id("user", 5)]
        options["user_data"] = frame(shop.side_table("user_id", ids, user_side))
        shop.users = ids
    if item_side:
        ids = [*shop.items, shop._id("item", 5)]
        options["item_data"] = frame(shop.side_table("item_id", ids, item_side))
        shop.items = ids
    module = tc.ranking_factorization_recommender if ranking else tc.factorization_recommender
    model = module.create(
        frame(columns),
        target=None if targets is None else "target",
        num_factors=factors,
        max_iterations=options.pop("max_iterations", 8),
        verbose=False,
        random_seed=seed % 1000,
        **options,
    )
    return Case(shop, model, context or [], similar=similar, note=note)


RATINGS = [1.0, 2.0, 3.5, 5.0]


@case
def ranking_seed_shape(seed: int) -> Case:
    return factorization(
        seed,
        32,
        context=SEED_SHAPE,
        user_side=["state"],
        item_side=["category"],
        targets=[1.0, 10.0, 50.0],
        note="the shape of the original deployment's model",
    )


@case
def ranking_context_only(seed: int) -> Case:
    return factorization(seed, 32, context=SEED_SHAPE, targets=[1.0, 10.0, 50.0])


@case
def ranking_everything(seed: int) -> Case:
    return factorization(
        seed, 8, context=OBSERVED, user_side=USER_SIDE, item_side=ITEM_SIDE, targets=RATINGS
    )


@case
def ranking_everything_strings(seed: int) -> Case:
    return factorization(
        seed,
        5,
        context=OBSERVED,
        user_side=USER_SIDE,
        item_side=ITEM_SIDE,
        targets=RATINGS,
        strings=True,
    )


@case
def ranking_implicit(seed: int) -> Case:
    return factorization(seed, 12, context=["period"], item_side=["category", "tags"])


@case
def ranking_implicit_plain(seed: int) -> Case:
    return factorization(seed, 9)


@case
def ranking_ials(seed: int) -> Case:
    return factorization(seed, 7, solver="ials")


@case
def ranking_binary(seed: int) -> Case:
    return factorization(
        seed, 4, context=["weekday"], targets=[0, 1], binary_target=True, user_side=["state"]
    )


@case
def ranking_plain(seed: int) -> Case:
    return factorization(seed, 16, targets=RATINGS)


@case
def ranking_plain_odd(seed: int) -> Case:
    return factorization(seed, 33, targets=RATINGS, strings=True)


@case
def ranking_three_factors(seed: int) -> Case:
    return factorization(seed, 3, targets=RATINGS, context=["tags", "weights"])


@case
def ranking_one_factor(seed: int) -> Case:
    return factorization(seed, 1, targets=RATINGS, note="all cosines are 1 or -1")


@case
def ranking_side_linear_only(seed: int) -> Case:
    return factorization(
        seed,
        8,
        context=["period", "hour"],
        user_side=["state"],
        item_side=["category", "price"],
        targets=RATINGS,
        side_data_factorization=False,
        note="matrix factorization with side data in the linear terms",
    )


@case
def ranking_linear(seed: int) -> Case:
    return factorization(
        seed,
        0,
        context=["period", "vector"],
        user_side=["state"],
        item_side=["category", "tags"],
        targets=RATINGS,
        similar=False,
    )


@case
def ranking_adagrad(seed: int) -> Case:
    return factorization(seed, 2, context=["period"], targets=RATINGS, solver="adagrad")


@case
def ranking_unregularized(seed: int) -> Case:
    return factorization(
        seed, 6, context=["month"], targets=RATINGS, ranking_regularization=0.0, regularization=1e-9
    )


@case
def factorization_plain(seed: int) -> Case:
    return factorization(seed, 8, ranking=False, targets=RATINGS)


@case
def factorization_everything(seed: int) -> Case:
    return factorization(
        seed,
        13,
        ranking=False,
        context=OBSERVED,
        user_side=USER_SIDE,
        item_side=ITEM_SIDE,
        targets=RATINGS,
    )


@case
def factorization_als(seed: int) -> Case:
    return factorization(seed, 10, ranking=False, targets=RATINGS, solver="als")


@case
def factorization_nmf(seed: int) -> Case:
    return factorization(seed, 5, ranking=False, targets=RATINGS, nmf=True)


@case
def factorization_binary(seed: int) -> Case:
    return factorization(
        seed, 8, ranking=False, targets=[0, 1], binary_target=True, context=["maybe"]
    )


# -- saved again after unknown ids were asked for ----------------------------------------------


def resaved(made: Case) -> Case:
    """Let the library learn unknown ids, as it does when it serves."""
    made.model.recommend(
        made.shop.unknown_users, items=made.shop.items + made.shop.unknown_items, verbose=False
    )
    made.resaved = True
    made.similar = False  # there is no allow list to keep the learned items out
    made.note = "saved again after unknown users and items were asked for"
    return made


@case
def resaved_similarity(seed: int) -> Case:
    return resaved(similarity(seed, "jaccard", targets=[1.0, 10.0]))


@case
def resaved_ranking(seed: int) -> Case:
    return resaved(factorization(seed, 8, targets=RATINGS, context=["period"], strings=True))


@case
def resaved_popularity(seed: int) -> Case:
    shop = Shop(seed)
    events = frame(shop.events([1.0, 10.0]))
    model = tc.popularity_recommender.create(events, "user_id", "item_id", "target", verbose=False)
    return resaved(Case(shop, model))


# -- side data in models that do not score by it ---------------------------------------------


@case
def similarity_item_side(seed: int) -> Case:
    shop = Shop(seed, items=60, rows=200)
    events = frame(shop.events([1.0, 10.0]))
    items = frame(shop.side_table("item_id", shop.items, ["category", "price"]))
    model = tc.item_similarity_recommender.create(
        events, target="target", similarity_type="cosine", item_data=items, verbose=False
    )
    return Case(shop, model)


@case
def popularity_item_side(seed: int) -> Case:
    shop = Shop(seed, items=60, rows=300)
    events = frame(shop.events([1.0, 10.0, 50.0]))
    items = frame(shop.side_table("item_id", shop.items, ["category", "tags"]))
    model = tc.popularity_recommender.create(
        events, target="target", item_data=items, verbose=False
    )
    return Case(shop, model)
