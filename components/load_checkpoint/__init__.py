"""Load-checkpoint: a pretrained backbone's weights, with proof that all are there."""
