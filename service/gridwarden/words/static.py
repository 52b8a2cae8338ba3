"""Files of the pages: `/static/` (each room's `static/` folder) and `/assets/` (built by
script/assets)."""

from importlib.resources import as_file, files
from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope


class BuiltAssets(StaticFiles):
    """Static files whose folder may not be there yet: that is a 404, not an error of ours."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        if self.directory is None or not Path(self.directory).is_dir():
            raise HTTPException(404)
        return await super().get_response(path, scope)

    async def check_config(self) -> None:
        """The folder is looked at with each request instead."""


def mount(app: FastAPI, assets: Path) -> None:
    """Serve both folders; anonymous callers may read them, they hold no data."""
    ours = StaticFiles(directory=None)
    with as_file(files("gridwarden")) as package:
        ours.all_directories = [str(p) for p in sorted(package.glob("*/static")) if p.is_dir()]
    app.mount("/static", ours, name="static")
    app.mount("/assets", BuiltAssets(directory=assets, check_dir=False), name="assets")
