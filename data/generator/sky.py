"""The sky and the sun of a weather, in Blender."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Vector

from .nodes import Tree
from .weather import Weather


def add_sky(weather: Weather, rng: np.random.Generator) -> None:
    """Give the current Blender scene its sky and sun."""
    world = bpy.data.worlds.new("sky")
    bpy.context.scene.world = world
    world.cycles.sampling_method = "NONE"
    t = Tree(world)
    direction = t.node("ShaderNodeTexCoord").outputs["Generated"]
    up = t.separate(direction)[2]
    clear = t.node(
        "ShaderNodeTexSky",
        sky_type="NISHITA",
        sun_disc=False,
        sun_elevation=weather.sun_height,
        sun_rotation=weather.sun_azimuth,
        air_density=1.0,
        dust_density=0.7,
        ozone_density=1.5,
    ).outputs[0]
    clear = t.node("ShaderNodeHueSaturation", {"Color": clear, "Saturation": 1.2}).outputs[0]
    clear = t.tint(clear, (*(weather.sky_strength,) * 3, 1.0))

    # Clouds lie on a plane overhead: divide the direction by its height.
    height = t.math("ADD", t.math("MAXIMUM", up, 0.0), 0.12)
    plane = t.node("ShaderNodeCombineXYZ", {0: height, 1: height, 2: 1.0}).outputs[0]
    plane = t.node("ShaderNodeVectorMath", {0: direction, 1: plane}, operation="DIVIDE").outputs[0]
    scale = weather.cloud_scale
    offset = tuple(float(v) for v in rng.uniform(-50, 50, 3))
    noise = t.noise(t.moved(plane, (scale, 1.6 * scale, 0.3), offset), 1.0, 6, 0.58)
    cover = weather.cloud_cover
    amount = t.rescale(noise, 0.72 - 0.5 * cover, 0.86 - 0.45 * cover)
    if cover < 0.9:  # clouds thin out towards the horizon
        amount = t.math("MULTIPLY", amount, t.rescale(up, 0.0, 0.12))
    shade = t.rescale(noise, 0.6 - 0.4 * cover, 0.95, 1.15, 0.55)
    cloud_colour = (*weather.cloud_colour, 1.0)
    cloud = t.tint(
        cloud_colour, t.node("ShaderNodeCombineXYZ", {0: shade, 1: shade, 2: shade}).outputs[0]
    )
    seen = t.node("ShaderNodeBackground", {"Color": t.mix(amount, clear, cloud)}).outputs[0]
    # What lights the scene is the mean sky: cheaper and less noisy than the one that is seen.
    mean = t.mix(
        0.85 * float(np.clip(cover, 0, 1)),
        clear,
        tuple(0.85 * c for c in weather.cloud_colour) + (1.0,),
    )
    lighting = t.node("ShaderNodeBackground", {"Color": mean}).outputs[0]
    shader = t.node("ShaderNodeMixShader", {0: t.camera_ray(), 1: lighting, 2: seen}).outputs[0]
    t.node("ShaderNodeOutputWorld", {"Surface": shader})
    if weather.sun_strength > 0:
        _add_sun(weather)


def _add_sun(weather: Weather) -> None:
    light = bpy.data.lights.new("sun", "SUN")
    light.energy, light.angle, light.color = (
        weather.sun_strength,
        weather.sun_size,
        weather.sun_colour,
    )
    sun = bpy.data.objects.new("sun", light)
    h, a = weather.sun_height, weather.sun_azimuth
    towards = Vector((np.sin(a) * np.cos(h), np.cos(a) * np.cos(h), np.sin(h)))
    sun.rotation_euler = (-towards).to_track_quat("-Z", "Y").to_euler()
    bpy.context.scene.collection.objects.link(sun)
