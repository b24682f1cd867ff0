"""Reads and checks PDFs."""
