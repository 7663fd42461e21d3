"""What mails say; when one is written is decided in services/, how it travels in mail/."""
