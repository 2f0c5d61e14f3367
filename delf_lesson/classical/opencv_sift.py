"""SIFT as OpenCV computes it: the yardstick for our own and the lesson's first extractor."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import cv2
import numpy as np

from delf_lesson.classical.keypoints import check_limits
from delf_lesson.classical.scale_space import BASE_SIGMA
from delf_lesson.classical.sift import DIMENSIONS, root_sift
from delf_lesson.features import LocalFeatures, l2_normalise
from delf_lesson.images import Pixels, resize_longest, to_grey, to_original


@dataclass(frozen=True)
class OpenCVSift:
    """SIFT keypoints and descriptors by OpenCV (slides "Recap: Keypoint" and after).

    max_keypoints: the strongest so many by contrast are kept.
    root: RootSIFT (Arandjelovic and Zisserman, CVPR 2012): the square root of the
        L1-normalised descriptor, so that the dot product is the Hellinger kernel.
    max_side: larger images are shrunk to this longer side first, in pixels.

    Introduced in notebook 00. `scales` is 1.6 / sigma of the keypoint.
    """

    max_keypoints: int = 1000
    root: bool = True
    max_side: int = 640

    def __post_init__(self) -> None:
        check_limits(self.max_keypoints, self.max_side)

    @property
    def settings(self) -> Mapping[str, object]:
        """All that changes the result, OpenCV's version included."""
        return {"extractor": "OpenCVSift", "revision": 1, "opencv": cv2.__version__, **asdict(self)}

    def extract(self, image: Pixels) -> LocalFeatures:
        """Features of a `uint8` RGB (H, W, 3) image, strongest first; none for a constant image."""
        small, _ = resize_longest(image, self.max_side)
        sift = cv2.SIFT.create(nfeatures=self.max_keypoints, enable_precise_upscale=True)
        keypoints, descriptors = sift.detectAndCompute(to_grey(small), None)
        size = (image.shape[1], image.shape[0])
        small_size = (small.shape[1], small.shape[0])
        if not keypoints:
            empty = np.zeros(0, np.float32)
            return LocalFeatures(
                empty.reshape(0, 2), empty.reshape(0, DIMENSIONS), empty, empty, size
            )
        xy = np.array([keypoint.pt for keypoint in keypoints])
        sigma = np.array([keypoint.size / 2 for keypoint in keypoints]) * size[0] / small_size[0]
        found = LocalFeatures(
            to_original(xy, small_size, size),
            root_sift(descriptors) if self.root else l2_normalise(descriptors),
            np.array([keypoint.response for keypoint in keypoints]),
            BASE_SIGMA / sigma,
            size,
        )
        return found.top(self.max_keypoints)  # OpenCV may keep more where responses tie
