"""Blender's path tracer: objects, cameras and the passes that come back."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import bpy
import numpy as np
import OpenEXR
from mathutils import Matrix

from .cameras import Camera
from .materials import Materials
from .mesh import Mesh
from .truth import LANDMARK, OTHER


class Stage:
    """An empty Blender scene to put things on.

    materials: of everything but the landmark, which has its own.
    """

    def __init__(self, materials: Materials, landmark_materials: Materials):
        self.materials = materials
        self.landmark_materials = landmark_materials
        self.clutter: list = []

    @staticmethod
    def reset() -> None:
        """Forget the last scene. Comes before any material is made."""
        bpy.ops.wm.read_factory_settings(use_empty=True)

    def shape(self, name: str, mesh: Mesh, of_landmark=False):
        """Blender's mesh of ours, to be placed any number of times."""
        materials = self.landmark_materials if of_landmark else self.materials
        data = bpy.data.meshes.new(name)
        parts = mesh.parts
        surfaces = sorted({p.surface for p in parts})
        offsets = np.cumsum([0] + [len(p.vertices) for p in parts])
        corners = np.concatenate(
            [(p.faces + start).ravel() for p, start in zip(parts, offsets, strict=False)]
        )
        sizes = np.concatenate([np.full(len(p.faces), p.faces.shape[1]) for p in parts])
        vertices = np.concatenate([p.vertices for p in parts]).astype(np.float32)
        data.vertices.add(len(vertices))
        data.vertices.foreach_set("co", vertices.ravel())
        data.loops.add(len(corners))
        data.loops.foreach_set("vertex_index", corners.astype(np.int32))
        data.polygons.add(len(sizes))
        data.polygons.foreach_set("loop_start", np.r_[0, np.cumsum(sizes)[:-1]].astype(np.int32))
        data.polygons.foreach_set("loop_total", sizes.astype(np.int32))
        slots = np.concatenate([np.full(len(p.faces), surfaces.index(p.surface)) for p in parts])
        data.polygons.foreach_set("material_index", slots.astype(np.int32))
        data.polygons.foreach_set(
            "use_smooth", np.concatenate([np.full(len(p.faces), p.smooth) for p in parts])
        )
        uv = np.concatenate([p.uv.reshape(-1, 2) for p in parts]).astype(np.float32)
        data.uv_layers.new(name="UV").data.foreach_set("uv", uv.ravel())
        for surface in surfaces:
            data.materials.append(materials[surface])
        data.update(calc_edges=True)
        return data

    def place(self, data, at=(0, 0, 0), turn=0.0, scale=1.0, index=OTHER, passing=False):
        """Put a shape somewhere; `passing` things go at `clear_passing`."""
        thing = bpy.data.objects.new(data.name, data)
        thing.location = [float(v) for v in at]
        thing.rotation_euler = (0, 0, float(turn))
        thing.scale = (float(scale),) * 3
        thing.pass_index = index
        bpy.context.scene.collection.objects.link(thing)
        if passing:
            self.clutter.append(thing)
        return thing

    def lamp(self, at, aim_up: float, energy: float, size=1.5, passing=False) -> None:
        """A warm area light that shines towards +Y and up."""
        light = bpy.data.lights.new("lamp", "AREA")
        light.energy, light.size, light.color = energy, size, (1.0, 0.72, 0.4)
        thing = bpy.data.objects.new("lamp", light)
        thing.location = [float(v) for v in at]
        thing.rotation_euler = (np.pi / 2 + aim_up, 0, 0)
        bpy.context.scene.collection.objects.link(thing)
        if passing:
            self.clutter.append(thing)

    def clear_passing(self) -> None:
        """Take away what was placed as passing."""
        for thing in self.clutter:
            bpy.data.objects.remove(thing)
        self.clutter = []


def configure(threads: int = 2) -> None:
    """The path tracer's settings: few samples, one bounce of ambient light, then the denoiser."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    c = scene.cycles
    c.device, c.use_adaptive_sampling = "CPU", False
    c.max_bounces, c.diffuse_bounces, c.glossy_bounces = 3, 2, 2
    c.transmission_bounces, c.transparent_max_bounces = 1, 4
    c.caustics_reflective = c.caustics_refractive = False
    c.sample_clamp_indirect = 4.0
    c.denoiser, c.denoising_input_passes = "OPENIMAGEDENOISE", "RGB_ALBEDO_NORMAL"
    c.denoising_prefilter, c.denoising_quality = "FAST", "BALANCED"
    c.use_light_tree = False
    c.use_fast_gi, c.fast_gi_method = True, "REPLACE"
    c.ao_bounces = c.ao_bounces_render = 1
    c.pixel_filter_type = "BLACKMAN_HARRIS"
    scene.render.use_persistent_data = True
    scene.render.threads_mode, scene.render.threads = "FIXED", threads
    layer = scene.view_layers[0]
    layer.use_pass_z = layer.use_pass_object_index = True
    image = scene.render.image_settings
    image.file_format, image.color_depth, image.exr_codec = "OPEN_EXR_MULTILAYER", "32", "NONE"


def _aim(camera: Camera) -> None:
    """Make Blender's camera the given one."""
    scene = bpy.context.scene
    if scene.camera is None:
        scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
        scene.collection.objects.link(scene.camera)
    width, height = camera.size
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.render.resolution_percentage = 100
    pose = np.eye(4)
    pose[:3, :3] = camera.R.T @ np.diag([1, -1, -1])  # Blender looks along -Z with Y up
    pose[:3, 3] = camera.centre
    scene.camera.matrix_world = Matrix(pose.tolist())
    lens = scene.camera.data
    lens.sensor_fit = "HORIZONTAL"
    lens.angle = camera.field_of_view
    lens.shift_x = -(camera.K[0, 2] - (width - 1) / 2) / width
    lens.shift_y = (camera.K[1, 2] - (height - 1) / 2) / width
    lens.clip_start, lens.clip_end = 0.1, 3000.0


def trace_truth(camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Depth along the camera's axis in metres (H, W), 0 for sky, and the landmark's mask (H, W).

    One ray goes through each pixel's centre, so both are exact there.
    """
    _aim(camera)
    c = bpy.context.scene.cycles
    bounces = c.max_bounces
    c.samples, c.use_denoising, c.filter_width, c.max_bounces = 1, False, 0.01, 0
    passes = _run("Depth", "IndexOB")
    c.max_bounces = bounces
    index = _plane(passes["IndexOB"])
    depth = np.where(index == 0, 0.0, _plane(passes["Depth"])).astype(np.float32)
    return depth, index == LANDMARK


def trace_light(camera: Camera, seed: int, samples: int) -> np.ndarray:
    """Linear light (H, W, 3), float32, denoised.

    Every picture needs a seed of its own: a shared one lays the same noise over unrelated
    pictures, and keypoints match it.
    """
    _aim(camera)
    c = bpy.context.scene.cycles
    c.seed, c.samples, c.use_denoising, c.filter_width = seed, samples, True, 1.5
    return _run("Combined")["Combined"][..., :3]


def _plane(values: np.ndarray) -> np.ndarray:
    return values if values.ndim == 2 else values[..., 0]


def _run(*wanted: str) -> dict[str, np.ndarray]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "passes.exr")
        bpy.context.scene.render.filepath = str(path)
        with _silent():
            bpy.ops.render.render(write_still=True)
        with OpenEXR.File(str(path)) as file:
            channels = file.parts[0].channels
            return {
                name: next(np.array(v.pixels) for k, v in channels.items() if name in k)
                for name in wanted
            }


@contextmanager
def _silent():
    """Blender writes its progress straight to file descriptor 1."""
    kept, null = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(null)
