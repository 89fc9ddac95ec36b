"""What pipelines said, kept under the names they used; the same whatever the order in which it arrived."""
