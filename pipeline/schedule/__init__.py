"""Recurring retrainings: a file describes them, and `apply` makes the cluster as the file says."""
