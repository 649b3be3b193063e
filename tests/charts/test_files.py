"""The files in the ConfigMaps: biotune reads them as it reads a user's own."""

import pytest
import yaml

from components.failures import Findings
from pipeline import placement
from pipeline.schedule import file
from tests.charts.places import VALUES

OWN = sorted(set(VALUES) - {"existing-secrets"})


@pytest.fixture
def mounted(render, tmp_path):
    """A folder as the schedules' pod has it at /etc/biotune; called with values."""

    def mount(values):
        for (kind, _), part in render(values, "--is-upgrade").items():
            if kind == "ConfigMap":
                for name, text in part["data"].items():
                    (tmp_path / name).write_text(text)
        return tmp_path

    return mount


@pytest.mark.parametrize("name", OWN)
def test_the_profile_loads_as_the_user_meant_it(mounted, name):
    profile = placement.load(mounted(name) / "profile.yaml")
    given = yaml.safe_load(VALUES[name].read_text())
    said = given.get("profile", {})
    told = profile.model_dump(by_alias=True, mode="json", exclude_unset=True)
    assert _within(said, told) == said


def test_large_user_ids_stay_whole_numbers(mounted):
    assert placement.load(mounted("everything") / "profile.yaml").security.user == 1000630000


@pytest.mark.parametrize("name", OWN)
def test_the_schedules_load_and_find_their_profile(mounted, name):
    folder = mounted(name)
    read = file.load(folder / "schedules.yaml")
    given = yaml.safe_load(VALUES[name].read_text()).get("schedules", {})
    assert set(read.schedules) == set(given)
    for schedule in given:
        request = read.request(schedule, folder)
        assert request.profile == folder / "profile.yaml"
        assert request.dataset == given[schedule]["dataset"]


def test_schedules_are_marked_as_the_user_says(mounted):
    read = file.load(mounted("everything") / "schedules.yaml")
    assert (read.owner, read.experiment) == ("emg-team", "emg")
    assert file.load(mounted("minimal") / "schedules.yaml").owner == "biotune"


def test_what_helm_cannot_see_is_told_by_the_pod(mounted):
    never = {"cron": "0 0 0 31 2 *", "checkpoint": "s3://a/b", "dataset": "s3://a/c"}
    folder = mounted({"schedules": {"never": never}})
    with pytest.raises(Findings, match=r"schedules\.never"):
        file.load(folder / "schedules.yaml")


def _within(wanted, found):
    """What of `found` has a place in `wanted`, with the numbers of YAML as text again."""
    if isinstance(wanted, dict):
        return {key: _within(value, found[key]) for key, value in wanted.items()}
    if isinstance(wanted, list):
        return [_within(*pair) for pair in zip(wanted, found, strict=True)]
    return type(wanted)(found)
