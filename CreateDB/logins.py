"""--explain-login and --clear-throttle."""
