"""What a shop writes with the client that openapi-python-client made of our document.

usage: python shop.py ADDRESS KEY, with the generated package `recommender` beside it.
"""

from __future__ import annotations

import json
import sys

from recommender import AuthenticatedClient
from recommender.api.drop_in_for_the_azure_ml_deployment import score
from recommender.api.recommendations import recommend_users, similar_items
from recommender.api.service import list_models
from recommender.models import (
    Item,
    Message,
    Problem,
    RecommendRequest,
    RecommendResponse,
    SimilarItemsRequest,
    User,
    UserRecord,
)

VISITOR = 567987987988


def main(address: str, key: str) -> None:
    client = AuthenticatedClient(base_url=address, token=key)
    asked = RecommendRequest(users=[User(visitorid=VISITOR), User(visitorid=6000, period="night")])
    answer = recommend_users.sync(client=client, body=asked)
    assert isinstance(answer, RecommendResponse), answer
    assert answer.cold_users == [VISITOR]
    assert len(answer.recommendations) == 20
    assert answer.unknown_values[0].value == "night"
    similar = similar_items.sync(client=client, body=SimilarItemsRequest([Item(152913)], k=3))
    assert [row.rank for row in similar.similar_items] == [1, 2, 3]
    rows = json.loads(score.sync(client=client, body=[UserRecord(visitorid=VISITOR)]))
    assert rows[0]["visitorid"] == VISITOR
    wrong = recommend_users.sync(client=client, body=RecommendRequest(users=[], k=0))
    assert isinstance(wrong, Problem), wrong
    assert {error.field for error in wrong.errors} == {"users", "k"}
    models = list_models.sync(client=client).models
    assert [model.loaded for model in models] == [True, True]
    stranger = AuthenticatedClient(base_url=address, token="nobody")
    refused = recommend_users.sync(client=stranger, body=asked)
    assert (refused.status, refused.title) == (401, "Unauthorized")
    assert isinstance(score.sync(client=stranger, body=[UserRecord(visitorid=1)]), Message)
    print("done")


main(*sys.argv[1:])
