"""Finds what must not leave the author's machine: paths, names of accounts and hosts, addresses, keys and tokens."""
