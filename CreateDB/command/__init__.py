"""What an operator types and reads: flags, addresses, terminal, words for errors; nothing here touches a database."""
