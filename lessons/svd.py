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
# # Lesson 1. SVD: eight people, eight films, and the gaps between them
#
# Eight people have rated some of eight films. What would they say about the rest? At the end of this
# lesson you will be able to
#
# * turn a list of ratings into a **matrix with gaps**,
# * factor a matrix with the **singular value decomposition** (SVD) and keep only its strongest part,
# * **complete** the matrix: keep what people said, and predict only what they did not say,
# * say **how many factors** are worth keeping, and what the singular values have to do with it.
#
# When you hand in, the notebook runs from top to bottom on **other data of the same kind**, without a network and on one
# thread: at most 60 seconds a cell, 180 seconds in all, and 3 GB of memory. The solution needs less than a tenth of that.

# %% [markdown] lang="en"
# ## 1. The ratings
#
# MovieLens 100K (Harper and Konstan, 2015, *The MovieLens Datasets: History and Context*, ACM TiiS 5(4), article 19)
# is a list: one row says that a user gave a movie 1 to 5 stars at some time. The folded cell below finds the data, or
# downloads it once, and reads two tables: `ratings` and `movies`.

# %% data=true

# %%
import matplotlib.pyplot as plt
import numpy as np
from numpy.linalg import svd

ratings.head(3)

# %% [markdown] lang="en"
# Every row is one opinion. Titles stand in a table of their own, so that a row stays short:

# %%
movies.head(3)

# %% [markdown] lang="en"
# ## 2. From a list to a matrix with gaps
#
# Put users in rows, movies in columns, and the stars where a row and a column meet. Call this matrix $R$, with shape
# (users, movies). Nobody has seen everything, so most cells have no rating: pandas writes `NaN`. Watch it happen on
# three opinions of two people about two films:

# %%
tiny = pd.DataFrame({"userId": [1, 1, 2], "movieId": [10, 20, 20], "rating": [5.0, 3.0, 4.0]})
tiny.pivot_table(values="rating", index="userId", columns="movieId")

# %% [markdown] lang="en"
# User 2 never rated movie 10: that cell is a gap, not a zero. `pivot_table` takes the name of the column that gives the
# rows (`index`), the one that gives the columns (`columns`), and the one that fills the cells (`values`).
#
# We work on a block that fits on the screen: the first eight user ids and the first eight movie ids.

# %%
user_ids = sorted(ratings["userId"].unique())
movie_ids = sorted(ratings["movieId"].unique())
sample_users, sample_movies = user_ids[:8], movie_ids[:8]

# %% [markdown] lang="en"
# **Exercise `svd-block`.** Build the whole matrix `R_sparse`, then cut out the block `R_block`. In `.loc[rows, columns]`
# the first list names the rows to keep (our sample of users), the second the columns (our sample of movies). Every `*`
# stands for one letter.

# %% blank="svd-block" mask="index columns sample_users sample_movies"
R_sparse = ratings.pivot_table(values="rating", index="userId", columns="movieId")
R_block = R_sparse.loc[sample_users, sample_movies]  # (8, 8)
R_block

# %% check="svd-block" points=3 nbval=true
# R_block has the sample users in its rows, the sample movies in its columns, and gaps where nobody rated.
assert {"R_sparse", "R_block"} <= globals().keys(), "Fill the blanks above and run that cell first."
assert R_sparse.shape == (len(user_ids), len(movie_ids)), (
    "R_sparse needs one row a user and one column a movie: look at `pivot_table`."
)
assert R_block.shape == (8, 8), "The block should be 8 by 8: look at what `.loc` selects."
assert list(R_block.index) == sample_users and list(R_block.columns) == sample_movies, (
    "Rows are users and columns are movies: look at the order inside `.loc`."
)
print("svd-block: an", R_block.shape, "block, rows are users, columns are movies.")

# %% [markdown] lang="en"
# Now look at it. A cell with a number was rated; a hatched cell is a gap that we want to fill.

# %%
fig, ax = plt.subplots(figsize=(6.2, 4.6))
ax.set_facecolor("white")
ax.patch.set(hatch="///", edgecolor="0.7")
image = ax.imshow(R_block, cmap="cividis", vmin=1, vmax=5)
for row, column in np.argwhere(R_block.notna().values):
    stars = R_block.iat[row, column]
    ax.text(
        column,
        row,
        f"{stars:.0f}",
        ha="center",
        va="center",
        color="white" if stars < 3.5 else "black",
    )
ax.set(title="Ratings of 8 users on 8 movies (hatched: a gap)", xlabel="movie id", ylabel="user id")
ax.set_xticks(range(8), sample_movies)
ax.set_yticks(range(8), sample_users)
fig.colorbar(image, label="stars")
plt.show()

# %% [markdown] lang="en"
# One or two rows may be nearly full, others are empty. A method that fills the gaps has to learn from the rows and columns around
# them. How much of the whole matrix is filled?

# %%
print(f"{R_sparse.notna().mean().mean():.1%} of the cells of R hold a rating.")

# %% [markdown] lang="en"
# ## 3. The idea: a matrix is a sum of simple ones
#
# The singular value decomposition writes any matrix $A$ of shape $(m, n)$ as
#
# $$A = U \,\mathrm{diag}(S)\, V^\top = \sum_f S_f\; u_f v_f^\top ,$$
#
# with $U$ of shape $(m, r)$, $S$ of shape $(r,)$, $V^\top$ of shape $(r, n)$ and $r = \min(m, n)$. Each term $u_f v_f^\top$ is
# as simple as a matrix can be: one number a row times one number a column. The singular values $S_f$ say how much each
# term matters, largest first. Keep the first $k$ terms and you have the best matrix of rank $k$, in the sense of squared
# error (Eckart and Young, 1936).
#
# Try it on a matrix that *is* one row number times one column number:

# %%
A = np.outer([1.0, 2.0, 3.0], [4.0, 5.0])  # (3, 2)
U_tiny, S_tiny, Vt_tiny = svd(A, full_matrices=False)
print("singular values:", S_tiny.round(3) + 0.0)

# %% [markdown] lang="en"
# One singular value does all the work; the other is zero. Ratings are never that simple, but they are simpler than
# they look.
#
# ## 4. Factor the block
#
# SVD knows no gaps, so we fill them first, with the mean of all ratings: a bland guess that SVD may then improve. Then
# keep $k = 2$ factors and fold the singular values into the users:
#
# $$P = U_k\,\mathrm{diag}(S_k) \;\;(8, 2), \qquad Q = V_k \;\;(8, 2).$$
#
# A row of $P$ describes a user by two numbers, a row of $Q$ a movie by two numbers.
#
# **Exercise `svd-factors`.** Take the `mean` of the ratings, fill the gaps of the block with it (`fillna`), and ask for
# the slim decomposition, as on the tiny matrix above (`full_matrices=False`).

# %% blank="svd-factors" mask="mean fillna full_matrices"
global_mean = ratings["rating"].mean()
R_block_filled = R_block.fillna(global_mean).values  # (8, 8)
U, S, Vt = svd(R_block_filled, full_matrices=False)  # (8, 8), (8,), (8, 8)

k = 2
U_k, S_k, V_k = U[:, :k], np.diag(S[:k]), Vt[:k, :].T  # (8, k), (k, k), (8, k)
P, Q = U_k @ S_k, V_k  # (8, k), (8, k)
P_df = pd.DataFrame(P, index=sample_users, columns=["f1", "f2"])
Q_df = pd.DataFrame(Q, index=sample_movies, columns=["f1", "f2"])

# %% check="svd-factors" points=3 nbval=true
# P gives each user k numbers, Q gives each movie k numbers, and the columns of Q are orthonormal.
assert {"R_block_filled", "P_df", "Q_df"} <= globals().keys(), (
    "Fill the blanks above and run that cell first."
)
assert R_block_filled.shape == (8, 8) and P.shape == (8, k) and Q.shape == (8, k), (
    "P and Q need one row a user or movie and k columns: look at the slices."
)
assert not np.isnan(R_block_filled).any(), (
    "The filled block still has gaps: look at the line that fills them."
)
assert np.allclose(Q.T @ Q, np.eye(k)), (
    "The columns of Q should be orthonormal: look at the call of `svd`."
)
print("svd-factors: P", P.shape, "and Q", Q.shape)

# %%
pd.concat(
    {"P (users)": P_df.reset_index(drop=True), "Q (movies)": Q_df.reset_index(drop=True)}, axis=1
).round(3)

# %% [markdown] lang="en"
# The first column of $P$ hardly varies: with most cells filled by one number, the first factor says "about average". What
# sets users apart stands in the second column. (Your signs may be flipped: $u_f v_f^\top = (-u_f)(-v_f)^\top$, so the sign of
# a factor is arbitrary.)
#
# One thing to keep in mind: the mean was taken over *all* ratings. Here we only fill, so no harm is done; as soon as we
# *score* a model on held-out ratings, its mean must come from the training part alone, or the test leaks into the model.

# %% [markdown] lang="en"
# ## 5. Complete the block
#
# Multiply back: $\hat R = P Q^\top$ has a value in every cell, observed or not. The **completion rule** of this course is:
#
# > Where a user gave a rating, keep it. Only a gap takes the prediction.
#
# `A.where(condition, B)` keeps `A` where the condition holds and takes `B` elsewhere, matching row and column labels.
#
# **Exercise `svd-complete`.** Give the rebuilt block its labels: `index` takes the list of users in its rows,
# `columns` the list of movies in its columns. The rest applies the rule.

# %% blank="svd-complete" mask="sample_users sample_movies"
R_hat_block = P @ Q.T  # (8, 8)
R_hat_df = pd.DataFrame(R_hat_block, index=sample_users, columns=sample_movies)
observed_pred = R_hat_df.where(~R_block.isna(), np.nan)
completed_block = R_block.where(~R_block.isna(), R_hat_df)

# %% check="svd-complete" points=4 nbval=true
# Observed ratings stay as they were; only gaps take the prediction.
assert {"R_hat_df", "completed_block"} <= globals().keys(), (
    "Fill the blanks above and run that cell first."
)
assert completed_block.shape == R_block.shape, (
    "The completed block must have the shape of R_block: look at the labels of R_hat_df."
)
assert not completed_block.isna().any(axis=None), (
    "Gaps are left: the labels of R_hat_df must be those of R_block."
)
assert (
    completed_block.where(R_block.notna()) == R_block.where(R_block.notna())
).sum().sum() == R_block.notna().sum().sum(), "An observed rating has changed: look at `where`."
print("svd-complete: every rating kept, every gap filled,", completed_block.shape)

# %%
completed_block.round(2)

# %% [markdown] lang="en"
# Whole numbers are ratings, the rest are predictions. An empty row gets predictions near the mean (3.5 or so), since
# nothing is known of that user. How close does $\hat R$ come where we know the truth?

# %%
observed_error = observed_pred - R_block
print(f"RMSE on the observed cells: {np.sqrt(np.nanmean(observed_error.values**2)):.3f} stars")

# %% [markdown] lang="en"
# ## 6. How many factors?
#
# Two factors were our choice. With more of them $\hat R$ comes closer to the filled block; with all eight it is the block
# itself. The root mean squared error (RMSE) over the observed cells $\mathcal O$ measures it:
#
# $$\mathrm{RMSE}(k) = \sqrt{\tfrac{1}{|\mathcal O|}\textstyle\sum_{(u,i)\in\mathcal O} (\hat R^{(k)}_{ui} - R_{ui})^2}.$$
#
# **Exercise `svd-rank`.** Write `rank_error(R_filled, observed, k)`. `R_filled` is a matrix without gaps (an array of any
# shape), `observed` a True/False array of the same shape that says which cells count, and `k` the number of factors.
# Return the RMSE of the rank-`k` matrix on those cells, a float. You need `svd`, the first `k` columns of `U`, entries of
# `S` and rows of `Vt` (as in section 4), and a mean over `difference[observed]`.


# %% blank="svd-rank"
def rank_error(R_filled, observed, k):
    """RMSE of the rank-k SVD of R_filled on the observed cells."""
    ### BEGIN SOLUTION
    U, S, Vt = svd(R_filled, full_matrices=False)
    R_hat = (U[:, :k] * S[:k]) @ Vt[:k, :]
    difference = R_hat - R_filled
    return float(np.sqrt(np.mean(difference[observed] ** 2)))
    ### END SOLUTION


rank_errors = [rank_error(R_block_filled, R_block.notna().values, rank) for rank in range(1, 9)]

# %% check="svd-rank" points=4 nbval=true
# The error never grows with the rank of the block when every cell counts, and all eight factors rebuild it.
assert {"rank_error", "rank_errors"} <= globals().keys(), (
    "Fill the blanks above and run that cell first."
)
assert len(rank_errors) == 8, "rank_errors needs one number for each rank from 1 to 8."
everywhere = np.ones((8, 8), dtype=bool)
full_errors = [rank_error(R_block_filled, everywhere, rank) for rank in range(1, 9)]
assert all(a >= b - 1e-9 for a, b in zip(full_errors, full_errors[1:])), (
    "More factors should never fit the whole matrix worse: look at the slices."
)
assert abs(rank_errors[-1]) < 1e-9, (
    "All eight factors together are the matrix itself: look at the slices."
)
print("svd-rank: eight factors rebuild the block.")

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
left.bar(range(1, 9), S, color="0.45")
left.set(
    title="Singular values of the filled block",
    xlabel="factor f",
    ylabel="singular value $S_f$ (stars, log scale)",
    yscale="log",
    ylim=(0.05, 60),
)
right.plot(range(1, 9), rank_errors, "o-", color="black", label="observed cells")
right.plot(range(1, 9), full_errors, "s--", color="0.5", label="all cells, filled ones included")
right.set(title="Error against rank", xlabel="rank k", ylabel="RMSE (stars)")
right.legend()
fig.tight_layout()
plt.show()

# %% [markdown] lang="en"
# The first singular value towers over the others (mind the log scale): it carries the mean. After it the values fall
# steeply, and the error falls with them, down to zero at rank 8 at the latest (people without any rating have equal rows,
# which leaves fewer than eight factors to find; a bar that small is not drawn). That zero is *no* success. A model that rebuilds the
# filled block exactly predicts, in every gap, just the mean that we put there. Fitting is not predicting.

# %% [markdown] lang="en"
# ## 7. A map of the movies
#
# With more people the factors begin to mean something. Take the 14 most rated movies and all users, subtract each
# movie's mean, call a gap zero ("no opinion against the mean"), and draw the movies by their first two factors. The
# numbers stand for the titles on the right.

# %%
popular = ratings["movieId"].value_counts().index[:14]
R_popular = R_sparse[popular]
R_centred = (R_popular - R_popular.mean()).fillna(0.0).values  # (users, 14)
places = svd(R_centred, full_matrices=False)[2][:2].T  # (14, 2)

fig, ax = plt.subplots(figsize=(6, 4.5))
ax.scatter(*places.T, color="black", s=14)
titles = movies.set_index("movieId")["title"].loc[popular]
for number, ((x, y), title) in enumerate(zip(places, titles), start=1):
    ax.annotate(number, (x, y), xytext=(4, 3), textcoords="offset points")
    ax.text(1.03, 1 - 0.07 * number, f"{number}  {title}", transform=ax.transAxes)
ax.axhline(0, color="0.8", zorder=0)
ax.axvline(0, color="0.8", zorder=0)
ax.set(
    title="The 14 most rated movies in the plane of their first two factors",
    xlabel="factor 1 (no unit)",
    ylabel="factor 2 (no unit)",
)
plt.show()

# %% [markdown] lang="en"
# Movies that the same people like stand close together. Nobody told the method what a film is about: it saw nothing but
# stars. Which neighbours do you recognise?

# %% [markdown] lang="en"
# ## 8. Say it in your own words
#
# **Question `svd-why` (read by a person).** At rank 8 the error on the observed cells is zero. Why is the completed block
# of rank 8 nevertheless worthless as a prediction, and what does a small rank do that a full rank cannot? Three to five
# sentences.

# %% [markdown] answer="svd-why" points=3
# At full rank the product rebuilds the filled matrix exactly, so in every gap it returns the constant that we filled in: the
# observed cells are reproduced, but nothing has been learnt about the gaps. A small rank cannot store every cell. It has to
# describe each user and each movie by a few numbers that serve all their ratings at once, so that what is common to similar
# users and movies carries over into the gaps. The price is an error on the observed cells; whether the trade is good can
# only be measured on ratings that were held out.
#
# <!-- marking scheme -->
# 1 point: full rank returns the filled-in constant in the gaps (fitting is not predicting).
# 1 point: a small rank forces sharing between users and movies (compression, generalisation).
# 1 point: held-out ratings are needed to judge, or an equally sound remark on choosing k.

# %% [markdown] lang="en"
# ## What you take along
#
# You turned a list into a **matrix with gaps**, **factored** it, kept two factors, **completed** it by the rule "observed
# ratings stay, only gaps are filled", and saw that **more factors** fit better without predicting better. Two things were
# unsatisfying: the gaps had to be filled before we could learn, and nothing was scored on unseen ratings. Lesson 2 mends
# both: it learns from the observed cells alone, and is judged on held-out ones.
