"""Reads printed formulas back and evaluates them."""
