"""Installs an authority where Chromium on Linux looks, as its own settings page does: NSS's store
below HOME. Run by itself (`python tests/nss.py FOLDER DER`): NSS keeps its store open till the end.
"""

import ctypes
import sys
from pathlib import Path

TRUSTED_CA = 0x18
"""CERTDB_VALID_CA and CERTDB_TRUSTED_CA: vouches for servers."""


class Item(ctypes.Structure):
    _fields_ = (("type", ctypes.c_uint), ("data", ctypes.c_char_p), ("len", ctypes.c_uint))


class Trust(ctypes.Structure):
    _fields_ = (("servers", ctypes.c_uint), ("mail", ctypes.c_uint), ("code", ctypes.c_uint))


def install(folder: Path, der: bytes) -> None:
    """Put the certificate into the store of `folder`, made when missing, as an authority."""
    folder.mkdir(parents=True)
    nss = ctypes.CDLL("libnss3.so")
    for name in ("PK11_GetInternalKeySlot", "CERT_GetDefaultCertDB", "CERT_NewTempCertificate"):
        getattr(nss, name).restype = ctypes.c_void_p
    assert nss.NSS_InitReadWrite(f"sql:{folder}".encode()) == 0
    slot = ctypes.c_void_p(nss.PK11_GetInternalKeySlot())
    assert nss.PK11_InitPin(slot, None, b"") == 0
    store = ctypes.c_void_p(nss.CERT_GetDefaultCertDB())
    item = Item(0, der, len(der))
    made = ctypes.c_void_p(nss.CERT_NewTempCertificate(store, ctypes.byref(item), None, 0, 1))
    assert nss.PK11_ImportCert(slot, made, ctypes.c_ulong(0), b"Gridwarden CA", 0) == 0
    trust = Trust(TRUSTED_CA, 0, 0)
    assert nss.CERT_ChangeCertTrust(store, made, ctypes.byref(trust)) == 0


if __name__ == "__main__":
    install(Path(sys.argv[1]), Path(sys.argv[2]).read_bytes())
