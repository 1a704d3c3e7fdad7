"""Record what the Azure ML inference server adds around the original's ``score.py``.

    python -m training.server_reference --models-dir app/sample_models --out tests/app/routers/azure

This needs ``azureml-inference-server-http`` (1.3.4 was used) beside Turi Create. It starts the real
server on loopback and writes ``server.json``, with the status, headers and body of the answer to
each request.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from typing import Any, Dict, List, Optional

_JSON = {"Content-Type": "application/json"}
_LONG = "x" * 101
# What changes from one answer to the next; the header's presence is recorded, not its value.
_VARYING = {"Date", "x-ms-run-fn-exec-ms"}
# The server binds all interfaces; its own start with another host keeps it on this machine.
_START = (
    "import azureml_inference_server_http.amlserver as a; a.DEFAULT_HOST = '127.0.0.1'; a.run()"
)
_SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "original_score.py")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models-dir", required=True, help="models in registry layout")
    parser.add_argument("--out", required=True, help="folder of server.json")
    args = parser.parse_args()
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-c", _START, "--entry_script", _SCRIPT, "--port", str(port)],
        env=dict(os.environ, AZUREML_MODEL_DIR=os.path.abspath(args.models_dir)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            wait_until_ready(port, server)
            answers = [ask(port, **request) for request in requests()]
        finally:
            server.terminate()
    from azureml_inference_server_http import __version__ as version

    for answer in answers:
        print("{:44} {}".format(answer["name"], answer["status"]))
    content = {"server": "azureml-inference-server-http " + version, "answers": answers}
    with open(os.path.join(args.out, "server.json"), "w") as file:
        json.dump(content, file, indent=1)
        file.write("\n")


def requests() -> List[Dict[str, Any]]:
    """Return the requests: name, method, path, and perhaps body and headers."""
    visitors = [{"visitorid": 6000}, {"visitorid": 567987987988}]
    night = [dict(visitor, period="Night", month=8, weekday=2) for visitor in visitors]
    both = [{"visitorid": 6000, "itemid": 152913}]
    return [
        _post("visitors", visitors),
        _post("side data", night),
        _post("items", [{"itemid": 152913}, {"itemid": 355908}]),
        _post("no content type", visitors, headers={}),
        _post("another content type", visitors, headers={"Content-Type": "text/plain"}),
        _post("client id", visitors, headers=dict(_JSON, **{"x-ms-client-request-id": "mine"})),
        _post("old client id", visitors, headers=dict(_JSON, **{"x-ms-request-id": "mine"})),
        _post("request id", visitors, headers=dict(_JSON, **{"x-request-id": "mine"})),
        _post(
            "three ids",
            visitors,
            headers={"x-request-id": "r", "x-ms-request-id": "m", "x-ms-client-request-id": "c"},
        ),
        _post("client id of 100", visitors, headers={"x-ms-client-request-id": _LONG[:100]}),
        _post("client id of 101", visitors, headers={"x-ms-client-request-id": _LONG}),
        _post("old client id of 101", visitors, headers={"x-ms-request-id": _LONG}),
        _post("request id of 101", visitors, headers={"x-request-id": _LONG}),
        _post("trace id", visitors, headers={"TraceId": "t"}),
        _post("visitor and item", both),
        _post("neither", [{"period": "Night"}]),
        _post("empty array", []),
        _post("wrong type", [{"visitorid": "six"}]),
        {"name": "broken JSON", "method": "POST", "path": "/score", "body": "[{", "headers": _JSON},
        {"name": "empty body", "method": "POST", "path": "/score", "headers": _JSON},
        {"name": "query, one visitor", "method": "GET", "path": "/score?visitorid=6000"},
        {"name": "query, a list", "method": "GET", "path": "/score?visitorid=[6000]"},
        {
            "name": "query, repeated",
            "method": "GET",
            "path": "/score?visitorid=6000&visitorid=567987987988",
        },
        {
            "name": "query, repeated with side data",
            "method": "GET",
            "path": "/score?visitorid=6000&visitorid=567987987988&period=Night&period=Noon",
        },
        {"name": "query, items", "method": "GET", "path": "/score?itemid=152913&itemid=355908"},
        {"name": "no query", "method": "GET", "path": "/score"},
        {"name": "options", "method": "OPTIONS", "path": "/score"},
        {"name": "put", "method": "PUT", "path": "/score"},
        {"name": "delete", "method": "DELETE", "path": "/score"},
        {"name": "head", "method": "HEAD", "path": "/score"},
        {"name": "health", "method": "GET", "path": "/"},
        {"name": "health, head", "method": "HEAD", "path": "/"},
        {"name": "health, post", "method": "POST", "path": "/"},
        {"name": "swagger", "method": "GET", "path": "/swagger.json"},
        {"name": "swagger 2", "method": "GET", "path": "/swagger.json?version=2"},
        {"name": "swagger 3", "method": "GET", "path": "/swagger.json?version=3"},
        {"name": "swagger 3.1", "method": "GET", "path": "/swagger.json?version=3.1"},
        {"name": "swagger 9", "method": "GET", "path": "/swagger.json?version=9"},
        {"name": "unknown path", "method": "GET", "path": "/nowhere"},
    ]


def _post(name: str, records: Any, headers: Optional[Dict[str, str]] = None) -> Dict[str, Any]:
    return {
        "name": name,
        "method": "POST",
        "path": "/score",
        "body": json.dumps(records),
        "headers": _JSON if headers is None else headers,
    }


def ask(
    port: int,
    name: str,
    method: str,
    path: str,
    body: Optional[str] = None,
    headers: Optional[Dict[str, str]] = None,
) -> Dict[str, Any]:
    """Send one request over a connection of its own; return it with the answer.

    Parameters
    ----------
    port : int
        Port of the server.
    name : str
        Name of the request, for the record.
    method, path : str
        As in HTTP.
    body : str, optional
        The body, if there is one.
    headers : dict, optional
        The headers, if there are any.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    text = response.read().decode("utf-8")
    connection.close()
    return {
        "name": name,
        "method": method,
        "path": path,
        "request_headers": headers or {},
        "request": body,
        "status": response.status,
        "headers": _stable(dict(response.getheaders())),
        "response": text,
    }


def _stable(headers: Dict[str, str]) -> Dict[str, str]:
    """Replace values that the server generates for each answer by a word for them."""
    kept = {name: "(varies)" if name in _VARYING else value for name, value in headers.items()}
    request_id = headers.get("x-request-id", "")
    if len(request_id) == 36 and request_id.count("-") == 4:
        kept["x-request-id"] = "(a UUID)"
        if headers.get("x-ms-request-id") == request_id:
            kept["x-ms-request-id"] = "(the x-request-id)"
    return kept


def free_port() -> int:
    """Return a port of loopback that is free now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until_ready(port: int, server: Any, seconds: float = 60) -> None:
    """Wait until the server answers its health probe.

    Parameters
    ----------
    port : int
        Port of the server.
    server : subprocess.Popen
        The process; if it ends, so does the wait.
    seconds : float
        Longest time to wait.
    """
    deadline = time.time() + seconds
    while time.time() < deadline and server.poll() is None:
        try:
            ask(port, "ready", "GET", "/")
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the inference server did not start")


if __name__ == "__main__":
    main()
