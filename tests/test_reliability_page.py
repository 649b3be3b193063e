"""The page that names a test for each fault names tests that there are."""

import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "reliability.md").read_text()


def test_every_fault_has_a_test_that_is_there():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "`" in line]
    assert len(rows) > 30
    for row in rows:
        named = re.findall(r"`([\w/]+\.py)`", row.split(" | ")[-1])
        assert named, row
        assert [name for name in named if not (TESTS / name).is_file()] == [], row
