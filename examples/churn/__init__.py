"""A subscription business that wants to know who will leave.

One story, made from a seed: raw files of each day (`world`), a pipeline from them to tables
of features (`pipeline`), models trained on those tables and tracked in a real MLflow
(`sweeps`, `train`, `registry`), and the order in which it all happens (`story`).

Run it against any MLflow with `python -m examples.churn --tracking-uri URL --folder DIR`.
"""
