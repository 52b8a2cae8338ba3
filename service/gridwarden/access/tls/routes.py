"""`/tls`: how an office PC comes to trust this service, click by click, for print, too.

Anybody may read it, by http, too: it is read before https can be trusted. What is installed must
therefore be compared with what the system administrator reads aloud.
"""

from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from gridwarden.access.audience import everyone
from gridwarden.access.browser import settings_of
from gridwarden.access.cookies import is_secure
from gridwarden.access.tls.making import ca_of, fingerprint, held
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter(tags=["access"])
SYSTEMS = ("windows", "windows7", "uos", "kylin", "firefox")


@router.get("/tls", dependencies=[everyone()], response_class=HTMLResponse)
def tls_page(request: Request) -> HTMLResponse:
    """The steps for Windows, UOS and Kylin, and the fingerprint to compare."""
    settings = settings_of(request)
    found = held(settings)
    ca = found.ca if found is not None else None
    return page(
        request,
        "access/tls.html",
        found=found,
        ca=ca,
        mark=fingerprint(ca).split() if ca is not None else [],
        systems=SYSTEMS,
        addresses=found.names.urls(settings.port) if found is not None else [],
        secure=is_secure(request),
    )


@router.get("/tls/ca.crt", dependencies=[everyone()], response_class=Response)
def ca_certificate(request: Request) -> Response:
    """The authority's certificate (DER, as Windows opens it with a double click); no key."""
    ca = ca_of(settings_of(request))
    if ca is None:
        raise Problem("not_found", "tls.none")
    headers = {
        "Content-Disposition": 'attachment; filename="gridwarden-ca.crt"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(ca.public_bytes(Encoding.DER), 200, headers, "application/x-x509-ca-cert")
