"""THE DOORS: pages for people, an API for programs, other systems' tongues."""
