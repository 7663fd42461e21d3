"""How a link from a mail is opened, looked at and used; each kind of link has its view."""
