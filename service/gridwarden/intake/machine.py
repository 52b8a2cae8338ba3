"""What `gridwarden doctor` says of the machine's walls around the readers of files."""

from gridwarden.database.doctor import look
from gridwarden.database.sentences import trouble
from gridwarden.settings import Settings
from gridwarden.words import say


@look("walls around files' readers")
def walls_there(settings: Settings) -> None:
    """Raises SetUpError that names the walls which this machine lacks. Files are read without."""
    from gridwarden.intake.apart import walls

    gone = walls.missing()
    if gone:
        lang = settings.language
        mends = "; ".join(say(f"doctor.wall_mend.{one.lower()}", lang) for one in gone)
        raise trouble(settings, "walls", gone=", ".join(gone), mends=mends)
