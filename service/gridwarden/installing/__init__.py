"""Where an installation lies on its machine: `gridwarden install` and `gridwarden upgrade`."""
