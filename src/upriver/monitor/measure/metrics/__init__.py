"""How far two distributions are apart: a metric is a module with a `PLUGIN`; adding the file adds it everywhere."""
