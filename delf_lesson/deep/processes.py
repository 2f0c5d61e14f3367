"""Training on several processes, as `torchrun` starts them, or on one."""

import os
import random

import torch
from torch import Tensor


def join_processes(device: str) -> tuple[int, int, str]:
    """How many processes `torchrun` started, which this is, and its device; 1 and 0 without it."""
    processes, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    on_gpu = torch.device(device).type == "cuda"
    if processes > 1:
        if on_gpu:
            device = f"cuda:{os.environ['LOCAL_RANK']}"
            torch.cuda.set_device(device)
        torch.distributed.init_process_group("nccl" if on_gpu else "gloo")
    return processes, rank, device


def seed_everything(seed: int, rank: int = 0) -> None:
    """Gamma is drawn alike in all processes, crops and colours differently in each."""
    random.seed(seed)
    torch.manual_seed(seed + 1_000_003 * rank)


def sum_over_processes(sums: Tensor, device: str) -> Tensor:
    """The sum of what every process counted; of one alone, its own."""
    if not torch.distributed.is_initialized():
        return sums
    there = sums.to(device)
    torch.distributed.all_reduce(there)
    return there.cpu()
