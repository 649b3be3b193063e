import pytest

from tests import recorded


@pytest.fixture(scope="session")
def four(tmp_path_factory):
    """A folder with an annotated EDF file of each of four people."""
    return recorded.people(tmp_path_factory.mktemp("four"))
