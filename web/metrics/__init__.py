"""The metrics of the box for Prometheus: what the nodes publish, in its text format 0.0.4.

`exposition` writes the format, `table` has a row for each metric, `values` reads the messages. Who
may read them: `web.metrics_token`. The client library of Prometheus is not used: its counters are
those of one process, where the values here come from all nodes, and its import takes 1.2 MB of
memory. The tests read the text by its parser.
"""
