"""The ledger's routes, package by package; those with a name in their path come last."""

from fastapi import APIRouter

from gridwarden.hazards.deadlines import routes as deadlines

router = APIRouter()
for one in (deadlines,):
    router.include_router(one.router)
