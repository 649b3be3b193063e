"""Whatever is wrong is refused in preflight, within seconds, without torch, in words that help.

`docs/preflight.md` holds what each case is told. After a change of words, write it again with
`BIOTUNE_REWRITE=1 pytest tests/promises/test_wrong_inputs.py`, and read it.
"""

import os
import re
import subprocess
import sys
import time

import pytest

from components.console import ERROR
from tests.promises.wrong_cases import CASES
from tests.promises.wrong_inputs import HOME, run
from tests.s3_server import SECRET

PAGE = HOME / "docs" / "preflight.md"
HEAD = "| What is wrong | What Biotune says |\n|---|---|\n"
SECONDS = 5.0


def rows():
    """What the page says of each case."""
    table = PAGE.read_text().partition(HEAD)[2]
    return dict(re.findall(r"^\| (.+?) \| (.*) \|$", table, re.MULTILINE))


def rewrite(wrong, told):
    """Puts a row into the page, in the order of the cases."""
    found = rows() | {wrong: told}
    before = PAGE.read_text().partition(HEAD)[0]
    table = [f"| {case.wrong} | {found[case.wrong]} |\n" for case in CASES if case.wrong in found]
    PAGE.write_text(before + HEAD + "".join(table))


def cell(lines):
    told = (line.removeprefix(ERROR).replace("|", "\\|") for line in lines)
    return "<br>".join(f"`` {line} ``" for line in told)


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, id=c.wrong, marks=[pytest.mark.s3] if c.s3 else []) for c in CASES],
)
def test_what_is_wrong_is_told_as_the_page_says(case, tmp_path, monkeypatch, capsys, request):
    s3 = request.getfixturevalue("s3") if case.s3 else None
    for attempt in range(3):  # what else this machine does may slow one down
        folder = tmp_path / str(attempt)
        folder.mkdir()
        started = time.monotonic()
        code = run(case, monkeypatch, folder, s3)
        took = time.monotonic() - started
        said = capsys.readouterr()
        if took < SECONDS:
            break
    lines = [line for line in said.err.splitlines() if line.startswith(ERROR)]
    assert code == case.code, said
    assert took < SECONDS
    assert not said.out and "Traceback" not in said.err
    assert 0 < len(lines) <= 3, lines
    assert SECRET not in said.err and "wrong/secret" not in said.err
    if os.environ.get("BIOTUNE_REWRITE"):
        rewrite(case.wrong, cell(lines))
    assert rows().get(case.wrong) == cell(lines)


def test_the_page_holds_these_cases_and_no_others():
    assert list(rows()) == [case.wrong for case in CASES]
    assert len(CASES) >= 15


def test_no_torch_is_needed_to_find_any_of_it(tmp_path):
    program = """
import sys
from pathlib import Path
import pytest
from tests.composed import remembered
from tests.promises.wrong_cases import CASES
from tests.promises.wrong_inputs import run
with remembered():
    for number, case in enumerate(case for case in CASES if not case.s3):
        folder = Path(sys.argv[1]) / str(number)
        folder.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            assert run(case, patch, folder) == case.code, case.wrong
        assert not {"torch", "lightning", "timm"} & set(sys.modules), case.wrong
"""
    command = [sys.executable, "-c", program, str(tmp_path)]
    child = subprocess.run(command, cwd=HOME, capture_output=True, text=True)
    assert child.returncode == 0, child.stderr
