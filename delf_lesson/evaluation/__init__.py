"""Systems to compare and the measures they are compared by."""
