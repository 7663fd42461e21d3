"""Which languages the pages speak, which one a visitor reads, and where its sentences come from; it knows no sentence."""
