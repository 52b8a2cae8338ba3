"""What `gridwarden import` may be told, and how its help says it."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

Text = str | None
Pairs = list[str] | None

File = Annotated[Path, Argument(help="GeoPackage, Shapefile, CSV, XLSX, KML, DXF, …")]
LayerName = Annotated[str, Option("--layer", help="Which layer of the city.")]
Dataset = Annotated[str, Option("--dataset", help="Whose part of it; replaced as one.")]
FromLayer = Annotated[Text, Option("--from", help="Which layer of the file.")]
Where = Annotated[Text, Option("--where", help="Only rows with column=value.")]
Crs = Annotated[Text, Option("--crs", help="EPSG:n, gcj02, bd09, local:NAME; wins.")]
Encoding = Annotated[Text, Option("--encoding", help="utf-8, gbk; else told from the file.")]
Mappings = Annotated[Pairs, Option("--map", help="column=field of the file; source_id=field, too.")]
Constants = Annotated[Pairs, Option("--set", help="column=value for every row.")]
Org = Annotated[Text, Option("--org", help="Organisation that the rows belong to.")]
Role = Annotated[Text, Option("--as", help="The role to act in; else who usually brings it.")]
DryRun = Annotated[bool, Option("--dry-run", help="Tell what would change; publish nothing.")]
Remove = Annotated[
    int | None,
    Option("--remove", min=0, help="Confirm that so many rows of the dataset may go."),
]
UpdateDays = Annotated[
    int | None,
    Option(
        "--update-days", help="Promise the next version within so many days; kept until changed."
    ),
]
Rejects = Annotated[Path | None, Option("--rejects", help="Write the rejected rows to this CSV.")]
SentBack = Annotated[
    Path | None,
    Option("--sent-back", help="Write the file itself here, its rejected rows marked."),
]
AsJson = Annotated[bool, Option("--json", help="Print the counts as JSON.")]
