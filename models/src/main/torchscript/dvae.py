# The discrete VAE of Ramesh et al. 2021, appendix A, layer for layer as published in openai/DALL-E. Every size is
# read off the weights. Names: encoder.blocks.input, encoder.blocks.group_G.block_B.{id_path,res_path.conv_C},
# encoder.blocks.output.conv; the decoder mirrors them. Not published: group_G.{downsample,upsample}. Pixels: uint8
# [batch, 3, size, size].


def conv(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    weight = w[name + ".w"]  # [out, in, k, k]
    pad = (torch.size(weight, 2) - 1) // 2
    return self.convolve(x, weight, w[name + ".b"], 1, pad, False)


def block(self, w: Dict[str, Tensor], name: str, gain: float, x: Tensor) -> Tensor:
    h = x
    for i in range(1, 5):
        h = self.conv(w, name + ".res_path.conv_" + str(i), torch.relu(h))
    if (name + ".id_path.w") in w:
        x = self.conv(w, name + ".id_path", x)
    return torch.add(x, h, alpha=gain)


# Half as wide and high. As published, the largest of four; with weights, a learned mixture of the four, which forgets
# nothing.
def downsample(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    if (name + ".w") in w:
        return self.conv(w, name, torch.pixel_unshuffle(x, 2))
    return torch.max_pool2d(x, [2, 2], [2, 2])


# Twice as wide and high. As published, four times the same; with weights, four learned ones (Shi et al. 2016).
def upsample(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    if (name + ".w") in w:
        return torch.pixel_shuffle(self.conv(w, name, x), 2)
    return torch.upsample_nearest2d(x, None, [2., 2.])


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


# What a residual path counts: 1 / layers squared.
def gain(self, w: Dict[str, Tensor], half: str) -> float:
    layers = self.groups(w, half) * self.blocks_per_group(w, half)
    return 1. / float(layers * layers)


# Pixels that a token stands for.
def cell(self, w: Dict[str, Tensor]) -> int:
    return torch.__lshift__(1, 2 * (self.groups(w, "encoder") - 1))


# pixels uint8 -> float32 in [LOGIT_LAPLACE_EPS, 1 - LOGIT_LAPLACE_EPS]
def map_pixels(self, pixels: Tensor) -> Tensor:
    return pixels.to(FLOAT32) * ((1. - 2. * LOGIT_LAPLACE_EPS) / 255.) + LOGIT_LAPLACE_EPS


# pixels [batch, 3, size, size] mapped -> what the last layer sees [batch, channels, size / 2^(groups-1), ...] float32
def features(self, w: Dict[str, Tensor], x: Tensor) -> Tensor:
    groups = self.groups(w, "encoder")
    per_group = self.blocks_per_group(w, "encoder")
    gain = self.gain(w, "encoder")
    x = torch.contiguous(x.to(w["encoder.blocks.input.w"].dtype), memory_format=CHANNELS_LAST)
    h = self.conv(w, "encoder.blocks.input", x)
    for g in range(1, groups + 1):
        for b in range(1, per_group + 1):
            h = self.block(w, "encoder.blocks.group_" + str(g) + ".block_" + str(b), gain, h)
        if g < groups:
            h = self.downsample(w, "encoder.blocks.group_" + str(g) + ".downsample", h)
    return torch.relu(h).to(FLOAT32)


# -> logits [batch, vocabulary, size / 2^(groups-1), ...] float32
def encoder(self, w: Dict[str, Tensor], x: Tensor) -> Tensor:
    return self.conv(w, "encoder.blocks.output.conv", self.features(w, x))


# y [batch, h, w, vocabulary] one-hot or relaxed -> code vectors [batch, code_width, h, w]: the first convolution of
# the decoder
def mixed_codes(self, w: Dict[str, Tensor], y: Tensor) -> Tensor:
    codebook = torch.flatten(w["decoder.blocks.input.w"], 1)  # [code_width, vocabulary]
    return torch.permute(torch.linear(y, codebook, w["decoder.blocks.input.b"]), [0, 3, 1, 2])


# h [batch, code_width, h, w] -> statistics [batch, 6, size, size] float32: mu and ln b of the logit-Laplace
def decode_codes(self, w: Dict[str, Tensor], h: Tensor) -> Tensor:
    groups = self.groups(w, "decoder")
    per_group = self.blocks_per_group(w, "decoder")
    gain = self.gain(w, "decoder")
    h = torch.contiguous(h.to(w["decoder.blocks.output.conv.w"].dtype), memory_format=CHANNELS_LAST)
    for g in range(1, groups + 1):
        for b in range(1, per_group + 1):
            h = self.block(w, "decoder.blocks.group_" + str(g) + ".block_" + str(b), gain, h)
        if g < groups:
            h = self.upsample(w, "decoder.blocks.group_" + str(g) + ".upsample", h)
    return self.conv(w, "decoder.blocks.output.conv", torch.relu(h)).to(FLOAT32)


# A copy of the weights in the compute type, laid out for the processor's convolutions.
# The two layers that touch the codes stay float32, as published: they are small, and a token hangs on the largest of
# many close logits.
def prepare(self, w: Dict[str, Tensor], dtype: int) -> Dict[str, Tensor]:
    p: Dict[str, Tensor] = {}
    for name in w.keys():
        if torch.startswith(name, "encoder.blocks.output.") or torch.startswith(name, "decoder.blocks.input."):
            p[name] = w[name].to(FLOAT32, False, True)
        else:
            p[name] = self.laid_out(w[name], dtype)
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
    return torch.clamp((torch.sigmoid(mu) - LOGIT_LAPLACE_EPS) / (1. - 2. * LOGIT_LAPLACE_EPS), 0., 1.)


# tokens int64 [batch, h, w] -> pixels uint8 [batch, 3, size, size]
def render(self, w: Dict[str, Tensor], tokens: Tensor) -> Tensor:
    return torch.round(self.decode(w, tokens) * 255.).to(UINT8)


# The two ways through the code: Gaussian before there is a codebook, categorical after it.
#
# Gaussian: the first code_width outputs of the encoder are the mean of the code vector itself, its variance is 1
# (Kingma & Welling 2014). The noise gives distances between code vectors a meaning: what is nearer than 1 can hardly
# be told apart. x mapped pixels [batch, 3, size, size] -> [batch, code_width, h, w] float32
def code_vectors(self, p: Dict[str, Tensor], x: Tensor) -> Tensor:
    width = torch.size(p["decoder.blocks.input.w"], 0)
    weight = torch.slice(p["encoder.blocks.output.conv.w"], 0, 0, width)
    bias = torch.slice(p["encoder.blocks.output.conv.b"], 0, 0, width)
    return self.convolve(self.features(p, x), weight, bias, 1, 0, False)


def squared_distances(self, z: Tensor, centres: Tensor) -> Tensor:
    return torch.sum(z * z, [1], True) - torch.matmul(z, torch.t(centres)) * 2. + torch.sum(centres * centres, [1])


# k-means from a k-means|| start (Bahmani et al. 2012). A centre that has next to nothing is moved to a vector far
# from all of them. z [n, width] -> centres [k, width]
def clusters(self, z: Tensor, k: int) -> Tensor:
    centres = torch.slice(z, 0, 0, 1)
    rounds = 16
    for i in range(rounds):
        far = torch.clamp(torch.amin(self.squared_distances(z, centres), [1]), 1e-06)
        centres = torch.cat([centres, torch.index_select(z, 0, torch.multinomial(far, k // rounds + 1))])
    centres = torch.slice(centres, 0, 0, k)
    iterations = 25
    for i in range(iterations):
        distances, nearest = torch.min(self.squared_distances(z, centres), 1)
        counts = torch.bincount(nearest, None, k).to(FLOAT32)
        sums = torch.index_add(torch.zeros_like(centres), 0, nearest, z)
        means = sums / torch.unsqueeze(torch.clamp(counts, 1.), 1)
        few = torch.unsqueeze(torch.lt(counts, 0.1 * float(torch.size(z, 0)) / float(k)), 1)
        if i < iterations - 5:
            elsewhere = torch.index_select(z, 0, torch.multinomial(torch.clamp(distances, 1e-06), k, True))
        else:
            elsewhere = torch.where(torch.gt(torch.unsqueeze(counts, 1), 0.), means, centres)
        centres = torch.where(few, elsewhere, means)
    return centres


# Makes the codebook: clusters the code vectors of `pixels`, and sets the encoder's last layer so that its logits are
# the log-likelihoods of a Gaussian round each centre, and the decoder's first so that a code is its centre. Most of a
# large picture is flat; so vectors are drawn by how rare their kind is, as the square root of the share of a coarse
# cluster, before the codes are placed. Goes on from the averaged weights. Returns [perplexity, mean squared distance
# to the nearest code].
def fit_codebook(self, w: Dict[str, Tensor], m: Dict[str, Tensor], v: Dict[str, Tensor], averages: Dict[str, Tensor],
                 steps: Tensor, pixels: Tensor) -> Tensor:
    p: Dict[str, Tensor] = {}
    for name in w.keys():
        torch.copy_(torch.detach(w[name]), averages[name])
        p[name] = torch.detach(averages[name])
    width = torch.size(p["decoder.blocks.input.w"], 0)
    vocabulary = torch.size(p["decoder.blocks.input.w"], 1)
    vectors: List[Tensor] = []
    together = 32
    for i in range(torch.size(pixels, 0) // together):
        x = self.map_pixels(torch.slice(pixels, 0, i * together, (i + 1) * together))
        vectors.append(torch.reshape(torch.permute(self.code_vectors(p, x), [0, 2, 3, 1]), [-1, width]))
    z = torch.cat(vectors)  # [n, width]
    kinds = torch.argmin(self.squared_distances(z, self.clusters(z, vocabulary // 8 + 1)), 1)
    rarity = torch.rsqrt(torch.clamp(torch.bincount(kinds).to(FLOAT32), 1.))
    drawn = torch.multinomial(torch.index_select(rarity, 0, kinds), torch.size(z, 0) // 2)
    centres = self.clusters(torch.index_select(z, 0, drawn), vocabulary)
    counts = torch.bincount(torch.argmin(self.squared_distances(z, centres), 1), None, vocabulary).to(FLOAT32)
    # ln N(z; c, 1) = z c - c c / 2 + what does not depend on c
    projection = torch.flatten(torch.slice(p["encoder.blocks.output.conv.w"], 0, 0, width), 1)
    offset = torch.slice(p["encoder.blocks.output.conv.b"], 0, 0, width)
    logit_w = torch.view(torch.matmul(centres, projection), [vocabulary, -1, 1, 1])
    logit_b = torch.matmul(centres, offset) - torch.sum(centres * centres, [1]) * 0.5
    code_w = torch.view(torch.t(centres), [width, vocabulary, 1, 1])
    self.replace(w, m, v, averages, "encoder.blocks.output.conv.w", logit_w)
    self.replace(w, m, v, averages, "encoder.blocks.output.conv.b", logit_b)
    self.replace(w, m, v, averages, "decoder.blocks.input.w", code_w)
    self.replace(w, m, v, averages, "decoder.blocks.input.b", torch.zeros_like(p["decoder.blocks.input.b"]))
    share = counts / torch.sum(counts)
    perplexity = torch.exp(torch.neg(torch.sum(share * torch.log(torch.clamp(share, 1e-12)))))
    return torch.stack([perplexity, torch.mean(torch.amin(self.squared_distances(z, centres), [1]))])


def replace(self, w: Dict[str, Tensor], m: Dict[str, Tensor], v: Dict[str, Tensor], averages: Dict[str, Tensor],
            name: str, value: Tensor) -> int:
    torch.copy_(torch.detach(w[name]), value)
    torch.copy_(averages[name], value)
    torch.zero_(m[name])
    torch.zero_(v[name])
    return 0


# One training step. Hyperparameters `hyper`: [dtype, lr, temperature, beta, clip, ema, phase, free nats, parts]. Phase
# 0 passes Gaussian code vectors, whose KL costs nothing up to the free nats; phase 1 the relaxed categorical (Jang et
# al. 2017) with the given temperature, phase 2 trains the decoder alone on the tokens that the finished encoder
# gives. Gradients of the batch are summed over `parts` of it, one in memory at a time. Returns [loss, -ln f per
# value, KL per position, gradient norm].
def train_step(self, w: Dict[str, Tensor], m: Dict[str, Tensor], v: Dict[str, Tensor], averages: Dict[str, Tensor],
               steps: Tensor, hyper: Tensor, pixels: Tensor) -> Tensor:
    phase, parts = int(hyper[6]), int(hyper[8])
    lr, clip, ema = float(hyper[1]), float(hyper[4]), float(hyper[5])
    means: List[Tensor] = []
    for some in torch.chunk(pixels, parts, 0):
        losses = self.losses(w, hyper, some)
        share = float(torch.size(some, 0)) / float(torch.size(pixels, 0))
        torch.backward(losses[0] * share)
        means.append(torch.stack([torch.detach(losses[0]), torch.detach(losses[1]), torch.detach(losses[2])]) * share)
    part = ""
    if phase == DECODER_ALONE:
        part = "decoder."
    # A block's output is scaled by its gain, and so is what it learns in a step of Adam, whose steps do not depend on
    # the gradient's scale. The last convolution of a residual path makes up for it.
    catch_up = 1. / self.gain(w, "encoder")
    norms = self.optimize(w, m, v, averages, part, ".conv_4.", catch_up, steps, lr, 0.999, 0.0001, clip, ema)
    return torch.cat([torch.sum(torch.stack(means), [0]), torch.stack([norms[0]])])


# [loss, -ln f per value, KL per position] of some pictures. Loss: the negative evidence lower bound, its KL weighted by
# beta, divided by the number of pixel values.
def losses(self, w: Dict[str, Tensor], hyper: Tensor, pixels: Tensor) -> List[Tensor]:
    dtype, phase = int(hyper[0]), int(hyper[6])
    temperature, beta, free_nats = hyper[2], hyper[3], hyper[7]
    p = self.prepare(w, dtype)
    x = self.map_pixels(pixels)
    if phase == GAUSSIAN:
        z = self.code_vectors(p, x)
        # the optimizer wants a gradient of every weight, also of the codes that are not there yet
        none = (torch.sum(p["decoder.blocks.input.w"]) + torch.sum(p["decoder.blocks.input.b"])) * 0.
        kl = torch.mean(torch.sum(z * z, [1])) * 0.5 + none
        excess = torch.relu(kl - free_nats)
        statistics = self.decode_codes(p, z + torch.randn_like(z))
    else:
        logits = torch.contiguous(torch.permute(self.encoder(p, x), [0, 2, 3, 1]))
        vocabulary = torch.size(logits, 3)
        if phase == RELAXED:
            uniform = torch.clamp(torch.rand_like(logits), 1e-07, 0.9999999)
            gumbel = torch.neg(torch.log(torch.neg(torch.log(uniform))))
            y = torch.softmax((logits + gumbel) / temperature, -1)
        else:
            logits = torch.detach(logits)
            y = torch.one_hot(torch.argmax(logits, -1), vocabulary).to(FLOAT32)
        log_q = torch.log_softmax(logits, -1)
        kl = torch.mean(torch.sum(torch.exp(log_q) * log_q, [-1])) + torch.log(torch.tensor(float(vocabulary)))
        excess = kl
        statistics = self.decode_codes(p, self.mixed_codes(p, y))
    mu = torch.slice(statistics, 1, 0, 3)
    # The scale has a floor of about ten grey levels on white. Flat areas can be drawn exactly and would else earn an
    # unbounded likelihood, and their gradients, divided by the scale, would drown those of shapes.
    ln_b = torch.clamp(torch.slice(statistics, 1, 3, 6), -1., None)
    error = torch.abs(torch.log(x) - torch.log1p(torch.neg(x)) - mu)
    nll = torch.mean(ln_b + error * torch.exp(torch.neg(ln_b)) + torch.log(x) + torch.log1p(torch.neg(x))) + LN_2
    loss = nll + beta * excess / float(3 * self.cell(w))
    return [loss, nll, kl]
