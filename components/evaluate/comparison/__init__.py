"""Several finished runs side by side, from the folders that they left."""
