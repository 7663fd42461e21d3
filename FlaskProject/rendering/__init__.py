"""How a page is written: helpers, times, addresses, files, and the pages for errors; it knows no form."""
