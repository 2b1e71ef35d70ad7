# Pixels inside a VQGAN of taming-transformers: from -1 to 1.


# uint8 -> float32
def from_bytes(self, pixels: Tensor) -> Tensor:
    return (pixels.to(FLOAT32) / 255. - 0.5) / 0.5


# -> from 0 to 1
def to_unit(self, x: Tensor) -> Tensor:
    return x * 0.5 + 0.5
