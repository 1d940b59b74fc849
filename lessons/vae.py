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
# # Lesson 3. A variational autoencoder: read a whole user at once
#
# Matrix factorisation learns a vector for every user. An autoencoder learns how to *read* a user: it takes a row of
# ratings, squeezes it through a few numbers, and writes a full row back. At the end of this lesson you will be able to
#
# * lay ratings out as **matrices and masks**,
# * build a **variational autoencoder** (VAE): encode, sample, decode,
# * write its **loss** so that gaps do not count,
# * train it, **complete** the matrix, and say honestly **which model won**.
#
# **How to work.** Select a cell and press Shift+Enter: it runs, and what it makes appears below it. Go from top to bottom. In
# an exercise each `*` stands for one letter; while a star is left, the cell ends in `SyntaxError`. Fill the blanks, run the
# cell, then run the *check* below it: it prints one line, or a sentence says where to look. To answer a question, double-click
# its cell, write in place of the line that stands there, and press Shift+Enter. Before you hand in, restart the kernel and run
# all cells: one line each should begin with `vae-matrices`, `vae-model`, `vae-loss`, `vae-train` and `vae-complete`. Save, and
# hand in `vae.ipynb`, its name unchanged, where your course tells you to.
#
# When you hand in, the notebook runs from top to bottom on **other data of the same kind**, without a network and on one
# thread: at most 180 seconds a cell, 600 seconds in all, and 3 GB of memory. The solution needs less than a tenth of that.
#
# The grader has what this course's own environment has: numpy, pandas, scipy, scikit-learn, matplotlib, tqdm, ipywidgets and torch,
# with all that comes with them. Other packages are not there, so hand in without them.

# %% [markdown] lang="ko" of="c8cb4e82"
# # 3강. 변분 오토인코더(variational autoencoder, VAE): 사용자 한 명을 통째로 읽기
#
# 행렬 분해(matrix factorisation, MF)는 사용자마다 벡터를 배웁니다. 오토인코더(autoencoder)는 사용자를 *읽는* 법을 배웁니다. 평점 한 행을 받아 숫자 몇 개로 눌러 담은
# 다음, 꽉 찬 한 행으로 다시 펼칩니다. 이 강의를 마치면 다음을 할 수 있습니다.
#
# * 평점을 **행렬과 마스크(mask)** 로 펼쳐 놓습니다.
# * **변분 오토인코더**를 만듭니다. 부호화하고(encode), 표본을 뽑고(sample), 복호화합니다(decode).
# * 결측값(missing value)이 계산에 들어가지 않도록 **손실**(loss)을 작성합니다.
# * 모델을 학습시켜 행렬을 **완성**하고, **어느 모델이 이겼는지** 정직하게 말합니다.
#
# **진행 방법.** 셀을 고르고 Shift+Enter를 누르면 셀이 실행되고 결과가 그 아래에 나타납니다. 위에서 아래로 차례로 실행하세요. 실습에서
# `*` 하나는 글자 하나를 나타냅니다. `*`가 남아 있으면 셀은 `SyntaxError`로 끝납니다. 빈칸을 채워 셀을 실행한 다음, 그 아래의 *확인* 셀을
# 실행하세요. 한 줄이 출력되거나, 어디를 보아야 하는지 알려 주는 문장이 나옵니다. 문제에 답하려면 답 셀을 두 번 클릭하고, 적혀 있는 줄 대신
# 답을 쓴 뒤 Shift+Enter를 누릅니다. 제출하기 전에 커널을 다시 시작하고 모든 셀을 실행하세요. `vae-matrices`, `vae-model`, `vae-loss`,
# `vae-train`, `vae-complete`로 시작하는 줄이 하나씩 나와야 합니다. 저장한 다음, 파일 이름 `vae.ipynb`를 바꾸지 말고 안내받은 곳에 제출하세요.
#
# 제출한 노트북은 **같은 종류의 다른 데이터**로 처음부터 끝까지 실행됩니다. 네트워크 없이 스레드 하나로 실행되며, 셀 하나에 최대 180초,
# 전체 600초, 메모리 3 GB까지 쓸 수 있습니다. 정답 코드는 그 10분의 1도 쓰지 않습니다.
#
# 채점기에는 이 강좌의 환경에 있는 것이 그대로 있습니다. numpy, pandas, scipy, scikit-learn, matplotlib, tqdm, ipywidgets, torch와
# 이들이 필요로 하는 패키지입니다. 다른 패키지는 없으니, 그것 없이 제출하세요.

# %% [markdown] lang="en"
# ## 1. Ratings as rows
#
# The data are those of MovieLens 100K (Harper and Konstan, 2015, *The MovieLens Datasets: History and Context*, ACM TiiS
# 5(4), article 19), split as in lesson 2: 80 % train, 10 % validation, 10 % test, the same `random_state`.

# %% [markdown] lang="ko" of="b8454750"
# ## 1. 행으로 펼친 평점
#
# 데이터는 MovieLens 100K이며(Harper and Konstan, 2015, *The MovieLens Datasets: History and Context*, ACM TiiS 5(4),
# article 19), 2강과 똑같이 나눕니다. 학습(train) 80 %, 검증(validation) 10 %, 시험(test) 10 %이고 `random_state`도 같습니다.

# %% data=true

# %%
import sys
import time

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

# %%
user_ids, movie_ids = sorted(ratings["userId"].unique()), sorted(ratings["movieId"].unique())
num_users, num_items = len(user_ids), len(movie_ids)
user2idx = {user_id: idx for idx, user_id in enumerate(user_ids)}
item2idx = {movie_id: idx for idx, movie_id in enumerate(movie_ids)}
df_idx = ratings.assign(
    user_idx=ratings["userId"].map(user2idx), item_idx=ratings["movieId"].map(item2idx)
)
train_df, temp_df = train_test_split(df_idx, test_size=0.2, random_state=42)
val_df, test_df = train_test_split(temp_df, test_size=0.5, random_state=42)
print(num_users, "users,", num_items, "items, device:", device)
print(len(train_df), "/", len(val_df), "/", len(test_df), "ratings")

# %% [markdown] lang="en"
# The same three parts as in lesson 2, so that the scores of both lessons can be compared. `device` is where the network will
# compute. A CPU is enough for this lesson; in Colab, *Runtime*, *Change runtime type* would lend you a GPU.
#
# A network wants full rows. So each split becomes two matrices of shape (users, items): `R` holds the stars and 0 in the
# gaps, `mask` holds 1 where there is a rating and 0 in the gaps. Both are `float32`, the type of the network's weights. The
# mask is what keeps us from believing the zeros.
# A tensor can be written at many places at once, with a list of rows and a list of columns:

# %% [markdown] lang="ko" of="f1ad22f3"
# 2강과 똑같은 세 부분이므로 두 강의의 점수를 서로 비교할 수 있습니다. `device`는 신경망이 계산할 장치입니다. 이 강의에는 CPU로 충분합니다.
# Colab에서는 *런타임(Runtime)*, *런타임 유형 변경(Change runtime type)* 에서 GPU를 빌릴 수 있습니다.
#
# 신경망은 꽉 찬 행을 원합니다. 그래서 나눈 부분마다 모양이 (사용자 수, 영화 수)인 행렬을 두 개씩 만듭니다. `R`에는 별점을 적고 결측값 자리에
# 0을 적으며, `mask`에는 평점이 있는 칸에 1, 결측값 자리에 0을 적습니다. 둘 다 신경망의 가중치(weight)와 같은 자료형인 `float32`입니다. 그 0을 평점으로
# 믿지 않게 해 주는 것이 마스크입니다. 텐서(tensor)에는
# 행 목록과 열 목록을 주어 여러 칸에 한꺼번에 쓸 수 있습니다.

# %%
tiny = torch.zeros(2, 3)
tiny[[0, 1], [2, 0]] = torch.tensor([5.0, 3.0])
tiny

# %% [markdown] lang="en"
# 5 went to row 0, column 2, and 3 to row 1, column 0; all other cells stayed zero.
#
# **Exercise `vae-matrices`.** Complete `to_matrices(df)`: start from two matrices of zeros, then write the stars into `R`
# and ones into `mask` at the places (user_idx, item_idx) of `df`.
#
# <details><summary>Hint</summary>
#
# 1. Two calls of `torch.zeros`, with the number of users and the number of items, as in the small example.
# 2. The lists of rows and columns are there already, as `users` and `items`.
# 3. The same places get the stars in one matrix and the number 1.0 in the other.
#
# </details>

# %% [markdown] lang="ko" of="9dabbd15"
# 5는 0행 2열에, 3은 1행 0열에 적혔고 나머지 칸은 0 그대로입니다.
#
# **실습 `vae-matrices`.** `to_matrices(df)`를 완성하세요. 0으로 채운 행렬 두 개에서 시작해, `df`의 (user_idx, item_idx) 칸마다
# `R`에는 별점을, `mask`에는 1을 적습니다.
#
# <details><summary>힌트</summary>
#
# 1. 작은 예처럼 `torch.zeros`를 두 번 부르고, 사용자 수와 영화 수를 줍니다.
# 2. 행 목록과 열 목록은 `users`와 `items`로 이미 만들어져 있습니다.
# 3. 같은 칸에, 한 행렬에는 별점을 적고 다른 행렬에는 1.0을 적습니다.
#
# </details>


# %% blank="vae-matrices"
def to_matrices(df):
    """Ratings and mask of a split, both (users, items), float32, with 0 in the gaps."""
    users, items = (
        torch.tensor(df["user_idx"].to_numpy()),
        torch.tensor(df["item_idx"].to_numpy()),
    )  # (n,), (n,)
    stars = torch.tensor(df["rating"].to_numpy(), dtype=torch.float32)  # (n,)
    ### BEGIN SOLUTION
    R, mask = torch.zeros(num_users, num_items), torch.zeros(num_users, num_items)
    R[users, items] = stars
    mask[users, items] = 1.0
    ### END SOLUTION
    return R, mask


R_train, mask_train = to_matrices(train_df)
R_val, mask_val = to_matrices(val_df)
R_test, mask_test = to_matrices(test_df)

# %% [markdown] lang="en"
# One sample is one user: a row of ratings and the row of its mask, both of shape (items,). As in lesson 2, `__getitems__`
# fetches a batch of $B$ users at once.

# %% [markdown] lang="ko" of="bf8af517"
# 표본 하나는 사용자 한 명, 곧 평점 한 행과 그 마스크 한 행이며 모양은 둘 다 (영화 수,)입니다. 2강처럼 `__getitems__`가 사용자 $B$명의 배치(batch)를
# 한꺼번에 꺼냅니다.


# %%
class UserRatingDataset(Dataset):
    """One sample is one user's (rating row, mask row)."""

    def __init__(self, R, mask):
        self.R, self.mask = R, mask

    def __len__(self):
        return len(self.R)

    def __getitem__(self, i):
        return self.R[i], self.mask[i]

    def __getitems__(self, batch):
        return self[batch]  # (B, items), (B, items)


train_user_dataset = UserRatingDataset(R_train, mask_train)
train_user_loader = DataLoader(train_user_dataset, batch_size=64, shuffle=True, collate_fn=tuple)
print("R_train:", tuple(R_train.shape), "and", len(train_user_dataset), "users in the data set")
print("ones in the masks:", *(int(mask.sum()) for mask in (mask_train, mask_val, mask_test)))

# %% check="vae-matrices" points=3 nbval=true
# R holds the stars of its split, mask a 1 for each of them; both have a row per user, and 0 in the gaps.
assert "to_matrices" in globals(), "Fill the blanks above and run that cell first."
needs("iter next print")
assert {"R_test", "mask_test", "train_user_loader"} <= globals().keys(), (
    "The cells above did not run to their end: the last line below them says why."
)
splits = [(R_train, mask_train, train_df), (R_val, mask_val, val_df), (R_test, mask_test, test_df)]
for R, mask, part in [*splits, (*to_matrices(test_df[:3]), test_df[:3])]:
    wide = part.pivot(index="user_idx", columns="item_idx", values="rating")  # gaps are NaN
    wide = wide.reindex(index=user2idx.values(), columns=item2idx.values()).to_numpy()
    assert R.shape == mask.shape == wide.shape, "R and mask should be users by items."
    assert R.dtype == torch.float32, "R should be a float32 tensor, as the weights are."
    assert mask.dtype not in (torch.float16, torch.float64), "mask should be float32, as R is."
    assert (mask.numpy() == (wide > 0)).all(), (
        "mask needs a 1 at each rating of its split, and 0 elsewhere."
    )
    assert (R.numpy() == np.nan_to_num(wide)).all(), (
        "R needs the stars of its split at their places, and 0 elsewhere."
    )
rows, masks = next(iter(train_user_loader))
assert (masks <= 1).all() and (rows[masks == 0] == 0).all(), "A batch is rows, then their masks."
assert not torch.equal(rows, R_train[: rows.shape[0]]), "The loader should shuffle the users."
print("vae-matrices: a batch is", rows.shape[0], "users, with as many masks.")

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
image = axes[0].imshow(R_train[:30, :60].numpy(), cmap="cividis", vmin=0, vmax=5, aspect="auto")
axes[0].set(
    title="R: what the network reads (gaps are 0)", xlabel="item index", ylabel="user index"
)
fig.colorbar(image, ax=axes[0], label="stars (0: a gap)")
axes[1].imshow(mask_train[:30, :60].numpy(), cmap="gray_r", vmin=0, vmax=1, aspect="auto")
axes[1].set(title="mask: what counts (black)", xlabel="item index")
fig.tight_layout()
plt.show()

# %% [markdown] lang="en"
# *Picture.* Two panels with the same 30 users in rows and 60 items in columns. Left, the matrix R: stars from dark (0, a gap) to light
# (5), with a colour bar. Right, the mask: black where there is a training rating, white where there is none. Some rows are dense, most of
# the area is gaps.
#
# To the network a gap looks like a zero, worse than one star. The mask on the right is what we shall use to keep that
# from mattering.
#
# ## 2. The idea: squeeze, jitter, unfold
#
# Kingma and Welling (2014, *Auto-Encoding Variational Bayes*) describe each user not by a point but by a small cloud. For a
# row $x$ (items,) the **encoder** returns a mean $\mu$ and a log-variance $\log\sigma^2$, both (50,). We draw
#
# $$z = \mu + \sigma\,\varepsilon, \qquad \varepsilon \sim N(0, I), \qquad \sigma = e^{\frac12 \log\sigma^2},$$
#
# number by number, with $\sigma$, $\varepsilon$ and $z$ of shape (50,) too, and the **decoder** turns $z$ back into a full row of
# predicted stars $\hat x$ (items,). Writing the draw this way keeps it differentiable in $\mu$ and $\sigma$: that is the
# *reparameterisation trick*. The output has no activation function: a sigmoid, say, stays below 1
# and could never predict 4 stars. What does the jitter look like, with two numbers instead of fifty?

# %% [markdown] lang="ko" of="ff0da34f"
# *그림.* 두 그림 모두 행은 사용자 30명, 열은 영화 60편입니다. 왼쪽은 행렬 R로, 별점이 어두운 색(0, 결측값)에서 밝은 색(5)까지 칠해져 있고
# 색 막대가 붙어 있습니다. 오른쪽은 마스크로, 학습 평점이 있는 칸은 검고 없는 칸은 흽니다. 빽빽한 행도 있지만 대부분은 결측값입니다.
#
# 신경망에게 결측값은 0점, 곧 1점보다도 나쁜 점수로 보입니다. 오른쪽의 마스크를 써서 이것이 결과에 영향을 주지 않게 할 것입니다.
#
# ## 2. 핵심 생각: 눌러 담고, 흔들고, 펼치기
#
# Kingma and Welling(2014, *Auto-Encoding Variational Bayes*)은 사용자를 점 하나가 아니라 작은 구름으로 나타냅니다. 한 행 $x$ (영화 수,)에
# 대해 **인코더**(encoder)는 평균 $\mu$와 로그 분산(log-variance) $\log\sigma^2$를 돌려주며, 모양은 둘 다 (50,)입니다. 거기에서 다음과 같이 뽑습니다.
#
# $$z = \mu + \sigma\,\varepsilon, \qquad \varepsilon \sim N(0, I), \qquad \sigma = e^{\frac12 \log\sigma^2},$$
#
# 계산은 숫자마다 따로 하며 $\sigma$, $\varepsilon$, $z$의 모양도 (50,)입니다. **디코더**(decoder)는 $z$를 예측 별점으로 꽉 찬 한 행
# $\hat x$ (영화 수,)로 되돌립니다. 이렇게 쓰면 뽑은 값을 $\mu$와 $\sigma$로 미분할 수 있습니다. 이것이 *재매개변수화 기법(reparameterisation
# trick)* 입니다. 출력에는 활성화 함수(activation function)를 두지 않습니다. 예컨대 시그모이드(sigmoid)의 값은 1을 넘지 못하므로 별점
# 4를 결코 예측할 수 없습니다. 쉰 개 대신 숫자 두 개로, 흔들림이 어떤 모습인지 봅시다.

# %%
mu_tiny, logvar_tiny = torch.tensor([2.0, -1.0]), torch.tensor([0.0, -4.0])
draws = mu_tiny + torch.exp(0.5 * logvar_tiny) * torch.randn(1000, 2)  # (1000, 2)
draws.std(dim=0)

# %% [markdown] lang="en"
# The first number was jittered with $\sigma = e^0 = 1$, the second with $\sigma = e^{-2} \approx 0.14$: the spread of 1000 draws
# agrees.
#
# **Exercise `vae-model`.** `nn.Linear(a, b)` takes rows of `a` numbers to rows of `b`. The first layer reads a whole row
# of ratings (`num_items` numbers) and gives `hidden_dim` numbers (the last layer, `fc4`, does the reverse). In `forward`, call
# the three methods in the order encode, reparameterize, decode.
#
# <details><summary>Hint</summary>
#
# 1. How long is one user's row of ratings? The argument of `__init__` that says so also ends the line of `fc4`.
# 2. What comes out of the first layer goes into `fc_mu`: look at what that layer takes in.
# 3. The row first becomes a mean and a log-variance: the first verb of the three. Its two results are on the left of the line.
# 4. Then the cloud becomes one point, by the trick of this section.
# 5. Then the point becomes a row again: the last verb.
#
# </details>

# %% [markdown] lang="ko" of="edcf56b1"
# 첫째 숫자는 $\sigma = e^0 = 1$로, 둘째 숫자는 $\sigma = e^{-2} \approx 0.14$로 흔들었습니다. 1000번 뽑은 값의 표준편차가 이와 맞습니다.
#
# **실습 `vae-model`.** `nn.Linear(a, b)`는 숫자 `a`개로 된 행을 `b`개로 된 행으로 바꿉니다. 첫 층은 평점 한 행(숫자 `num_items`개)을 통째로
# 읽어 숫자 `hidden_dim`개를 내놓습니다(마지막 층 `fc4`는 그 반대입니다). `forward`에서는 세 메서드를 encode, reparameterize, decode
# 순서로 부르세요.
#
# <details><summary>힌트</summary>
#
# 1. 사용자 한 명의 평점 행은 길이가 얼마입니까? 그 길이를 나타내는 `__init__`의 인수가 `fc4` 줄의 끝에도 있습니다.
# 2. 첫 층에서 나온 것이 `fc_mu`로 들어갑니다. 그 층이 무엇을 받는지 보세요.
# 3. 행은 먼저 평균과 로그 분산이 됩니다. 세 동사 가운데 첫째입니다. 결과 두 개가 그 줄의 왼쪽에 있습니다.
# 4. 다음으로 구름이 점 하나가 됩니다. 이 절에서 배운 기법을 씁니다.
# 5. 마지막으로 점이 다시 행이 됩니다. 마지막 동사입니다.
#
# </details>


# %% blank="vae-model" mask="num_items@2 hidden_dim@2 encode@2 reparameterize@2 decode@2"
class VAE(nn.Module):
    """items -> hidden -> (mu, logvar) -> z -> hidden -> items."""

    def __init__(self, num_items, hidden_dim=600, latent_dim=50):
        super().__init__()
        self.fc1 = nn.Linear(num_items, hidden_dim)
        self.fc_mu = nn.Linear(hidden_dim, latent_dim)
        self.fc_logvar = nn.Linear(hidden_dim, latent_dim)
        self.fc3 = nn.Linear(latent_dim, hidden_dim)
        self.fc4 = nn.Linear(hidden_dim, num_items)

    def encode(self, x):
        h = torch.relu(self.fc1(x))  # (B, hidden_dim)
        return self.fc_mu(h), self.fc_logvar(h)  # (B, latent_dim) twice

    def reparameterize(self, mu, logvar):
        return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)  # (B, latent_dim)

    def decode(self, z):
        return self.fc4(torch.relu(self.fc3(z)))  # (B, num_items)

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = self.reparameterize(mu, logvar)
        return self.decode(z), mu, logvar


vae = VAE(num_items).to(device)
print(vae)

# %% check="vae-model" points=5 nbval=true
# Rows come back as rows, with mu and logvar; z is drawn around mu, as wide as logvar says; all of it learns.
assert {"VAE", "vae"} <= globals().keys(), "Fill the blanks above and run that cell first."
needs("print tuple zip")
assert vae.fc1.weight.shape[1] == num_items, "fc1 should read one number per item."
assert vae.fc1.weight.shape == vae.fc4.weight.T.shape, "fc4 should undo the sizes of fc1."
assert vae.fc1.weight.shape[0] == vae.fc_mu.weight.shape[1], "fc_mu should read what fc1 gives."
for name, weight in vae.named_parameters():
    spread = weight.std() * weight.shape[-1] ** 0.5  # about 0.6 as nn.Linear draws it
    assert weight.requires_grad and (weight.dim() == 1 or 0.05 < spread < 6), (
        f"{name} cannot learn from where it stands: leave it as nn.Linear makes it."
    )
rows, code = R_train[:3].to(device), torch.full((4000, 2), 3.0, device=device)
try:
    recon, mu, logvar = vae(rows)
    vae.reparameterize(code, code).mean()
except Exception as error:
    raise AssertionError("`forward` or `reparameterize` stopped: see the lines above.") from error
assert recon.shape == rows.shape and mu.shape == logvar.shape == (3, 50), (
    "A user should come back as one number per item, with 50 of mu and 50 of logvar."
)
assert not torch.equal(vae(rows)[0], recon), "`forward` should draw z anew in each pass."
moved = VAE(num_items).to(device)
moved.load_state_dict(vae.state_dict())
moved.fc_logvar.bias.data += 1
for name, got, expected in zip(("mu", "logvar"), moved.encode(rows), (mu, logvar + 1)):
    assert torch.allclose(got, expected, atol=1e-4), (
        f"fc_logvar got 1 more: {name} is not what `forward` and `encode` should make of that."
    )
for mode, level, sigma in ((False, 1.386, 2), (True, 0.0, 1), (True, 1.386, 2)):
    vae.train(mode)
    z, again = (vae.reparameterize(code, torch.full_like(code, level)) for _ in (1, 2))
    if mode or not torch.equal(z, code):  # z = mu will do for predictions
        assert ((z.mean(dim=0) - 3).abs() < 0.3).all(), "z should be drawn around mu."
        assert ((z.std(dim=0) / sigma - 1).abs() < 0.1).all(), (
            "z should have standard deviation sigma: look at what `reparameterize` takes for it."
        )
        assert not torch.equal(z, again), "`reparameterize` should draw new noise at each call."
        assert not torch.equal(z[:, 0], z[:, 1]), "Each number of z needs noise of its own."
recon.sum().backward()
for name, weight in vae.named_parameters():
    assert weight.grad is not None and weight.grad.any(), f"No gradient reaches {name}."
vae.zero_grad()
print("vae-model: mu", tuple(mu.shape), "and logvar", tuple(logvar.shape))

# %% [markdown] lang="en"
# ## 3. A loss that knows where it may look
#
# The loss has two parts. **Reconstruction**: for each user the mean squared error over the items that this user rated,
# then the mean over the $B$ users of the batch,
#
# $$L_{\text{recon}} = \frac1B \sum_u \frac{\sum_i m_{ui} (\hat x_{ui} - x_{ui})^2}{\sum_i m_{ui} + 10^{-8}} ,$$
#
# with the rows $x$, their reconstructions $\hat x$ and the mask $m$, all of shape $(B, \text{items})$; the fraction is one number
# a user, shape $(B,)$. The tiny constant saves a user without ratings from a division by zero. **KL divergence**: how far the
# cloud of a user is from a standard normal one, summed over the 50 dimensions $d$, then the mean over users,
#
# $$L_{\text{KL}} = \frac1B \sum_u -\tfrac12 \sum_d \left(1 + \log\sigma_{ud}^2 - \mu_{ud}^2 - \sigma_{ud}^2\right),$$
#
# with $\mu$ and $\log\sigma^2$ of shape $(B, 50)$. The total is $L_{\text{recon}} + \beta L_{\text{KL}}$ with the number
# $\beta = 0.001$: so small, since the first part is a mean and the second a sum of 50, which would otherwise pull all users
# onto one cloud. What the mask does, for one user:

# %% [markdown] lang="ko" of="230ec6e2"
# ## 3. 어디를 보아도 되는지 아는 손실
#
# 손실은 두 부분으로 이루어집니다. **재구성(reconstruction) 오차**는 사용자마다 그가 평점을 매긴 영화에서 평균 제곱 오차를 구한 다음, 배치에
# 있는 사용자 $B$명에 대해 평균한 것입니다.
#
# $$L_{\text{recon}} = \frac1B \sum_u \frac{\sum_i m_{ui} (\hat x_{ui} - x_{ui})^2}{\sum_i m_{ui} + 10^{-8}} ,$$
#
# 평점 행 $x$, 그것을 재구성한 $\hat x$, 마스크 $m$의 모양은 모두 $(B, \text{영화 수})$이고, 분수는 사용자마다 숫자 하나이므로 모양이
# $(B,)$입니다. 아주 작은 상수는 평점이 없는 사용자가 있어도 0으로 나누지 않게 해 줍니다. **KL 발산(KL divergence)** 은 사용자의 구름이 표준
# 정규분포에서 얼마나 떨어져 있는지를 50개 차원 $d$에 대해 더한 다음, 사용자에 대해 평균한 것입니다.
#
# $$L_{\text{KL}} = \frac1B \sum_u -\tfrac12 \sum_d \left(1 + \log\sigma_{ud}^2 - \mu_{ud}^2 - \sigma_{ud}^2\right),$$
#
# $\mu$와 $\log\sigma^2$의 모양은 $(B, 50)$입니다. 전체 손실은 $L_{\text{recon}} + \beta L_{\text{KL}}$이며 $\beta = 0.001$은 숫자
# 하나입니다. 이렇게 작은 까닭은 첫째 부분은 평균이고 둘째 부분은 50개의 합이어서, 그대로 더하면 모든 사용자를 한 구름으로 끌어당기기 때문입니다.
# 마스크가 하는 일을 사용자 한 명으로 봅시다.

# %%
x = torch.tensor([[5.0, 0.0, 3.0, 0.0]])
guess = torch.tensor([[4.0, 4.0, 4.0, 4.0]])
seen = torch.tensor([[1.0, 0.0, 1.0, 0.0]])
print("with mask:   ", ((guess - x) ** 2 * seen).sum().item() / seen.sum().item())
print("without mask:", ((guess - x) ** 2).mean().item())

# %% [markdown] lang="en"
# With the mask the guess 4 is off by one star on each of two films, so the error is 1. Without it the two gaps count as ratings of
# zero, and the error is 8.5.

# %% [markdown] lang="ko" of="9b641afb"
# 마스크를 쓰면, 4라는 추측은 두 영화에서 각각 1점씩 빗나갔으므로 오차가 1입니다. 마스크가 없으면 결측값 두 개가 0점짜리 평점으로 계산되어
# 오차가 8.5가 됩니다.

# %%
fig, ax = plt.subplots(figsize=(7, 3))
error = ((guess - x) ** 2)[0]
bars = ax.bar(
    range(4),
    error.tolist(),
    color=["0.3" if counts else "white" for counts in seen[0]],
    edgecolor="black",
)
for bar, counts in zip(bars, seen[0]):
    bar.set_hatch("" if counts else "//")
    ax.text(
        bar.get_x() + bar.get_width() / 2,
        bar.get_height() + 0.4,
        "counts" if counts else "masked out",
        ha="center",
    )
ax.set(
    title="Squared error of the guess 4: what the mask lets through",
    xlabel="item index",
    ylabel="squared error (stars²)",
    xticks=range(4),
    ylim=(0, 20),
)
plt.show()

# %% [markdown] lang="en"
# *Picture.* Four bars of squared error, one an item. Items 0 and 2: filled bars of height 1, labelled "counts". Items 1 and 3: hatched
# bars of height 16, labelled "masked out".
#
# > **Common mistake.** A forgotten mask. Nothing breaks and the loss even falls, but it falls because the network learns to answer
# > zero: in a row nearly all cells are gaps, and they would pull every prediction towards zero stars.
#
# **Exercise `vae-loss`.** Average the errors of the users (`per_user_mse`), and hand the two parts back for
# printing only: `detach()` gives the same number without its gradient, so that nobody trains on it by accident. (The first
# `Adam` of a session takes some seconds: torch loads its compiler.)
#
# <details><summary>Hint</summary>
#
# 1. The line above the blank has just computed one number a user, shape (B,). What is to be averaged?
# 2. The total must keep its gradient, the reconstruction part must lose it. The exercise names the method.
# 3. The same method for the KL part.
#
# </details>

# %% [markdown] lang="ko" of="3d89c87f"
# *그림.* 영화마다 하나씩, 제곱 오차를 나타내는 막대 네 개입니다. 0번과 2번은 높이 1의 채운 막대로 "counts"(센다)라고 적혀 있고, 1번과 3번은
# 높이 16의 빗금 막대로 "masked out"(가린다)이라고 적혀 있습니다.
#
# > **흔한 실수.** 마스크를 잊는 일입니다. 오류도 나지 않고 손실도 줄어들지만, 신경망이 0이라고 답하는 법을 배워서 줄어드는 것입니다. 한 행에서
# > 거의 모든 칸이 결측값이므로, 이 칸들이 모든 예측을 0점 쪽으로 끌어당깁니다.
#
# **실습 `vae-loss`.** 사용자별 오차(`per_user_mse`)를 평균하고, 두 부분은 출력용으로만 돌려주세요. `detach()`는 기울기(gradient)를 떼어 낸
# 같은 숫자를 주므로, 누군가 실수로 그것을 학습에 쓰는 일이 없습니다. (처음 만드는 `Adam`은 몇 초 걸립니다. torch가 컴파일러를 불러오기
# 때문입니다.)
#
# <details><summary>힌트</summary>
#
# 1. 빈칸 바로 윗줄에서 사용자마다 숫자 하나, 모양 (B,)을 계산했습니다. 무엇을 평균해야 합니까?
# 2. 전체 손실에는 기울기가 남아 있어야 하고, 재구성 부분에서는 없어져야 합니다. 실습 설명에 그 메서드가 나옵니다.
# 3. KL 부분에도 같은 메서드를 씁니다.
#
# </details>


# %% blank="vae-loss" mask="per_user_mse@2 detach detach"
def vae_loss(recon_x, x, mu, logvar, mask, beta=0.001):
    """Total loss and its two parts: masked reconstruction and KL, means over the users of the batch."""
    squared_error = (recon_x - x) ** 2 * mask  # (B, items)
    per_user_mse = squared_error.sum(dim=1) / (mask.sum(dim=1) + 1e-8)  # (B,)
    recon_loss = per_user_mse.mean()
    kl_loss = (-0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(dim=1)).mean()
    return recon_loss + beta * kl_loss, recon_loss.detach(), kl_loss.detach()


optimizer_vae = torch.optim.Adam(vae.parameters(), lr=0.001, weight_decay=1e-6, fused=True)

# %% check="vae-loss" points=4 nbval=true
# A gap never counts; the total is reconstruction + beta KL and carries a gradient, the parts carry none.
assert {"vae_loss", "optimizer_vae"} <= globals().keys(), (
    "Fill the blanks above and run that cell first."
)
needs("any isinstance len list print tuple zip")
x = torch.tensor([[5.0, 0, 3, 0], [0, 2, 0, 0], [0, 0, 0, 0]])  # the third user rated nothing
guess, seen = torch.full((3, 4), 4.0, requires_grad=True), (x > 0).float()
mu, logvar = (torch.full((3, 50), start, requires_grad=True) for start in (1.0, 1.386))
for beta, extra in ((0.001, {}), (2.0, {"beta": 2.0})):
    answer = vae_loss(guess, x, mu, logvar, seen, **extra)
    assert isinstance(answer, (tuple, list)) and len(answer) == 3, (
        "vae_loss should return three numbers: the total and its two parts."
    )
    total, recon_part, kl_part = (torch.as_tensor(part) for part in answer)
    assert total.shape == recon_part.shape == kl_part.shape == (), (
        "Each part should be one number, not one per user: look at the means."
    )
    assert (recon_part - (1 + 4 + 0) / 3).abs() < 1e-3, (
        "The mean errors of these users are 1, 4 and 0: look at what recon_loss averages."
    )
    assert (kl_part - 65.3).abs() < 0.1, "The KL of this cloud is 65.3: compare with the formula."
    assert (total - recon_part - beta * kl_part).abs() < 1e-3, "The total is recon + beta KL."
    assert total.requires_grad and not recon_part.requires_grad and not kl_part.requires_grad, (
        "Only the total keeps its gradient: look at the last line."
    )
slopes = torch.autograd.grad(total, (guess, mu, logvar), allow_unused=True)
for name, slope in zip(("recon_x", "mu", "logvar"), slopes):
    assert slope is not None and slope.any(), f"No gradient of the total reaches {name}."
held = [weight for group in optimizer_vae.param_groups for weight in group["params"]]
for name, weight in vae.named_parameters():
    assert any(weight is own for own in held), f"optimizer_vae does not hold {name} of vae."
adam = torch.optim.Adam([torch.zeros(1)], lr=0.001, weight_decay=1e-6)
for group in optimizer_vae.param_groups:
    for name in ("lr", "weight_decay", "betas", "eps", "maximize"):
        assert name in group, "optimizer_vae should be Adam."
        got, expected = torch.as_tensor(group[name]), torch.as_tensor(adam.defaults[name])
        assert torch.equal(got.float(), expected.float()), f"optimizer_vae has another {name}."
print("vae-loss: only rated cells count; the parts carry no gradient.")

# %% [markdown] lang="en"
# ## 4. Train
#
# When we predict, we want the centre of the cloud and no jitter: $z = \mu$. `get_vae_predictions` does that for all users,
# 128 at a time; `evaluate_vae_rmse` compares the predictions with the ratings of a table. Both read `R_train`: the network
# may look at what users said in the training part, never at the ratings it is scored on. `vae.eval()` switches dropout and batch
# normalisation off; this network has neither, so here it is a habit that does no harm.
#
# > **Common mistake.** Sampling at evaluation. Whoever predicts with `vae(rows)` gets $z$ drawn anew: another answer at every call,
# > a worse one on average, and an early stop that follows the luck of the draw.

# %% [markdown] lang="ko" of="5df67f3b"
# ## 4. 학습
#
# 예측할 때에는 흔들림 없이 구름의 중심을 씁니다. 곧 $z = \mu$입니다. `get_vae_predictions`는 사용자를 128명씩 묶어 모든 사용자를 이렇게
# 예측하고, `evaluate_vae_rmse`는 예측값을 표에 있는 평점과 비교합니다. 둘 다 `R_train`을 읽습니다. 신경망은 사용자가 학습 데이터에서 한
# 말만 볼 수 있고, 평가에 쓰는 평점은 결코 볼 수 없습니다. `vae.eval()`은 드롭아웃(dropout)과 배치 정규화(batch normalisation)를 끕니다. 이
# 신경망에는 둘 다 없으므로 여기에서는 해롭지 않은 습관일 뿐입니다.
#
# > **흔한 실수.** 평가할 때 표본을 뽑는 일입니다. `vae(rows)`로 예측하면 $z$를 새로 뽑으므로, 부를 때마다 답이 달라지고 평균적으로 더 나쁘며,
# > 조기 종료(early stopping)도 뽑기 운을 따라갑니다.


# %%
@torch.no_grad()
def get_vae_predictions(vae, R_input):
    """Predicted stars for every user and item, (users, items), with z = mu."""
    vae.eval()
    rows = [vae.decode(vae.encode(batch.to(device))[0]).cpu() for batch in R_input.split(128)]
    return torch.cat(rows)  # (users, items)


def evaluate_vae_rmse(vae, R_input, df_eval):
    """RMSE of the clamped predictions on the ratings of df_eval, in stars."""
    predicted = get_vae_predictions(vae, R_input).clamp(1, 5).numpy()
    error = predicted[df_eval["user_idx"], df_eval["item_idx"]] - df_eval["rating"].to_numpy()
    return float(np.sqrt(np.mean(error**2)))


# %% [markdown] lang="en"
# **Exercise `vae-train`.** Write the step for one batch: reconstruct `rows` with `vae`, compute the three values of
# `vae_loss`, then clear, compute and apply the gradients, with `optimizer_vae` this time. `loss` is the total.
#
# <details><summary>Hint</summary>
#
# 1. Calling `vae` on the rows returns three things, as the last line of `forward` says.
# 2. `vae_loss` takes five arguments, in the order of its first line, and returns three numbers; the first is the one to train on.
# 3. Then the three calls of lesson 2: clear, send back, step.
#
# </details>

# %% [markdown] lang="ko" of="17d745a2"
# **실습 `vae-train`.** 배치 하나에 대한 한 걸음을 작성하세요. `vae`로 `rows`를 재구성하고, `vae_loss`의 세 값을 계산하고, 이번에는
# `optimizer_vae`로 기울기를 지우고, 계산하고, 적용합니다. `loss`는 전체 손실입니다.
#
# <details><summary>힌트</summary>
#
# 1. `rows`를 주고 `vae`를 부르면 `forward`의 마지막 줄처럼 세 가지가 나옵니다.
# 2. `vae_loss`는 첫 줄에 적힌 순서대로 인수 다섯 개를 받아 숫자 세 개를 돌려줍니다. 학습에 쓰는 것은 첫째입니다.
# 3. 그다음은 2강의 호출 세 개입니다. 지우고, 거꾸로 보내고, 옮깁니다.
#
# </details>


# %% blank="vae-train"
def train_vae_epoch():
    """One pass over the users; returns the means of loss, reconstruction and KL, (3,)."""
    vae.train()
    losses = []
    for rows, mask in train_user_loader:
        rows, mask = rows.to(device), mask.to(device)  # (B, items), (B, items)
        ### BEGIN SOLUTION
        recon, mu, logvar = vae(rows)
        loss, recon_loss, kl_loss = vae_loss(recon, rows, mu, logvar, mask)
        optimizer_vae.zero_grad()
        loss.backward()
        optimizer_vae.step()
        ### END SOLUTION
        losses.append([loss.item(), recon_loss.item(), kl_loss.item()])
    return np.mean(losses, axis=0)  # (3,)


# %% [markdown] lang="en"
# The epochs run as in lesson 2, in a cell that is given: the best weights by *validation* RMSE are kept, and the test ratings are looked
# at once, at the end. Here the two detached parts are of use: `train_curve` keeps them beside the loss.

# %% [markdown] lang="ko" of="8ecd7766"
# 에포크(epoch)를 반복하는 셀은 2강과 같으며 미리 작성되어 있습니다. *검증* RMSE가 가장 좋았던 가중치를 남기고, 시험 평점은 마지막에 한 번만
# 봅니다. 떼어 낸 두 부분은 여기에서 쓰입니다. `train_curve`에 손실과 함께 기록됩니다.

# %% nbval=false
n_epochs, patience = 50, 8
best_val, best_epoch, best_state = float("inf"), 0, None
train_curve, val_curve = [], []
for epoch in tqdm(range(1, n_epochs + 1), desc="VAE", leave=False, file=sys.stdout):
    train_curve.append(train_vae_epoch())
    val_rmse = evaluate_vae_rmse(vae, R_train, val_df)
    val_curve.append(val_rmse)
    if val_rmse < best_val:
        best_val, best_epoch = val_rmse, epoch
        best_state = {name: value.clone() for name, value in vae.state_dict().items()}
    elif epoch - best_epoch >= patience:
        break

vae.load_state_dict(best_state)
test_rmse = evaluate_vae_rmse(vae, R_train, test_df)

# %% check="vae-train" points=6 nbval=true
# The network is back at its best epoch, its numbers are true, and it beats saying the mean to everyone.
assert {"train_curve", "val_curve", "best_val", "best_epoch", "test_rmse"} <= globals().keys(), (
    "Fill the blanks above and run both cells first, to their end."
)
needs("abs int len map min print")
predicted, again = (torch.as_tensor(get_vae_predictions(vae, R_train)) for _ in (1, 2))
assert torch.allclose(predicted, again, atol=1e-3), "Predict with z = mu: no draw, one answer."
for name, part, rmse in (("best_val", val_df, best_val), ("test_rmse", test_df, test_rmse)):
    stars = predicted.clamp(1, 5).numpy()[part["user_idx"], part["item_idx"]]
    assert abs(((stars - part["rating"]) ** 2).mean() ** 0.5 - rmse) < 3e-4, (
        f"{name} is not the RMSE of the network as it stands: are the best weights back?"
    )
assert len(train_curve) == len(val_curve) >= best_epoch >= 1, "One entry per epoch, from 1."
assert val_curve[int(best_epoch) - 1] - min(val_curve) < 3e-4, (
    "best_epoch is not the epoch with the lowest validation RMSE."
)
assert abs(val_curve[int(best_epoch) - 1] - best_val) < 3e-4, "best_val is not in val_curve."
for loss, *parts in map(np.atleast_1d, train_curve):
    assert not parts or abs(loss - parts[0] - 0.001 * parts[1]) < 1e-3, (
        "The loss is not reconstruction + 0.001 KL: look at what goes into vae_loss, and at `loss`."
    )
loss = np.ravel(train_curve[int(best_epoch) - 1])[0]
assert best_val**2 / 8 < loss < 8 * best_val**2, "train_curve should hold mean losses."
mean_rmse = ((val_df["rating"] - train_df["rating"].mean()) ** 2).mean() ** 0.5
assert best_val < 0.95 * mean_rmse, (
    "The network hardly beats the mean: look at the order of the calls in the step."
)
print("vae-train: the best epoch is back, and the network beats the mean.")

# %%
print(f"best validation RMSE {best_val:.4f} at epoch {best_epoch}, test RMSE {test_rmse:.4f}")
curves = pd.DataFrame(train_curve, index=range(1, len(val_curve) + 1))  # (epochs, 3)
curves = curves.rename(columns={0: "loss", 1: "reconstruction", 2: "KL"})
curves.assign(**{"validation RMSE": val_curve}).round(4)

# %% [markdown] lang="en"
# Read it from top to bottom: the reconstruction falls all the way; the KL part falls at first, and grows again as the clouds of
# the users move apart; the validation RMSE falls and turns. It took the network many more epochs than MF to its best, and its RMSE is higher. We come back
# to that in section 6.

# %% [markdown] lang="ko" of="e0c4c93c"
# 위에서 아래로 읽어 보세요. 재구성 오차는 끝까지 줄어듭니다. KL 부분은 처음에 줄어들다가 사용자들의 구름이 서로 멀어지면서 다시 커집니다. 검증
# RMSE는 내려가다가 다시 올라갑니다. 가장 좋은 에포크까지 MF보다 훨씬 오래 걸렸고 RMSE도 더 높습니다. 이 이야기는 6절에서 다시 합니다.

# %%
fig, ax = plt.subplots(figsize=(7, 3.6))
ax.plot(np.sqrt(curves["loss"]), "--", color="0.5", label="train (root of the mean loss)")
ax.plot(curves.index, val_curve, "o-", color="black", markersize=3, label="validation")
ax.axvline(best_epoch, color="0.6", linestyle=":", label=f"best epoch ({best_epoch})")
ax.set(
    title="The VAE needs more epochs than MF, and overfits as well",
    xlabel="epoch",
    ylabel="RMSE (stars)",
)
ax.legend(framealpha=1)
plt.show()

# %% [markdown] lang="en"
# *Picture.* Two curves against epoch. The dashed one, the root of the training loss, falls all the way. The solid one with dots, the
# validation RMSE, falls steeply at first, flattens, is lowest at a dotted vertical line that marks the best epoch, and rises a little
# after it.
#
# The network starts far away, since it has to learn even the mean from nothing. It takes many epochs to its best, and
# then the validation error turns up here too.
#
# ## 5. Complete the matrix
#
# **Exercise `vae-complete`.** Predict everything from `R_train` with the function of section 4, clamp to 1 to 5, turn the tensor
# into an array (`numpy()`), label it as `R_pred_df`, and apply the rule: where a user gave a rating, keep it; only a gap takes the
# prediction.
#
# <details><summary>Hint</summary>
#
# 1. Which function of section 4 takes the network and a matrix and predicts with $z = \mu$? It is the one that `evaluate_vae_rmse` calls.
# 2. The method that turns a tensor into an array has the name of the library of arrays; the exercise shows it with its brackets.
# 3. `where` takes the labelled table of predictions, made two lines above, not the bare array.
#
# </details>

# %% [markdown] lang="ko" of="93531d40"
# *그림.* 에포크에 따른 곡선 두 개입니다. 점선은 학습 손실의 제곱근으로, 끝까지 내려갑니다. 점이 찍힌 실선은 검증 RMSE로, 처음에 가파르게
# 내려가다가 완만해지고, 가장 좋은 에포크를 나타내는 세로 점선에서 가장 낮으며 그 뒤로 조금 올라갑니다.
#
# 신경망은 평균조차 처음부터 배워야 하므로 먼 곳에서 출발합니다. 가장 좋아지기까지 여러 에포크가 걸리고, 그 뒤로는 여기에서도 검증 오차가
# 올라갑니다.
#
# ## 5. 행렬을 완성하기
#
# **실습 `vae-complete`.** 4절의 함수로 `R_train`에서 모든 칸을 예측하고, 1점에서 5점까지로 자르고(clamp), 텐서를 배열로
# 바꾸고(`numpy()`), 이름표를 붙여 `R_pred_df`로 만든 다음 규칙을 적용하세요. 사용자가 매긴 평점은 그대로 두고, 결측값만 예측값으로 채웁니다.
#
# <details><summary>힌트</summary>
#
# 1. 4절의 어느 함수가 신경망과 행렬을 받아 $z = \mu$로 예측합니까? `evaluate_vae_rmse`가 부르는 함수입니다.
# 2. 텐서를 배열로 바꾸는 메서드는 배열 라이브러리와 이름이 같습니다. 실습 설명에 괄호와 함께 나옵니다.
# 3. `where`에는 이름표 없는 배열이 아니라, 두 줄 위에서 이름표를 붙인 예측 표를 줍니다.
#
# </details>

# %% blank="vae-complete" mask="get_vae_predictions numpy R_pred_df@2"
R_pred = get_vae_predictions(vae, R_train).clamp(1, 5)  # (users, items)
R_pred_np = R_pred.numpy()
R_pred_df = pd.DataFrame(R_pred_np, index=user_ids, columns=movie_ids)
R_sparse_full = ratings.pivot_table(values="rating", index="userId", columns="movieId")
completed_vae = R_sparse_full.where(~R_sparse_full.isna(), R_pred_df)

# %% check="vae-complete" points=4 nbval=true
# Observed ratings stay, gaps take the clamped prediction of the network as it stands; ids are the labels.
assert {"R_pred", "R_pred_np", "R_pred_df", "completed_vae"} <= globals().keys(), (
    "Fill the blanks above and run that cell first."
)
needs("abs isinstance list print")
assert isinstance(R_pred_np, np.ndarray), (
    "R_pred_np should be an array: look at how a tensor becomes one."
)
for table in (R_pred_df, completed_vae):
    assert table.shape == (num_users, num_items), "Both tables should be users by items."
    assert list(table.index) == user_ids and list(table.columns) == movie_ids, (
        "User ids should label the rows of both tables, movie ids the columns."
    )
assert R_pred_np.min() >= 1 and R_pred_np.max() <= 5, (
    "Predictions must lie in 1 to 5: look at `clamp`."
)
for part in (train_df, val_df):
    stars = np.asarray(R_pred_np)[part["user_idx"], part["item_idx"]]
    rmse = ((stars - part["rating"]) ** 2).mean() ** 0.5
    assert abs(rmse - evaluate_vae_rmse(vae, R_train, part)) < 3e-4, (
        "R_pred_np does not score as the network does: are these its predictions from R_train?"
    )
assert np.allclose(R_pred_df, R_pred_np, atol=1e-3), "R_pred_df should hold R_pred_np."
assert not completed_vae.isna().any(axis=None), "Gaps are left: look at what fills them."
kept, filled = R_sparse_full.notna().to_numpy(), completed_vae.to_numpy()
assert (filled[kept] == R_sparse_full.to_numpy()[kept]).all(), (
    "An observed rating has changed: look at `where`."
)
assert np.allclose(filled[~kept], R_pred_df.to_numpy()[~kept], atol=1e-3), (
    "A gap holds something else than its prediction: look at `where`."
)
print("vae-complete: every rating kept, every gap filled.")

# %%
tables = {"original": R_sparse_full, "predicted": R_pred_df, "completed": completed_vae}
pd.concat({name: table.iloc[:5, :5].round(2) for name, table in tables.items()}, axis=1)

# %% [markdown] lang="en"
# The upper left corner, three times. The network predicts every cell, those with a rating too; in the completed matrix the ratings
# are back, and only the gaps took the prediction. What would the network show the first user? The ten highest predictions among
# films not yet rated, by title:

# %% [markdown] lang="ko" of="0b5d6170"
# 왼쪽 위 모서리를 세 번 나란히 놓았습니다. 신경망은 평점이 있는 칸까지 모든 칸을 예측합니다. 완성한 행렬에는 평점이 돌아와 있고, 결측값만 예측값으로
# 채워졌습니다. 신경망은 첫 번째 사용자에게 무엇을 보여 줄까요? 아직 평점을 매기지 않은 영화 가운데 예측값이 가장 높은 열 편의 제목입니다.

# %%
unseen = R_sparse_full.loc[user_ids[0]].isna()
best = R_pred_df.loc[user_ids[0]][unseen].nlargest(10)
pd.DataFrame(
    {"title": movies.set_index("movieId")["title"].loc[best.index], "score": best.round(2)}
)

# %% [markdown] lang="en"
# Several scores stand at exactly 5: they were higher and were clamped. Look the titles up and you will find that many of them
# have only a handful of ratings. Nothing holds this network back where it knows little, as shrunken biases do.
#
# ## 6. Who won?
#
# All models of this course on the same split, each fitted to the training part alone. **Global mean** says one number to everyone.
# **Item mean** is the mean of each film, shrunk as if one more user had given it the global mean, the same formula as in lesson 2.
# **Bias only** is $\mu + b_u + b_i$ with shrunken biases. The **SVD** is that of
# lesson 1 on the whole matrix, its gaps filled with item means, rank 10; **MF** is that of lesson 2, stopped after two epochs.
# Each function below takes the training matrix $R$ and its mask, both (users, items), and returns predictions of that shape.

# %% [markdown] lang="ko" of="82418ace"
# 점수 몇 개가 정확히 5입니다. 5보다 높게 나와서 잘린 것입니다. 제목을 찾아보면 평점이 몇 개뿐인 영화가 많습니다. 당겨진(shrunken) 편향과
# 달리, 이 신경망에는 아는 것이 적을 때 조심하게 만드는 장치가 없습니다.
#
# ## 6. 누가 이겼는가
#
# 이 강의에 나온 모든 모델을 같은 분할에서 비교합니다. 모두 학습 데이터에만 맞춥니다. **전체 평균(global mean)** 은 누구에게나 같은 숫자를
# 답합니다. **영화 평균(item mean)** 은 영화마다의 평균을, 사용자 한 명이 전체 평균을 더 준 것처럼 조금 당긴 값이며 2강과 같은 식입니다.
# **편향만(bias only)** 은 당겨진 편향으로 만든 $\mu + b_u + b_i$입니다. **SVD**는 1강의 방법을 행렬 전체에 쓴 것으로, 결측값을 영화 평균으로
# 채우고 랭크 10을 남깁니다. **MF**는 2강의 모델을 두 에포크에서 멈춘 것입니다. 아래의 함수는 모두 학습 행렬 $R$과 마스크를 받으며, 모양은 둘 다
# (사용자 수, 영화 수)이고, 같은 모양의 예측값을 돌려줍니다.


# %%
def item_mean(R, mask):
    """The mean of each item, shrunk towards the mean of all as if one mean rating had been seen, (users, items)."""
    mu = R.sum() / mask.sum()
    means = (R.sum(axis=0) + mu) / (mask.sum(axis=0) + 1)  # (items,)
    return np.repeat(means[None, :], len(R), axis=0)


def bias_only(R, mask, reg_user=15.0, reg_item=10.0):
    """mu + b_u + b_i with shrunken biases, fitted by turns, (users, items)."""
    mu = R.sum() / mask.sum()
    b_user, b_item = np.zeros((len(R), 1)), np.zeros((1, R.shape[1]))
    for _ in range(10):
        b_item = (mask * (R - mu - b_user)).sum(axis=0, keepdims=True) / (
            mask.sum(axis=0, keepdims=True) + reg_item
        )
        b_user = (mask * (R - mu - b_item)).sum(axis=1, keepdims=True) / (
            mask.sum(axis=1, keepdims=True) + reg_user
        )
    return mu + b_user + b_item


# %%
def mean_filled_svd(R, mask, k=10):
    """Rank-k SVD of the matrix with its gaps filled by item means, (users, items)."""
    filled = torch.tensor(np.where(mask == 1, R, item_mean(R, mask)))
    U, S, V = torch.svd_lowrank(filled, q=2 * k, niter=4)
    return ((U[:, :k] * S[:k]) @ V[:, :k].T).numpy()


def mf(R, mask, n_factors=100, n_epochs=2, weight_decay=1e-5):
    """The biased MF of lesson 2, in short, (users, items)."""
    users, items = (torch.tensor(index) for index in mask.nonzero())  # (n,), (n,)
    stars = torch.tensor(R[mask == 1], dtype=torch.float32)  # (n,)
    P, Q = 0.01 * torch.randn(len(R), n_factors), 0.01 * torch.randn(R.shape[1], n_factors)
    parameters = [P, Q, torch.zeros(len(R)), torch.zeros(R.shape[1]), stars.mean()]
    P, Q, b_u, b_i, mu = (parameter.requires_grad_() for parameter in parameters)
    optimizer = torch.optim.Adam(parameters, lr=0.005, weight_decay=weight_decay, fused=True)
    for batch in (b for _ in range(n_epochs) for b in torch.randperm(len(stars)).split(1024)):
        u, i = users[batch], items[batch]
        loss = ((mu + b_u[u] + b_i[i] + (P[u] * Q[i]).sum(dim=1) - stars[batch]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return (mu + b_u[:, None] + b_i[None, :] + P @ Q.T).detach().numpy()


# %%
R_array, mask_array = R_train.double().numpy(), mask_train.double().numpy()


def test_score(predicted):
    """RMSE of a matrix of predictions on the test ratings, in stars."""
    error = (
        np.clip(predicted, 1, 5)[test_df["user_idx"], test_df["item_idx"]]
        - test_df["rating"].to_numpy()
    )
    return float(np.sqrt(np.mean(error**2)))


scores = {
    "global mean": test_score(np.full(R_array.shape, train_df["rating"].mean())),
    "item mean": test_score(item_mean(R_array, mask_array)),
    "bias only": test_score(bias_only(R_array, mask_array)),
    "SVD, rank 10": test_score(mean_filled_svd(R_array, mask_array)),
    "MF": test_score(mf(R_array, mask_array)),
    "VAE": test_rmse,
}

# %%
fig, ax = plt.subplots(figsize=(7, 3.2))
names = [f"{name}  {score:.3f}" for name, score in scores.items()]
ax.barh(names, list(scores.values()), color=["0.85", "0.75", "0.65", "0.55", "0.4", "0.25"])
ax.axvline(scores["bias only"], color="black", linestyle=":", label="bias only")
ax.set(title="Test RMSE of every model (shorter is better)", xlabel="RMSE (stars)", xlim=(0.8, 1.2))
ax.legend(loc="lower right")
ax.invert_yaxis()
plt.show()

# %% [markdown] lang="en"
# *Picture.* Six horizontal bars, each with its test RMSE beside its name, from top to bottom: global mean, item mean, bias only, SVD of
# rank 10, MF, VAE. A dotted vertical line marks bias only. Only the bar of MF ends left of it; those of SVD and VAE end right of it.
#
# The most elaborate model did not win. (The axis begins at 0.8: compare the ends of the bars, not their lengths.) Is it that the SVD had
# the wrong rank? Try several, and other ways to fill the gaps.
#
# > **Common mistake.** To try six ranks on the test ratings and report the best is to look at the test set six times. The rank is
# > therefore chosen on the *validation* ratings, and the test ratings are asked once for each filling.

# %% [markdown] lang="ko" of="82e54625"
# *그림.* 가로 막대 여섯 개이며 이름 옆에 시험 RMSE가 적혀 있습니다. 위에서부터 전체 평균(global mean), 영화 평균(item mean), 편향만(bias
# only), 랭크 10의 SVD, MF, VAE입니다. 세로 점선은 편향만 쓴 모델의 위치입니다. MF의 막대만 이 선 왼쪽에서 끝나고, SVD와 VAE는 오른쪽에서
# 끝납니다.
#
# 가장 정교한 모델이 이기지 못했습니다. (축이 0.8에서 시작하므로 막대의 길이가 아니라 끝을 비교하세요.) SVD는 랭크를 잘못 골라서 졌을까요?
# 여러 랭크와 다른 채우기 방법을 시험해 봅시다.
#
# > **흔한 실수.** 랭크 여섯 개를 시험 평점으로 시험해 보고 가장 좋은 것을 보고하면, 시험 데이터를 여섯 번 보는 셈입니다. 그래서 랭크는 *검증*
# > 평점으로 고르고, 시험 평점은 채우기 방법마다 한 번씩만 봅니다.

# %%
ranks = [1, 2, 5, 10, 20, 40]
fillings = {
    "global mean": np.full(R_array.shape, train_df["rating"].mean()),
    "item mean": item_mean(R_array, mask_array),
    "bias only": bias_only(R_array, mask_array),
}


def val_score(predicted):
    """RMSE of a matrix of predictions on the validation ratings, in stars."""
    places = val_df["user_idx"], val_df["item_idx"]
    return float(np.sqrt(np.mean((np.clip(predicted, 1, 5)[places] - val_df["rating"]) ** 2)))


svd_curves, svd_scores = {}, {}
for name, filling in fillings.items():
    filled = torch.tensor(np.where(mask_array == 1, R_array, filling))  # (users, items)
    U, S, V = torch.svd_lowrank(filled, q=2 * max(ranks), niter=4)  # the largest ones are enough
    rebuilt = {k: ((U[:, :k] * S[:k]) @ V[:, :k].T).numpy() for k in ranks}
    svd_curves[name] = [val_score(rebuilt[k]) for k in ranks]
    best_rank = ranks[int(np.argmin(svd_curves[name]))]
    svd_scores[f"SVD on {name}, rank {best_rank}"] = test_score(rebuilt[best_rank])

# %%
fig, ax = plt.subplots(figsize=(7, 3.6))
for (name, curve), style in zip(svd_curves.items(), ("o-", "s--", "^-.")):
    ax.plot(ranks, curve, style, color="black", label=f"SVD, gaps filled with {name}")
ax.axhline(val_score(fillings["bias only"]), color="0.5", linestyle=":", label="bias only, no SVD")
ax.set(
    title="The filling matters more than the rank",
    xlabel="rank k (log scale)",
    ylabel="validation RMSE (stars)",
    xscale="log",
)
ax.set_xticks(ranks, ranks)
ax.minorticks_off()
ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1))
plt.show()

# %% [markdown] lang="en"
# *Picture.* Validation RMSE against rank, on a logarithmic axis, for three fillings: circles with a solid line for the global mean on
# top, squares with a dashed line for the item mean in the middle, triangles with a dash-dotted line for bias only at the bottom. Each
# curve falls to a shallow lowest point at a middle rank and rises again. A dotted horizontal line marks bias only without SVD; only the
# triangles go below it.
#
# Too small a rank cannot say enough, too large a one rebuilds the filling: lesson 1, now measured on ratings that were held out. But
# between the best and the worst rank of a curve lies less than between two curves. What the gaps were filled with *before* the SVD
# matters more than the rank. All models in one table, best first (the SVD
# of the chart above is the one on item means):

# %% [markdown] lang="ko" of="ad7c3878"
# *그림.* 세 가지 채우기에 대해 랭크(로그 눈금)에 따른 검증 RMSE를 그렸습니다. 맨 위의 동그라미와 실선은 전체 평균(global mean), 가운데의 네모와
# 점선은 영화 평균(item mean), 맨 아래의 세모와 일점쇄선은 편향만(bias only)으로 채운 것입니다. 곡선마다 중간 랭크에서 얕은 최저점을 지나 다시
# 올라갑니다. 가로 점선은 SVD 없이 편향만 쓴 모델이며, 세모만 그 아래로 내려갑니다.
#
# 랭크가 너무 작으면 충분히 말하지 못하고, 너무 크면 채운 값을 되살릴 뿐입니다. 1강에서 배운 것을 이번에는 따로 떼어 둔 평점으로 쟀습니다. 그런데
# 한 곡선에서 가장 좋은 랭크와 가장 나쁜 랭크의 차이보다 곡선 사이의 차이가 더 큽니다. SVD를 하기 *전에* 결측값을 무엇으로 채웠는지가 랭크보다
# 중요합니다. 모든 모델을 좋은 순서로 한 표에 모았습니다(위
# 막대그래프의 SVD는 영화 평균으로 채운 것입니다).

# %%
table = pd.DataFrame({"test RMSE": scores | svd_scores}).drop(index="SVD, rank 10")
table = table.sort_values("test RMSE")
table.assign(**{"bias only = 1": table["test RMSE"] / scores["bias only"]}).round(3)

# %% [markdown] lang="en"
# Read the last column: below 1 beats bias only, above 1 loses to a model with one number a user and one a film. What should one
# conclude?
#
# * **This VAE loses to bias only.** It has to learn from scratch what a mean is; it reads gaps as zeros, worse than the worst rating;
#   and it has about two million weights, but fewer than a thousand users to learn them from.
# * **MF beats it**, because it *contains* bias only ($b_u$, $b_i$ and $\mu$ are part of the formula) and only has to add taste.
# * **The same SVD** lands on either side of 1, depending on what its gaps were filled with.
#
# A bigger model is not a better one; what it starts from matters. What would help the VAE follows from that: let it read and
# predict what bias only *leaves over*, so that zero means "as expected"; hide some of its input at random while training, so that
# it does not learn rows by heart; give it fewer weights, or more users. Each of these is a claim that only held-out ratings can
# settle. And mind how small the differences are: another seed or another split moves such scores by some thousandths, so two models
# that close are a tie.

# %% [markdown] lang="ko" of="3510817c"
# 마지막 열을 보세요. 1보다 작으면 편향만 쓴 모델을 이긴 것이고, 1보다 크면 사용자마다 숫자 하나, 영화마다 숫자 하나뿐인 모델에 진 것입니다.
# 여기에서 무엇을 결론으로 얻어야 할까요?
#
# * **이 VAE는 편향만 쓴 모델에 집니다.** 평균이 무엇인지부터 처음부터 배워야 하고, 결측값을 가장 나쁜 평점보다도 나쁜 0점으로 읽으며, 가중치는
#   약 200만 개인데 그것을 배울 사용자는 천 명이 되지 않습니다.
# * **MF는 이깁니다.** 편향만 쓴 모델을 그 안에 *포함하고* 있어서($b_u$, $b_i$, $\mu$가 수식의 일부입니다) 취향만 더하면 되기 때문입니다.
# * **같은 SVD라도** 결측값을 무엇으로 채웠는지에 따라 1보다 작아지기도 하고 커지기도 합니다.
#
# 더 큰 모델이 더 좋은 모델은 아닙니다. 어디에서 출발하는지가 중요합니다. VAE에 무엇이 도움이 될지도 여기에서 나옵니다. 편향만 쓴 모델이
# *설명하지 못하고 남긴 것*을 읽고 예측하게 하면 0이 '예상대로'라는 뜻이 됩니다. 학습할 때 입력의 일부를 무작위로 가리면 행을 외우지 못합니다.
# 가중치를 줄이거나 사용자를 늘리는 방법도 있습니다. 어느 것이든 따로 떼어 둔 평점으로만 판가름할 수 있는 주장입니다. 그리고 차이가 얼마나
# 작은지도 눈여겨보세요. 시드(seed)나 분할이 바뀌면 이런 점수는 천분의 몇쯤 움직이므로, 그만큼 가까운 두 모델은 비긴 것으로 보아야 합니다.

# %% [markdown] lang="en"
# ## 7. A challenge (bonus)
#
# Section 6 ended with what would help. Here are two models that do beat bias only. Each takes about a second, and both are there to be
# improved:
#
# * `tuned_mf` is MF with a weight decay that was *chosen*. A choice is made on the validation ratings, as in the table below: too little
#   decay and the factors learn accidents, too much and they stay near zero.
# * `residual_autoencoder` reads and predicts what bias only **leaves over**. A gap is still 0 in its input, but 0 now means "as
#   expected". `nn.Dropout(0.5)` hides half of what a user said, another half in each batch, so that the network must guess what it does
#   not see. It draws no $z$: this is a plain autoencoder.

# %% [markdown] lang="ko" of="61c77c72"
# ## 7. 도전 과제(가산점)
#
# 6절은 무엇이 도움이 될지 짚으며 끝났습니다. 여기 편향만 쓴 모델을 실제로 이기는 모델이 둘 있습니다. 각각 1초쯤 걸리며, 둘 다 더 좋게 고쳐 보라고
# 내놓은 것입니다.
#
# * `tuned_mf`는 가중치 감쇠(weight decay)를 *골라서* 쓴 MF입니다. 고르는 일은 아래 표처럼 검증 평점으로 합니다. 감쇠가 너무 작으면 요인이
#   우연까지 배우고, 너무 크면 0 근처에 머무릅니다.
# * `residual_autoencoder`는 편향만 쓴 모델이 **설명하지 못하고 남긴 것**을 읽고 예측합니다. 입력에서 결측값은 여전히 0이지만 이제 0은
#   '예상대로'라는 뜻입니다. `nn.Dropout(0.5)`는 사용자가 매긴 것의 절반을 배치마다 다르게 가리므로, 신경망은 보지 못한 것을 짐작해야 합니다.
#   $z$를 뽑지 않는 평범한 오토인코더(autoencoder)입니다.


# %%
def tuned_mf(R, mask):
    """MF with ten times the weight decay, and one epoch more, (users, items)."""
    return mf(R, mask, n_epochs=3, weight_decay=1e-4)


def residual_autoencoder(R, mask, hidden=200, n_epochs=10):
    """Bias only, and an autoencoder for what it leaves over, (users, items)."""
    base = bias_only(R, mask)
    left = torch.tensor(mask * (R - base), dtype=torch.float32)  # (users, items), 0: as expected
    known = torch.tensor(mask, dtype=torch.float32)
    network = nn.Sequential(
        nn.Dropout(0.5),
        nn.Linear(R.shape[1], hidden),
        nn.Sigmoid(),
        nn.Linear(hidden, R.shape[1]),
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3, weight_decay=1e-4, fused=True)
    for rows in (r for _ in range(n_epochs) for r in torch.randperm(len(left)).split(64)):
        error = known[rows] * (network(left[rows]) - left[rows])  # (batch, items)
        loss = (error**2).sum() / known[rows].sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    network.eval()  # from here on nothing is hidden
    with torch.no_grad():
        return base + network(left).numpy()


# %%
decays = [1e-6, 1e-5, 1e-4, 1e-3]
by_decay = [val_score(mf(R_array, mask_array, n_epochs=3, weight_decay=decay)) for decay in decays]
pd.DataFrame({"weight decay": decays, "validation RMSE": by_decay}).round(6)

# %% [markdown] lang="en"
# A weight decay of 0.0001 gives the lowest validation RMSE, so `tuned_mf` uses it. Now that nothing is left to choose, the test ratings
# are asked, once for each model:

# %% [markdown] lang="ko" of="9f8db493"
# 검증 RMSE는 가중치 감쇠가 0.0001일 때 가장 낮으므로 `tuned_mf`는 이 값을 씁니다. 더 고를 것이 없으니 이제 시험 평점을 모델마다 한 번씩 봅니다.

# %%
starts = {
    "tuned MF": test_score(tuned_mf(R_array, mask_array)),
    "residual autoencoder": test_score(residual_autoencoder(R_array, mask_array)),
}
table = pd.DataFrame({"test RMSE": starts | {"bias only": scores["bias only"]}})
table.assign(**{"bias only = 1": table["test RMSE"] / scores["bias only"]}).round(3)

# %% [markdown] lang="en"
# Both stand below 1. The network of this lesson lost and this one wins, although it is simpler. One reason is that it starts from the
# biases instead of from nothing; which of its other differences help, only held-out ratings can tell.
#
# **Exercise `vae-challenge` (extra credit).** Beat them both. Write `challenge_predict(R, mask)`: `R` is an array
# (users, items) with stars, and 0 in the gaps, `mask` an array of the same shape with 1 where there is a rating. Return predictions for
# *every* cell, an array of the same shape, in stars. Rules:
#
# * only the two arguments are used: ratings, no titles, no outside data;
# * one thread, at most 60 seconds;
# * the grader calls your function on **other data of the same kind** and scores ratings that nobody sees. Your RMSE is divided by what
#   `tuned_mf` reaches there (the mean RMSE of ten runs): at most 0.993 earns 1 point, at most 0.9905 earns 2, at most 0.9875
#   earns 3. The two functions above come out at about 1 or more and earn nothing: a lucky run differs by some
#   thousandths. The ratio printed below, on the validation ratings of MovieLens, is a hint and no promise;
# * a leaderboard, where your class has one, shows RMSE rounded to 0.005 stars under made-up names. Equal numbers share a rank: smaller
#   differences are chance.
#
# Ideas: two models that err in different places do better together. On the split of this lesson, predictions averaged over five runs
# of `tuned_mf` had a test RMSE of about 0.899 stars, those of three autoencoders 0.907, and 0.65 of the one with 0.35 of the other
# 0.894; all eight runs take less than ten seconds. How much of each? `R` holds training ratings only, so hide some of them from your models and choose
# the weight on those.

# %% [markdown] lang="ko" of="f83317b6"
# 둘 다 1보다 작습니다. 이 강의의 신경망은 졌는데 더 단순한 이 신경망은 이겼습니다. 아무것도 없는 데서가 아니라 편향에서
# 출발하는 것도 한 가지 이유입니다. 그 밖의 차이 가운데 무엇이 도움이 되는지는 따로 떼어 둔 평점만이 말해 줄 수 있습니다.
#
# **실습 `vae-challenge`(가산점).** 두 모델을 모두 이겨 보세요. `challenge_predict(R, mask)`를 작성합니다. `R`은 별점이 적힌 (사용자 수, 영화
# 수) 배열이며 결측값 자리는 0이고, `mask`는 평점이 있는 칸에 1이 적힌 같은 모양의 배열입니다. *모든* 칸의 예측 별점을 같은 모양의 배열로
# 돌려주세요. 규칙은 다음과 같습니다.
#
# * 두 인수만 씁니다. 평점만 쓰고, 제목이나 바깥의 데이터는 쓰지 않습니다.
# * 스레드 하나로 최대 60초 안에 끝나야 합니다.
# * 채점 프로그램은 **같은 종류의 다른 데이터**로 함수를 부르고, 아무도 보지 못하는 평점으로 점수를 매깁니다. 거기에서 얻은 RMSE를 `tuned_mf`가
#   거기에서 얻는 RMSE(열 번 실행한 RMSE의 평균)로 나눕니다. 0.993 이하이면 1점, 0.9905 이하이면 2점, 0.9875 이하이면 3점입니다. 위의 두 함수는 1 안팎이거나
#   그보다 크므로 가산점이 없습니다. 운 좋은 실행이라도 천분의 몇밖에 다르지 않습니다. 아래에 출력되는 MovieLens 검증 평점에서의 비율은 힌트일
#   뿐 약속이 아닙니다.
# * 반에 순위표(leaderboard)가 있다면 RMSE를 0.005점 단위로 반올림하여 가명으로 보여 줍니다. 숫자가 같으면 순위도 같습니다. 그보다 작은 차이는
#   우연이기 때문입니다.
#
# 생각해 볼 것: 서로 다른 곳에서 틀리는 두 모델은 함께 쓰면 더 낫습니다. 이 강의의 분할에서 `tuned_mf`를 다섯 번 실행해 예측값을 평균하면
# 시험 RMSE가 약 0.899점, 오토인코더 세 개의 예측값을 평균하면 0.907점, 앞의 것 0.65와 뒤의 것 0.35를 섞으면 0.894점이었습니다. 여덟 번을 모두 실행해도 10초가 걸리지 않습니다. 얼마씩
# 섞어야 할까요? `R`에는 학습 평점만 있으므로, 그 가운데 일부를 모델에는 감추어 두고 그것으로 비중을 고르세요.


# %% blank="vae-challenge"
def challenge_predict(R, mask):
    """Predicted stars for every cell, (users, items), from ratings alone."""
    ### BEGIN SOLUTION
    factors = np.mean([tuned_mf(R, mask) for _ in range(5)], axis=0)
    return 0.65 * factors + 0.35 * residual_autoencoder(R, mask)
    ### END SOLUTION


# %% check="vae-challenge" points=0 nbval=true
# Predictions for every cell, all of them numbers, within the time limit.
assert "challenge_predict" in globals(), "Run the cell above first."
needs("print")
began = time.perf_counter()
predicted = np.asarray(challenge_predict(R_array, mask_array))
assert predicted.shape == R_array.shape, "Return one prediction for every user and item."
assert np.isfinite(predicted).all(), "Every prediction must be a number."
assert time.perf_counter() - began < 60, "The limit is 60 seconds."
print("vae-challenge: predictions for every cell, in time.")

# %%
ratio = val_score(predicted) / val_score(tuned_mf(R_array, mask_array))
print(f"challenge: {ratio:.3f} of the validation RMSE of one run of tuned MF")

# %% [markdown] lang="en"
# Below 1 is better than `tuned_mf`, but look at the last digits with caution: one run of it differs from the next by some
# thousandths. The grader measures on other data, against the mean of ten runs.
#
# ## 8. Say it in your own words
#
# **Question `vae-why` (read by a person).** What goes wrong if the loss has no mask, and why do we predict with $z = \mu$
# although we train with a random $z$? Three to five sentences.

# %% [markdown] lang="ko" of="6f8a0ec9"
# 1보다 작으면 `tuned_mf`보다 좋습니다. 다만 마지막 자리는 조심해서 보세요. 한 번 실행한 결과는 다음 번과 천분의 몇쯤 다릅니다. 채점 프로그램은
# 다른 데이터에서, 열 번 실행한 평균과 비교해 잽니다.
#
# ## 8. 자신의 말로 설명하기
#
# **문제 `vae-why`(사람이 읽고 채점합니다).** 손실에 마스크가 없으면 무엇이 잘못됩니까? 그리고 학습할 때에는 무작위로 뽑은 $z$를 쓰면서 예측할
# 때에는 왜 $z = \mu$를 씁니까? 세 문장에서 다섯 문장으로 쓰세요.

# %% [markdown] answer="vae-why" points=3 of="307ab6d4"
# <!-- en -->
# Without the mask every gap counts as a rating of zero stars. More than nine cells in ten are gaps, so the network would learn to
# answer zero nearly everywhere, and what people really said would hardly matter. In training the random z makes neighbouring
# points decode to similar rows, which keeps the network from giving every user a point of his own, learnt by heart. For a prediction the
# jitter is only noise on top of the best single description of the user, which is the centre of the cloud; it would raise
# the error and give another answer at every call.
#
# <!-- ko -->
# 마스크가 없으면 결측값이 모두 0점짜리 평점으로 계산됩니다. 열 칸 가운데 아홉 칸 넘게 결측값이므로, 신경망은 거의 모든 곳에서 0이라고 답하게
# 되고 사람들이 실제로 매긴 평점은 거의 영향을 주지 못합니다. 학습할 때 z를 무작위로 뽑으면 가까운 점들이 비슷한 행으로 복호화되므로, 신경망이
# 사용자마다 점 하나씩을 외워 두는 일을 막아 줍니다. 예측할 때의 흔들림은 사용자를 가장 잘 나타내는 하나의 값, 곧 구름의 중심에 더해진 잡음일
# 뿐입니다. 오차를 키우고, 부를 때마다 다른 답을 냅니다.
#
# <!-- marking scheme -->
# <!-- en -->
# 1 point: gaps would be learnt as zeros and dominate the loss.
# 1 point: sampling regularises training (smooth latent space, no learning by heart).
# 1 point: z = mu is the centre, without added noise, and gives the same answer each time.
#
# <!-- ko -->
# 1점: 결측값을 0으로 배우게 되고, 그것이 손실의 대부분을 차지한다.
# 1점: 표본 추출은 학습을 규제한다(매끄러운 잠재 공간, 외우지 않음).
# 1점: z = mu는 잡음이 더해지지 않은 중심이며 언제나 같은 답을 준다.

# %% [markdown] lang="en"
# ## What you take along
#
# * You laid ratings out as **matrices and masks** (section 1).
# * You built a **VAE** that encodes, samples and decodes (section 2).
# * You wrote a **loss** that ignores gaps (section 3).
# * You trained the network, **completed** the matrix (sections 4 and 5), and compared it **honestly** (section 6): it lost to a
#   model with one number a user and one a film.
#
# Knowing that, and how to find it out, is worth more than a model that won.

# %% [markdown] lang="ko" of="e9666ef0"
# ## 이 강의에서 얻은 것
#
# * 평점을 **행렬과 마스크**로 펼쳐 놓았습니다(1절).
# * 부호화하고, 표본을 뽑고, 복호화하는 **VAE**를 만들었습니다(2절).
# * 결측값을 무시하는 **손실**을 작성했습니다(3절).
# * 신경망을 학습시켜 행렬을 **완성**하고(4절과 5절), **정직하게** 비교했습니다(6절). 신경망은 사용자마다 숫자 하나, 영화마다 숫자 하나뿐인 모델에
#   졌습니다.
#
# 이 사실을 알고 그것을 알아내는 방법을 아는 것이, 이긴 모델 하나보다 더 값집니다.
