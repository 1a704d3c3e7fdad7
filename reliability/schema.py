"""Whatever the OpenAPI document allows, and what it does not: ``python -m reliability.schema``.

Schemathesis makes requests from the service's own document, valid and invalid, and holds the
answers against it: statuses, media types, headers, bodies, methods, and that keys are asked for.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from app.security.keys import new_key
from reliability.report import Report, command_line
from reliability.service import running

# The document cannot say all that makes a request valid: that a similarity model takes no side
# data, or that records have one of two columns. Such requests are 422 (400 on /score), on purpose.
# The drop-in answers GET and OPTIONS as the original did, and documents POST alone. It also takes
# more than it documents, as the original did: a month of 8.5, ids as texts.
_CONFIG = """
[checks]
positive_data_acceptance.enabled = false
# A list that is too long can be a body that is too large, which is noticed first.
negative_data_rejection.expected-statuses = [400, 401, 404, 405, 413, 415, 422, 503]
[[operations]]
include-path = "/score"
checks.unsupported_method.enabled = false
checks.negative_data_rejection.enabled = false
"""


def run(examples: int = 500, seed: int = 1) -> Report:
    """Ask.

    Parameters
    ----------
    examples : int
        Requests for each operation, about.
    seed : int
        The same seed makes the same requests.
    """
    key, digest = new_key()
    report = Report("schema")
    with tempfile.TemporaryDirectory() as folder, running(admin_keys=digest) as service:
        config = Path(folder) / "schemathesis.toml"
        config.write_text(_CONFIG)
        done = subprocess.run(
            [
                *(sys.executable, "-c", "from schemathesis.cli import schemathesis as s; s()"),
                *("--config-file", str(config), "--no-color", "run", service.url("/openapi.json")),
                *("--header", f"Authorization: Bearer {key}"),
                *("--max-examples", str(examples), "--seed", str(seed), "--workers", "1"),
                "--continue-on-failure",
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        failed = [
            entry
            for entry in map(json.loads, service.log.read_text().splitlines())
            if entry.get("event") == "request" and entry["status"] >= 500
        ]
        asked = service.log.read_text().count('"event":"request"')
        trace = "Traceback" in service.log.read_text()
        alive = service.alive
    report.figures = {
        "requests": asked,
        "answers of 500 and above": len(failed),
        "examples": failed[:3],
        "schemathesis": done.stdout[-6000:] if done.returncode else "no failures",
    }
    report.promise("no answer of 500, and no trace in the log", not failed and not trace)
    report.promise("every answer is as the document says", done.returncode == 0)
    report.promise("requests were made", asked > examples)
    report.promise("the process runs to the end", alive)
    return report


if __name__ == "__main__":
    command_line(run, __doc__)
