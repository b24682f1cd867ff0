"""Executes cells and keeps what they show."""
