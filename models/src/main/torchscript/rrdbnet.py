# RRDBNet (ESRGAN, Wang et al. 2018) as Real-ESRGAN has it, to four times the size. Every size is read off the weights.
# Names are theirs: conv_first, body.N.rdb{1,2,3}.conv{1..5}, conv_body, conv_up1, conv_up2, conv_hr, conv_last.


# Each convolution sees what came in and what all before it made.
def dense(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    seen = x
    for i in range(4):
        made = torch.leaky_relu(self.conv(w, name + ".conv" + str(i + 1), seen), 0.2)
        seen = torch.cat([seen, made], 1)
    return x + self.conv(w, name + ".conv5", seen) * 0.2


# Twice as wide and high.
def up(self, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    return torch.leaky_relu(self.conv(w, name, torch.upsample_nearest2d(x, None, [2., 2.])), 0.2)


# pixels uint8 [batch, 3, height, width] -> float32 [batch, 3, 4 * height, 4 * width], about 0 to 1
def enlarged(self, w: Dict[str, Tensor], pixels: Tensor) -> Tensor:
    x = (pixels.to(FLOAT32) / 255.).to(w["conv_first.weight"].dtype)
    first = self.conv(w, "conv_first", torch.contiguous(x, memory_format=CHANNELS_LAST))
    h = first
    block = 0
    while ("body." + str(block) + ".rdb1.conv1.weight") in w:
        name = "body." + str(block)
        inner = self.dense(w, name + ".rdb3", self.dense(w, name + ".rdb2", self.dense(w, name + ".rdb1", h)))
        h = h + inner * 0.2
        block = block + 1
    h = first + self.conv(w, "conv_body", h)
    h = self.up(w, "conv_up2", self.up(w, "conv_up1", h))
    return self.conv(w, "conv_last", torch.leaky_relu(self.conv(w, "conv_hr", h), 0.2)).to(FLOAT32)
