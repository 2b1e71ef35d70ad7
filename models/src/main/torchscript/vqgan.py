# The VQGAN of Esser et al. 2021 (taming-transformers), as minDALL-E has it. Names are theirs:
# {encoder,decoder}.{conv_in,mid,norm_out,conv_out}, encoder.down.L.{block.B,attn.B,downsample.conv},
# decoder.up.L.{block.B,attn.B,upsample.conv}, quant_conv, post_quant_conv, quantize.embedding. Level 0 is that of the
# pixels: uint8 [batch, 3, size, size]. A model that only draws has no encoder, quant_conv and down. Needs
# pixels_signed.py or pixels_unit.py: the range of the pixels inside.


# A copy of the weights, the decoder in the compute type; what chooses tokens stays float32.
def prepare(self, w: Dict[str, Tensor], dtype: int) -> Dict[str, Tensor]:
    p: Dict[str, Tensor] = {}
    for name in w.keys():
        if torch.startswith(name, "decoder.") or torch.startswith(name, "post_quant_conv."):
            p[name] = w[name].to(dtype, False, True)
        else:
            p[name] = w[name].to(FLOAT32, False, True)
    return p


def conv(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    weight = w[name + ".weight"]  # [out, in, k, k]
    pad = (torch.size(weight, 2) - 1) // 2
    return self.convolve(x, weight, w[name + ".bias"], 1, pad, False)


def norm(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return torch.group_norm(x, 32, w[name + ".weight"], w[name + ".bias"], 1e-06)


def residual(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    h = self.conv(w, name + ".conv1", torch.silu(self.norm(w, name + ".norm1", x)))
    h = self.conv(w, name + ".conv2", torch.silu(self.norm(w, name + ".norm2", h)))
    if (name + ".nin_shortcut.weight") in w:
        x = self.conv(w, name + ".nin_shortcut", x)
    return x + h


# One head, as wide as there are channels, over all places. Nothing where there are no weights. x [batch, channels, h,
# w]
def attention(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    if (name + ".q.weight") not in w:
        return x
    h = self.norm(w, name + ".norm", x)
    q = torch.transpose(torch.flatten(self.conv(w, name + ".q", h), 2), 1, 2)
    k = torch.transpose(torch.flatten(self.conv(w, name + ".k", h), 2), 1, 2)
    v = torch.transpose(torch.flatten(self.conv(w, name + ".v", h), 2), 1, 2)
    y = torch.scaled_dot_product_attention(q, k, v, None, 0., False)  # [batch, h * w, channels]
    return x + self.conv(w, name + ".proj_out", torch.reshape(torch.transpose(y, 1, 2), torch.size(x)))


def level(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    block = 0
    while (name + ".block." + str(block) + ".conv1.weight") in w:
        x = self.residual(w, name + ".block." + str(block), x)
        x = self.attention(w, name + ".attn." + str(block), x)
        block = block + 1
    return x


def middle(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    x = self.residual(w, name + ".block_1", x)
    return self.residual(w, name + ".block_2", self.attention(w, name + ".attn_1", x))


def levels(self, w: Dict[str, Tensor]) -> int:
    n = 0
    while ("decoder.up." + str(n) + ".block.0.conv1.weight") in w:
        n = n + 1
    return n


# pixels uint8 -> code vectors before they are rounded to the codebook [batch, code_width, h, w] float32
def encoder(self, w: Dict[str, Tensor], pixels: Tensor) -> Tensor:
    x = self.conv(w, "encoder.conv_in", self.from_bytes(pixels))
    levels = self.levels(w)
    for i in range(levels):
        name = "encoder.down." + str(i)
        x = self.level(w, name, x)
        if i < levels - 1:
            weight, bias = w[name + ".downsample.conv.weight"], w[name + ".downsample.conv.bias"]
            # padded on the right and below only
            x = self.convolve(torch.constant_pad_nd(x, [0, 1, 0, 1]), weight, bias, 2, 0, False)
    x = self.middle(w, "encoder.mid", x)
    x = self.conv(w, "encoder.conv_out", torch.silu(self.norm(w, "encoder.norm_out", x)))
    return self.conv(w, "quant_conv", x)


# pixels uint8 [batch, 3, size, size] -> the nearest codes, int64 [batch, h, w]
def encode(self, w: Dict[str, Tensor], pixels: Tensor) -> Tensor:
    z = torch.permute(self.encoder(w, pixels), [0, 2, 3, 1])
    codebook = w["quantize.embedding.weight"]
    squares = torch.sum(z * z, [3], True) + torch.sum(codebook * codebook, [1])
    distances = squares - torch.matmul(z, torch.t(codebook)) * 2.  # [batch, h, w, vocabulary]
    return torch.argmin(distances, 3)


# tokens int64 [batch, h, w] -> pixels float32 [batch, 3, size, size] in [0, 1]
def decode(self, w: Dict[str, Tensor], tokens: Tensor) -> Tensor:
    codes = torch.permute(torch.embedding(w["quantize.embedding.weight"], tokens), [0, 3, 1, 2])
    x = self.conv(w, "post_quant_conv", codes.to(w["post_quant_conv.weight"].dtype))
    x = self.middle(w, "decoder.mid", self.conv(w, "decoder.conv_in", x))
    levels = self.levels(w)
    for down in range(levels):
        i = levels - 1 - down
        name = "decoder.up." + str(i)
        x = self.level(w, name, x)
        if i > 0:
            x = self.conv(w, name + ".upsample.conv", torch.upsample_nearest2d(x, None, [2., 2.]))
    x = self.conv(w, "decoder.conv_out", torch.silu(self.norm(w, "decoder.norm_out", x)))
    return torch.clamp(self.to_unit(x.to(FLOAT32)), 0., 1.)


# tokens int64 [batch, h, w] -> pixels uint8 [batch, 3, size, size]
def render(self, w: Dict[str, Tensor], tokens: Tensor) -> Tensor:
    return torch.round(self.decode(w, tokens) * 255.).to(UINT8)
