"""Pytest plugins that all parts share: the real servers that tests run against."""
