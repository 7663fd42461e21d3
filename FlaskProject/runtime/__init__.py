"""What a process of the pages runs on: its log; it knows nothing of visitors' rights."""
