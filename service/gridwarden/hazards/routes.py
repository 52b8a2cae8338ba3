"""The ledger's routes, package by package; those with a name in their path come last."""

from fastapi import APIRouter

from gridwarden.hazards.batches import routes as batches
from gridwarden.hazards.board import entering_pages as board_entering_pages
from gridwarden.hazards.board import entering_routes as board_entering
from gridwarden.hazards.board import pages as board_pages
from gridwarden.hazards.board import routes as board
from gridwarden.hazards.bulk import routes as bulk
from gridwarden.hazards.cases import pages as case_pages
from gridwarden.hazards.cases import routes as cases
from gridwarden.hazards.deadlines import routes as deadlines
from gridwarden.hazards.folder import routes as folder
from gridwarden.hazards.listed import routes as listed
from gridwarden.hazards.my_work import routes as my_work
from gridwarden.hazards.notices import routes as notices
from gridwarden.hazards.proof import routes as proof
from gridwarden.hazards.reconciling import routes as reconciling
from gridwarden.hazards.stop_work import routes as stop_work

router = APIRouter()
for one in (
    deadlines,
    proof,
    listed,
    batches,
    notices,
    stop_work,
    my_work,
    folder,
    bulk,
    reconciling,
    board,
    board_entering,
    board_pages,
    board_entering_pages,
    cases,
    case_pages,
):
    router.include_router(one.router)
