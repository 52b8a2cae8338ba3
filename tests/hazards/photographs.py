"""Photos as phones write them: a JPEG with the EXIF that a test asks for."""

import io
from datetime import datetime
from fractions import Fraction

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

GPS, EXIF = ExifTags.IFD.GPSInfo, ExifTags.IFD.Exif


def degrees(value: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    """Degrees, minutes, seconds."""
    whole = int(value)
    minutes = int((value - whole) * 60)
    seconds = Fraction((value - whole) * 3600 - minutes * 60).limit_denominator(100_000)
    return (
        IFDRational(whole, 1),
        IFDRational(minutes, 1),
        IFDRational(seconds.numerator, seconds.denominator),
    )


def photo(
    at: tuple[float, float] | None = None,
    taken: datetime | None = None,
    *,
    size: tuple[int, int] = (1600, 1200),
    colour: tuple[int, int, int] = (90, 120, 60),
    comment: bytes = b"",
    datum: str | None = None,
) -> bytes:
    """A JPEG taken at lon, lat (degrees, east and north) and at a time."""
    image = Image.new("RGB", size, colour)
    exif = image.getexif()
    exif[ExifTags.Base.Make] = "Test"
    if taken is not None:
        own = exif.get_ifd(EXIF)
        own[ExifTags.Base.DateTimeOriginal] = taken.strftime("%Y:%m:%d %H:%M:%S")
        if taken.tzinfo is not None:
            offset = taken.strftime("%z")
            own[ExifTags.Base.OffsetTimeOriginal] = f"{offset[:3]}:{offset[3:]}"
    if at is not None:
        place = exif.get_ifd(GPS)
        place[ExifTags.GPS.GPSLatitudeRef], place[ExifTags.GPS.GPSLongitudeRef] = "N", "E"
        place[ExifTags.GPS.GPSLatitude] = degrees(at[1])
        place[ExifTags.GPS.GPSLongitude] = degrees(at[0])
        if datum is not None:
            place[ExifTags.GPS.GPSMapDatum] = datum
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif, comment=comment)
    return out.getvalue()
