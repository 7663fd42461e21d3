"""Which languages mails are written in, whose sentences come from where; it knows no sentence and no request."""
