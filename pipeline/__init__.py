"""The DAG of a fine-tuning and the ways to run it; never imports torch."""
