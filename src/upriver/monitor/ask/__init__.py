"""What is asked of the engine that holds the rows: few, portable aggregates; rows never leave it."""
