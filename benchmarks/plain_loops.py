"""The course's three models in the plainest form, as a yardstick for the lessons' solutions.

Every sample passes through Python one at a time (`__getitem__` and the default collation), the loops
run all their epochs without stopping early, and Adam is not fused. Same splits, sizes and settings as
the lessons. Prints one JSON line with the seconds of each section.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Ratings(Dataset):
    """One sample is (user index, item index, stars)."""

    def __init__(self, frame):
        self.users = frame["user_idx"].to_numpy()
        self.items = frame["item_idx"].to_numpy()
        self.stars = frame["rating"].to_numpy(dtype=np.float32)

    def __len__(self):
        return len(self.stars)

    def __getitem__(self, i):
        return self.users[i], self.items[i], self.stars[i]


class Rows(Dataset):
    """One sample is (ratings, mask) of a user."""

    def __init__(self, R, mask):
        self.R, self.mask = R, mask

    def __len__(self):
        return len(self.R)

    def __getitem__(self, i):
        return self.R[i], self.mask[i]


class PlainMF(nn.Module):
    """mu + b_u + b_i + p_u . q_i."""

    def __init__(self, num_users, num_items, mu, n_factors=100):
        super().__init__()
        self.P, self.Q = nn.Embedding(num_users, n_factors), nn.Embedding(num_items, n_factors)
        self.b_u, self.b_i = nn.Embedding(num_users, 1), nn.Embedding(num_items, 1)
        self.mu = nn.Parameter(torch.tensor(mu, dtype=torch.float32))
        for table, sd in ((self.P, 0.01), (self.Q, 0.01), (self.b_u, 0.0), (self.b_i, 0.0)):
            nn.init.normal_(table.weight, std=sd)

    def forward(self, users, items):
        bias = self.b_u(users).squeeze(1) + self.b_i(items).squeeze(1)
        return self.mu + bias + (self.P(users) * self.Q(items)).sum(dim=1)


class PlainVAE(nn.Module):
    """items -> 600 -> (50, 50) -> 600 -> items."""

    def __init__(self, num_items):
        super().__init__()
        self.read, self.write = nn.Linear(num_items, 600), nn.Linear(600, num_items)
        self.mu, self.logvar, self.unfold = (
            nn.Linear(600, 50),
            nn.Linear(600, 50),
            nn.Linear(50, 600),
        )

    def centre(self, x):
        """The prediction with z = mu."""
        return self.write(torch.relu(self.unfold(self.mu(torch.relu(self.read(x))))))

    def forward(self, x):
        h = torch.relu(self.read(x))
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
        return self.write(torch.relu(self.unfold(z))), mu, logvar


def svd_section(ratings):
    """Pivot, fill, decompose, complete the 8 x 8 block."""
    block = ratings.pivot_table(values="rating", index="userId", columns="movieId").iloc[:8, :8]
    U, S, Vt = np.linalg.svd(block.fillna(ratings["rating"].mean()).values, full_matrices=False)
    rebuilt = pd.DataFrame(U[:, :2] * S[:2] @ Vt[:2], index=block.index, columns=block.columns)
    return block.where(~block.isna(), rebuilt)


@torch.no_grad()
def mf_rmse(model, loader):
    """RMSE of clamped predictions."""
    errors = [(model(users, items).clamp(1, 5) - stars) ** 2 for users, items, stars in loader]
    return torch.cat(errors).mean().sqrt().item()


def mf_section(splits, num_users, num_items, epochs=100):
    """Train for all epochs, go back to the best, test once, predict every pair."""
    train, val, test = (
        DataLoader(Ratings(part), batch_size=1024, shuffle=part is splits[0]) for part in splits
    )
    model = PlainMF(num_users, num_items, float(splits[0]["rating"].mean()))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005, weight_decay=1e-5)
    best = (float("inf"), None)
    for _ in range(epochs):
        for users, items, stars in train:
            optimizer.zero_grad()
            nn.functional.mse_loss(model(users, items), stars).backward()
            optimizer.step()
        rmse = mf_rmse(model, val)
        if rmse < best[0]:
            best = (rmse, {name: value.clone() for name, value in model.state_dict().items()})
    model.load_state_dict(best[1])
    with torch.no_grad():
        users = torch.arange(num_users).unsqueeze(1).repeat(1, num_items).reshape(-1)
        items = torch.arange(num_items).unsqueeze(0).repeat(num_users, 1).reshape(-1)
        model(users, items).clamp(1, 5)
    return best[0], mf_rmse(model, test)


@torch.no_grad()
def vae_rmse(network, R, frame):
    """RMSE of clamped predictions with z = mu, one rating at a time."""
    predicted = torch.cat([network.centre(batch) for batch in R.split(128)]).clamp(1, 5).numpy()
    errors = [
        (predicted[row.user_idx, row.item_idx] - row.rating) ** 2 for row in frame.itertuples()
    ]
    return float(np.sqrt(np.mean(errors)))


def vae_section(splits, num_users, num_items, epochs=50):
    """Train for all epochs, go back to the best, test once, predict every pair."""
    R, mask = torch.zeros(num_users, num_items), torch.zeros(num_users, num_items)
    for row in splits[0].itertuples():
        R[row.user_idx, row.item_idx], mask[row.user_idx, row.item_idx] = row.rating, 1.0
    loader = DataLoader(Rows(R, mask), batch_size=64, shuffle=True)
    network = PlainVAE(num_items)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001, weight_decay=1e-6)
    best = (float("inf"), None)
    for _ in range(epochs):
        for x, seen in loader:
            recon, mu, logvar = network(x)
            error = (((recon - x) ** 2 * seen).sum(dim=1) / (seen.sum(dim=1) + 1e-8)).mean()
            kl = (-0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(dim=1)).mean()
            optimizer.zero_grad()
            (error + 0.001 * kl).backward()
            optimizer.step()
        rmse = vae_rmse(network, R, splits[1])
        if rmse < best[0]:
            best = (rmse, {name: value.clone() for name, value in network.state_dict().items()})
    network.load_state_dict(best[1])
    return best[0], vae_rmse(network, R, splits[2])


def main(folder):
    """Run and time the three sections on the ratings in `folder`."""
    torch.set_num_threads(1)
    torch.optim.Adam([torch.zeros(1)])  # imports torch._dynamo, which is not what is timed
    torch.manual_seed(42)
    names = ["userId", "movieId", "rating", "timestamp"]
    ratings = pd.read_csv(Path(folder) / "u.data", sep="\t", names=names, dtype={"rating": float})
    ratings["user_idx"] = ratings["userId"].astype("category").cat.codes.astype(int)
    ratings["item_idx"] = ratings["movieId"].astype("category").cat.codes.astype(int)
    train, rest = train_test_split(ratings, test_size=0.2, random_state=42)
    splits = (train, *train_test_split(rest, test_size=0.5, random_state=42))
    sizes = ratings["userId"].nunique(), ratings["movieId"].nunique()
    seconds, scores = {}, {}
    sections = {
        "svd": lambda: svd_section(ratings),
        "mf": lambda: mf_section(splits, *sizes),
        "vae": lambda: vae_section(splits, *sizes),
    }
    for name, section in sections.items():
        began = time.perf_counter()
        result = section()
        seconds[name] = time.perf_counter() - began
        if name != "svd":
            scores[name] = result
    print(json.dumps({"seconds": seconds, "best_val_and_test": scores}))


if __name__ == "__main__":
    main(sys.argv[1])
