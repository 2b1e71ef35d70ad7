# Convolutions as exact as the matrix products: on GPUs libtorch would round float32 to 10 bits of fraction (TF32) in
# them alone, and a token hangs on the largest of many close logits.


# A weight in the compute type; that of a convolution laid out as processors read it.
def laid_out(self, weight: Tensor, dtype: int) -> Tensor:
    typed = weight.to(dtype, False, True)
    if torch.dim(weight) == 4:
        typed = torch.contiguous(typed, memory_format=CHANNELS_LAST)
    return typed


# x [batch, in, height, width]; weight [out, in, k, k], or [in, out, k, k] if transposed
def convolve(self, x: Tensor, weight: Tensor, bias: Optional[Tensor], stride: int, padding: int,
             transposed: bool) -> Tensor:
    # benchmark, deterministic, cudnn_enabled, allow_tf32
    return torch._convolution(
        x, weight, bias, [stride, stride], [padding, padding], [1, 1], transposed, [0, 0], 1,
        False, False, True, False)
