# Inception v3 (Szegedy et al. 2015) up to its pooled features, name for name as in torchvision, with the poolings of the
# network that Fréchet distances are measured with (Heusel et al. 2017), as pytorch-fid has it: averages leave the
# border out, and the last block takes the maximum.


def prepare(self, w: Dict[str, Tensor], dtype: int) -> Dict[str, Tensor]:
    p: Dict[str, Tensor] = {}
    for name in w.keys():
        p[name] = w[name].to(dtype, False, True)
    return p


# Convolution, batch norm, ReLU. What the kernel reaches over the edge is padded if `same`.
def unit(self, w: Dict[str, Tensor], name: str, x: Tensor, stride: int, same: bool) -> Tensor:
    kernel = w[name + ".conv.weight"]
    padding = [0, 0]
    if same:
        padding = [torch.size(kernel, 2) // 2, torch.size(kernel, 3) // 2]
    x = torch.conv2d(x, kernel, None, [stride, stride], padding, [1, 1], 1)
    bn = name + ".bn."
    x = torch.batch_norm(
        x, w[bn + "weight"], w[bn + "bias"], w[bn + "running_mean"], w[bn + "running_var"], False, 0., 0.001, True)
    return torch.relu(x)


# The units name_1, name_2 and so on that there are, one after the other; the last with this stride.
def chain(self, w: Dict[str, Tensor], name: str, x: Tensor, stride: int) -> Tensor:
    i = 1
    while (name + "_" + str(i) + ".conv.weight") in w:
        last = (name + "_" + str(i + 1) + ".conv.weight") not in w
        if last and stride > 1:
            x = self.unit(w, name + "_" + str(i), x, stride, False)
        else:
            x = self.unit(w, name + "_" + str(i), x, 1, True)
        i = i + 1
    return x


def average(self, x: Tensor) -> Tensor:
    return torch.avg_pool2d(x, [3, 3], [1, 1], [1, 1], False, False, None)


def shrunk(self, x: Tensor) -> Tensor:
    return torch.max_pool2d(x, [3, 3], [2, 2], [0, 0], [1, 1], False)


def block_a(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return torch.cat([
        self.unit(w, name + ".branch1x1", x, 1, True),
        self.chain(w, name + ".branch5x5", x, 1),
        self.chain(w, name + ".branch3x3dbl", x, 1),
        self.unit(w, name + ".branch_pool", self.average(x), 1, True)], 1)


def block_b(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return torch.cat([
        self.unit(w, name + ".branch3x3", x, 2, False),
        self.chain(w, name + ".branch3x3dbl", x, 2),
        self.shrunk(x)], 1)


def block_c(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return torch.cat([
        self.unit(w, name + ".branch1x1", x, 1, True),
        self.chain(w, name + ".branch7x7", x, 1),
        self.chain(w, name + ".branch7x7dbl", x, 1),
        self.unit(w, name + ".branch_pool", self.average(x), 1, True)], 1)


def block_d(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return torch.cat([
        self.chain(w, name + ".branch3x3", x, 2),
        self.chain(w, name + ".branch7x7x3", x, 2),
        self.shrunk(x)], 1)


# A unit's output in two directions.
def forked(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return torch.cat([self.unit(w, name + "a", x, 1, True), self.unit(w, name + "b", x, 1, True)], 1)


def block_e(self, w: Dict[str, Tensor], name: str, x: Tensor, pooled: Tensor) -> Tensor:
    doubled = self.chain(w, name + ".branch3x3dbl", x, 1)
    return torch.cat([
        self.unit(w, name + ".branch1x1", x, 1, True),
        self.forked(w, name + ".branch3x3_2", self.unit(w, name + ".branch3x3_1", x, 1, True)),
        self.forked(w, name + ".branch3x3dbl_3", doubled),
        self.unit(w, name + ".branch_pool", pooled, 1, True)], 1)


# pixels uint8 [batch, 3, height, width] of any size -> features float32 [batch, 2048]
def features(self, w: Dict[str, Tensor], pixels: Tensor) -> Tensor:
    x = pixels.to(FLOAT32) / 255.
    x = torch.upsample_bilinear2d(x, [299, 299], False, None, None) * 2. - 1.
    x = self.unit(w, "Conv2d_1a_3x3", x, 2, False)
    x = self.unit(w, "Conv2d_2a_3x3", x, 1, False)
    x = self.shrunk(self.unit(w, "Conv2d_2b_3x3", x, 1, True))
    x = self.unit(w, "Conv2d_3b_1x1", x, 1, False)
    x = self.shrunk(self.unit(w, "Conv2d_4a_3x3", x, 1, False))
    for name in ["Mixed_5b", "Mixed_5c", "Mixed_5d"]:
        x = self.block_a(w, name, x)
    x = self.block_b(w, "Mixed_6a", x)
    for name in ["Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"]:
        x = self.block_c(w, name, x)
    x = self.block_d(w, "Mixed_7a", x)
    x = self.block_e(w, "Mixed_7b", x, self.average(x))
    x = self.block_e(w, "Mixed_7c", x, torch.max_pool2d(x, [3, 3], [1, 1], [1, 1], [1, 1], False))
    return torch.mean(x, [2, 3], False)
