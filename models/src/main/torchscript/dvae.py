# The discrete VAE of Ramesh et al. 2021, appendix A, layer for layer as published in openai/DALL-E.
# Every size is read off the weights. Names: encoder.blocks.input, encoder.blocks.group_G.block_B.{id_path,res_path.conv_C},
# encoder.blocks.output.conv; the decoder mirrors them. Pixels: uint8 [batch, 3, size, size].


def conv(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    weight = w[name + ".w"]  # [out, in, k, k]
    pad = (torch.size(weight, 2) - 1) // 2
    return torch.conv2d(x, weight, w[name + ".b"], [1, 1], [pad, pad])


def block(self, w: Dict[str, Tensor], name: str, gain: float, x: Tensor) -> Tensor:
    h = x
    for i in range(1, 5):
        h = self.conv(w, name + ".res_path.conv_" + str(i), torch.relu(h))
    if (name + ".id_path.w") in w:
        x = self.conv(w, name + ".id_path", x)
    return torch.add(x, h, alpha=gain)


def groups(self, w: Dict[str, Tensor], half: str) -> int:
    n = 0
    while (half + ".blocks.group_" + str(n + 1) + ".block_1.res_path.conv_1.w") in w:
        n = n + 1
    return n


def blocks_per_group(self, w: Dict[str, Tensor], half: str) -> int:
    n = 0
    while (half + ".blocks.group_1.block_" + str(n + 1) + ".res_path.conv_1.w") in w:
        n = n + 1
    return n


def map_pixels(self, pixels: Tensor) -> Tensor:
    # eps 0.1: keeps the logit-Laplace density away from the ends of (0, 1)
    return pixels.to(6) * (0.8 / 255.) + 0.1


# pixels [batch, 3, size, size] mapped -> logits [batch, vocabulary, size / 2^(groups-1), ...] float32
def encoder(self, w: Dict[str, Tensor], x: Tensor) -> Tensor:
    groups = self.groups(w, "encoder")
    per_group = self.blocks_per_group(w, "encoder")
    gain = 1. / float((groups * per_group) * (groups * per_group))
    h = self.conv(w, "encoder.blocks.input", torch.contiguous(x.to(w["encoder.blocks.input.w"].dtype), memory_format=2))
    for g in range(1, groups + 1):
        for b in range(1, per_group + 1):
            h = self.block(w, "encoder.blocks.group_" + str(g) + ".block_" + str(b), gain, h)
        if g < groups:
            h = torch.max_pool2d(h, [2, 2], [2, 2])
    return self.conv(w, "encoder.blocks.output.conv", torch.relu(h)).to(6)


# y [batch, vocabulary, h, w] one-hot or relaxed -> statistics [batch, 6, size, size] float32: mu and ln b of the logit-Laplace
def decoder(self, w: Dict[str, Tensor], y: Tensor) -> Tensor:
    return self.decode_codes(w, self.conv(w, "decoder.blocks.input", y.to(w["decoder.blocks.input.w"].dtype)))


def decode_codes(self, w: Dict[str, Tensor], h: Tensor) -> Tensor:
    groups = self.groups(w, "decoder")
    per_group = self.blocks_per_group(w, "decoder")
    gain = 1. / float((groups * per_group) * (groups * per_group))
    h = torch.contiguous(h, memory_format=2)
    for g in range(1, groups + 1):
        for b in range(1, per_group + 1):
            h = self.block(w, "decoder.blocks.group_" + str(g) + ".block_" + str(b), gain, h)
        if g < groups:
            h = torch.upsample_nearest2d(h, None, [2., 2.])
    return self.conv(w, "decoder.blocks.output.conv", torch.relu(h)).to(6)


# A copy of the weights in the compute type (6 = float32, 15 = bfloat16), laid out for the processor's convolutions.
def prepare(self, w: Dict[str, Tensor], dtype: int) -> Dict[str, Tensor]:
    p: Dict[str, Tensor] = {}
    for name in w.keys():
        if torch.dim(w[name]) == 4:
            p[name] = torch.contiguous(w[name].to(dtype, False, True), memory_format=2)
        else:
            p[name] = w[name].to(dtype, False, True)
    return p


# pixels uint8 [batch, 3, size, size] -> tokens int64 [batch, h, w]
def encode(self, w: Dict[str, Tensor], pixels: Tensor) -> Tensor:
    return torch.argmax(self.encoder(w, self.map_pixels(pixels)), 1)


# tokens int64 [batch, h, w] -> pixels float32 [batch, 3, size, size] in [0, 1]
def decode(self, w: Dict[str, Tensor], tokens: Tensor) -> Tensor:
    # The input convolution of a one-hot vector is a row of the codebook.
    codebook = torch.t(torch.flatten(w["decoder.blocks.input.w"], 1))
    h = torch.permute(torch.embedding(codebook, tokens) + w["decoder.blocks.input.b"], [0, 3, 1, 2])
    mu = torch.slice(self.decode_codes(w, h), 1, 0, 3)
    return torch.clamp((torch.sigmoid(mu) - 0.1) / 0.8, 0., 1.)


# tokens int64 [batch, h, w] -> pixels uint8 [batch, 3, size, size]
def render(self, w: Dict[str, Tensor], tokens: Tensor) -> Tensor:
    return torch.round(self.decode(w, tokens) * 255.).to(0)


# One training step. knobs: [dtype, lr, temperature, beta, clip, ema, diversity weight, decoder alone]. Returns [loss, -ln f per value, KL per
# position, KL of the mean code distribution, gradient norm]. Loss: the negative evidence lower bound divided by the number of
# pixel values, and the diversity. "Decoder alone" leaves the encoder as it is and trains on the tokens that it gives.
def train_step(self, w: Dict[str, Tensor], m: Dict[str, Tensor], v: Dict[str, Tensor], e: Dict[str, Tensor],
               steps: Tensor, knobs: Tensor, pixels: Tensor) -> Tensor:
    p = self.prepare(w, int(knobs[0]))
    x = self.map_pixels(pixels)
    logits = self.encoder(p, x)
    if float(knobs[7]) > 0.:
        logits = torch.detach(logits)
    log_q = torch.log_softmax(logits, 1)
    if float(knobs[7]) > 0.:
        y = torch.permute(torch.one_hot(torch.argmax(logits, 1), torch.size(logits, 1)), [0, 3, 1, 2])
    else:
        uniform = torch.clamp(torch.rand_like(logits), 1e-07, 0.9999999)
        gumbel = torch.neg(torch.log(torch.neg(torch.log(uniform))))
        y = torch.softmax((logits + gumbel) / knobs[2], 1)
    statistics = self.decoder(p, y)
    mu = torch.slice(statistics, 1, 0, 3)
    # The scale has a floor of about one grey level: flat white is drawn exactly, and would otherwise earn an unbounded likelihood.
    ln_b = torch.clamp(torch.slice(statistics, 1, 3, 6), -2.3, None)
    error = torch.abs(torch.log(x) - torch.log1p(torch.neg(x)) - mu)
    nll = torch.mean(ln_b + error * torch.exp(torch.neg(ln_b)) + torch.log(x) + torch.log1p(torch.neg(x))) + 0.6931471805599453
    vocabulary = torch.size(logits, 1)
    kl = torch.mean(torch.sum(torch.exp(log_q) * log_q, 1)) + torch.log(torch.tensor(float(vocabulary)))
    positions = float(torch.size(logits, 2) * torch.size(logits, 3))
    values = float(3 * torch.size(x, 2) * torch.size(x, 3))
    # Codebook diversity (Baevski et al. 2020, wav2vec 2.0, section 3.2): how far the batch's mean code distribution is from
    # uniform. Without it a small data set collapses to a handful of codes, which the KL of single positions does not prevent.
    usage = torch.mean(torch.exp(log_q), [0, 2, 3])
    diversity = torch.sum(usage * torch.log(usage + 1e-09)) + torch.log(torch.tensor(float(vocabulary)))
    loss = nll + knobs[3] * (positions / values) * kl + knobs[6] * diversity
    torch.backward(loss)
    part = ""
    if float(knobs[7]) > 0.:
        part = "decoder."
    norms = self.optimize(w, m, v, e, part, steps, float(knobs[1]), 0.999, 0.0001, float(knobs[4]), float(knobs[5]))
    return torch.stack([torch.detach(loss), torch.detach(nll), torch.detach(kl), torch.detach(diversity), norms[0]])
