# What the machine itself can do, for comparison. Results are numbers, which are there only when the device is done.


# Reads x once.
def read(self, x: Tensor) -> float:
    return float(torch.sum(x))


# x [n, n] in the type to measure: 2 n^3 operations
def square(self, x: Tensor) -> float:
    return float(torch.matmul(x, x)[0][0])


def cast(self, x: Tensor, dtype: int) -> Tensor:
    return x.to(dtype)
