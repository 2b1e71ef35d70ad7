# CLIP (Radford et al. 2021), the vision transformer variant, layer for layer and name for name as in openai/CLIP. Needs
# resblocks.py. Text ids end in the end-of-text id, which is the largest; padding is 0.


# Side of the pictures that the image tower reads.
def image_size(self, w: Dict[str, Tensor]) -> int:
    patches = torch.size(w["visual.positional_embedding"], 0) - 1
    side = 1
    while side * side < patches:
        side = side + 1
    return side * torch.size(w["visual.conv1.weight"], 3)


# Rounded as PIL rounds: up from the middle.
def to_bytes(self, x: Tensor) -> Tensor:
    return torch.floor(torch.clamp(x, 0., 255.) + 0.5)


# pixels uint8 [batch, 3, height, width] -> uint8 [batch, 3, size, size] of the tower: the short side resized, the
# middle square. Bicubic with a = -0.5, widened where it shrinks, across before down, and rounded to bytes after each:
# PIL's, on which CLIP was trained. The long side and the middle as torchvision rounds them.
def fit(self, w: Dict[str, Tensor], pixels: Tensor) -> Tensor:
    size = self.image_size(w)
    height, width = torch.size(pixels, 2), torch.size(pixels, 3)
    short = height
    if width < height:
        short = width
    x = pixels
    if short != size:
        height, width = size * height // short, size * width // short
        x = self.to_bytes(torch._upsample_bicubic2d_aa(x.to(FLOAT32), [torch.size(x, 2), width], False))
        x = self.to_bytes(torch._upsample_bicubic2d_aa(x, [height, width], False)).to(UINT8)
    top, left = (height - size) // 2, (width - size) // 2
    if (height - size) % 4 == 3:
        top = top + 1
    if (width - size) % 4 == 3:
        left = left + 1
    return torch.slice(torch.slice(x, 2, top, top + size), 3, left, left + size)


# pixels uint8 [batch, 3, height, width] -> float32 at the tower's resolution, standardised
def preprocess(self, w: Dict[str, Tensor], pixels: Tensor) -> Tensor:
    x = self.fit(w, pixels).to(FLOAT32) / 255.
    mean = torch.tensor([0.48145466, 0.4578275, 0.40821073], dtype=FLOAT32, device=x.device)
    deviation = torch.tensor([0.26862954, 0.26130258, 0.27577711], dtype=FLOAT32, device=x.device)
    return (x - torch.view(mean, [1, 3, 1, 1])) / torch.view(deviation, [1, 3, 1, 1])


# standardised pixels -> [batch, patches, width] float32, positions added
def patches(self, w: Dict[str, Tensor], x: Tensor) -> Tensor:
    kernel = w["visual.conv1.weight"]
    patch = torch.size(kernel, 3)
    h = self.convolve(x.to(kernel.dtype), kernel, None, patch, 0, False)
    positions = torch.slice(w["visual.positional_embedding"].to(FLOAT32), 0, 1)  # without that of the class
    return torch.transpose(torch.flatten(h, 2), 1, 2).to(FLOAT32) + positions


# patches, all or some -> unit vectors [batch, embedding] float32; `head` numbers make one head
def image_tower(self, w: Dict[str, Tensor], head: int, quick: bool, h: Tensor) -> Tensor:
    klass = w["visual.class_embedding"].to(FLOAT32) + torch.select(w["visual.positional_embedding"].to(FLOAT32), 0, 0)
    klass = torch.expand(torch.view(klass, [1, 1, -1]), [torch.size(h, 0), 1, -1])
    h = torch.cat([klass, h], 1)  # [batch, 1 + patches, width]
    h = self.resblocks(w, "visual.transformer.", head, False, quick, self.norm(w, "visual.ln_pre", h))
    h = self.norm(w, "visual.ln_post", torch.select(h, 1, 0))
    return self.unit(torch.matmul(h, w["visual.proj"].to(FLOAT32)))


# A random choice of `keep` patches of each of so many pictures, others for each (Li et al. 2023, FLIP, section 3.1) ->
# int64 [batch, keep]; [batch, 0] if all are kept.
def choice(self, w: Dict[str, Tensor], batch: int, share: float) -> Tensor:
    positions = w["visual.positional_embedding"]
    patches = torch.size(positions, 0) - 1
    keep = int(float(patches) * share)
    if keep == patches:
        return torch.zeros([batch, 0], dtype=INT64, device=positions.device)
    order = torch.argsort(torch.rand([batch, patches], dtype=FLOAT32, device=positions.device), 1)
    return torch.slice(order, 1, 0, keep)


# The chosen patches of h [batch, patches, width]; all if none are.
def some(self, h: Tensor, chosen: Tensor) -> Tensor:
    if torch.size(chosen, 1) == 0:
        return h
    return torch.gather(h, 1, torch.expand(torch.unsqueeze(chosen, 2), [-1, -1, torch.size(h, 2)]))


# ids int64 [batch, context] -> unit vectors [batch, embedding] float32
def text_tower(self, w: Dict[str, Tensor], quick: bool, ids: Tensor) -> Tensor:
    h = torch.embedding(w["token_embedding.weight"], ids).to(FLOAT32) + w["positional_embedding"].to(FLOAT32)
    h = self.norm(w, "ln_final", self.resblocks(w, "transformer.", HEAD_WIDTH, True, quick, h))
    end = torch.argmax(ids, -1)
    picked = torch.squeeze(torch.gather(h, 1, torch.expand(torch.view(end, [-1, 1, 1]), [-1, 1, torch.size(h, 2)])), 1)
    return self.unit(torch.matmul(picked, w["text_projection"].to(FLOAT32)))


def unit(self, x: Tensor) -> Tensor:
    return x / torch.norm(x, 2, [-1], True)


# `head`: numbers of a head of the image tower; `quick`: whether the layers have QuickGELU, not the exact GELU
def embed_images(self, w: Dict[str, Tensor], head: int, quick: bool, pixels: Tensor) -> Tensor:
    return self.image_tower(w, head, quick, self.patches(w, self.preprocess(w, pixels)))


def embed_text(self, w: Dict[str, Tensor], quick: bool, ids: Tensor) -> Tensor:
    return self.text_tower(w, quick, ids)


# Prepared weights; pixels, the chosen patches and ids of a batch -> unit vectors of pictures and of captions.
def embed_pairs(self, p: Dict[str, Tensor], pixels: Tensor, chosen: Tensor, ids: Tensor) -> Tuple[Tensor, Tensor]:
    h = self.some(self.patches(p, self.preprocess(p, pixels)), chosen)
    return (self.image_tower(p, HEAD_WIDTH, True, h), self.text_tower(p, True, ids))


# Symmetric cross-entropy over the batch, in which the pictures of equal captions (`group` [batch] int64: equal numbers
# for equal captions) are all right answers -> [loss, accuracy]. `scale` [].
def contrast(self, images: Tensor, texts: Tensor, scale: Tensor, group: Tensor) -> List[Tensor]:
    logits = torch.matmul(images, torch.t(texts)) * scale  # [pictures, captions]
    right = torch.eq(torch.unsqueeze(group, 1), torch.unsqueeze(group, 0)).to(FLOAT32)
    target = right / torch.sum(right, [1], True)
    by_image = torch.neg(torch.mean(torch.sum(target * torch.log_softmax(logits, 1), [1])))
    by_text = torch.neg(torch.mean(torch.sum(target * torch.log_softmax(torch.t(logits), 1), [1])))
    accuracy = torch.mean(torch.gather(right, 1, torch.argmax(logits, 1, True)))
    return [(by_image + by_text) * 0.5, accuracy]


# One training step. Hyperparameters `hyper`: [dtype, lr, clip, ema, share of the patches seen, parts]. With more than
# one part the gradient is that of the whole batch all the same (Gao et al. 2021, GradCache, section 3.2): the vectors of
# all parts are computed first, without gradients; the loss of all gives the gradient of each vector; then each part is
# computed again, one in memory at a time, and takes those of its vectors on to the weights. Returns [loss, accuracy,
# logit scale, gradient norm, weight norm].
def train_step(self, w: Dict[str, Tensor], m: Dict[str, Tensor], v: Dict[str, Tensor], averages: Dict[str, Tensor],
               steps: Tensor, hyper: Tensor, ids: Tensor, pixels: Tensor, group: Tensor) -> Tensor:
    dtype, lr, clip, ema = int(hyper[0]), float(hyper[1]), float(hyper[2]), float(hyper[3])
    share, parts = float(hyper[4]), int(hyper[5])
    p = self.prepare(self.adapted(w), dtype)
    chosen = self.choice(w, torch.size(ids, 0), share)
    scale = torch.exp(torch.clamp(w["logit_scale"], None, 4.6052))  # at most 100
    if parts == 1:
        images, texts = self.embed_pairs(p, pixels, chosen, ids)
        loss, accuracy = self.contrast(images, texts, scale, group)
        torch.backward(loss)
    else:
        fixed: Dict[str, Tensor] = {}
        for name in p.keys():
            fixed[name] = torch.detach(p[name])
        of_ids = torch.chunk(ids, parts, 0)
        of_pixels, of_chosen = torch.chunk(pixels, parts, 0), torch.chunk(chosen, parts, 0)
        of_images: List[Tensor] = []
        of_texts: List[Tensor] = []
        for i in range(len(of_ids)):
            images, texts = self.embed_pairs(fixed, of_pixels[i], of_chosen[i], of_ids[i])
            of_images.append(images)
            of_texts.append(texts)
        images, texts = torch.requires_grad_(torch.cat(of_images)), torch.requires_grad_(torch.cat(of_texts))
        loss, accuracy = self.contrast(images, texts, scale, group)
        torch.backward(loss)
        by_image = torch.chunk(unchecked_cast(Tensor, images.grad), parts, 0)
        by_text = torch.chunk(unchecked_cast(Tensor, texts.grad), parts, 0)
        for i in range(len(of_ids)):
            images, texts = self.embed_pairs(
                self.prepare(self.adapted(w), dtype), of_pixels[i], of_chosen[i], of_ids[i])
            torch.backward(torch.sum(images * by_image[i]) + torch.sum(texts * by_text[i]))
    norms = self.optimize(w, m, v, averages, "", "", 1., steps, lr, 0.98, 0.2, clip, ema)
    return torch.stack([torch.detach(loss), accuracy, torch.detach(scale), norms[0], norms[1]])
