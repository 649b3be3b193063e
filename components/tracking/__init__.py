"""MLflow beside a pipeline: what a run was told, how it went, what it left. TensorBoard stays.

A training never fails for it. What goes wrong here is warned of once, and the work goes on.
"""
