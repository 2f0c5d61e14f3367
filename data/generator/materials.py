"""Blender materials for surfaces under a weather: stone by stone, stained, wet or snowed on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import bpy

from . import pictures
from .nodes import Socket, Tree, linear, new_image
from .surfaces import LEAVES, Surface
from .weather import Weather

SOOT = "3a3834"
SNOW = (0.8, 0.83, 0.88, 1.0)
LAMPLIGHT = (1.0, 0.62, 0.25, 1.0)


class Materials:
    """The materials of a scene by surface name, made when first asked for."""

    def __init__(self, surfaces: Mapping[str, Surface], weather: Weather):
        self.surfaces = surfaces
        self.weather = weather
        self.made: dict[str, bpy.types.Material] = {}

    def __getitem__(self, name: str) -> bpy.types.Material:
        if name not in self.made:
            if name not in self.surfaces:
                raise KeyError(f"no surface is called {name!r}; add it in surfaces.py")
            surface = self.surfaces[name]
            material = bpy.data.materials.new(name)
            _KINDS[surface.kind](Tree(material), surface, self.weather)
            self.made[name] = material
        return self.made[name]


def _finish(
    t: Tree,
    colour: Socket,
    weather: Weather,
    *,
    roughness: Socket = 0.85,
    specular=0.25,
    metallic=0.0,
    bump: Socket | None = None,
    bump_depth=0.04,
    snow=True,
    far: tuple | None = None,
) -> None:
    """End a material: snow on what faces up, bumps; `far` is its mean colour for bounced light."""
    if weather.snow and snow:
        up = t.separate(t.node("ShaderNodeNewGeometry").outputs["Normal"])[2]
        drift = t.math("MULTIPLY", t.noise(t.position(), 1.3, 2), 0.6)
        lying = t.math("GREATER_THAN", t.math("ADD", up, drift), 1.0)
        colour = t.mix(t.math("MULTIPLY", lying, weather.snow), colour, SNOW)
    if metallic or specular > 0.3 or hasattr(roughness, "is_output"):
        inputs = {
            "Base Color": colour,
            "Roughness": roughness,
            "Specular IOR Level": specular,
            "Metallic": metallic,
        }
        shader = t.node("ShaderNodeBsdfPrincipled", inputs)
    else:
        shader = t.node("ShaderNodeBsdfDiffuse", {"Color": colour})
    if bump is not None:
        height = t.node("ShaderNodeBump", {"Height": bump, "Strength": 0.6, "Distance": bump_depth})
        t.connect(height.outputs[0], shader.inputs["Normal"])
    out = shader.outputs[0]
    if far is not None:
        plain = t.node("ShaderNodeBsdfDiffuse", {"Color": far}).outputs[0]
        out = t.node("ShaderNodeMixShader", {0: t.camera_ray(), 1: plain, 2: out}).outputs[0]
    t.surface(out)


def _offset(surface: Surface) -> tuple[float, float, float]:
    """Where in the noise a surface lies, so that no two landmarks share stains."""
    return (surface.seed % 997 * 7.3, surface.seed % 613 * 3.1, 0.0)


def _weathered(t: Tree, colour: Socket, point: Socket, strength: float) -> Socket:
    """Patches, streaks under ledges, and damp at the foot of a wall."""
    soot = linear(SOOT, 1.6)
    patches = t.rescale(t.noise(point, 0.11, 4, 0.65), 0.42, 0.68)
    colour = t.mix(t.math("MULTIPLY", patches, 0.6 * strength), colour, soot)
    middle = t.noise(point, 1.1, 4, 0.7)
    colour = t.tint(colour, t.ramp(middle, (0.3, 0.45), (0.5, 0.95), (0.68, 1.3)), 0.7)
    streaks = t.rescale(t.noise(t.moved(point, (1.6, 1.6, 0.12)), 1.0, 3), 0.54, 0.64)
    colour = t.mix(t.math("MULTIPLY", streaks, 0.9 * strength), colour, soot)
    height = t.math("ADD", t.separate(t.position())[2], t.math("MULTIPLY", middle, -3.0))
    return t.mix(t.rescale(height, 1.2, -1.2), colour, linear("4c4a3c", 1.2))


def masonry(t: Tree, surface: Surface, weather: Weather) -> None:
    """Coursed stone or brick: every stone its own shade, some replaced, all weathered."""
    first, second, joint = surface.colours
    length, height = surface.stone
    point = t.position(offset=_offset(surface))
    bricks = t.node(
        "ShaderNodeTexBrick",
        {
            "Vector": t.uv(),
            "Color1": (0, 0, 0, 1),
            "Color2": (1, 1, 1, 1),
            "Mortar": (0.5, 0.5, 0.5, 1),
            "Scale": 1.0,
            "Mortar Size": 0.02 if height > 0.3 else 0.014,
            "Mortar Smooth": 0.3,
            "Brick Width": length,
            "Row Height": height,
        },
        offset=0.5,
    )
    colour = t.ramp(
        bricks.outputs["Color"],
        (0.0, linear(first, 1.16)),
        (0.3, linear(first)),
        (0.62, linear(second)),
        (0.86, linear(second, 0.72)),
        (1.0, linear(first, 0.45)),
    )
    repairs = t.node(
        "ShaderNodeTexVoronoi", {"Vector": point, "Scale": 0.42, "Randomness": 1.0}
    ).outputs["Color"]
    repairs = t.node("ShaderNodeSeparateColor", {0: repairs}).outputs
    where = t.math(
        "MULTIPLY", t.math("GREATER_THAN", repairs[0], 0.62), t.math("MULTIPLY", repairs[1], 0.8)
    )
    new_stone = t.ramp(
        repairs[2],
        (0.0, linear(second, 0.5)),
        (0.5, linear(first, 0.9)),
        (1.0, linear(first, 1.45)),
    )
    colour = t.mix(where, colour, new_stone)
    colour = _weathered(t, colour, point, surface.stain)
    colour = t.mix(bricks.outputs["Fac"], colour, linear(joint))
    fine = t.noise(point, 9.0, 2, 0.7)
    colour = t.tint(colour, t.ramp(fine, (0.3, 0.6), (0.7, 1.3)), 0.5)
    mean = tuple(
        0.4 * a + 0.4 * b + 0.03 for a, b in zip(linear(first)[:3], linear(second)[:3], strict=True)
    ) + (1.0,)
    bump = t.math("ADD", t.math("MULTIPLY", bricks.outputs["Fac"], -1.0), fine)
    _finish(t, colour, weather, bump=bump, bump_depth=0.03, far=mean)


def plaster(t: Tree, surface: Surface, weather: Weather) -> None:
    """Rendered or cast walls: clouded colour, flaked patches, streaks."""
    first, second, stain = surface.colours
    point = t.position(offset=_offset(surface))
    colour = t.mix(t.rescale(t.noise(point, 0.35, 4), 0.35, 0.65), linear(first), linear(second))
    flaked = t.rescale(t.noise(point, 0.8, 5, 0.75), 0.62, 0.66)
    colour = t.mix(t.math("MULTIPLY", flaked, 0.8), colour, linear(stain))
    colour = _weathered(t, colour, point, surface.stain)
    _finish(t, colour, weather, bump=t.noise(point, 6.0, 3), bump_depth=0.015, far=linear(second))


def wood(t: Tree, surface: Surface, weather: Weather) -> None:
    """Boards with grain."""
    first, second, _ = surface.colours
    point = t.position(offset=_offset(surface))
    board = t.cells(t.moved(t.uv(), (4.0, 0.3, 1.0)))["Value"]
    grain = t.noise(t.moved(point, (9, 9, 0.8)), 1.0, 4, 0.7)
    colour = t.mix(t.rescale(grain, 0.3, 0.7), linear(first), linear(second))
    colour = t.tint(colour, t.ramp(board, (0.0, 0.65), (1.0, 1.3)), 0.8)
    _finish(t, colour, weather, bump=grain, bump_depth=0.02)


def roof(t: Tree, surface: Surface, weather: Weather) -> None:
    """Rows of tiles or slates; smooth ones are sheets with seams."""
    first, second = surface.colours
    point = t.position(offset=_offset(surface))
    sheets = surface.roughness < 0.6
    rows = t.node(
        "ShaderNodeTexBrick",
        {
            "Vector": t.uv(),
            "Color1": linear(first),
            "Color2": linear(second),
            "Mortar": linear("1c1c1c", 1.5),
            "Scale": 1.0,
            "Mortar Size": 0.03,
            "Brick Width": 0.6 if sheets else 0.35,
            "Row Height": 2.6 if sheets else 0.4,
        },
    )
    colour = _weathered(t, rows.outputs["Color"], point, surface.stain)
    moss = t.rescale(t.noise(point, 0.5, 4, 0.7), 0.55, 0.7)
    colour = t.mix(t.math("MULTIPLY", moss, 0.35), colour, linear("55583f"))
    bump = t.math("MULTIPLY", rows.outputs["Fac"], -1.0)
    _finish(
        t,
        colour,
        weather,
        roughness=surface.roughness,
        specular=0.35 if sheets else 0.2,
        bump=bump,
        far=linear(second),
    )


def metal(t: Tree, surface: Surface, weather: Weather) -> None:
    """Sheet metal, gilding or iron, with streaks of patina."""
    point = t.position(offset=_offset(surface))
    v = surface.variation
    shade = t.ramp(t.noise(point, 1.4, 4, 0.7), (0.3, 1 - v), (0.5, 1.0), (0.7, 1 + 0.5 * v))
    colour = t.tint(linear(surface.colours[0]), shade)
    streaks = t.rescale(t.noise(t.moved(point, (1.2, 1.2, 0.15)), 1.0, 3), 0.48, 0.66)
    colour = t.mix(t.math("MULTIPLY", streaks, 0.7 * min(1.0, 2 * v)), colour, linear("4c5a50"))
    _finish(
        t, colour, weather, roughness=surface.roughness, metallic=surface.metallic, specular=0.4
    )


def paint(t: Tree, surface: Surface, weather: Weather) -> None:
    """Painted things, a little uneven."""
    colour = linear(surface.colours[0])
    if surface.variation:
        v = surface.variation
        colour = t.tint(
            colour,
            t.ramp(
                t.noise(t.position(offset=_offset(surface)), 2.5, 4, 0.7),
                (0.3, 1 - v),
                (0.7, 1 + 0.5 * v),
            ),
        )
    _finish(t, colour, weather)


def clockface(t: Tree, surface: Surface, weather: Weather) -> None:
    """A dial, lit from within at night."""
    colour = linear(surface.colours[0])
    if weather.lit:
        t.surface(
            t.node("ShaderNodeEmission", {"Color": colour, "Strength": 0.6 * weather.lit}).outputs[
                0
            ]
        )
    else:
        _finish(t, colour, weather)


def _glazing(t: Tree, colour: Socket, weather: Weather, lit_share: Socket) -> None:
    inputs = {"Base Color": colour, "Roughness": 0.06, "Specular IOR Level": 0.8}
    shader = t.node("ShaderNodeBsdfPrincipled", inputs)
    ripple = t.node(
        "ShaderNodeBump",
        {"Height": t.noise(t.position(), 0.9, 1), "Strength": 0.12, "Distance": 0.2},
    )
    t.connect(ripple.outputs[0], shader.inputs["Normal"])
    if weather.lit:
        shader.inputs["Emission Color"].default_value = LAMPLIGHT
        t.connect(t.math("MULTIPLY", lit_share, weather.lit), shader.inputs["Emission Strength"])
    t.surface(shader.outputs[0])


def glass(t: Tree, surface: Surface, weather: Weather) -> None:
    """Window panes: dark rooms, curtains, blinds; some are lit at night."""
    room = t.cells(t.position((0.45, 0.45, 0.3), (surface.seed % 97, 0, 0)))["Value"]
    colour = t.ramp(
        room,
        (0.0, (0.012, 0.014, 0.018)),
        (0.55, (0.05, 0.048, 0.042)),
        (0.7, (0.45, 0.40, 0.32)),
        (0.85, (0.30, 0.12, 0.08)),
        (1.0, (0.62, 0.60, 0.55)),
    )
    _glazing(t, colour, weather, t.math("GREATER_THAN", room, 0.45))


def stained(t: Tree, surface: Surface, weather: Weather) -> None:
    """Leaded coloured glass."""
    pieces = t.node(
        "ShaderNodeTexVoronoi", {"Vector": t.position(offset=_offset(surface)), "Scale": 2.2}
    ).outputs["Color"]
    _glazing(t, t.mix(0.7, pieces, (0.05, 0.04, 0.06, 1)), weather, 0.8)


def picture(t: Tree, surface: Surface, weather: Weather) -> None:
    """A relief, mural, sign or banner: its picture, weathered."""
    image = new_image(f"{surface.kind}{surface.seed}", pictures.draw(surface.kind, surface.seed))
    texture = t.node("ShaderNodeTexImage", {"Vector": t.uv()}, image=image).outputs[0]
    shade = t.ramp(t.noise(t.position(), 3.0, 4), (0.3, 0.6), (0.7, 1.2))
    colour = t.tint(texture, shade, 0.6)
    if surface.kind == "relief":
        colour = t.tint(colour, linear(surface.colours[0], 1.7))
        _finish(t, colour, weather, bump=texture, bump_depth=0.1, snow=False)
    else:
        _finish(t, colour, weather, snow=False)


def foliage(t: Tree, surface: Surface, weather: Weather) -> None:
    """Leaves, grass and flowers: light shines through; hue differs from plant to plant."""
    plant = t.node("ShaderNodeObjectInfo").outputs["Random"]
    leaf = t.cells(t.position((5, 5, 5)))["Value"]
    colour = t.tint(
        linear(surface.colours[0]), t.ramp(leaf, (0.0, (0.45, 0.5, 0.4)), (1.0, (1.5, 1.35, 1.1)))
    )
    hue = t.rescale(plant, 0.0, 1.0, 0.46, 0.53)
    colour = t.node("ShaderNodeHueSaturation", {"Color": colour, "Hue": hue}).outputs[0]
    diffuse = t.node("ShaderNodeBsdfDiffuse", {"Color": colour}).outputs[0]
    through = t.node("ShaderNodeBsdfTranslucent", {"Color": colour}).outputs[0]
    t.surface(t.node("ShaderNodeMixShader", {0: 0.35, 1: diffuse, 2: through}).outputs[0])


def coloured(t: Tree, surface: Surface, weather: Weather) -> None:
    """People and car bodies: each object takes its own colour from the surface's row."""
    one = t.node("ShaderNodeObjectInfo").outputs["Random"]
    seed = t.math("ADD", t.math("MULTIPLY", one, 91.7), float(surface.seed))
    drawn = t.node("ShaderNodeTexWhiteNoise", {"W": seed}, noise_dimensions="1D").outputs["Value"]
    last = len(surface.colours) - 1
    row = [(k / last, linear(colour)) for k, colour in enumerate(surface.colours)]
    colour = t.ramp(drawn, *row)
    if surface.metallic > 0:
        inputs = {
            "Base Color": colour,
            "Roughness": 0.25,
            "Metallic": surface.metallic,
            "Coat Weight": 0.6,
        }
        t.surface(t.node("ShaderNodeBsdfPrincipled", inputs).outputs[0])
    else:
        _finish(t, colour, weather, snow=False)


def lamp(t: Tree, surface: Surface, weather: Weather) -> None:
    """Lamp glass and neon, shining at night."""
    colour = linear(surface.colours[0])
    if weather.lit:
        t.surface(
            t.node("ShaderNodeEmission", {"Color": colour, "Strength": 3.0 * weather.lit}).outputs[
                0
            ]
        )
    else:
        _finish(t, colour, weather)


def netting(t: Tree, surface: Surface, weather: Weather) -> None:
    """A building site's net: half of it is holes."""
    thread = t.noise(t.position(), 14.0, 1)
    cloth = t.node("ShaderNodeBsdfDiffuse", {"Color": linear(surface.colours[0])}).outputs[0]
    clear = t.node("ShaderNodeBsdfTransparent").outputs[0]
    t.surface(
        t.node(
            "ShaderNodeMixShader", {0: t.math("GREATER_THAN", thread, 0.46), 1: clear, 2: cloth}
        ).outputs[0]
    )


def water(t: Tree, surface: Surface, weather: Weather) -> None:
    """Still water with small waves."""
    waves = t.node(
        "ShaderNodeBump",
        {"Height": t.noise(t.position((1, 2.5, 1)), 0.8, 3), "Strength": 0.35, "Distance": 0.4},
    )
    inputs = {
        "Base Color": linear(surface.colours[0]),
        "Roughness": 0.08,
        "Specular IOR Level": 0.7,
    }
    shader = t.node("ShaderNodeBsdfPrincipled", inputs)
    t.connect(waves.outputs[0], shader.inputs["Normal"])
    t.surface(shader.outputs[0])


GROUNDS = {
    "cobbles": ((0.28, 0.22), 0.03, ("77716a", "57524c", "3c3833")),
    "slabs": ((1.2, 0.8), 0.015, ("a79f92", "8d867b", "6a645b")),
    "asphalt": ((3.0, 900.0), 0.0, ("4c4c4e", "474749", "4c4c4e")),
    "gravel": ((0.09, 0.07), 0.02, ("b3a58a", "95886f", "7a6f5a")),
    "grass": ((0.5, 0.5), 0.0, ("5c7038", "4c6030", "5c7038")),
}
"""Paving by name: stone size, joint width, colours."""


def ground(t: Tree, surface: Surface, weather: Weather) -> None:
    """Paving with lawns in it: puddles in the rain, leaves in autumn, patchy snow in winter."""
    name = surface.colours[0]
    (length, width), joint, (first, second, mortar) = GROUNDS[name]
    point = t.position(offset=_offset(surface))
    # Stones are never laid in a perfect grid: one grid would match that of any other place.
    wander = t.node("ShaderNodeTexNoise", {"Vector": point, "Scale": 1.1, "Detail": 3}).outputs[1]
    wander = t.node(
        "ShaderNodeVectorMath", {0: wander, "Scale": min(2.2 * length, 0.45)}, operation="SCALE"
    )
    laid = t.node("ShaderNodeVectorMath", {0: point, 1: wander.outputs[0]}).outputs[0]
    stones = t.node(
        "ShaderNodeTexBrick",
        {
            "Vector": laid,
            "Color1": linear(first),
            "Color2": linear(second),
            "Mortar": linear(mortar),
            "Scale": 1.0,
            "Mortar Size": joint,
            "Brick Width": length,
            "Row Height": width,
        },
    )
    shade = t.ramp(t.noise(point, 0.5, 5, 0.7), (0.3, 0.55), (0.7, 1.25))
    colour = t.tint(stones.outputs["Color"], shade, 0.7)
    blades = t.ramp(
        t.noise(point, 6.0, 4, 0.8),
        (0.3, linear("39441f")),
        (0.55, linear("5d6836")),
        (0.75, linear("86824c")),
    )
    if name == "grass":
        colour = t.tint(blades, shade, 0.6)
    else:  # lawns begin away from the landmark
        away = t.node("ShaderNodeVectorMath", {0: t.position()}, operation="LENGTH").outputs[
            "Value"
        ]
        reach = t.math("ADD", t.noise(point, 0.05, 1), t.math("MULTIPLY", away, 0.0022))
        colour = t.mix(
            t.math("GREATER_THAN", reach, 0.66 if surface.variation < 0.5 else 2.0), colour, blades
        )
    if weather.season == "autumn":
        fallen = t.math("GREATER_THAN", t.noise(point, 4.5, 3, 0.8), 0.6)
        colour = t.mix(t.math("MULTIPLY", fallen, 0.8), colour, linear("9a5f1e"))
    if weather.snow:
        lying = t.rescale(t.noise(point, 0.35, 4, 0.7), 0.38, 0.5)
        colour = t.mix(t.math("MULTIPLY", lying, weather.snow), colour, SNOW)
    if weather.wet:
        # Water stands on paving; grass and gravel drink it.
        standing = 0.45 if name in ("grass", "gravel") else 0.08
        puddle = t.rescale(t.noise(point, 0.25, 3), 0.45, 0.6, 0.6, standing)
        dark = t.tint(colour, (0.45, 0.45, 0.47, 1) if standing < 0.1 else (0.6, 0.62, 0.6, 1))
        t.surface(
            t.node("ShaderNodeBsdfPrincipled", {"Base Color": dark, "Roughness": puddle}).outputs[0]
        )
        return
    bump = t.math("MULTIPLY", stones.outputs["Fac"], -1.0) if joint else None
    _finish(
        t,
        colour,
        weather,
        bump=bump,
        bump_depth=0.02,
        snow=False,
        far=SNOW if weather.snow else linear(second, 0.9),
    )


def terrain(t: Tree, surface: Surface, weather: Weather) -> None:
    """Fields, woods and bare hills far away."""
    point = t.position(offset=_offset(surface))
    base = {"summer": "5d7048", "spring": "6a8050", "autumn": "7d6f48", "winter": "6d6a5c"}[
        weather.season
    ]
    fields = t.node("ShaderNodeTexVoronoi", {"Vector": point, "Scale": 0.012}).outputs["Color"]
    field = t.node("ShaderNodeSeparateColor", {0: fields}).outputs[0]
    colour = t.tint(
        linear(base),
        t.ramp(field, (0.0, (0.8, 0.95, 0.7)), (0.5, (1.1, 1.0, 0.8)), (1.0, (1.35, 1.25, 0.85))),
    )
    woods = t.math("GREATER_THAN", t.noise(point, 0.02, 4), 0.54)
    tree = t.ramp(
        t.noise(point, 0.5, 3),
        (0.35, linear(LEAVES[weather.season], 0.35)),
        (0.65, linear(LEAVES[weather.season])),
    )
    colour = t.mix(woods, colour, tree)
    _finish(t, colour, weather)


def rock(t: Tree, surface: Surface, weather: Weather) -> None:
    """Cliffs and boulders."""
    point = t.position(offset=_offset(surface))
    rough = t.noise(point, 0.7, 6, 0.7)
    colour = t.ramp(
        rough, (0.3, linear("4a463f")), (0.5, linear("8a8272")), (0.7, linear("b0a690"))
    )
    _finish(t, colour, weather, bump=rough, bump_depth=0.4)


_KINDS: dict[str, Callable[[Tree, Surface, Weather], None]] = {
    **dict.fromkeys(("relief", "mural", "sign", "banner"), picture),
    **{
        f.__name__: f
        for f in (
            masonry,
            plaster,
            wood,
            roof,
            metal,
            paint,
            clockface,
            glass,
            stained,
            foliage,
            coloured,
            lamp,
            netting,
            water,
            ground,
            terrain,
            rock,
        )
    },
    "neon": lamp,
}
