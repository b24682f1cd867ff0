"""Turns executed documents into pages and notebooks."""
