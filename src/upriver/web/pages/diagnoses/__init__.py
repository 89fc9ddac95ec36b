"""Why it moved: pages to ask, to read what was found and what to do, and to say whether it was right."""

from fastapi import APIRouter

from upriver.web.pages.diagnoses import listing, one

router = APIRouter()
for part in (listing, one):
    router.routes.extend(part.router.routes)
