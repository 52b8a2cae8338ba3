"""The service's OpenAPI document: FastAPI's own, and on each operation who may use it."""

from typing import Any

from fastapi import FastAPI

from gridwarden.access.matrix.walking import operations

SECURITY = {
    "key": {"type": "http", "scheme": "bearer", "description": "an API key"},
    "session": {"type": "apiKey", "in": "cookie", "name": "gridwarden_session"},
}


def described(app: FastAPI) -> dict[str, Any]:
    """The document, made once. `x-roles`: who may use an operation; `x-scope`: the narrowest scope
    of a key that may; `x-object`: whose the thing is that its path names, and the status for
    somebody else's.
    """
    document: dict[str, Any] = FastAPI.openapi(app)
    if "x-roles-are" in document:
        return document
    if prefix := app.state.settings.prefix:
        document["servers"] = [{"url": prefix}]
    document["x-roles-are"] = "the roles that an operation answers; without: everyone"
    document.setdefault("components", {})["securitySchemes"] = SECURITY
    for one in operations(app):
        told = document["paths"].get(one.path.replace(":path", ""), {}).get(one.method.lower())
        if told is None:
            continue
        if one.roles is not None:
            told["x-roles"] = list(one.roles)
            told["x-scope"] = one.scope
            told["security"] = [{name: []} for name in SECURITY]
        if one.whose is not None:
            told["x-object"] = {"kind": one.whose.kind, "whose": one.whose.whose}
            if one.whose.foreign is not None:
                told["x-object"]["foreign"] = one.whose.foreign
    return document
