"""A literate report that answers a deep-learning coursework: one PDF, one executed notebook, one zip."""
