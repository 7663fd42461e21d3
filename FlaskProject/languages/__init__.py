"""Which languages there are, which one a visitor reads, where translations come from; it knows no sentence."""
