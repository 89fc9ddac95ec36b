"""The glossary: the words of the business, what they mean, where they are used."""

from upriver.web import words

router = words.routes("/glossary", "term", "glossary.html")
