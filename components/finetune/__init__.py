"""Fine-tune: a backbone and a dataset in, a tuned model out."""
