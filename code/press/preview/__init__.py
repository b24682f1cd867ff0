"""Shows the pages in a browser and keeps them up to date while the author writes."""
