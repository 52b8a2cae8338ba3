"""What `gridwarden doctor` says of the machine's walls around the readers of files."""

from typing import Final

from gridwarden.database.doctor import look
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings

MEND: Final = {
    "seccomp": "install libseccomp (Debian: apt install libseccomp2)",
    "Landlock": "use Linux 5.13 or later, with landlock among its security modules",
}


@look("walls around files' readers")
def walls_there(_settings: Settings) -> None:
    """Raises SetUpError that names the walls which this machine lacks. Files are read without."""
    from gridwarden.intake.apart import walls

    gone = walls.missing()
    if gone:
        mends = "; ".join(MEND[one] for one in gone)
        raise SetUpError(
            f"Files are read with less around them, without {' and '.join(gone)}: {mends}."
        )
