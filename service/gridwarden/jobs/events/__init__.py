"""What happened, told to whoever may see it: events from the outbox, in the order of `seq`."""
