"""Every mistake in a profile is told in one line: the file, the key, the value, the fix."""

import pytest

from components.failures import Findings, InputError
from pipeline.placement import load
from tests.pipeline.placement import broken_parts, broken_steps

BROKEN = broken_steps.BROKEN | broken_parts.BROKEN


def refused(tmp_path, content):
    file = tmp_path / "profile.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as caught:
        load(file)
    assert "hush" not in str(caught.value).lower()
    return str(caught.value).replace(str(file), "profile.yaml").splitlines()


@pytest.mark.parametrize(("content", "line"), BROKEN.items(), ids=BROKEN.values())
def test_a_mistake_is_one_line_with_the_key_the_value_and_the_fix(tmp_path, content, line):
    assert refused(tmp_path, content) == [f"profile.yaml: {line}"]


def test_all_mistakes_are_told_at_once(tmp_path):
    content = "gpu: {count: -1}\nimages: {tag: 1.10}\nkueue: {}\nsteps: {all: {a: 1, cpu: x}}\n"
    assert len(refused(tmp_path, content)) == 5


NO_PROFILE = {
    "a: [b": r"is no YAML at line 1: ",
    "a: 'b\n\nc": r"is no YAML at line 3: ",
    "a: b\n  c: d": r"is no YAML at line 2: mapping values are not allowed here",
    "a: 1\n---\nb: 2": r"is no YAML at line 2: but found another document",
    "a: &x [*x]\n*y : 1": r"is no YAML at line 2: found undefined alias",
    "runs: !!python/name:os.system ''": r"is no YAML at line 1: could not determine",
    "": "is empty; write keys like `runs: s3://...`, or {} for none",
    "# later\n": "is empty; write keys like `runs: s3://...`, or {} for none",
    "- a": "holds no mapping; write keys like `runs: s3://...`, or {} for none",
    "minimal": "holds no mapping; write keys like `runs: s3://...`, or {} for none",
    b"\xff\xfe\x00": "is no text in UTF-8; name a YAML file",
    b"a: \x00": "is no YAML",
    "? [a]\n: b": "is no YAML at line 1: found unhashable key",
    "runs: 2024-13-45": "is no YAML",
}


@pytest.mark.parametrize(("content", "line"), NO_PROFILE.items(), ids=repr)
def test_what_is_no_profile_at_all_is_one_line_too(tmp_path, content, line):
    (found,) = refused(tmp_path, content)
    assert found.startswith(f"profile.yaml: {line}")


def test_a_file_that_is_not_there_or_a_folder_is_told_with_its_path(tmp_path):
    for path, reason in ((tmp_path / "none.yaml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(InputError, match=reason) as caught:
            load(path)
        assert str(caught.value).startswith(f"{path}: cannot be read (")
        assert not isinstance(caught.value, Findings)
