"""The ledger's routes, package by package; those with a name in their path come last."""

from fastapi import APIRouter

from gridwarden.hazards.board import entering_routes as board_entering
from gridwarden.hazards.board import pages as board_pages
from gridwarden.hazards.board import routes as board
from gridwarden.hazards.cases import pages as case_pages
from gridwarden.hazards.cases import routes as cases
from gridwarden.hazards.deadlines import routes as deadlines

router = APIRouter()
for one in (deadlines, board, board_entering, board_pages, cases, case_pages):
    router.include_router(one.router)
