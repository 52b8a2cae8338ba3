"""What is wrong and what mends it, in the installation's language (`catalogue/doctor.toml`)."""

from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings
from gridwarden.words import say

_UNITS = (("days", 172_800, 86_400), ("h", 7_200, 3_600), ("min", 120, 60), ("s", 0, 1))


def trouble(
    settings: Settings, key: str, mended: str | None = None, /, **values: object
) -> SetUpError:
    """The error of `doctor.<key>`: one sentence what is wrong, one step that mends it, which is
    that of `mended` where several may.
    """
    lang = settings.language
    wrong = say(f"doctor.{key}.wrong", lang, **values)
    mend = say(f"doctor.{mended or key}.mend", lang, **values)
    return SetUpError(say("doctor.sentence", lang, wrong=wrong, mend=mend), wrong, mend)


def step(settings: Settings, key: str, **values: object) -> str:
    """What is being done, as `up` and `down` report it (`status.step.<key>`)."""
    return say(f"status.step.{key}", settings.language, **values)


def age(settings: Settings, seconds: float) -> str:
    """`12 s`, `5 min`, `3 h`, `2 days`, in the installation's language."""
    unit, _, length = next(one for one in _UNITS if seconds >= one[1] or one[0] == "s")
    return say(f"doctor.age.{unit}", settings.language, n=f"{seconds / length:.0f}")
