"""Who is at the other end: addresses behind proxies, and devices in words; it knows no request and no database."""
