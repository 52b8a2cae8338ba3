"""Who asks: a frozen value that every statement at run time is made in the name of."""

from dataclasses import dataclass

OFFICE = ("utility", "supervisor", "planner", "dispatcher", "viewer")
"""Who works with the whole map, each with its own share of it."""
FIELD = ("warden", "inspector", "contractor")
"""Who works outside: 网格员, 督查人员, 施工单位 (own grids, districts, tickets)."""
ASKERS = (*OFFICE, *FIELD)
"""The people who ask."""
PICTURES = ("embed",)
"""A map in somebody else's page: no person, and no key is made for it."""
ADMINISTRATORS = ("administrator", "security", "auditor")
WORK_ROLES = ("import", "screen", "seal", "send")
ROLES = ASKERS + PICTURES + ADMINISTRATORS + WORK_ROLES


@dataclass(frozen=True, slots=True)
class Caller:
    """One person acting in one role.

    `org_ids` are rows of `organisations` whose exact records the caller may read (utilities);
    `district_ids` are rows of `districts`; an empty tuple means none, `all_districts` means all.
    `grid_ids` are rows of `warden_grids`. `made_by` made the key or link that they act by; None for
    an account of the machine itself. `scopes` narrow what a key may do; None narrows nothing.
    `credential` is the kind and number of the key or session, `account` the number of the account.
    """

    role: str
    person: str
    org_ids: tuple[int, ...] = ()
    district_ids: tuple[int, ...] = ()
    all_districts: bool = False
    language: str = "zh"
    made_by: str | None = None
    grid_ids: tuple[int, ...] = ()
    scopes: frozenset[str] | None = None
    credential: tuple[str, int] | None = None
    account: int | None = None

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise ValueError(f"no such role: {self.role}; use one of {', '.join(ROLES)}")
        if not self.person:
            raise ValueError("a caller has a name")

    @property
    def orgs_setting(self) -> str:
        """The value of `gridwarden.orgs`."""
        return ",".join(map(str, self.org_ids))

    @property
    def districts_setting(self) -> str:
        """The value of `gridwarden.districts`: ids, or `*` for the whole city."""
        return "*" if self.all_districts else ",".join(map(str, self.district_ids))

    @property
    def grids_setting(self) -> str:
        """The value of `gridwarden.grids`."""
        return ",".join(map(str, self.grid_ids))
