"""Checks what somebody hands in: any PDF, notebook or zip."""
