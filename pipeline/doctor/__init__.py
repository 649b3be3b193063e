"""`biotune doctor`: checks whether this machine has what Biotune needs, and says how to get it."""

import json
from dataclasses import asdict

from pipeline.doctor import hardware, services, software
from pipeline.doctor.findings import FAIL, OK, SKIP, WARN, Check, show

__all__ = ["FAIL", "OK", "SKIP", "WARN", "Check", "check", "run"]


def check(s3: str | None = None) -> list[Check]:
    """Checks everything; nothing that is wrong ends it.

    Args:
        s3: URI of an object, prefix or bucket that must be reached; without it S3 is checked only
            if AWS variables are set.
    """
    return [
        software.python(),
        *software.packages(),
        *software.gpu(),
        services.docker(),
        services.s3(s3),
        *hardware.disk(),
        hardware.shared_memory(),
        hardware.processors(),
        hardware.memory(),
    ]


def run(s3: str | None = None, as_json: bool = False) -> int:
    """Prints the checks, for people or as one JSON object.

    Returns:
        The exit code: 1 if a check failed, else 0.
    """
    checks = check(s3)
    failed = any(found.state == FAIL for found in checks)
    if as_json:
        found = {"ok": not failed, "checks": [asdict(check) for check in checks]}
        print(json.dumps(found, indent=1, allow_nan=False))
    else:
        show(checks)
    return int(failed)
