"""Student's t for the browser, since scipy itself is 13 MB and the pages need nothing else of it."""
