"""What stands between a stranger and every view: guards before it, headers after it."""
