"""Reads Quarto documents."""
