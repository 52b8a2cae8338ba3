"""挂牌督办: cases under listed supervision, from the number on the plate to the delisting."""
