# Pixels inside the VQGAN of DALL·E mini: from 0 to 1.


# uint8 -> float32
def from_bytes(self, pixels: Tensor) -> Tensor:
    return pixels.to(FLOAT32) / 255.


# -> from 0 to 1
def to_unit(self, x: Tensor) -> Tensor:
    return x
