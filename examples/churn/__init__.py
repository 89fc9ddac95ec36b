"""A subscription business that wants to know who will leave.

One story, made from a seed: raw files of each day (`world`), a pipeline from them to tables
of features (`pipeline`, `steps`, `lake`), what is done differently from some day on (`changes`,
`migrated`), models trained on those tables and tracked in a real MLflow (`sweeps`, `train`,
`registry`), what the best of them foretells and how well (`score`, `check`), and the order in
which it all happens (`story`).  Whoever wants to know is told as it happens (`events`, `columns`);
what is to be watched of it stands in `monitors.yaml`.

Run it against any MLflow with `python -m examples.churn --tracking-uri URL --folder DIR`.
"""
