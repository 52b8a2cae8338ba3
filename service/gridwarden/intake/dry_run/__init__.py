"""A dry run: what an import would change, looked at first, and published as it was shown."""
