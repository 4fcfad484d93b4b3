"""How fast this machine signs with RSA-2048: what token rates are measured against."""

from __future__ import annotations

import multiprocessing
import os
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def signing_rate(seconds: float) -> float:
    """Signatures a second (RSA-2048, PKCS #1 v1.5, SHA-256), one process a core."""
    cores = os.cpu_count() or 1
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        return sum(pool.map(_rate_of_one, [seconds] * cores, chunksize=1))


def _rate_of_one(seconds: float) -> float:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    message = b"x" * 500
    signed = 0
    begin = time.perf_counter()
    while (spent := time.perf_counter() - begin) < seconds:
        key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        signed += 1
    return signed / spent
