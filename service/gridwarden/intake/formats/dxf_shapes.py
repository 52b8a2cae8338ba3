"""The shape of one entity of a drawing, in the coordinates of the layout or block it stands in.

Arcs, bulges, circles, ellipses and splines become chords that leave them by at most `sagitta`
(see `curves`). Everything is moved by a matrix afterwards, so blocks that are turned, stretched
or mirrored need no care here.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any, Final, Literal

import numpy as np
from ezdxf.entities.boundary_paths import ArcEdge, EllipseEdge, LineEdge, PolylinePath, SplineEdge
from ezdxf.entities.dxfentity import DXFEntity
from ezdxf.math import OCS, BSpline, Vec3, fit_points_to_cad_cv
from numpy.typing import NDArray

from gridwarden.intake.formats.curves import MOST_POINTS, OF_RADIUS, BadCurveError, arc, chords

Points = NDArray[np.float64]
"""N rows of x, y, z."""
Kind = Literal["point", "line", "outline", "area"]
NEAR: Final = 1e-9
"""Two ends are one where they differ by less than this part of their coordinates."""
TEXT_BOX: Final = 8
SPLINE_FRAME: Final = 16
FARTHEST: Final = 1e12
"""Coordinates beyond are no place, in any unit."""
STRETCHED: Final = (3, 5)
"""Texts that run from one point to another stand at the first."""
TURN: Final = 2 * math.pi


@dataclass(frozen=True, slots=True)
class Shape:
    """A point, a line, an outline (a closed line: an area or itself, as a layer wants it), or an
    area of rings that are filled and empty by turns."""

    kind: Kind
    parts: list[Points]

    @property
    def points(self) -> int:
        """How many positions it has."""
        return sum(map(len, self.parts))


def shape_of(entity: DXFEntity, sagitta: float) -> Shape | None:
    """The shape of an entity; None for a kind that has none here.

    Raises BadCurveError, ValueError, ArithmeticError or an error of ezdxf for what cannot be drawn.
    """
    read = _READERS.get(entity.dxftype())
    if read is None:
        return None
    shape = read(entity, sagitta)
    if shape.points > MOST_POINTS:
        raise BadCurveError("too many points")
    return shape


def known(kind: str) -> bool:
    """Whether entities of this kind have a shape here."""
    return kind in _READERS


def _array(points: Iterable[Any]) -> Points:
    rows = [(p[0], p[1], p[2] if len(p) > 2 else 0.0) for p in points]
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def _flat(points: Points, elevation: float) -> Points:
    return np.column_stack([points, np.full(len(points), elevation)])


def _in_world(points: Points, ocs: OCS) -> Points:
    """From an entity's own plane (mirrored entities have one) to the layout's axes."""
    if not ocs.transform:
        return points
    axes = np.array([ocs.ux.xyz, ocs.uy.xyz, ocs.uz.xyz])
    moved: Points = points @ axes
    return moved


def _line_or_outline(points: Points, closed: bool) -> Shape:
    """A polyline; one that ends where it begins is closed, whatever its flag says."""
    if len(points) < 3:
        return Shape("line", [points])
    reach = max(1.0, *map(abs, points[0].tolist())) * NEAR
    ends = bool((np.abs(points[0] - points[-1]) <= reach).all())
    if closed and not ends:
        points = np.vstack([points, points[:1]])
    elif ends:
        points = points.copy()
        points[-1] = points[0]
    if (closed or ends) and len(points) > 3:
        return Shape("outline", [points])
    return Shape("line", [points])


def _bulged(vertices: list[tuple[float, float, float]], closed: bool, sagitta: float) -> Points:
    """x, y of a polyline whose vertices carry the bulge of the arc to the next one."""
    if not any(b for _, _, b in vertices):
        return np.array([(x, y) for x, y, _ in vertices], dtype=np.float64).reshape(-1, 2)
    pairs = list(pairwise(vertices))
    if closed and len(vertices) > 1 and vertices[0][:2] != vertices[-1][:2]:
        pairs.append((vertices[-1], vertices[0]))
    out: list[Points] = [np.array([vertices[0][:2]], dtype=np.float64)]
    made = 0
    for (x0, y0, bulge), (x1, y1, _) in pairs:
        along = _bulge((x0, y0), (x1, y1), bulge, sagitta)
        made += len(along)
        if made > MOST_POINTS:
            raise BadCurveError("too many points")
        out.append(along)
    return np.concatenate(out)


def _bulge(
    start: tuple[float, float], end: tuple[float, float], bulge: float, sagitta: float
) -> Points:
    """The points after `start` on an arc whose bulge is the tangent of a quarter of its angle."""
    chord = math.dist(start, end)
    if not bulge or not chord or not math.isfinite(bulge * chord):
        return np.array([end], dtype=np.float64)
    sweep = 4 * math.atan(bulge)
    radius = chord / (2 * math.sin(abs(sweep) / 2)) if abs(sweep) < TURN else chord
    off = chord * (1 - bulge * bulge) / (4 * bulge)
    nx, ny = -(end[1] - start[1]) / chord, (end[0] - start[0]) / chord
    centre = ((start[0] + end[0]) / 2 + nx * off, (start[1] + end[1]) / 2 + ny * off)
    begin = math.atan2(start[1] - centre[1], start[0] - centre[0])
    along = arc(centre, radius, begin, sweep, sagitta)[1:]
    along[-1] = end
    return along


def _line(entity: Any, _sagitta: float) -> Shape:
    return Shape("line", [_array([entity.dxf.start, entity.dxf.end])])


def _point(entity: Any, _sagitta: float) -> Shape:
    return Shape("point", [_array([entity.dxf.location])])


def _text(entity: Any, _sagitta: float) -> Shape:
    """Where a text stands: its second point where it is aligned by that."""
    dxf = entity.dxf
    at = dxf.insert
    across = dxf.get("halign", 0)
    if dxf.hasattr("align_point") and across not in STRETCHED and (across or dxf.get("valign", 0)):
        at = dxf.align_point
    return Shape("point", [_in_world(_array([at]), entity.ocs())])


def _mtext(entity: Any, _sagitta: float) -> Shape:
    return Shape("point", [_array([entity.dxf.insert])])


def _lwpolyline(entity: Any, sagitta: float) -> Shape:
    closed = bool(entity.closed)
    # Five numbers a vertex: x, y, two widths, and the bulge.
    numbers = np.array(entity.lwpoints.values, dtype=np.float64).reshape(-1, 5)
    flat = numbers[:, :2]
    if numbers[:, 4].any():
        flat = _bulged([(x, y, b) for x, y, _, _, b in numbers.tolist()], closed, sagitta)
    points = _in_world(_flat(flat, entity.dxf.elevation), entity.ocs())
    return _line_or_outline(points, closed)


def _polyline(entity: Any, sagitta: float) -> Shape:
    if entity.is_poly_face_mesh or entity.is_polygon_mesh:
        faces = list(islice(entity.virtual_entities(), MOST_POINTS // 4))
        corners = [_array(face.wcs_vertices()) for face in faces if face.dxftype() == "3DFACE"]
        return Shape("area", [np.vstack([c, c[:1]]) for c in corners])
    vertices = [v for v in entity.vertices if not v.dxf.flags & SPLINE_FRAME]
    closed = bool(entity.is_closed)
    if entity.is_3d_polyline:
        return _line_or_outline(_array([v.dxf.location for v in vertices]), closed)
    plain = [(v.dxf.location.x, v.dxf.location.y, v.dxf.bulge) for v in vertices]
    elevation = vertices[0].dxf.location.z if vertices else 0.0
    flat = _bulged(plain, closed, sagitta)
    return _line_or_outline(_in_world(_flat(flat, elevation), entity.ocs()), closed)


def _arc(entity: Any, sagitta: float) -> Shape:
    dxf = entity.dxf
    start = math.radians(dxf.start_angle)
    sweep = (math.radians(dxf.end_angle) - start) % TURN or TURN
    flat = arc((dxf.center.x, dxf.center.y), abs(dxf.radius), start, sweep, sagitta)
    points = _in_world(_flat(flat, dxf.center.z), entity.ocs())
    return _line_or_outline(points, False)


def _circle(entity: Any, sagitta: float) -> Shape:
    dxf = entity.dxf
    flat = arc((dxf.center.x, dxf.center.y), abs(dxf.radius), 0.0, TURN, sagitta)
    flat[-1] = flat[0]
    return Shape("outline", [_in_world(_flat(flat, dxf.center.z), entity.ocs())])


def _ellipse(entity: Any, sagitta: float) -> Shape:
    dxf = entity.dxf
    major, centre = Vec3(dxf.major_axis), Vec3(dxf.center)
    minor = Vec3(dxf.extrusion).cross(major).normalize(major.magnitude * dxf.ratio)
    sweep = (dxf.end_param - dxf.start_param) % TURN
    full = sweep < NEAR or TURN - sweep < NEAR
    points = _around(centre, major, minor, dxf.start_param, TURN if full else sweep, sagitta)
    return _line_or_outline(points, full)


def _around(
    centre: Vec3, major: Vec3, minor: Vec3, start: float, sweep: float, sagitta: float
) -> Points:
    """Points of an ellipse: those of its outer circle, pressed together."""
    pieces = chords(major.magnitude, sweep, sagitta)
    t = (start + np.linspace(0.0, sweep, pieces + 1))[:, None]
    out: Points = (
        np.array(centre.xyz) + np.cos(t) * np.array(major.xyz) + np.sin(t) * np.array(minor.xyz)
    )
    return out


def _spline(entity: Any, sagitta: float) -> Shape:
    return _line_or_outline(_along(entity.construction_tool(), sagitta), bool(entity.closed))


def _along(spline: BSpline, sagitta: float) -> Points:
    frame = _array(spline.control_points)
    if not np.isfinite(frame).all() or np.abs(frame).max(initial=0.0) > FARTHEST:
        raise BadCurveError("a spline of no size")
    length = float(np.sqrt((np.diff(frame, axis=0) ** 2).sum(axis=1)).sum())
    points = spline.flattening(max(sagitta, length * OF_RADIUS), segments=4)
    return _array(islice(points, MOST_POINTS + 1))


def _corners(order: tuple[int, ...]) -> Callable[[Any, float], Shape]:
    """Faces of three or four corners; a solid's last two change places."""

    def read(entity: Any, _sagitta: float) -> Shape:
        dxf = entity.dxf
        corners = _array([dxf.get(f"vtx{i}", dxf.get("vtx2")) for i in order])
        if entity.dxftype() != "3DFACE":
            corners = _in_world(corners, entity.ocs())
        return Shape("area", [np.vstack([corners, corners[:1]])])

    return read


def _mline(entity: Any, _sagitta: float) -> Shape:
    return _line_or_outline(_array([v.location for v in entity.vertices]), bool(entity.closed))


def _hatch(entity: Any, sagitta: float) -> Shape:
    elevation = Vec3(entity.dxf.elevation).z
    ocs = entity.ocs()
    rings: list[Points] = []
    made = 0
    for path in entity.paths:
        if path.path_type_flags & TEXT_BOX:
            continue
        if isinstance(path, PolylinePath):
            found = [_bulged([(v[0], v[1], v[2]) for v in path.vertices], True, sagitta)]
        else:
            found = _loops(path.edges, sagitta)
        for ring in found:
            made += len(ring)
            if made > MOST_POINTS:
                raise BadCurveError("too many points")
            if len(ring) > 2:
                closed = ring if (ring[0] == ring[-1]).all() else np.vstack([ring, ring[:1]])
                rings.append(_in_world(_flat(closed, elevation), ocs))
    return Shape("area", rings)


def _loops(edges: Iterable[Any], sagitta: float) -> list[Points]:
    """Closed rings from edges that follow one another, each in either direction."""
    rings: list[Points] = []
    ring: Points | None = None
    for edge in edges:
        points = _edge(edge, sagitta)
        if points is None or not len(points):
            continue
        if ring is None:
            ring = points
        elif _same(ring[-1], points[0]):
            ring = np.vstack([ring, points[1:]])
        elif _same(ring[-1], points[-1]):
            ring = np.vstack([ring, points[-2::-1]])
        elif _same(ring[0], points[-1]):
            ring = np.vstack([points, ring[1:]])
        elif _same(ring[0], points[0]):
            ring = np.vstack([ring[::-1], points[1:]])
        elif _same(ring[0], ring[-1]):
            rings.append(ring)
            ring = points
        else:
            ring = np.vstack([ring, points])
    return rings if ring is None else [*rings, ring]


def _edge(edge: Any, sagitta: float) -> Points | None:
    if isinstance(edge, LineEdge):
        ends = (edge.start, edge.end)
        return np.array([(p[0], p[1]) for p in ends], dtype=np.float64)
    if isinstance(edge, ArcEdge):
        start = math.radians(edge.start_angle)
        sweep = (math.radians(edge.end_angle) - start) % TURN or TURN
        return arc((edge.center[0], edge.center[1]), abs(edge.radius), start, sweep, sagitta)
    if isinstance(edge, EllipseEdge):
        major = Vec3(edge.major_axis)
        minor = major.orthogonal(ccw=True) * edge.ratio
        sweep = (edge.end_param - edge.start_param) % TURN
        whole = TURN if sweep < NEAR else sweep
        return _around(Vec3(edge.center), major, minor, edge.start_param, whole, sagitta)[:, :2]
    if isinstance(edge, SplineEdge):
        return _spline_edge(edge, sagitta)
    return None


def _spline_edge(edge: SplineEdge, sagitta: float) -> Points | None:
    if edge.control_points:
        spline = BSpline(
            [Vec3(p) for p in edge.control_points],
            order=edge.degree + 1,
            knots=edge.knot_values,
            weights=edge.weights or None,
        )
    elif len(edge.fit_points) > 1:
        spline = fit_points_to_cad_cv([Vec3(p) for p in edge.fit_points])
    else:
        return None
    return _along(spline, sagitta)[:, :2]


def _same(a: Points, b: Points) -> bool:
    """Hatches are written with few digits: ends meet within a ten-millionth of their size."""
    reach = max(1.0, float(np.abs(a).max())) * 1e-7
    return bool(np.all(np.abs(a - b) <= reach))


_READERS: Final[dict[str, Callable[[Any, float], Shape]]] = {
    "LINE": _line,
    "POINT": _point,
    "TEXT": _text,
    "MTEXT": _mtext,
    "LWPOLYLINE": _lwpolyline,
    "POLYLINE": _polyline,
    "ARC": _arc,
    "CIRCLE": _circle,
    "ELLIPSE": _ellipse,
    "SPLINE": _spline,
    "HELIX": _spline,
    "HATCH": _hatch,
    "MPOLYGON": _hatch,
    "3DFACE": _corners((0, 1, 2, 3)),
    "SOLID": _corners((0, 1, 3, 2)),
    "TRACE": _corners((0, 1, 3, 2)),
    "MLINE": _mline,
}
