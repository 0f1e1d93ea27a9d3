"""Texts of a crawl that stem from one another, in groups, with the original among them."""
