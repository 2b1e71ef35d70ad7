# A network to four times the size: residual blocks at the size of the picture (EDSR, Lim et al. 2017), then two
# sub-pixel convolutions (Shi et al. 2016). What comes out is added to the bicubic enlargement. Every size is read off
# the weights. Names: input, body.N.{conv_1,conv_2}, up_1, up_2.


# pixels uint8 [batch, 3, height, width] -> float32 [batch, 3, 4 * height, 4 * width], about 0 to 1
def enlarged(self, w: Dict[str, Tensor], pixels: Tensor) -> Tensor:
    x = pixels.to(FLOAT32) / 255.
    h = torch.contiguous((x - 0.5).to(w["input.weight"].dtype), memory_format=CHANNELS_LAST)
    h = self.conv(w, "input", h)
    block = 0
    while ("body." + str(block) + ".conv_1.weight") in w:
        name = "body." + str(block)
        h = h + self.conv(w, name + ".conv_2", torch.relu(self.conv(w, name + ".conv_1", h)))
        block = block + 1
    h = torch.relu(torch.pixel_shuffle(self.conv(w, "up_1", h), 2))
    detail = torch.pixel_shuffle(self.conv(w, "up_2", h), 2)
    return torch.upsample_bicubic2d(x, None, False, [4., 4.]) + detail.to(FLOAT32)


# One training step. Hyperparameters `hyper`: [dtype, lr, clip, ema]. Pixels uint8 [batch, 3, height, width], and what
# they should become, uint8 [batch, 3, 4 * height, 4 * width]. The absolute error keeps areas flat and edges sharp, the
# squared one turns to what the dVAE got wrong. Returns [loss, mean absolute error, gradient norm].
def train_step(self, w: Dict[str, Tensor], m: Dict[str, Tensor], v: Dict[str, Tensor], averages: Dict[str, Tensor],
               steps: Tensor, hyper: Tensor, pixels: Tensor, target: Tensor) -> Tensor:
    lr, clip, ema = float(hyper[1]), float(hyper[2]), float(hyper[3])
    p = self.prepare(w, int(hyper[0]))
    error = self.enlarged(p, pixels) - target.to(FLOAT32) / 255.
    absolute = torch.mean(torch.abs(error))
    loss = absolute + torch.mean(error * error) * SQUARED_ERROR_WEIGHT
    torch.backward(loss)
    norms = self.optimize(w, m, v, averages, "", "", 1., steps, lr, 0.99, 0., clip, ema)
    return torch.stack([torch.detach(loss), torch.detach(absolute), norms[0]])
