# How far two sets of features lie apart, x [n, features] and y [m, features] float64. All results are float64.


# [n, features] -> [min(n, features), features]: rows whose products with each other's columns are the same
def reduced(self, x: Tensor) -> Tensor:
    if torch.size(x, 0) <= torch.size(x, 1):
        return x
    _, r = torch.linalg_qr(x, "r")
    return r


# The Fréchet distance of the Gaussians that have the sets' means and covariances (Heusel et al. 2017, equation 6). The
# trace of the square root of the covariances' product is the sum of the singular values of one centred set times the
# other's transpose: no root of a matrix is taken, and sets that are smaller than their features need no correction.
def frechet(self, x: Tensor, y: Tensor) -> Tensor:
    mean_x, mean_y = torch.mean(x, [0], True), torch.mean(y, [0], True)
    a = (x - mean_x) / torch.sqrt(float(torch.size(x, 0) - 1))
    b = (y - mean_y) / torch.sqrt(float(torch.size(y, 0) - 1))
    apart = torch.sum(torch.pow(mean_x - mean_y, 2))
    spread = torch.sum(a * a) + torch.sum(b * b)
    shared = torch.sum(torch.linalg_svdvals(torch.matmul(self.reduced(a), torch.t(self.reduced(b)))))
    return apart + spread - shared * 2.


# (x·y / features + 1)³ of each pair -> [n, m]
def alike(self, x: Tensor, y: Tensor) -> Tensor:
    return torch.pow(torch.matmul(x, torch.t(y)) / float(torch.size(x, 1)) + 1., 3)


# Mean over the pairs of two different rows.
def mean_within(self, x: Tensor) -> Tensor:
    k = self.alike(x, x)
    n = float(torch.size(x, 0))
    return (torch.sum(k) - torch.sum(torch.diagonal(k))) / (n * (n - 1.))


# The unbiased squared maximum mean discrepancy under that kernel (Bińkowski et al. 2018, KID), of all at once.
def kernel_distance(self, x: Tensor, y: Tensor) -> Tensor:
    return self.mean_within(x) + self.mean_within(y) - torch.mean(self.alike(x, y)) * 2.
