"""Keeps results, and says what they depend on."""
