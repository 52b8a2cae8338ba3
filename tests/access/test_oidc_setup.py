"""What keeps signing in by a provider sound: settings and rules that are refused, the doctor, an
authority of the office's own; and https, which browsers are told to stay with.
"""

import time
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from oidc_office import RULES, Office, browser, office_of, sign_in, who
from pydantic import ValidationError

from gridwarden.access.oidc import watching as _watching  # noqa: F401  (a line of doctor)
from gridwarden.access.oidc.rules import offer_of, read_rules
from gridwarden.access.tls import making
from gridwarden.app import create_app
from gridwarden.database.doctor import examine
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings

SET = {"oidc_client_id": "x", "oidc_rules": Path("rules.toml"), "oidc_issuer": "https://id.example"}


def test_what_the_provider_tells_beside_the_token_counts_too(
    module_city: Settings, tmp_path: Path
) -> None:
    """Many providers keep the ID token small and tell the groups when asked with the other one."""
    with office_of(module_city, tmp_path, beside=True) as office:
        office.start()
        with browser(office) as b:
            assert sign_in(b, "1001").status_code == 303
            told = who(b)
            assert told and told["role"] == "planner" and len(told["district_ids"]) == 1


def doctor(settings: Settings, what: str = "sign-in provider") -> str:
    english = settings.model_copy(update={"language": "en"})
    return next(one.told for one in examine(english) if one.what == what)


def test_the_doctor_and_an_authority_of_the_office_s_own(
    module_city: Settings, tmp_path: Path
) -> None:
    own = module_city.model_copy(update={"home": tmp_path / "home"})
    making.make(own, making.names_of(["127.0.0.1"]))
    pair = {"key": (own.tls / making.KEY).read_text(), "cert": (own.tls / "server.crt").read_text()}
    ca = own.tls / making.CA_CERTIFICATE
    assert doctor(module_city) == ""
    with office_of(module_city, tmp_path, tls=pair) as office:
        assert "does not answer" in doctor(office.settings)
        office.start()
        assert "GRIDWARDEN_OIDC_CA_FILE" in doctor(office.settings)
        with browser(office) as b:
            assert b.get("/login/provider").status_code == 503
        trusting = office.settings.model_copy(update={"oidc_ca_file": ca})
        assert doctor(trusting) == ""
        with browser(Office(office.issuer, trusting)) as b:
            assert b.get("/login/provider").status_code == 303
        for changed, words in (
            ({"oidc_issuer": office.issuer + "/"}, "GRIDWARDEN_OIDC_ISSUER exactly"),
            ({"oidc_ca_file": tmp_path / "rules.toml"}, "GRIDWARDEN_OIDC_CA_FILE"),
            ({"oidc_rules": tmp_path / "none.toml"}, "none.toml"),
            ({"oidc_secret_file": tmp_path / "none"}, "GRIDWARDEN_OIDC_SECRET_FILE"),
        ):
            assert words in doctor(trusting.model_copy(update=changed))
        (tmp_path / "secret").chmod(0o644)
        assert 'the reason that stands at "passwords"' in doctor(trusting)
        assert "chmod 600" in doctor(trusting, "passwords")


def test_a_clock_that_goes_wrong_is_told(
    module_city: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office_of(module_city, tmp_path) as office:
        office.start()
        now = time.time
        monkeypatch.setattr("gridwarden.access.oidc.watching.time.time", lambda: now() + 90)
        assert "s ahead of the sign-in provider's" in doctor(office.settings)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"oidc_issuer": "http://id.office.example"}, "https://"),
        ({"oidc_issuer": "https://"}, "https://"),
        ({"oidc_client_id": None}, "GRIDWARDEN_OIDC_CLIENT_ID"),
        ({"oidc_rules": None}, "GRIDWARDEN_OIDC_RULES"),
        ({"oidc_audience": "x"}, "is no key"),
        ({"oidc_algorithms": "RS256,HS256"}, "HS256"),
        ({"oidc_algorithms": "none"}, "none"),
        ({"oidc_algorithms": ""}, "use some of"),
    ],
)
def test_settings_that_would_not_be_safe_are_refused(changed: dict[str, str], words: str) -> None:
    Settings.model_validate(SET)
    with pytest.raises(ValidationError, match=words):
        Settings.model_validate(SET | changed)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (RULES.replace("planner", "security"), "group.1.role"),
        (RULES.replace("all_districts", "all_district"), "all_district"),
        (RULES.replace("ask =", "asks ="), "ask"),
        ("ask = 'x'\nscopes = ['profile']\n" + RULES[RULES.index("[[") :], "openid"),
        ("ask = 'x'", "group"),
        ("ask = ", "Invalid value"),
    ],
)
def test_rules_that_say_too_much_or_too_little_are_refused(
    tmp_path: Path, text: str, words: str
) -> None:
    place = tmp_path / "rules.toml"
    place.write_text(text)
    with pytest.raises(SetUpError) as refused:
        read_rules(place)
    assert words in str(refused.value) and str(place) in str(refused.value)


def test_claims_are_read_as_they_come(tmp_path: Path) -> None:
    place = tmp_path / "rules.toml"
    place.write_text(
        "ask = 'x'\n[claims]\ngroups = 'realm_access.roles'\n"
        "[[group]]\ngroup = 'a'\nrole = 'viewer'\n[[group]]\ngroup = 'b'\nrole = 'warden'\n"
    )
    rules = read_rules(place)
    for name, called in (("a/b c", "a.b.c"), ("", "u.s"), ("\ud800\x00", "u.s"), ("//", "u.s")):
        offer = offer_of(
            rules,
            {"realm_access": {"roles": ["b", "a", 7, None]}, "preferred_username": name,
             "districts": ["x\x00", 9, {}], "grids": "G1", "name": ["\x07"]},
            "s",
        )  # fmt: skip
        assert offer and (offer.name, offer.full_name) == (called, called)
        # The file's order decides, not the token's; a viewer has districts and no grids.
        assert (offer.role, offer.districts, offer.grids) == ("viewer", ("x",), ())
    for nothing in ({}, {"realm_access": 7}, {"realm_access": {"roles": "c"}}, {"groups": ["a"]}):
        assert offer_of(rules, nothing, "s") is None


@pytest.mark.parametrize(
    ("base", "days", "said"),
    [
        ("https://map.office.example", 365, "max-age=31536000"),
        ("https://map.office.example", 0, None),
        ("https://localhost:8000", 365, None),
        ("https://10.1.2.3:8000", 365, None),
        ("http://map.office.example", 365, None),
    ],
)
def test_who_comes_by_https_is_told_to_stay(
    module_city: Settings, base: str, days: int, said: str | None
) -> None:
    settings = module_city.model_copy(update={"hsts_days": days})
    with TestClient(create_app(settings), base_url=base) as client:
        for path in ("/login", "/healthz", "/static/gridwarden.css", "/nowhere"):
            assert client.get(path).headers.get("Strict-Transport-Security") == said
