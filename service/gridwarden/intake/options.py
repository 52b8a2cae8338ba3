"""What `gridwarden import` may be told, and how its help says it."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

Text = str | None
Pairs = list[str] | None

File = Annotated[Path, Argument(help="GeoPackage, Shapefile, CSV, XLSX, KML, DXF, …")]
LayerName = Annotated[str, Option("--layer")]
Dataset = Annotated[str, Option("--dataset")]
FromLayer = Annotated[Text, Option("--from")]
Where = Annotated[Text, Option("--where")]
Crs = Annotated[Text, Option("--crs")]
Encoding = Annotated[Text, Option("--encoding")]
Mappings = Annotated[Pairs, Option("--map")]
Constants = Annotated[Pairs, Option("--set")]
Org = Annotated[Text, Option("--org")]
Role = Annotated[Text, Option("--as")]
DryRun = Annotated[bool, Option("--dry-run")]
Remove = Annotated[int | None, Option("--remove", min=0)]
UpdateDays = Annotated[int | None, Option("--update-days")]
Rejects = Annotated[Path | None, Option("--rejects")]
SentBack = Annotated[Path | None, Option("--sent-back")]
AsJson = Annotated[bool, Option("--json")]
