"""What pipelines tell of an asset: a job's work, the runs that touched a dataset, who changed its schema, its names."""
