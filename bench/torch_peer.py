"""PyTorch's side of more than one bench: the confidence reformer, and the time of a step of training."""
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F


def block(n_in, n_out):
    return [nn.Linear(n_in, n_out), nn.BatchNorm1d(n_out), nn.ReLU()]


class Reformer(nn.Module):
    """src/purifier/reformer.h"""

    def __init__(self, classes, hidden, latent):
        super().__init__()
        h1, h2, h3 = hidden
        self.encoder = nn.Sequential(*block(2 * classes, h1), *block(h1, h2), *block(h2, h3))
        self.mean = nn.Linear(h3, latent)
        self.log_variance = nn.Linear(h3, latent)
        self.decoder = nn.Sequential(nn.Linear(latent + classes, h3), *block(h3, h2), *block(h2, h1),
                                     nn.Linear(h1, classes))

    def loss(self, x, one_hot, scores, labels):
        h = self.encoder(x)
        mean, log_variance = self.mean(h), self.log_variance(h)
        z = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
        logits = self.decoder(torch.cat([z, one_hot], 1))
        kl = -0.5 * (1 + log_variance - mean ** 2 - log_variance.exp()).sum(1).mean()
        return F.mse_loss(F.softmax(logits, 1), scores) + F.cross_entropy(logits, labels) + kl


class Peer:
    """A network in training. Who derives from it sets net and adam, and has a loss(), whose gradient a step takes."""

    clip = None  # most that the gradient's norm may be

    def values(self):
        return sum(p.numel() for p in self.net.parameters())

    def step(self):
        loss = self.loss()
        self.adam.zero_grad(set_to_none=True)
        loss.backward()
        if self.clip:
            nn.utils.clip_grad_norm_(self.net.parameters(), self.clip)
        self.adam.step()
        return loss.item()

    def median(self, steps):
        taken = []
        for _ in range(steps):
            began = time.perf_counter()
            self.step()
            taken.append(time.perf_counter() - began)
        return statistics.median(taken)
