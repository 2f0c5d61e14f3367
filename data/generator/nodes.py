"""Shader node trees written as expressions: `t.mix(0.5, t.noise(position, 3.0), colour)`."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

Socket = Any
"""A node's output socket, or a plain number, vector or colour in its place."""


def linear(hex_colour: str, factor: float = 1.0) -> tuple[float, float, float, float]:
    """A linear RGBA colour from sRGB hex digits, brightened by a factor."""
    c = np.array([int(hex_colour[i : i + 2], 16) for i in (0, 2, 4)]) / 255
    c = np.where(c < 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) * factor
    return (*(float(v) for v in np.minimum(c, 1.0)), 1.0)


class Tree:
    """A material's or world's node tree."""

    def __init__(self, owner):
        owner.use_nodes = True
        self.tree = owner.node_tree
        self.tree.nodes.clear()

    def node(self, kind: str, inputs: dict | None = None, **settings):
        """A new node with its settings, its inputs linked or set."""
        node = self.tree.nodes.new(kind)
        for name, value in settings.items():
            setattr(node, name, value)
        for name, value in (inputs or {}).items():
            self.connect(value, node.inputs[name])
        return node

    def connect(self, value: Socket, socket) -> None:
        """Link an output socket, or set a plain value."""
        if hasattr(value, "is_output"):
            self.tree.links.new(value, socket)
        else:
            socket.default_value = value

    def math(self, operation: str, a: Socket, b: Socket = 0.0) -> Socket:
        """One of Blender's scalar operations."""
        return self.node("ShaderNodeMath", {0: a, 1: b}, operation=operation).outputs[0]

    def mix(self, factor: Socket, a: Socket, b: Socket, blend: str = "MIX") -> Socket:
        """Mix two colours."""
        node = self.node("ShaderNodeMix", data_type="RGBA", blend_type=blend)
        for index, value in ((0, factor), (6, a), (7, b)):
            self.connect(value, node.inputs[index])
        return node.outputs[2]

    def tint(self, colour: Socket, factor: Socket, strength: float = 1.0) -> Socket:
        """Multiply a colour by another."""
        return self.mix(strength, colour, factor, "MULTIPLY")

    def ramp(self, factor: Socket, *stops) -> Socket:
        """A colour by position on a ramp: stops are (position, grey or RGB or RGBA)."""
        node = self.node("ShaderNodeValToRGB", {"Fac": factor})
        elements = node.color_ramp.elements
        while len(elements) < len(stops):
            elements.new(0.5)
        for element, (position, colour) in zip(elements, stops, strict=True):
            if np.isscalar(colour):
                colour = (colour,) * 3
            element.position = position
            element.color = colour if len(colour) == 4 else (*colour, 1.0)
        return node.outputs[0]

    def rescale(self, value: Socket, low: float, high: float, to_low=0.0, to_high=1.0) -> Socket:
        """Map [low, high] to [to_low, to_high], clamped."""
        return self.node(
            "ShaderNodeMapRange", {0: value, 1: low, 2: high, 3: to_low, 4: to_high}
        ).outputs[0]

    def position(self, scale=(1, 1, 1), offset=(0, 0, 0)) -> Socket:
        """The shaded point in metres, scaled and moved."""
        point = self.node("ShaderNodeNewGeometry").outputs["Position"]
        return self.moved(point, scale, offset)

    def moved(self, vector: Socket, scale=(1, 1, 1), offset=(0, 0, 0)) -> Socket:
        """A vector scaled and moved."""
        return self.node(
            "ShaderNodeMapping", {"Vector": vector, "Scale": scale, "Location": offset}
        ).outputs[0]

    def noise(
        self, vector: Socket, scale: float, detail: float = 3, roughness: float = 0.6
    ) -> Socket:
        """Fractal noise around 0.5."""
        return self.node(
            "ShaderNodeTexNoise",
            {"Vector": vector, "Scale": scale, "Detail": detail, "Roughness": roughness},
        ).outputs[0]

    def cells(self, vector: Socket) -> Any:
        """White noise, constant within each unit cell: outputs "Value" and "Color"."""
        floor = self.node("ShaderNodeVectorMath", {0: vector}, operation="FLOOR").outputs[0]
        return self.node("ShaderNodeTexWhiteNoise", {"Vector": floor}).outputs

    def separate(self, vector: Socket) -> Any:
        """The x, y, z of a vector."""
        return self.node("ShaderNodeSeparateXYZ", {0: vector}).outputs

    def uv(self) -> Socket:
        """The mesh's texture coordinates."""
        return self.node("ShaderNodeUVMap", uv_map="UV").outputs[0]

    def camera_ray(self) -> Socket:
        """1 for rays from the camera, 0 for bounced ones."""
        return self.node("ShaderNodeLightPath").outputs["Is Camera Ray"]

    def surface(self, shader: Socket) -> None:
        """End a material."""
        self.node("ShaderNodeOutputMaterial", {"Surface": shader})


def new_image(name: str, pixels: np.ndarray):
    """A Blender image from `uint8` RGB (H, W, 3)."""
    height, width = pixels.shape[:2]
    image = bpy.data.images.new(name, width, height)
    rgba = np.ones((height, width, 4), np.float32)
    rgba[..., :3] = pixels[::-1] / 255
    image.pixels.foreach_set(rgba.ravel())
    image.pack()
    return image
