"""An earlier version of a dataset comes back as a new one, after what that undoes was listed."""
