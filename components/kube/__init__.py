"""The Kubernetes API, as far as a training on several nodes needs it: TrainJobs, pods, workflows.

It is asked again and again (no watch), so that an API server that restarts, is busy, or has taken a
token back costs some patience and nothing else.
"""

from components.kube.connection import Connection
from components.kube.pace import Pace
from components.kube.pods import Pods
from components.kube.train_jobs import TrainJobs

__all__ = ["Connection", "Pace", "Pods", "TrainJobs"]
