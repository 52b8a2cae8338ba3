"""May I dig here? One question, one statement, one answer that says who does what next."""
