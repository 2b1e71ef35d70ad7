# What networks that enlarge pictures share: convolutions of three by three, their weights, and pixels. Needs
# `enlarged`, the network itself.


def conv(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return self.convolve(x, w[name + ".weight"], w[name + ".bias"], 1, 1, False)


# A copy of the weights in the compute type, laid out for the processor's convolutions.
def prepare(self, w: Dict[str, Tensor], dtype: int) -> Dict[str, Tensor]:
    p: Dict[str, Tensor] = {}
    for name in w.keys():
        if torch.dim(w[name]) == 4:
            p[name] = torch.contiguous(w[name].to(dtype, False, True), memory_format=CHANNELS_LAST)
        else:
            p[name] = w[name].to(dtype, False, True)
    return p


# pixels uint8 [batch, 3, height, width] -> uint8 [batch, 3, 4 * height, 4 * width]
def enlarge(self, w: Dict[str, Tensor], pixels: Tensor) -> Tensor:
    return torch.round(torch.clamp(self.enlarged(w, pixels), 0., 1.) * 255.).to(UINT8)
