"""The way to Kubeflow Pipelines: connect, submit, wait."""
