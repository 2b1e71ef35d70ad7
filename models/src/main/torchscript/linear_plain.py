# Matrix products as libtorch has them everywhere.


# x [..., in], weight [out, in] -> [..., out] in the type of the weight
def linear(self, x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
    return torch.linear(x.to(weight.dtype), weight, bias)


# The same, and then GELU.
def linear_gelu(self, x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
    return torch.gelu(torch.linear(x.to(weight.dtype), weight, bias))


# Prepared weights as `linear` reads them fastest when x has so many rows: here, as they are.
def packed(self, w: Dict[str, Tensor], rows: int) -> Dict[str, Tensor]:
    return w
