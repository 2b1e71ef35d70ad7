# What networks that enlarge pictures share: convolutions of three by three, their weights, and pixels. Needs
# `enlarged`, the network itself.


def conv(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return self.convolve(x, w[name + ".weight"], w[name + ".bias"], 1, 1, False)


# A copy of the weights in the compute type.
def prepare(self, w: Dict[str, Tensor], dtype: int) -> Dict[str, Tensor]:
    p: Dict[str, Tensor] = {}
    for name in w.keys():
        p[name] = self.laid_out(w[name], dtype)
    return p


# pixels uint8 [batch, 3, height, width] -> uint8 [batch, 3, 4 * height, 4 * width]
def enlarge(self, w: Dict[str, Tensor], pixels: Tensor) -> Tensor:
    return torch.round(torch.clamp(self.enlarged(w, pixels), 0., 1.) * 255.).to(UINT8)
