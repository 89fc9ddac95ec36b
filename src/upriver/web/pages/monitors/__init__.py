"""What is watched, how it does, what moved: pages to see it, to define it, to act on it."""

from fastapi import APIRouter

from upriver.web.pages.monitors import act, column, edit, listing, one

router = APIRouter()
for part in (listing, edit, act, column, one):  # `one` is last: it takes any name
    router.routes.extend(part.router.routes)
