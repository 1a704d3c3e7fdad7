"""The entrance: small plain ASGI parts, each of which does one thing before it passes a request on.

::

    record      finds the route's declaration, gives the request an id, counts and logs it
    cors        lets pages of other origins read answers, where the settings name any
    answers     turns errors into answers
    deadline    ends a request that takes too long
    access      checks the key or token against what the route declares
    arrival     reads the body whole, and unpacks it
    places      refuses requests while too many others are being answered
    delivery    sends large answers compressed, and in parts, as fast as the client takes them
    turns       lets requests go on a few at a time, so that nobody waits for all of them
    direct      hands requests to the JSON routes, past the framework's router

The order is the same whether requests are traced or not.
"""
