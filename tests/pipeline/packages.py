"""Compiled packages to look into."""

import yaml

from pipeline import package

PROFILE = """
images: {registry: registry.example.com/biotune, tag: "7", pull_secrets: [registry]}
gpu: {resource: nvidia.com/gpu, count: 2}
steps:
  all: {cpu: "2", memory: 4Gi}
  finetune: {cpu: "8", memory: 32Gi, shm: 8Gi}
volumes:
  data: {claim: biotune-data, path: /data}
s3: {endpoint: "https://s3.example.com", secret: biotune-s3}
runs: s3://bucket/runs
parallelism: 1
"""


def compiled(tmp_path, monkeypatch, profile="", **shape):
    """The package's two documents: the pipeline, and what is Kubernetes' own."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")
    if profile:
        (tmp_path / "cluster.yaml").write_text(profile)
        shape["profile"] = tmp_path / "cluster.yaml"
    package.write(tmp_path / "biotune.yaml", **shape)
    text = (tmp_path / "biotune.yaml").read_text()
    assert "hush-hush" not in text
    documents = list(yaml.safe_load_all(text))
    return documents[0], documents[1] if len(documents) > 1 else {}
