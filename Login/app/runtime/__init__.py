"""What a process runs on: threads, processors, garbage collection, logs, metrics; it knows no account."""
