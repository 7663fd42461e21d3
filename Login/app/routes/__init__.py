"""The HTTP of every endpoint in a few lines each; what happens stands in the service of the same name."""
