"""Tags by classification: what they mean, where they are used."""

from upriver.web import words

router = words.routes("/tags", "tag", "tags.html")
