# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] lang="en"
# # Lesson 2. Matrix factorisation: learn from what people said, and from nothing else
#
# The SVD of lesson 1 needed every cell, so we had to invent most of them. This lesson drops that need. At its end you
# will be able to
#
# * **split** ratings so that a model can be judged on ratings it never saw,
# * feed them to PyTorch as a **Dataset** and a **DataLoader**,
# * write and **train** a biased matrix factorisation (MF), and stop when it is at its best,
# * **complete** the whole matrix, and **recommend** ten films by title.
#
# When you hand in, the notebook runs from top to bottom on **other data of the same kind**, without a network and on one
# thread: at most 120 seconds a cell, 360 seconds in all, and 3 GB of memory. The solution needs less than a tenth of that.

# %% [markdown] lang="en"
# ## 1. The ratings, and a fair exam
#
# The data are those of MovieLens 100K (Harper and Konstan, 2015, *The MovieLens Datasets: History and Context*, ACM TiiS
# 5(4), article 19). The folded cell finds or downloads them and gives `ratings` and `movies`.

# %% data=true

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

SEED = 42
torch.manual_seed(SEED)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
ratings.head(3)

# %% [markdown] lang="en"
# User and movie ids may have gaps and start anywhere, but a table of parameters has rows 0, 1, 2, ... So every id gets an
# index, in the order of the sorted ids:

# %%
user_ids, movie_ids = sorted(ratings["userId"].unique()), sorted(ratings["movieId"].unique())
num_users, num_items = len(user_ids), len(movie_ids)
user2idx = {user_id: idx for idx, user_id in enumerate(user_ids)}
item2idx = {movie_id: idx for idx, movie_id in enumerate(movie_ids)}
df_idx = ratings.assign(
    user_idx=ratings["userId"].map(user2idx), item_idx=ratings["movieId"].map(item2idx)
)

# %% [markdown] lang="en"
# A model that is scored on the ratings it learnt from is like a pupil who saw the exam. So we cut the ratings in three:
# 80 % to learn from (**train**), 10 % to decide when to stop (**validation**), 10 % for one final score (**test**).
# scikit-learn's `train_test_split(table, test_size=0.2, random_state=42)` shuffles the rows of a table, and returns two
# tables: the larger part and the 20 % put aside. The same `random_state` gives the same cut every time.
#
# **Exercise `mf-split`.** Cut twice: first 80 / 20, then the 20 in two halves.

# %% blank="mf-split" mask="train_test_[split] train_test_[split]"
train_df, temp_df = train_test_split(df_idx, test_size=0.2, random_state=42)
val_df, test_df = train_test_split(temp_df, test_size=0.5, random_state=42)

# %% check="mf-split" points=2 nbval=true
# Every rating is in exactly one part, and the parts have 80, 10 and 10 per cent of the rows.
assert {"train_df", "val_df", "test_df"} <= globals().keys(), (
    "Fill the blanks above and run that cell first."
)
parts = [len(part) / len(ratings) for part in (train_df, val_df, test_df)]
assert np.allclose(parts, [0.8, 0.1, 0.1], atol=0.001), (
    "The parts have the wrong sizes: look at `test_size`."
)
assert sorted(pd.concat([train_df, val_df, test_df]).index) == list(ratings.index), (
    "A rating is missing or stands in two parts: look at what you split the second time."
)
print("mf-split:", " / ".join(f"{part:.0%}" for part in parts), "of the ratings, none twice.")

# %%
print(len(train_df), "/", len(val_df), "/", len(test_df), "ratings")

# %% [markdown] lang="en"
# ## 2. Batches for PyTorch
#
# A `Dataset` answers two questions: how many samples are there (`__len__`), and what is sample number `i`
# (`__getitem__`)? Ours is one opinion: (user index, item index, stars). A `DataLoader` draws samples in batches, in a new
# random order each epoch if we ask for `shuffle=True`. Only training wants that; validation and test are just counted.
#
# Fetching 80 000 samples one at a time is slow. Since a tensor can be indexed by a list of numbers, `__getitems__`
# hands over a whole batch at once, and `collate_fn=tuple` passes it on as it is. In small:

# %%
tiny = torch.tensor([4.0, 3.0, 5.0, 1.0])
tiny[[0, 2]]

# %% [markdown] lang="en"
# **Exercise `mf-dataset`.** Read the three columns: the indices of users and items that we made above, and the stars.
# A column is read with a dot: `df.timestamp`. Mind that the model wants *indices*, not ids.


# %% blank="mf-dataset" mask="user_idx@2 item_idx@2 rating@2"
class RatingDataset(Dataset):
    """One sample is (user_idx, item_idx, rating)."""

    def __init__(self, df):
        self.users = torch.tensor(df.user_idx.to_numpy())  # (n,)
        self.items = torch.tensor(df.item_idx.to_numpy())  # (n,)
        self.stars = torch.tensor(df.rating.to_numpy(), dtype=torch.float32)  # (n,)

    def __len__(self):
        return len(self.stars)

    def __getitem__(self, i):
        return self.users[i], self.items[i], self.stars[i]

    def __getitems__(self, batch):
        return self[batch]  # (B,), (B,), (B,)


train_dataset, val_dataset, test_dataset = (
    RatingDataset(train_df),
    RatingDataset(val_df),
    RatingDataset(test_df),
)
train_loader = DataLoader(train_dataset, batch_size=1024, shuffle=True, collate_fn=tuple)
val_loader = DataLoader(val_dataset, batch_size=1024, collate_fn=tuple)
test_loader = DataLoader(test_dataset, batch_size=1024, collate_fn=tuple)

# %% check="mf-dataset" points=3 nbval=true
# A batch is three vectors of equal length; indices point into the tables, stars lie in 1 to 5.
assert {"train_dataset", "train_loader", "val_loader", "test_loader"} <= globals().keys(), (
    "Fill the blanks above and run that cell first."
)
users, items, stars = next(iter(val_loader))
assert len(train_dataset) == len(train_df), (
    "The data set needs one sample a row: look at `__init__`."
)
assert users.shape == items.shape == stars.shape == (1024,), (
    "A batch should be three vectors of 1024 numbers."
)
assert users.max() < num_users and items.max() < num_items, (
    "Indices run from 0 to N-1: look at which columns you read."
)
assert stars.min() >= 1 and stars.max() <= 5 and stars.is_floating_point(), (
    "The third part is the stars, as floats."
)
print("mf-dataset: batches of", *(tuple(part.shape) for part in (users, items, stars)))

# %% [markdown] lang="en"
# ## 3. The model: taste plus bias
#
# A rating has a part that has nothing to do with taste: some people are generous, some films are loved by all. *Biased*
# MF writes it down (Koren, Bell and Volinsky, 2009, *Matrix Factorization Techniques for Recommender Systems*):
#
# $$\hat r_{ui} = \underbrace{\mu + b_u + b_i}_{\text{no taste needed}} + \underbrace{p_u^\top q_i}_{\text{taste}}$$
#
# with $\mu$ the mean of the training ratings (one number), $b_u$ a number a user, $b_i$ a number an item, and $p_u$, $q_i$
# vectors of `n_factors` numbers: rows of $P$ (users, factors) and $Q$ (items, factors), as in lesson 1. By hand, for one
# user and one film with two factors:

# %%
mu, b_u, b_i = 3.5, 0.3, -0.2
p_u, q_i = torch.tensor([0.5, -1.0]), torch.tensor([0.8, 0.1])
mu + b_u + b_i + (p_u * q_i).sum()

# %% [markdown] lang="en"
# In PyTorch, `nn.Embedding(rows, columns)` is such a table: give it indices, it returns rows. The factors start at small
# random numbers, the biases at zero, so an untrained model says roughly $\mu$ to everyone.
#
# **Exercise `mf-model`.** How many rows and columns have the two tables of factors? The tables of biases below them, with
# one column, show the pattern: one row a user, one row an item.


# %% blank="mf-model" mask="num_users@2 n_factors@2 num_items@2 n_factors@3"
class MF(nn.Module):
    """mu + b_u + b_i + p_u . q_i, in stars."""

    def __init__(self, num_users, num_items, n_factors=100):
        super().__init__()
        self.user_emb = nn.Embedding(num_users, n_factors)
        self.item_emb = nn.Embedding(num_items, n_factors)
        self.user_bias = nn.Embedding(num_users, 1)
        self.item_bias = nn.Embedding(num_items, 1)
        self.global_bias = nn.Parameter(
            torch.tensor(train_df["rating"].mean(), dtype=torch.float32)
        )
        nn.init.normal_(self.user_emb.weight, std=0.01)
        nn.init.normal_(self.item_emb.weight, std=0.01)
        nn.init.zeros_(self.user_bias.weight)
        nn.init.zeros_(self.item_bias.weight)

    def forward(self, users, items):
        taste = (self.user_emb(users) * self.item_emb(items)).sum(dim=1)  # (B,)
        bias = self.user_bias(users).squeeze(1) + self.item_bias(items).squeeze(1)  # (B,)
        return self.global_bias + bias + taste  # (B,)


model = MF(num_users, num_items).to(device)
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005, weight_decay=1e-5, fused=True)

# %% check="mf-model" points=4 nbval=true
# One row a user, one row an item, as many columns as factors; one prediction for each pair of a batch.
assert {"MF", "model", "criterion", "optimizer"} <= globals().keys(), (
    "Fill the blanks above and run that cell first."
)
assert model.user_emb.weight.shape == (num_users, 100), (
    "user_emb needs one row a user and one column a factor."
)
assert model.item_emb.weight.shape == (num_items, 100), (
    "item_emb needs one row an item and one column a factor."
)
first = torch.arange(5, device=device)
assert model(first, first).shape == (5,), (
    "Five pairs should give five predictions: look at `sum` and `squeeze` in `forward`."
)
assert model(first[:1], first[:1]).shape == (1,), (
    "A batch of one should give one prediction: `squeeze()` needs its dimension."
)
print("mf-model: predictions of shape", tuple(model(first, first).shape))

# %% [markdown] lang="en"
# (Why `squeeze(1)` and not `squeeze()`? In a batch of one, `squeeze()` drops the batch dimension too.)
#
# ## 4. Training, and knowing when to stop
#
# One step of gradient descent: predict a batch, measure the loss, clear old gradients (`optimizer.zero_grad()`), let
# PyTorch compute new ones (`loss.backward()`), move the parameters (`optimizer.step()`). Forget to clear, and gradients of
# all earlier batches pile up. Indices go through `.long()`, which makes them 64-bit integers, the usual type of an index.
#
# `evaluate(loader)` gives the RMSE over a loader. Stars end at 1 and 5, so it clamps predictions to that range.


# %%
@torch.no_grad()
def evaluate(loader):
    """RMSE of the clamped predictions over a loader, in stars."""
    model.eval()
    squared_error, count = 0.0, 0
    for users, items, stars in loader:
        predicted = model(users.to(device), items.to(device)).clamp(1, 5)  # (B,)
        squared_error += ((predicted - stars.to(device)) ** 2).sum().item()
        count += len(stars)
    return (squared_error / count) ** 0.5


print(f"untrained: {evaluate(val_loader):.3f} stars")

# %% [markdown] lang="en"
# **Exercise `mf-train`.** Two cells. First the pass over the training batches: make both index vectors 64-bit, and put the
# two missing calls of a gradient step in their places.


# %% blank="mf-train" mask="long long zero_grad backward"
def train_epoch():
    """One pass over the training batches; returns the RMSE on the way, in stars."""
    model.train()
    squared_error = 0.0
    for users, items, stars in train_loader:
        users, items, stars = users.long().to(device), items.long().to(device), stars.to(device)
        loss = criterion(model(users, items), stars)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        squared_error += loss.item() * len(stars)
    return (squared_error / len(train_dataset)) ** 0.5


# %% [markdown] lang="en"
# Then the epochs. After each we measure the RMSE on the *validation* loader. Whenever it is the best so far we put a copy
# of all weights aside (`clone`: without it, the copy would go on changing with the model). When it has not improved for
# `patience` epochs we stop, go back to the best weights, and look at the test ratings, once.

# %% blank="mf-train" mask="evaluate"
n_epochs, patience = 100, 5
best_val, best_epoch, best_state = float("inf"), 0, None
train_curve, val_curve = [], []
for epoch in tqdm(range(1, n_epochs + 1), desc="MF", leave=False, file=sys.stdout):
    train_rmse = train_epoch()
    val_rmse = evaluate(val_loader)
    train_curve.append(train_rmse)
    val_curve.append(val_rmse)
    if val_rmse < best_val:
        best_val, best_epoch = val_rmse, epoch
        best_state = {name: value.clone() for name, value in model.state_dict().items()}
    elif epoch - best_epoch >= patience:
        break

model.load_state_dict(best_state)
test_rmse = evaluate(test_loader)

# %% check="mf-train" points=6 nbval=true
# The model is back at its best epoch, and beats saying the mean to everyone.
assert {"best_val", "best_epoch", "test_rmse"} <= globals().keys(), (
    "Fill the blanks above and run both cells first."
)
assert abs(evaluate(val_loader) - best_val) < 1e-4, (
    "The model is not at its best epoch: look at how the weights are kept and loaded back."
)
assert abs(evaluate(test_loader) - test_rmse) < 1e-4, (
    "test_rmse is not that of the model as it stands: look at the last line."
)
mean_rmse = ((val_df["rating"] - train_df["rating"].mean()) ** 2).mean() ** 0.5
assert best_val < 0.9 * mean_rmse, (
    "The model hardly beats the mean: look at the order of the calls in a gradient step."
)
print("mf-train: the best epoch is back, and the model beats the mean by more than a tenth.")

# %%
print(f"best validation RMSE {best_val:.4f} at epoch {best_epoch}, test RMSE {test_rmse:.4f}")

# %%
fig, ax = plt.subplots(figsize=(7, 3.6))
epochs = range(1, len(val_curve) + 1)
ax.plot(epochs, train_curve, "s--", color="0.5", label="train")
ax.plot(epochs, val_curve, "o-", color="black", label="validation")
ax.axvline(best_epoch, color="0.6", linestyle=":", label=f"best epoch ({best_epoch})")
ax.set(
    title="MF learns, then learns by heart", xlabel="epoch", ylabel="RMSE (stars)", xticks=epochs
)
ax.legend()
plt.show()

# %% [markdown] lang="en"
# The training error falls and falls; the validation error turns round after very few epochs. From there on the model
# learns its training ratings by heart. A hundred epochs would only have made it worse, which is why we stop early.
#
# ## 5. Is it any good?
#
# A number like this means little alone. Four simple predictors on the same split: the mean of all training ratings, the
# mean of each item, $\mu + b_u + b_i$ with *shrunken* biases (no factors at all), and our MF.


# %%
def mean_effect(rows, index, size, reg):
    """Mean residual of each user or item, shrunk towards 0 as if `reg` zeros had been seen too."""
    return np.bincount(rows[index], rows["residual"], size) / (
        np.bincount(rows[index], minlength=size) + reg
    )


mu = train_df["rating"].mean()
b_user, b_item = np.zeros(num_users), np.zeros(num_items)
for _ in range(10):
    b_item = mean_effect(
        train_df.assign(residual=train_df["rating"] - mu - b_user[train_df["user_idx"]]),
        "item_idx",
        num_items,
        10,
    )
    b_user = mean_effect(
        train_df.assign(residual=train_df["rating"] - mu - b_item[train_df["item_idx"]]),
        "user_idx",
        num_users,
        15,
    )
item_mean = mu + mean_effect(
    train_df.assign(residual=train_df["rating"] - mu), "item_idx", num_items, 1e-9
)


# %%
def test_score(predicted):
    """RMSE on the test ratings of one prediction a row, in stars."""
    return float(np.sqrt(np.mean((np.clip(predicted, 1, 5) - test_df["rating"]) ** 2)))


scores = {
    "global mean": test_score(np.full(len(test_df), mu)),
    "item mean": test_score(item_mean[test_df["item_idx"]]),
    "bias only": test_score(mu + b_user[test_df["user_idx"]] + b_item[test_df["item_idx"]]),
    "MF": test_rmse,
}
fig, ax = plt.subplots(figsize=(7, 2.6))
bars = ax.barh(list(scores), list(scores.values()), color=["0.8", "0.7", "0.6", "0.3"])
ax.bar_label(bars, fmt="%.3f", padding=3)
ax.set(title="Test RMSE (shorter is better)", xlabel="RMSE (stars)", xlim=(0.8, 1.2))
ax.invert_yaxis()
plt.show()

# %% [markdown] lang="en"
# Most of the way from the mean to MF is done by the biases. Taste, the part that makes recommendations *personal*, adds
# the last few per cent. That is typical of star ratings, and it is why every model should be held against bias only.
# (The axis begins at 0.8: compare the ends of the bars, not their lengths.)

# %% [markdown] lang="en"
# ## 6. Complete the whole matrix
#
# To predict every pair we need every pair: a grid of user indices and a grid of item indices, both of shape
# (users, items). `torch.arange(n)` counts 0 to n-1; `unsqueeze(1)` makes it a column, `unsqueeze(0)` a row;
# `repeat(a, b)` stacks a copies downwards and b copies sideways. Two users and three items:

# %%
print(torch.arange(2).unsqueeze(1).repeat(1, 3))
print(torch.arange(3).unsqueeze(0).repeat(2, 1))

# %% [markdown] lang="en"
# Row by row, the pairs of the two grids run through all items of user 0, then all items of user 1. Predicting needs no
# gradients, so it runs under `torch.no_grad()`; the pairs go through the model in pieces, to save memory.
#
# **Exercise `mf-complete`.** Build both grids and complete the matrix by the rule of lesson 1: where a user gave a rating,
# keep it; only a gap takes the (clamped) prediction.

# %% blank="mf-complete" mask="no_grad arange arange unsqueeze repeat unsqueeze repeat"
with torch.no_grad():
    all_users = torch.arange(num_users, device=device)  # (users,)
    all_items = torch.arange(num_items, device=device)  # (items,)
    U_grid = all_users.unsqueeze(1).repeat(1, num_items)  # (users, items)
    I_grid = all_items.unsqueeze(0).repeat(num_users, 1)  # (users, items)
    pieces = zip(U_grid.reshape(-1).split(10_000), I_grid.reshape(-1).split(10_000))
    predicted = torch.cat([model(users, items) for users, items in pieces])  # (users * items,)
    R_hat_full = predicted.clamp(1, 5).reshape(num_users, num_items).cpu().numpy()

R_sparse_full = ratings.pivot_table(values="rating", index="userId", columns="movieId")
R_hat_df_full = pd.DataFrame(R_hat_full, index=user_ids, columns=movie_ids)
completed_full = R_sparse_full.where(~R_sparse_full.isna(), R_hat_df_full)

# %% check="mf-complete" points=5 nbval=true
# Observed ratings stay, gaps take the clamped prediction of their own user and item.
assert {"R_hat_full", "R_hat_df_full", "completed_full"} <= globals().keys(), (
    "Fill the blanks above and run that cell first."
)
assert R_hat_full.shape == completed_full.shape == (num_users, num_items), (
    "Both matrices should be users by items: look at the grids."
)
assert not completed_full.isna().any(axis=None), (
    "Gaps are left: look at the labels of R_hat_df_full."
)
assert R_hat_full.min() >= 1 and R_hat_full.max() <= 5, (
    "Predictions must lie in 1 to 5: look at `clamp`."
)
last = torch.tensor([num_users - 1], device=device), torch.tensor([0], device=device)
assert abs(R_hat_full[-1, 0] - model(*last).clamp(1, 5).item()) < 1e-4, (
    "A cell should hold the prediction of its own user and item: look at `unsqueeze` and `repeat`."
)
print("mf-complete: no gap left, every prediction between 1 and 5.")

# %% [markdown] lang="en"
# ## 7. Ten films for you
#
# Now the point of it all. A list of recommendations for a user holds the films with the highest predictions **among those
# the user has not rated**.
#
# **Exercise `mf-recommend`.** Write `recommend(user_id, n=10)`. It takes a user *id* and returns a table with columns
# `movieId`, `title`, `score`, best first: the `n` unseen films with the highest score, where the score is the value in
# `R_hat_df_full`. Useful: `R_sparse_full.loc[user_id].isna()` says which films the user has not rated;
# `series[condition]` keeps those; `series.nlargest(n)` takes the largest with their labels; `titles.loc[ids]` gives titles.

# %% blank="mf-recommend"
titles = movies.set_index("movieId")["title"]


def recommend(user_id, n=10):
    """The n unseen movies with the highest predictions, best first."""
    ### BEGIN SOLUTION
    unseen = R_sparse_full.loc[user_id].isna()
    best = R_hat_df_full.loc[user_id][unseen].nlargest(n)
    return pd.DataFrame(
        {"movieId": best.index, "title": titles.loc[best.index].values, "score": best.values}
    )
    ### END SOLUTION


# %% check="mf-recommend" points=4 nbval=true
# Ten different unseen movies, best first, with their titles.
assert "recommend" in globals() and "completed_full" in globals(), (
    "Fill the blanks above and run that cell first."
)
top = recommend(user_ids[0])
assert list(top.columns) == ["movieId", "title", "score"] and len(top) == 10, (
    "recommend should return ten rows with columns movieId, title, score."
)
assert top["movieId"].is_unique and R_sparse_full.loc[user_ids[0], top["movieId"]].isna().all(), (
    "A movie that the user has rated must not be recommended."
)
assert top["score"].is_monotonic_decreasing, "The best film comes first."
assert list(top["title"]) == list(titles.loc[top["movieId"]]), (
    "Every title should be that of its movieId."
)
print("mf-recommend:", len(top), "unseen movies, best first.")

# %%
favourites = ratings[ratings["userId"] == user_ids[0]].nlargest(5, "rating")
print("liked:", "; ".join(titles.loc[favourites["movieId"]]))
recommend(user_ids[0]).round(2)

# %% [markdown] lang="en"
# Compare the list with what the user liked. Much of it is loved by nearly everyone: high item biases. The factors decide
# which of these films come out on top for this user.

# %% [markdown] lang="en"
# ## 8. Say it in your own words
#
# **Question `mf-why` (read by a person).** The training error goes on falling for as long as one trains, yet we threw
# those epochs away. Why? And why may the test ratings be used only once, at the end? Three to five sentences.

# %% [markdown] answer="mf-why" points=3
# With a hundred numbers for each user and item the model has more than three parameters for each training rating, so it can store
# the training ratings one by one. After a few epochs it does, and what it stores there (noise, accidents) does not carry over to other
# ratings: the validation error rises. The weights of the epoch with the best validation error are the ones that generalise.
# The validation ratings have then been used for a choice, so their error is a little too good; the test ratings give an honest
# estimate only as long as no choice depends on them. Whoever looks twice and picks the better has turned them into
# validation ratings.
#
# <!-- marking scheme -->
# 1 point: overfitting named and explained (parameters store training ratings).
# 1 point: validation picks the epoch because it measures unseen ratings.
# 1 point: a set that took part in a choice no longer gives an unbiased estimate.

# %% [markdown] lang="en"
# ## What you take along
#
# You **split** the ratings, fed them in **batches**, **trained** a biased MF on observed cells only and stopped it at its
# best epoch, **completed** the matrix and **recommended** films by title. MF describes a user by a vector that it must
# learn for each user anew. Lesson 3 learns a *function* that reads a user's ratings and returns a vector: an autoencoder.
