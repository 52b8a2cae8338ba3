"""The hazard ledger 隐患台账: cases from findings and people, followed until they are closed."""
