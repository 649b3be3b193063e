import io

from pipeline.cluster.display import Lines, Table, display
from pipeline.cluster.progress import NOT_STARTED, Progress, Step


def progress(*states):
    names = ("preflight", "load-checkpoint")
    return Progress("RUNNING", tuple(map(Step, names, states)))


def test_a_line_for_each_change_and_no_other(capsys):
    with Lines() as shown:
        for states in (("RUNNING", NOT_STARTED), ("RUNNING", NOT_STARTED), ("SKIPPED", "RUNNING")):
            shown.show(progress(*states))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "preflight        RUNNING",
        "preflight        SKIPPED",
        "load-checkpoint  RUNNING",
    ]


def test_a_terminal_gets_a_table_on_stderr(monkeypatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with display() as shown:
        assert isinstance(shown, Table)
        shown.show(progress("SUCCEEDED", "RUNNING"))
        shown.say("[the server] is away")
    text = terminal.getvalue()
    assert all(word in text for word in ("load-checkpoint", "SUCCEEDED", "[the server] is away"))
    assert capsys.readouterr().out == ""
