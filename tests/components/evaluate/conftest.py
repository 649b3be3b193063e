import pytest


@pytest.fixture(autouse=True)
def _allowed(monkeypatch):
    """The tuned models of these tests are of torch's own layers, which the user names."""
    layers = ("Sequential", "Flatten", "Linear")
    monkeypatch.setenv("BIOTUNE_ALLOW_TARGETS", ",".join(f"torch.nn.{name}" for name in layers))
