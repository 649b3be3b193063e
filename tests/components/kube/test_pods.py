"""A log is read piece by piece, each line once."""

import pytest

from components.kube import Connection, Pods
from components.kube.pods import Lines


class Log:
    """A pod's log, as `Pods.log` gives it."""

    def __init__(self):
        self.lines, self.asked = [], []

    def log(self, pod, query):
        self.asked.append(dict(query))
        return "".join(f"{line}\n" for line in self.lines) if self.lines else None


@pytest.fixture
def log():
    return Log()


def test_each_line_comes_once_in_order(log):
    lines = Lines(log, {})
    assert lines.new() == [], "it has none yet"
    log.lines = ["2026-01-01T00:00:00.1Z a", "2026-01-01T00:00:00.12Z b  c"]
    assert lines.new() == ["a", "b  c"]
    assert lines.new() == []
    log.lines += ["2026-01-01T00:00:00.123456789Z ", "2026-01-01T00:00:01Z e"]
    assert lines.new() == ["", "e"]


def test_the_server_is_asked_for_what_is_new_alone(log):
    lines = Lines(log, {})
    log.lines = ["2026-01-01T00:00:00.1Z a"]
    lines.new()
    lines.new()
    assert "sinceSeconds" not in log.asked[0]
    assert 1 <= log.asked[1]["sinceSeconds"] <= 10


def test_bytes_that_are_no_text_do_not_stop_it(kubernetes_server):
    kubernetes_server.launcher_pod("p")
    kubernetes_server.state.pods["p"]["status"]["phase"] = "Running"
    kubernetes_server.state.logs["p"] = [("2026-01-01T00:00:00.1Z", "\udcff!")]
    pods = Pods(Connection())
    assert Lines(pods, pods.get("p")).new() == ["\ufffd!"]
