"""Reads and checks executed notebooks."""
