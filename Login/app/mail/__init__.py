"""Mail: what it says, how it is delivered, and the worker that never loses one."""
