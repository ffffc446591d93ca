"""Which pictures changed since a revision of git, as text, Markdown, an object and a page."""
