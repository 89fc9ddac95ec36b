"""What can be said of summaries alone: pure comparisons and judgements, without rows, clock, database or network."""
