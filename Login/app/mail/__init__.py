"""How mails leave the queue and reach their server; nothing above but main.py may need it."""
