"""Hostile HTTP: ``python -m reliability.hostile``.

Bytes that no client library would send, on plain sockets: floods, half requests, nonsense. After
each check the service still answers, and in the end it has written no trace.
"""

from __future__ import annotations

from collections.abc import Callable

from app.security.keys import new_key
from reliability.attacks import floods, fuzz, nonsense, slowness, unwanted
from reliability.attacks.common import USER
from reliability.report import Report, command_line
from reliability.service import Service, running
from tests.support.raw_http import post

_REQUEST_SECONDS = 2.0  # the service's limit in this run


def run(*, short: bool = False) -> Report:
    """Do everything; in short, with less of each."""
    report = Report("hostile")
    checks: list[Callable[[Service], None]] = [
        lambda s: fuzz.every_path_and_method(s, report, 2 if short else 20),
        lambda s: floods.sizes(s, report),
        lambda s: floods.headers(s, report),
        lambda s: nonsense.numbers_and_nesting(s, report),
        lambda s: nonsense.oddities(s, report),
        lambda s: slowness.slow(s, report, headers_too=not short),
        lambda s: slowness.many_connections(s, report, 200 if short else 5000),
        lambda s: slowness.slow_readers(s, report, 4 if short else 40, 4 * _REQUEST_SECONDS + 10),
    ]
    with running(request_timeout_seconds=_REQUEST_SECONDS) as service:
        for check in checks:
            check(service)
            if service.ask(post("/recommend/users", USER)).status != 200:
                raise RuntimeError(f"the service does not answer any more: {report.figures}")
        log = service.log.read_text()
        crashed = not service.alive
    count = 50_000 if short else 1_000_000
    with running() as service:  # with its own limits: so many chunks take a while
        floods.whole_body(service, report, count)
    with running() as service:
        floods.chunks(service, report, count)
        log += service.log.read_text()
    seconds = 1.0 if short else 10.0
    for name, keys in (("without keys", ""), ("with keys", new_key()[1])):
        with running(api_keys=keys) as service:
            unwanted.bodies(service, report, seconds, name)
            log += service.log.read_text()
    report.promise("the process runs to the end", not crashed)
    report.promise("its log holds no trace", "Traceback" not in log and '"exception"' not in log)
    return report


if __name__ == "__main__":
    command_line(run, __doc__)
