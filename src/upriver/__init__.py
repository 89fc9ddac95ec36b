"""Upriver: when a model drifts, look upriver."""
