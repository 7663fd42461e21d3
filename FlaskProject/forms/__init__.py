"""How a form comes, is answered and comes back; what it is for stands in its view."""
