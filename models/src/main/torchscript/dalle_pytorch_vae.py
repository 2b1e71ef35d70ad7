# The discrete VAE of DALLE-pytorch (lucidrains, version 1). Names and order of the layers are its own,
# {encoder,decoder}.I: I.0 halves or doubles the sides, I.net is a residual block, I alone a convolution of 1x1.
# Pixels: uint8 [batch, 3, size, size].


def prepare(self, w: Dict[str, Tensor], dtype: int) -> Dict[str, Tensor]:
    p: Dict[str, Tensor] = {}
    for name in w.keys():
        # tokens hang on the largest of many close logits
        if torch.startswith(name, "encoder."):
            p[name] = w[name].to(FLOAT32, False, True)
        else:
            p[name] = w[name].to(dtype, False, True)
    return p


def conv(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    weight = w[name + ".weight"]  # [out, in, k, k]
    pad = (torch.size(weight, 2) - 1) // 2
    return self.convolve(x, weight, w[name + ".bias"], 1, pad, False)


def layers(self, w: Dict[str, Tensor], half: str, x: Tensor) -> Tensor:
    i = 0
    more = True
    while more:
        name = half + "." + str(i)
        if (name + ".0.weight") in w:
            weight, bias = w[name + ".0.weight"], w[name + ".0.bias"]
            if half == "encoder":
                x = torch.relu(self.convolve(x, weight, bias, 2, 1, False))
            else:
                x = torch.relu(self.convolve(x, weight, bias, 2, 1, True))
        elif (name + ".net.0.weight") in w:
            h = torch.relu(self.conv(w, name + ".net.0", x))
            h = torch.relu(self.conv(w, name + ".net.2", h))
            x = self.conv(w, name + ".net.4", h) + x
        elif (name + ".weight") in w:
            x = self.conv(w, name, x)
        else:
            more = False
        i = i + 1
    return x


# pixels uint8 -> logits [batch, vocabulary, h, w] float32
def encoder(self, w: Dict[str, Tensor], pixels: Tensor) -> Tensor:
    return self.layers(w, "encoder", (pixels.to(FLOAT32) / 255. - 0.5) / 0.5)


# pixels uint8 [batch, 3, size, size] -> tokens int64 [batch, h, w]
def encode(self, w: Dict[str, Tensor], pixels: Tensor) -> Tensor:
    return torch.argmax(self.encoder(w, pixels), 1)


# tokens int64 [batch, h, w] -> pixels float32 [batch, 3, size, size] in [0, 1]
def decode(self, w: Dict[str, Tensor], tokens: Tensor) -> Tensor:
    codes = torch.permute(torch.embedding(w["codebook.weight"], tokens), [0, 3, 1, 2])
    return torch.clamp(self.layers(w, "decoder", codes).to(FLOAT32) * 0.5 + 0.5, 0., 1.)


# tokens int64 [batch, h, w] -> pixels uint8 [batch, 3, size, size]
def render(self, w: Dict[str, Tensor], tokens: Tensor) -> Tensor:
    return torch.round(self.decode(w, tokens) * 255.).to(UINT8)
