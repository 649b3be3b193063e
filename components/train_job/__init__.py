"""Finetune on several nodes: a TrainJob of Kubeflow Trainer is started and followed to its end."""
