"""Where is the nearest shed with a free place? By straight line for now, and it says so."""
