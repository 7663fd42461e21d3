"""What a proxy asks before it serves another application: its rule, the page asked for, who is there; no page here."""
