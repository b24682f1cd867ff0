"""The report's diagrams and plots, drawn as code."""
