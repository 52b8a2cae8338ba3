"""四个一批: batches of the kinds that the office chooses, their cases and units, their totals."""
