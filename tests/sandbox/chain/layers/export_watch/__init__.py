"""Stands for the project's package, and is another one of the same name."""
