"""Probes: what a framework's release does, found out from outside. They import nothing of the course."""
