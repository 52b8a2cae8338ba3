"""What a security officer signs: control by control, the live evidence of this installation."""
