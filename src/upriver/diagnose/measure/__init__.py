"""What the windows and rows say, in numbers: breaks, ways of change, dependence, labels; nothing here knows of causes."""
