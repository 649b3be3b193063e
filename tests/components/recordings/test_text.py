"""A table's numbers are those of the channel asked for, at the rate that the table tells."""

import numpy as np
import pytest

from components.recordings import BrokenRecording, open_recording


def table(path, lines):
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_delimiter_in_quotes_moves_no_column(tmp_path, delimiter):
    rows = [
        delimiter.join([f"{n / 100}", f'"eyes{delimiter} ""open"""' if n < 5 else "shut", "1", "2"])
        for n in range(10)
    ]
    heads = delimiter.join(["time", "label", f'"E{delimiter}1"', "E2"])
    opened = open_recording(table(tmp_path / "a.csv", [heads, *rows]))
    assert [c.name for c in opened.channels] == [f"E{delimiter}1", "E2"]
    assert opened.read([1, 0], 0, 10).tolist() == [[2] * 10, [1] * 10]
    notes = [(n.onset, n.duration, n.text) for n in opened.annotations]
    assert notes == [(0, 0.05, f'eyes{delimiter} "open"'), (0.05, 0.05, "shut")]


@pytest.mark.parametrize(
    ("lines", "match"),
    [
        (["0.01,1", "0.02,1,2", "0.03,1,2"], "sample 2 has 2 cells, but 3 headings"),
        (["0.01,1,2", "0.02,1,5,2,5", "0.03,1,2"], "sample 3 has 5 cells, but 3 headings"),
        (["0.01,1,2", "0.02,1,2", '0.03,"1,2'], "sample 4: unexpected end of data"),
        (["0.01,1,2", '0.02,1,"2', '0.03,1,"2'], "sample 3: ',' expected"),
        (['0.01,"1",2', '0.02,"1,2"', "0.03,1,2"], "sample 3 has 2 cells, but 3 headings"),
    ],
)
def test_a_line_of_other_cells_than_the_headings_is_refused(tmp_path, lines, match):
    path = table(tmp_path / "a.csv", ["time,EMG1 (uV),EMG2 (uV)", "0,1,2", *lines])
    with pytest.raises(BrokenRecording, match=match):
        open_recording(path)


@pytest.mark.parametrize(("rate", "alone"), [(256, 256.003), (512, None), (2000, None)])
def test_a_rate_that_is_said_wins_over_times_that_are_rounded(tmp_path, rate, alone):
    """Whole milliseconds tell 256 Hz as 256.003, and jump at 512."""
    seconds = np.arange(4 * rate + 7) / rate
    path = table(tmp_path / "a.csv", ["time,E", *(f"{s:.3f},1" for s in seconds)])
    assert open_recording(path, sampling_rate=rate).channels[0].sampling_rate == rate
    if alone:
        found = open_recording(path).channels[0].sampling_rate
        assert found == pytest.approx(alone, abs=0.1) and found != rate
    else:
        with pytest.raises(BrokenRecording, match=r"jumps .* --sampling-rate"):
            open_recording(path)


@pytest.mark.parametrize("unit", ["s", "ms"])
def test_a_rate_that_is_said_does_not_win_over_times_that_tell_another(tmp_path, unit):
    scale = {"s": 1, "ms": 1000}[unit]
    rows = [f"{n / 250 * scale:.6f},1" for n in range(500)]
    path = table(tmp_path / "a.csv", [f"time ({unit}),E", *rows])
    for said in (251, 249, 500):
        assert open_recording(path, sampling_rate=said).channels[0].sampling_rate == 250
    path = table(path, [f"time ({unit}),E", *rows[:300], *rows[301:]])
    with pytest.raises(BrokenRecording, match=r"jumps .* sample 301"):
        open_recording(path, sampling_rate=250)
