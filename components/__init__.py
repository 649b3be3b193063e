"""What runs inside a container: the steps of a fine-tuning and the modules they share."""
