"""From bytes to requests and back: server, entrance, bodies, routes and problems."""
