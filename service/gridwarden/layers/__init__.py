"""What the city has: one file per layer, and the machinery that reads them (`catalogue`)."""
