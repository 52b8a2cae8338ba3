"""A small certificate authority and a server certificate, in GRIDWARDEN_HOME/tls.

The authority may speak for the names and addresses that were asked for, and for nothing else
(name constraints, RFC 5280 4.2.1.10): who steals its key cannot pretend to be the office's bank.
Keys are P-256, which Windows 7 reads; files are for their owner alone.
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gridwarden.database.making import make_home
from gridwarden.database.passwords import write_private
from gridwarden.database.postgres import told_plainly
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

CA_CERTIFICATE: Final = "ca.crt"
CA_KEY: Final = "ca.key"
CERTIFICATE: Final = "server.crt"
KEY: Final = "server.key"
CA_DAYS: Final = 3650
DAYS: Final = 397
"""As long as browsers take a certificate; a month before its end the doctor speaks."""
_NOTHING_NAMED: Final = "nothing.invalid"
_NOTHING_ADDRESSED: Final = "192.0.2.0/32"
"""RFC 5737: nobody's. A kind of name of which nothing is permitted would be free."""
_NAME: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Names:
    """What the service is called: host names and addresses."""

    hosts: tuple[str, ...]
    addresses: tuple[Address, ...]

    def __str__(self) -> str:
        return ", ".join([*self.hosts, *map(str, self.addresses)])

    def urls(self, port: int) -> list[str]:
        """What a browser is to be told, the service listening on `port`."""
        bare = [*self.hosts, *(f"[{a}]" if a.version == 6 else str(a) for a in self.addresses)]
        return [f"https://{one}" + (f":{port}" if port != 443 else "") for one in bare]

    def general(self) -> list[x509.GeneralName]:
        """As a certificate names them."""
        hosts: list[x509.GeneralName] = [x509.DNSName(host) for host in self.hosts]
        return hosts + [x509.IPAddress(address) for address in self.addresses]


@dataclass(frozen=True, slots=True)
class Held:
    """The certificates that are there: `ca` is None where the office brought its own."""

    server: x509.Certificate
    ca: x509.Certificate | None

    @property
    def ends(self) -> datetime:
        """When the first of them ends."""
        ends = [one.not_valid_after_utc for one in (self.server, self.ca) if one is not None]
        return min(ends)

    def days_left(self) -> int:
        """Whole days until then; below 0 when it has ended."""
        return (self.ends - datetime.now(UTC)).days

    @property
    def names(self) -> Names:
        """What the server's certificate is for."""
        said = self.server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return Names(
            tuple(said.get_values_for_type(x509.DNSName)),
            tuple(a for a in said.get_values_for_type(x509.IPAddress) if isinstance(a, Address)),
        )


def names_of(asked: Iterable[str]) -> Names:
    """Raises Problem `invalid_value` for what is neither a host name nor an address."""
    hosts: list[str] = []
    addresses: list[Address] = []
    for one in asked:
        text = one.strip().rstrip(".").lower()
        try:
            addresses.append(ipaddress.ip_address(text.strip("[]")))
        except ValueError:
            host = _as_ascii(text)
            # A resolver would read a last part of digits as an address.
            if not _NAME.fullmatch(host) or len(host) > 253 or host.rpartition(".")[2].isdigit():
                raise Problem(
                    "invalid_value", "tls.problem.name", field="HOST", name=one[:80]
                ) from None
            hosts.append(host)
    if not hosts and not addresses:
        raise Problem("missing_value", "tls.problem.no_name", field="HOST")
    return Names(tuple(dict.fromkeys(hosts)), tuple(dict.fromkeys(addresses)))


def _as_ascii(host: str) -> str:
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def held(settings: Settings) -> Held | None:
    """The certificates of this installation; None where there is no https.

    Raises Problem `refused` for files that are no certificates.
    """
    if not is_there(settings):
        return None
    try:
        return Held(_read(settings, CERTIFICATE), ca_of(settings))
    except (OSError, ValueError) as error:
        folder = settings.tls
        raise Problem("refused", "tls.problem.unreadable", field="tls", folder=folder) from error


def is_there(settings: Settings) -> bool:
    """Whether the service speaks https: a certificate and its key are there."""
    return (settings.tls / CERTIFICATE).exists() and (settings.tls / KEY).exists()


def ca_of(settings: Settings) -> x509.Certificate | None:
    """The authority's certificate, which office PCs install; None where there is none."""
    return _read(settings, CA_CERTIFICATE) if (settings.tls / CA_CERTIFICATE).exists() else None


def _read(settings: Settings, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((settings.tls / name).read_bytes())


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256, in groups of four that can be read aloud."""
    digits = certificate.fingerprint(hashes.SHA256()).hex().upper()
    return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))


def make(settings: Settings, names: Names, *, again: bool = False) -> Held:
    """A new authority and a certificate of it. Raises Problem `conflict` where certificates are
    there already, unless `again`: then every PC has to take the new authority.
    """
    if not again and (is_there(settings) or (settings.tls / CA_CERTIFICATE).exists()):
        raise Problem("conflict", "tls.problem.there", field="--again")
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _authority(key, names)
    _write(settings, {CA_KEY: _pem(key), CA_CERTIFICATE: _pem(certificate)})
    return _serve_by(settings, key, certificate, names)


def renew(settings: Settings) -> Held:
    """A new certificate of the same authority, for the same names: no PC has to do anything.

    Raises Problem `not_found` without an authority, `conflict` when the authority itself ends.
    """
    now = held(settings)
    if now is None or now.ca is None or not (settings.tls / CA_KEY).exists():
        raise Problem("not_found", "tls.problem.no_authority")
    if now.ca.not_valid_after_utc < datetime.now(UTC) + timedelta(days=DAYS):
        raise Problem("conflict", "tls.problem.authority_ends", field="--again")
    key = serialization.load_pem_private_key((settings.tls / CA_KEY).read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return _serve_by(settings, key, now.ca, now.names)


def _serve_by(
    settings: Settings, ca_key: ec.EllipticCurvePrivateKey, ca: x509.Certificate, names: Names
) -> Held:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _server(key, names, ca_key, ca)
    _write(settings, {KEY: _pem(key), CERTIFICATE: _pem(certificate) + _pem(ca)})
    return Held(certificate, ca)


def _write(settings: Settings, files: dict[str, str]) -> None:
    with told_plainly(settings):
        make_home(settings)
        settings.tls.mkdir(mode=0o700, exist_ok=True)
        settings.tls.chmod(0o700)
        for name, text in files.items():
            write_private(settings.tls / name, text)


def _pem(what: ec.EllipticCurvePrivateKey | x509.Certificate) -> str:
    if isinstance(what, x509.Certificate):
        return what.public_bytes(serialization.Encoding.PEM).decode("ascii")
    return what.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode("ascii")


def _authority(key: ec.EllipticCurvePrivateKey, names: Names) -> x509.Certificate:
    called = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Gridwarden"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Gridwarden CA {str(names)[:40]}"),
        ]
    )
    usage = _usage(key_cert_sign=True, crl_sign=True)
    return (
        _begun(called, called, key, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(_server_only(), critical=False)
        .add_extension(_only(names), critical=True)
        .sign(key, hashes.SHA256())
    )


def _only(names: Names) -> x509.NameConstraints:
    hosts: Sequence[str] = names.hosts or (_NOTHING_NAMED,)
    networks: Sequence[str] = [str(a) for a in names.addresses] or (_NOTHING_ADDRESSED,)
    permitted: list[x509.GeneralName] = [x509.DNSName(host) for host in hosts]
    permitted += [x509.IPAddress(ipaddress.ip_network(one)) for one in networks]
    return x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None)


def _server(
    key: ec.EllipticCurvePrivateKey,
    names: Names,
    ca_key: ec.EllipticCurvePrivateKey,
    ca: x509.Certificate,
) -> x509.Certificate:
    called = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Gridwarden")])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    return (
        _begun(called, ca.subject, key, DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names.general()), critical=False)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(_server_only(), critical=False)
        .add_extension(issuer, critical=False)
        .sign(ca_key, hashes.SHA256())
    )


def _begun(
    called: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks of office PCs go wrong
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _server_only() -> x509.ExtendedKeyUsage:
    return x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])


def _usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
