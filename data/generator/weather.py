"""Light, weather and season: the ten conditions that pictures are taken under."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Weather:
    """One condition. Angles in radians; the front of a landmark faces azimuth pi (-Y)."""

    name: str
    sun_height: float
    sun_azimuth: float
    sun_strength: float
    sun_colour: tuple[float, float, float]
    cloud_cover: float
    cloud_colour: tuple[float, float, float]
    sky_strength: float
    sun_size: float = 0.01
    cloud_scale: float = 0.8
    fog: float = 0.0003
    """Extinction per metre."""
    season: str = "summer"
    snow: float = 0.0
    wet: float = 0.0
    lit: float = 0.0
    """Strength of lamps and lit windows."""

    def varied(self, rng: np.random.Generator) -> Weather:
        """The same condition at another moment of another day."""
        return replace(
            self,
            sun_height=self.sun_height * rng.uniform(0.85, 1.15),
            sun_azimuth=self.sun_azimuth + rng.uniform(-0.35, 0.35),
            sun_strength=self.sun_strength * rng.uniform(0.85, 1.15),
            cloud_cover=self.cloud_cover * rng.uniform(0.6, 1.4)
            if self.cloud_cover < 0.9
            else self.cloud_cover,
            fog=self.fog * rng.uniform(0.6, 1.4),
        )


_WHITE = (1.0, 1.0, 1.0)
WEATHERS = {
    w.name: w
    for w in (
        Weather("noon", 0.95, 2.7, 5.5, (1, 0.95, 0.88), 0.35, _WHITE, 0.08),
        Weather("morning", 0.5, 2.0, 5.0, (1, 0.87, 0.7), 0.2, (0.9, 0.88, 0.85), 0.08),
        Weather("golden", 0.2, 3.9, 4.0, (1, 0.62, 0.32), 0.45, (0.9, 0.6, 0.42), 0.09),
        Weather(
            "overcast",
            0.8,
            3.0,
            0.5,
            _WHITE,
            1.25,
            (0.85, 0.88, 0.92),
            0.04,
            sun_size=0.8,
            cloud_scale=0.5,
        ),
        Weather(
            "haze",
            0.6,
            3.6,
            2.4,
            (1, 0.95, 0.88),
            0.75,
            (0.95, 0.95, 0.95),
            0.07,
            sun_size=0.12,
            fog=0.004,
        ),
        Weather("night", -0.05, 4.3, 0.0, _WHITE, 0.4, (0.012, 0.014, 0.03), 0.05, lit=2.2),
        Weather("backlight", 0.55, 0.5, 5.0, (1, 0.92, 0.82), 0.3, _WHITE, 0.08),
        Weather(
            "winter",
            0.35,
            3.9,
            3.6,
            (1, 0.9, 0.8),
            0.5,
            (0.9, 0.9, 0.95),
            0.09,
            season="winter",
            snow=0.95,
        ),
        Weather(
            "rain",
            0.6,
            3.0,
            0.25,
            _WHITE,
            1.1,
            (0.5, 0.53, 0.58),
            0.04,
            sun_size=0.8,
            cloud_scale=0.5,
            fog=0.003,
            season="spring",
            wet=1.0,
        ),
        Weather(
            "autumn", 0.4, 3.5, 4.6, (1, 0.85, 0.65), 0.3, (1, 0.98, 0.95), 0.08, season="autumn"
        ),
    )
}
"""The ten conditions by name."""
