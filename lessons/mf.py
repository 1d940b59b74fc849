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
# **How to work.** Run the cells from top to bottom (Shift+Enter). In an exercise every star hides one letter of a name: type the name
# over the stars, and run the cell. Until then it stops with an error. The cell below it is its check: run it too, and it prints a line or says
# where to look. To answer the question at the end, double-click the cell below it and type. Then choose *Restart and run all*, save, and hand in
# this file, `mf.ipynb`, under its own name.
#
# When you hand in, the notebook runs from top to bottom on **other data of the same kind**, without a network and on one
# thread: at most 120 seconds a cell, 360 seconds in all, and 3 GB of memory. The solution needs less than a tenth of that.
#
# The grader has what this course's own environment has: numpy, pandas, scipy, scikit-learn, matplotlib, tqdm, ipywidgets and torch,
# with all that comes with them. Other packages are not there, so hand in without them.

# %% [markdown] lang="ko" of="43a30636"
# # 2강. 행렬 분해(matrix factorisation): 사람들이 매긴 평점에서만 배우기
#
# 1강의 SVD에는 모든 칸이 필요했고, 그래서 칸 대부분을 지어내야 했습니다. 이 강의에서는 그럴 필요가 없습니다. 이 강의를 마치면 다음을
# 할 수 있습니다.
#
# * 모델이 본 적 없는 평점으로 평가할 수 있도록 평점을 **나눕니다**(split).
# * 평점을 **Dataset**과 **DataLoader**로 PyTorch에 넣어 줍니다.
# * 편향을 둔 행렬 분해(biased matrix factorisation, MF)를 작성하고 **학습**(training)시키며, 가장 좋을 때 멈춥니다.
# * 행렬 전체를 **완성**하고, 영화 열 편을 제목으로 **추천**합니다.
#
# **진행 방법.** 셀을 위에서부터 차례로 실행합니다(Shift+Enter). 실습 셀의 별표 하나는 이름의 글자 하나를 가린 것입니다. 별표 자리에 이름을
# 써 넣고 실행하세요. 그전에는 셀이 오류로 멈춥니다. 바로 아래 셀은 확인 셀입니다. 이것도 실행하면 한 줄을 출력하거나, 어디를 보아야 하는지 알려
# 줍니다. 마지막 문제의 답은 그 아래 셀을 두 번 클릭해서 씁니다. 끝으로 *Restart and run all*을 선택해 모두 다시 실행하고 저장한 다음, 이 파일
# `mf.ipynb`를 이름을 바꾸지 않고 제출합니다.
#
# 제출한 노트북은 **같은 종류의 다른 데이터**로 처음부터 끝까지 실행됩니다. 네트워크 없이 스레드 하나로 실행되며, 셀 하나에 최대 120초,
# 전체 360초, 메모리 3 GB까지 쓸 수 있습니다. 정답 코드는 그 10분의 1도 쓰지 않습니다.
#
# 채점기에는 이 강좌의 환경에 있는 것이 그대로 있습니다. numpy, pandas, scipy, scikit-learn, matplotlib, tqdm, ipywidgets, torch와
# 이들이 필요로 하는 패키지입니다. 다른 패키지는 없으니, 그것 없이 제출하세요.

# %% [markdown] lang="en"
# ## 1. The ratings, and a fair exam
#
# The data are those of MovieLens 100K (Harper and Konstan, 2015, *The MovieLens Datasets: History and Context*, ACM TiiS
# 5(4), article 19). The folded cell finds or downloads them and gives `ratings` and `movies`.

# %% [markdown] lang="ko" of="ce4859dc"
# ## 1. 평점 데이터와 공정한 시험
#
# 데이터는 MovieLens 100K입니다(Harper and Konstan, 2015, *The MovieLens Datasets: History and Context*, ACM TiiS 5(4),
# article 19). 접힌 셀이 데이터를 찾거나 내려받아 `ratings`와 `movies`를 만듭니다.

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
print("device:", device)
ratings.head(3)

# %% [markdown] lang="en"
# The same list as in lesson 1: one row, one opinion. `device` is where the model is computed. `cpu` is all that this lesson needs; in
# Colab, *Runtime > Change runtime type* switches a GPU on.
#
# User and movie ids may have gaps and start anywhere, but a table of parameters has rows 0, 1, 2, ... So every id gets an
# **index**: its place among the sorted ids. Sorted, because then the index does not depend on the order of the rows. A tiny example:

# %% [markdown] lang="ko" of="953ef90f"
# 1강과 같은 목록입니다. 한 행이 평점 하나입니다. `device`는 모델을 계산하는 곳입니다. 이 강의는 `cpu`로 충분하며, Colab에서는
# *런타임 > 런타임 유형 변경*(Runtime > Change runtime type)에서 GPU를 켤 수 있습니다.
#
# 사용자와 영화의 번호(id)는 중간이 비어 있을 수도, 아무 수에서나 시작할 수도 있지만, 파라미터 표의 행은 0, 1, 2, ...입니다. 그래서 모든 번호에
# **인덱스(index)**, 곧 정렬한 번호 가운데 몇 번째인지를 붙입니다. 정렬하면 인덱스가 행의 순서에 좌우되지 않습니다. 작은 예를 봅시다.

# %%
{user_id: idx for idx, user_id in enumerate(sorted([42, 7, 13]))}

# %% [markdown] lang="en"
# Id 7 is the smallest and gets row 0. The same for all users and movies; the table gets two new columns, `user_idx` and `item_idx`:

# %% [markdown] lang="ko" of="84ab8ab5"
# 가장 작은 번호 7이 0행을 차지합니다. 모든 사용자와 영화에 똑같이 하고, 표에 `user_idx`와 `item_idx`라는 새 열을 만듭니다.

# %%
user_ids, movie_ids = sorted(ratings["userId"].unique()), sorted(ratings["movieId"].unique())
num_users, num_items = len(user_ids), len(movie_ids)
user2idx = {user_id: idx for idx, user_id in enumerate(user_ids)}
item2idx = {movie_id: idx for idx, movie_id in enumerate(movie_ids)}
df_idx = ratings.assign(
    user_idx=ratings["userId"].map(user2idx), item_idx=ratings["movieId"].map(item2idx)
)
print(num_users, "users,", num_items, "items")

# %% [markdown] lang="en"
# A model that is scored on the ratings it learnt from is like a pupil who saw the exam. So we cut the ratings in three:
# 80 % to learn from (**train**), 10 % to decide when to stop (**validation**), 10 % for one final score (**test**).
# scikit-learn's `train_test_split(table, test_size=0.2, random_state=42)` shuffles the rows of a table, and returns two
# tables: the larger part and the 20 % put aside. The same `random_state` gives the same cut every time.
#
# **Exercise `mf-split`.** Cut twice: first 80 / 20, then the 20 in two halves.
#
# <details><summary>Hint</summary>
#
# 1. One function of scikit-learn does all the cutting. Compare its name in the paragraph above with what is left of it in the cell.
# 2. The second cut is made with the same function, on `temp_df`. Only `test_size` differs.
#
# </details>

# %% [markdown] lang="ko" of="b2960c89"
# 배운 평점으로 평가받는 모델은 시험 문제를 미리 본 학생과 같습니다. 그래서 평점을 셋으로 나눕니다. 80 %로 배우고(**학습**, train), 10 %로
# 언제 멈출지 정하고(**검증**, validation), 10 %로 마지막에 한 번 점수를 매깁니다(**시험**, test). scikit-learn의
# `train_test_split(table, test_size=0.2, random_state=42)`는 표의 행을 섞은 뒤 표 두 개, 곧 큰 쪽과 떼어 둔 20 %를 돌려줍니다.
# `random_state`가 같으면 언제나 똑같이 나뉩니다.
#
# **실습 `mf-split`.** 두 번 나누세요. 먼저 80 / 20으로 나누고, 그 20을 다시 반으로 나눕니다.
#
# <details><summary>힌트</summary>
#
# 1. 나누는 일은 모두 scikit-learn의 함수 하나로 합니다. 위 문단에 나온 이름과 셀에 남아 있는 글자를 견주어 보세요.
# 2. 두 번째도 같은 함수로 `temp_df`를 나눕니다. `test_size`만 다릅니다.
#
# </details>

# %% blank="mf-split" mask="train_test_[split] train_test_[split]"
train_df, temp_df = train_test_split(df_idx, test_size=0.2, random_state=42)
val_df, test_df = train_test_split(temp_df, test_size=0.5, random_state=42)

# %% check="mf-split" points=2 nbval=true
# Every rating is in exactly one part; the parts have 80, 10 and 10 per cent of the rows, and all their columns.
assert "train_df" in globals(), "Fill the blanks above and run that cell first."
missing = [name for name in ("temp_df", "val_df", "test_df") if name not in globals()]
assert not missing, f"The cell above stopped before `{missing[0]}`: its error says why."
needs("abs isinstance len print zip")
parts = {"train_df": train_df, "val_df": val_df, "test_df": test_df}
columns = ["user_idx", "item_idx", "rating"]
for (name, part), share in zip(parts.items(), (0.8, 0.1, 0.1)):
    assert isinstance(part, pd.DataFrame), f"`{name}` should be a table (a DataFrame)."
    assert {*columns} <= {*part.columns}, f"`{name}` lost a column: split the whole table."
    has = len(part) / len(df_idx)
    assert abs(has - share) < 0.001, f"`{name}` has {has:.0%} of all rows, not {share:.0%}."
assert "movieId" in train_df, "`train_df` lost the column movieId: split the whole table."
rows = pd.concat(parts.values())[columns].sort_values(columns)
assert not rows.duplicated(["user_idx", "item_idx"]).any(), "A rating stands in two parts."
assert np.array_equal(rows, df_idx[columns].sort_values(columns)), "The ratings have changed."
shares = " / ".join(f"{len(part) / len(df_idx):.0%}" for part in parts.values())
print("mf-split:", shares, "of the ratings, none twice.")

# %%
print(len(train_df), "/", len(val_df), "/", len(test_df), "ratings")

# %% [markdown] lang="en"
# Eight parts to learn from, one to decide when to stop, one for the exam. From here on the test part stays closed until the very end.
#
# ## 2. Batches for PyTorch
#
# A `Dataset` answers two questions: how many samples are there (`__len__`), and what is sample number `i`
# (`__getitem__`)? Ours is one opinion: (user index, item index, stars). A `DataLoader` draws samples in batches, in a new
# random order each epoch if we ask for `shuffle=True`. Only training wants that; validation and test are only measured.
#
# Fetching tens of thousands of samples one at a time is slow. Since a tensor can be indexed by a list of numbers, `__getitems__`
# hands over a whole batch at once, and `collate_fn=tuple` passes it on as it is. A tiny example:

# %% [markdown] lang="ko" of="0cab8e73"
# 열 가운데 여덟은 학습에, 하나는 언제 멈출지 정하는 데, 하나는 시험에 씁니다. 시험 데이터는 이제부터 맨 마지막까지 열지 않습니다.
#
# ## 2. PyTorch에 넣을 배치(batch)
#
# `Dataset`은 두 가지 질문에 답합니다. 표본(sample)이 모두 몇 개인가(`__len__`), `i`번째 표본은 무엇인가(`__getitem__`). 여기에서
# 표본은 의견 하나, 곧 (사용자 인덱스, 영화 인덱스, 별점)입니다. `DataLoader`는 표본을 배치 단위로 꺼내며, `shuffle=True`라고
# 하면 에포크(epoch)마다 순서를 새로 섞습니다. 섞는 것은 학습할 때만 필요합니다. 검증과 시험에서는 오차를 재기만 하면 됩니다.
#
# 수만 개의 표본을 하나씩 꺼내면 느립니다. 텐서(tensor)는 숫자 목록으로 한꺼번에 인덱싱할 수 있으므로, `__getitems__`가 배치 하나를 통째로
# 넘겨주고 `collate_fn=tuple`이 그것을 그대로 전달합니다. 작은 예를 봅시다.

# %%
tiny = torch.tensor([4.0, 3.0, 5.0, 1.0])
tiny[[0, 2]]

# %% [markdown] lang="en"
# Numbers 0 and 2 of the tensor, in one go.
#
# **Exercise `mf-dataset`.** Read the three columns: the indices of users and items that we made above, and the stars
# (column `rating`). A column is read by its name in quotes: `df["timestamp"]`.
#
# > **Common mistake.** The model wants *indices*, not ids. An id such as `userId` may be larger than the table has rows, or,
# > worse, fit and point at the wrong row.
#
# <details><summary>Hint</summary>
#
# 1. `userId` went through `user2idx` in section 1. What is the name of the new column that came out?
# 2. The same for `movieId` and `item2idx`.
# 3. The target: the column of `ratings` that holds 1 to 5 stars.
#
# </details>

# %% [markdown] lang="ko" of="27c59ad7"
# 텐서의 0번과 2번이 한 번에 나왔습니다.
#
# **실습 `mf-dataset`.** 세 열을 읽으세요. 위에서 만든 사용자 인덱스와 영화 인덱스, 그리고 별점(`rating` 열)입니다. 열은
# `df["timestamp"]`처럼 따옴표 안에 이름을 써서 읽습니다.
#
# > **흔한 실수.** 모델이 원하는 것은 번호(id)가 아니라 *인덱스*입니다. `userId` 같은 번호는 표의 행 수보다 클 수 있고, 더 나쁘게는 오류
# > 없이 엉뚱한 행을 가리킬 수도 있습니다.
#
# <details><summary>힌트</summary>
#
# 1. 1절에서 `userId`를 `user2idx`로 바꾸었습니다. 그 결과로 생긴 새 열의 이름은 무엇입니까?
# 2. `movieId`와 `item2idx`도 마찬가지입니다.
# 3. 맞히려는 값입니다. `ratings`의 열 가운데 별점 1~5점이 들어 있는 열입니다.
#
# </details>


# %% blank="mf-dataset" mask="user_idx@2 item_idx@2 rating@2"
class RatingDataset(Dataset):
    """One sample is (user_idx, item_idx, rating)."""

    def __init__(self, df):
        self.users = torch.tensor(df["user_idx"].to_numpy())  # (n,)
        self.items = torch.tensor(df["item_idx"].to_numpy())  # (n,)
        self.stars = torch.tensor(df["rating"].to_numpy(), dtype=torch.float32)  # (n,)

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
# A sample is (user_idx, item_idx, rating) of its row; a batch is three vectors; a pass meets every rating once.
assert "RatingDataset" in globals(), "Fill the blanks above and run that cell first."
missing = [
    name for name in ("train_dataset", "train_loader", "test_loader") if name not in globals()
]
assert not missing, (
    f"The cell above stopped before `{missing[0]}`: a star is left, or its error says why."
)
needs("float isinstance iter len list next print tuple")
some = train_df.head(5)
samples = [RatingDataset(some)[i] for i in (0, 1, 2, 3, 4)]
is_row = isinstance(samples[0], (tuple, list, np.ndarray, torch.Tensor)) and len(samples[0]) == 3
assert is_row, "A sample should be a tuple of three: look at the `return` of `__getitem__`."
found = np.array([[float(part) for part in sample] for sample in samples])  # (5, 3)
for place, part in ((0, "user_idx"), (1, "item_idx"), (2, "rating")):
    is_own = np.array_equal(found[:, place], some[part])
    assert is_own, f"Part {place} of a sample is not the {part} of its row: look at `__init__`."
loaders = {"train_loader": (train_loader, train_df), "val_loader": (val_loader, val_df)}
for name, (loader, part) in {**loaders, "test_loader": (test_loader, test_df)}.items():
    batches = [[torch.as_tensor(column) for column in batch] for batch in loader]
    users, items, stars = batches[0]
    is_batch = users.shape == items.shape == stars.shape == (1024,)
    assert is_batch, f"A batch of `{name}` should be three vectors of 1024 numbers."
    is_whole = {users.dtype, items.dtype} <= {torch.int32, torch.int64}
    assert is_whole, f"The indices of `{name}` should be whole numbers: look at their dtype."
    assert stars.is_floating_point(), f"The stars of `{name}` should be floats."
    stars = torch.cat([batch[2] for batch in batches]).double()
    assert len(stars) == len(part), f"`{name}` gives {len(stars)} ratings, not {len(part)}."
    is_part = (stars.mean() - part["rating"].mean()).abs() < 1e-6
    assert is_part, f"`{name}` holds the ratings of another part."
first, second = (torch.as_tensor(next(iter(train_loader))[0]) for _ in "12")
assert not torch.equal(first, second), "The training loader should shuffle."
print("mf-dataset: batches of", *(tuple(column.shape) for column in batches[0]))

# %%
print(len(train_dataset), "/", len(val_dataset), "/", len(test_dataset), "samples,")
print(len(train_loader), "batches of training samples")

# %% [markdown] lang="en"
# One **epoch**, a pass over the training samples, is that many steps of training.
#
# ## 3. The model: taste plus bias
#
# A rating has a part that has nothing to do with taste: some people are generous, some films are loved by all. *Biased*
# MF writes it down (Koren, Bell and Volinsky, 2009, *Matrix Factorization Techniques for Recommender Systems*):
#
# $$\hat r_{ui} = \underbrace{\mu + b_u + b_i}_{\text{no taste needed}} + \underbrace{p_u^\top q_i}_{\text{taste}}$$
#
# with $\hat r_{ui}$ the predicted stars of user $u$ on item $i$ (one number), $\mu$ one number that starts at the mean of the training
# ratings and is trained like the rest, $b_u$ one number per user, $b_i$ one number per item, and $p_u$, $q_i$ vectors of `n_factors` numbers: rows of $P$
# (users, factors) and $Q$ (items, factors), as in lesson 1. By hand, for one user and one film with two factors:

# %% [markdown] lang="ko" of="d8b60691"
# 학습 표본을 한 바퀴 도는 한 **에포크**에 이만큼의 학습 단계가 있습니다.
#
# ## 3. 모델: 취향에 편향을 더하기
#
# 평점에는 취향과 상관없는 부분이 있습니다. 후하게 주는 사람이 있고, 모두가 좋아하는 영화가 있습니다. *편향(bias)* 을 둔 MF는 이것을 식으로
# 적습니다(Koren, Bell and Volinsky, 2009, *Matrix Factorization Techniques for Recommender Systems*).
#
# $$\hat r_{ui} = \underbrace{\mu + b_u + b_i}_{\text{취향과 무관}} + \underbrace{p_u^\top q_i}_{\text{취향}}$$
#
# $\hat r_{ui}$는 사용자 $u$가 영화 $i$에 줄 별점의 예측값(숫자 하나), $\mu$는 학습 평점의 평균에서 시작해 다른 파라미터와 함께 학습되는 숫자 하나, $b_u$는 사용자마다 숫자 하나,
# $b_i$는 영화마다 숫자 하나입니다. $p_u$와 $q_i$는 요인(factor) `n_factors`개로 된 벡터이며, 1강에서처럼 $P$ (사용자 수, 요인 수)와
# $Q$ (영화 수, 요인 수)의 행입니다. 사용자 한 명, 영화 한 편, 요인 두 개로 직접 계산해 봅시다.

# %%
mu, b_u, b_i = 3.5, 0.3, -0.2
p_u, q_i = torch.tensor([0.5, -1.0]), torch.tensor([0.8, 0.1])
mu + b_u + b_i + (p_u * q_i).sum()

# %% [markdown] lang="en"
# 3.5 + 0.3 - 0.2 without taste, and 0.5 · 0.8 - 1.0 · 0.1 = 0.3 stars of taste on top.
#
# In PyTorch, `nn.Embedding(rows, columns)` is such a table: give it indices, it returns rows. The biases start at zero and the factors at
# small random numbers (standard deviation 0.01), so an untrained model says roughly $\mu$ to everyone. Random, because factors that are
# all zero have no gradient; small, because large ones would be noise to unlearn.
#
# `MF` knows nothing of our data: sizes and mean are arguments. The first `torch.optim.Adam` takes some seconds, as torch
# loads its compiler then.
#
# > **Common mistake.** The `mean` that the model gets is that of `train_df`, not of `ratings`: the mean of all ratings has seen
# > validation and test, and a score that leans on it is no longer honest.
#
# **Exercise `mf-model`.** How many rows and columns does each of the two tables of factors have? The tables of biases below them, with
# one column, show the pattern: one row a user (`num_users` of them), one row an item (`num_items`), and a factor a column.
#
# <details><summary>Hint</summary>
#
# 1. Look two lines down, at `user_bias`: it has a row for the same people.
# 2. A bias needs one column. How many numbers does $p_u$ have? The paragraph under the formula names the variable; the signature of `__init__` has it too.
# 3. Look at `item_bias`: it has a row for the same films.
# 4. $p_u$ and $q_i$ are multiplied number by number, so both are of one length.
#
# </details>

# %% [markdown] lang="ko" of="b67d610e"
# 취향과 무관한 부분이 3.5 + 0.3 - 0.2이고, 여기에 취향이 0.5 · 0.8 - 1.0 · 0.1 = 0.3점을 보탭니다.
#
# PyTorch의 `nn.Embedding(rows, columns)`가 바로 이런 표입니다. 인덱스를 주면 그 행을 돌려줍니다. 편향은 0에서, 요인은 작은 난수(표준편차
# 0.01)에서 시작하므로, 학습하기 전의 모델은 누구에게나 대략 $\mu$라고 답합니다. 요인이 모두 0이면 기울기(gradient)도 0이므로 난수에서 시작하고, 큰
# 난수는 지워야 할 잡음이 되므로 작게 시작합니다.
#
# `MF`는 우리 데이터를 모릅니다. 크기와 평균은 인수로 받습니다. `torch.optim.Adam`을 처음 부를 때에는 torch가 컴파일러를 불러오느라 몇 초
# 걸립니다.
#
# > **흔한 실수.** 모델에 주는 `mean`은 `ratings`가 아니라 `train_df`의 평균입니다. 전체 평균에는 검증 데이터와 시험 데이터의 정보가 섞여
# > 있으므로, 그것에 기댄 점수는 정직하지 않습니다.
#
# **실습 `mf-model`.** 요인을 담은 두 표는 각각 몇 행 몇 열입니까? 그 아래에 있는 한 열짜리 편향 표가 본보기입니다. 사용자마다 한
# 행(`num_users`행), 영화마다 한 행(`num_items`행)이고, 요인마다 한 열입니다.
#
# <details><summary>힌트</summary>
#
# 1. 두 줄 아래의 `user_bias`를 보세요. 같은 사람들의 행이 있습니다.
# 2. 편향은 한 열이면 됩니다. $p_u$에는 숫자가 몇 개 있습니까? 변수 이름은 수식 아래 문단에도, `__init__`의 첫 줄에도 있습니다.
# 3. `item_bias`를 보세요. 같은 영화들의 행이 있습니다.
# 4. $p_u$와 $q_i$는 숫자끼리 하나씩 곱하므로 길이가 서로 같습니다.
#
# </details>


# %% blank="mf-model" mask="num_users@2 n_factors@2 num_items@2 n_factors@3"
class MF(nn.Module):
    """mu + b_u + b_i + p_u . q_i, in stars."""

    def __init__(self, num_users, num_items, n_factors=100, mean=0.0):
        super().__init__()
        self.user_emb = nn.Embedding(num_users, n_factors)
        self.item_emb = nn.Embedding(num_items, n_factors)
        self.user_bias = nn.Embedding(num_users, 1)
        self.item_bias = nn.Embedding(num_items, 1)
        self.global_bias = nn.Parameter(torch.tensor(mean, dtype=torch.float32))  # ()
        nn.init.normal_(self.user_emb.weight, std=0.01)
        nn.init.normal_(self.item_emb.weight, std=0.01)
        nn.init.zeros_(self.user_bias.weight)
        nn.init.zeros_(self.item_bias.weight)

    def forward(self, users, items):
        taste = (self.user_emb(users) * self.item_emb(items)).sum(dim=1)  # (B,)
        bias = self.user_bias(users).squeeze(1) + self.item_bias(items).squeeze(1)  # (B,)
        return self.global_bias + bias + taste  # (B,)


model = MF(num_users, num_items, mean=train_df["rating"].mean()).to(device)
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005, weight_decay=1e-5, fused=True)

# %% check="mf-model" points=4 nbval=true
# The tables have their sizes; one prediction for each pair, by the formula; every table learns, down the squared error.
assert "MF" in globals(), "Fill the blanks above and run that cell first."
missing = [name for name in ("model", "criterion", "optimizer") if name not in globals()]
assert not missing, f"The cell above stopped before `{missing[0]}`: its error says why."
needs("abs all any float getattr isinstance print tuple")
sizes = {"user_emb": (num_users, 100), "item_emb": (num_items, 100)}
for name, size in {**sizes, "user_bias": (num_users, 1), "item_bias": (num_items, 1)}.items():
    assert getattr(model, name).weight.shape == size, f"Which rows, which columns has `{name}`?"
small = MF(4, 3, 2).to(device)
is_small = small.user_emb.weight.shape == (4, 2) and small.item_emb.weight.shape == (3, 2)
assert is_small, "Take the sizes of the tables from the arguments of `__init__`."
for weights in small.parameters():
    nn.init.normal_(weights)
users, items = torch.tensor([0, 1, 2, 3, 3]).to(device), torch.tensor([2, 0, 1, 0, 2]).to(device)
predicted = small(users, items)
assert isinstance(predicted, torch.Tensor), "`forward` gives no tensor: look for its `return`."
assert predicted.shape == (5,), "Five pairs, five predictions: look at `sum` and `squeeze`."
assert small(users[:1], items[:1]).shape == (1,), "One pair, one prediction: look at `squeeze`."
taste = (small.user_emb.weight[users] * small.item_emb.weight[items]).sum(dim=1)
bias = small.user_bias.weight[users, 0] + small.item_bias.weight[items, 0]
is_formula = torch.allclose(predicted, small.global_bias + bias + taste, atol=1e-4)
assert is_formula, "`forward` should give mu + b_u + b_i + p_u . q_i: compare it with the formula."
predicted.sum().backward()
fresh = MF(num_users, num_items) if optimizer.state else model  # a model that took no step yet
for name in ("user_emb", "item_emb", "user_bias", "item_bias"):
    gradient, start = getattr(small, name).weight.grad, getattr(fresh, name).weight
    assert gradient is not None and not gradient.is_sparse, f"No dense gradient reaches `{name}`."
    is_good = 0.008 < start.std() < 0.012 if name in sizes else not start.any()
    assert is_good, f"`{name}` should start at N(0, 0.01) numbers (factors) or at 0 (biases)."
    assert name not in sizes or getattr(model, name).weight.any(), f"`{name}` of `model` is 0."
start = float(torch.as_tensor(model.global_bias).detach()) - train_df["rating"].mean()
is_mean = optimizer.state or abs(start) < 1e-4
assert is_mean, "`global_bias` of `model` should start at the mean of the training ratings."
guess = torch.tensor([5.0, 1.0, 4.0], requires_grad=True)
loss = criterion(guess, torch.tensor([3.0, 2.0, 4.5]))  # errors 2, -1, -0.5
is_mse = isinstance(loss, torch.Tensor) and loss.numel() == 1 and (loss - 1.75).abs() < 1e-4
assert is_mse and loss.requires_grad, "`criterion` should be the mean of squared errors."
groups = optimizer.param_groups
is_own = any(own is model.user_emb.weight for group in groups for own in group["params"])
assert is_own, "`optimizer` holds no parameters of `model`: make it after the model."
plain = torch.optim.Adam(small.parameters()).defaults
for group in groups:
    is_set = abs(group["lr"] - 0.005) < 1e-6 and abs(group["weight_decay"] - 1e-5) < 1e-8
    assert is_set, "`optimizer` should be Adam with lr=0.005 and weight_decay=1e-5."
    rest = ("eps", "maximize", "amsgrad", "decoupled_weight_decay")
    is_plain = tuple(group.get("betas", ())) == plain["betas"]
    is_plain = is_plain and all(group.get(key) == plain.get(key) for key in rest)
    assert is_plain, "`optimizer` should be Adam as it comes: set nothing but lr and weight_decay."
print("mf-model: predictions of shape", tuple(predicted.shape))

# %%
model

# %% [markdown] lang="en"
# Four tables, rows first; the mean is a single number and is not listed.
#
# > **Common mistake.** Why `squeeze(1)` in `forward` and not `squeeze()`? Without its dimension, `squeeze()` drops *every*
# > dimension of length 1. In a batch of one, shape (1, 1), that is the batch dimension too; the result, a number without shape,
# > breaks whatever expects (B,). The last batch of a data set may well be that small.
#
# ## 4. Training, and knowing when to stop
#
# One step of gradient descent: predict a batch, measure the loss, clear old gradients (`optimizer.zero_grad()`), let
# PyTorch compute new ones (`loss.backward()`), move the parameters (`optimizer.step()`). Forget to clear, and gradients of
# all earlier batches pile up. Indices go through `.long()`, which makes them 64-bit integers, the usual type of an index
# (ours are already; those of another data set may not be).
#
# `evaluate(loader)` gives the RMSE over a loader. Stars end at 1 and 5, so it clamps predictions to that range. `model.eval()` tells the
# layers that this is no training; ours do the same in both modes, but some, like dropout, do not.

# %% [markdown] lang="ko" of="3958d711"
# 표 네 개가 행, 열의 순서로 보입니다. 평균은 숫자 하나이므로 목록에 나오지 않습니다.
#
# > **흔한 실수.** `forward`에서 왜 `squeeze()`가 아니라 `squeeze(1)`을 썼을까요? 차원을 정해 주지 않으면 `squeeze()`는 길이가 1인
# > 차원을 *모두* 없앱니다. 표본이 하나뿐인 배치는 모양이 (1, 1)이므로 배치 차원까지 사라지고, 모양 없는 숫자 하나만 남아 (B,)를 기대하는
# > 코드가 망가집니다. 데이터의 마지막 배치는 얼마든지 그렇게 작을 수 있습니다.
#
# ## 4. 학습, 그리고 멈출 때를 알기
#
# 경사 하강법(gradient descent)의 한 걸음은 이렇습니다. 배치를 예측하고, 손실(loss)을 재고, 옛 기울기(gradient)를
# 지우고(`optimizer.zero_grad()`), PyTorch가 새 기울기를 계산하게 하고(`loss.backward()`), 파라미터를 옮깁니다(`optimizer.step()`).
# 지우기를 잊으면 앞선 배치의 기울기가 모두 쌓입니다. 인덱스는 `.long()`을 거쳐 인덱스에 흔히 쓰는 64비트 정수가
# 됩니다(우리 것은 이미 그렇지만, 다른 데이터에서는 아닐 수도 있습니다).
#
# `evaluate(loader)`는 로더(loader) 전체의 RMSE를 구합니다. 별점은 1점에서 5점까지이므로 예측값을 그 범위로
# 자릅니다(clamp). `model.eval()`은 지금은 학습이 아니라고 층(layer)에 알립니다. 우리 모델은 두 모드에서 똑같이 계산하지만, 드롭아웃(dropout)처럼
# 달라지는 층도 있습니다.


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
# Before training the model says about $\mu$ to everyone, and is off by more than a star: training has to lower that.
#
# **Exercise `mf-train`.** Two cells. First the pass over the training batches: make both index vectors 64-bit, and put the
# two missing calls of a gradient step in their places.
#
# <details><summary>Hint</summary>
#
# 1. The method that turns an index vector into 64-bit integers stands at the end of the paragraph on the gradient step.
# 2. The same method for the items.
# 3. Old gradients must be gone before new ones are computed. Which call of the optimizer clears them?
# 4. Between clearing and stepping, the loss itself has to compute gradients: it sends them back through the model.
#
# </details>

# %% [markdown] lang="ko" of="22ae2499"
# 학습하기 전의 모델은 누구에게나 대략 $\mu$라고 답하며, 오차가 1점이 넘습니다. 이보다 낮추는 것이 목표입니다.
#
# **실습 `mf-train`.** 셀이 두 개입니다. 먼저 학습 배치를 한 바퀴 도는 셀입니다. 두 인덱스 벡터를 64비트로 만들고, 경사 하강법의 한 걸음에서
# 빠진 호출 두 개를 제자리에 넣으세요.
#
# <details><summary>힌트</summary>
#
# 1. 인덱스 벡터를 64비트 정수로 바꾸는 메서드는 경사 하강법의 한 걸음을 설명한 문단 끝에 있습니다.
# 2. 영화에도 같은 메서드를 씁니다.
# 3. 새 기울기를 계산하기 전에 옛 기울기가 없어져야 합니다. 옵티마이저(optimizer)의 어느 메서드가 지웁니까?
# 4. 지우기와 옮기기 사이에 손실이 기울기를 계산해야 합니다. 기울기를 모델의 출력 쪽에서 입력 쪽으로 거꾸로 보내는 메서드입니다.
#
# </details>


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
#
# > **Common mistake.** Looking at the test set twice. Whoever compares two settings on the test ratings and keeps the better has
# > made a choice with them; from then on they are validation ratings, and you can no longer get an honest score.
#
# <details><summary>Hint</summary>
#
# 1. Two code cells above, a function was defined that takes a loader and returns the RMSE; the last line of the cell below calls it
#    for the test loader.
#
# </details>

# %% [markdown] lang="ko" of="fc0a4360"
# 이제 에포크를 반복합니다. 에포크가 끝날 때마다 *검증* 로더에서 RMSE를 잽니다. 지금까지 나온 값 가운데 가장 좋으면 모든 가중치(weight)의 사본을 따로
# 둡니다(`clone`을 쓰지 않으면 사본이 모델과 함께 계속 변합니다). `patience` 에포크 동안 나아지지 않으면 멈추고, 가장 좋았던 가중치로
# 돌아가, 시험 평점을 단 한 번 봅니다.
#
# > **흔한 실수.** 시험 데이터를 두 번 보는 일입니다. 두 설정을 시험 평점으로 비교해 나은 쪽을 고르면, 시험 평점으로 선택을 한 것입니다.
# > 그때부터 그것은 검증 데이터이며, 정직한 점수는 더 이상 얻을 수 없습니다.
#
# <details><summary>힌트</summary>
#
# 1. 두 코드 셀 위에서 로더를 받아 RMSE를 돌려주는 함수를 정의했습니다. 아래 셀의 마지막 줄에서도 시험 로더를 주어 그 함수를 부릅니다.
#
# </details>

# %% blank="mf-train" mask="evaluate" nbval=false
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
# The model is back at its best epoch, the curves have an entry an epoch, and it beats saying the mean to everyone.
assert "best_val" in globals(), "Fill the blanks above and run both cells first."
missing = [name for name in ("best_epoch", "val_curve", "test_rmse") if name not in globals()]
assert not missing, f"The cell above stopped before `{missing[0]}`: its error says why."
needs("abs float int len print")
pairs = torch.tensor(val_df[["user_idx", "item_idx"]].to_numpy()).to(device)
with torch.no_grad():
    error = model(*pairs.T).clamp(1, 5).cpu().numpy() - val_df["rating"]
val_now, test_now = float(np.sqrt(np.mean(error**2))), evaluate(test_loader)
assert abs(evaluate(val_loader) - val_now) < 2e-4, (
    "`evaluate` gives no RMSE of clamped predictions."
)
assert abs(val_now - best_val) < 2e-4, (
    "`best_val` is not of the model as it stands: look at how weights are kept and loaded back."
)
assert abs(test_now - test_rmse) < 2e-4, "`test_rmse` is not of the model as it stands."
mean_rmse = ((val_df["rating"] - train_df["rating"].mean()) ** 2).mean() ** 0.5
assert best_val < 0.9 * mean_rmse, (
    "The model hardly beats the mean: look at the order of the calls in a gradient step."
)
is_honest = 0.93 < test_rmse / best_val < 1.07
assert is_honest, "The model knows test or validation ratings: train on `train_loader` alone."
assert len(train_curve) == len(val_curve) > 0, "Each epoch adds one entry to both curves."
curves = np.array([train_curve, val_curve], dtype=float)  # (2, epochs)
assert np.isfinite(curves).all(), "A curve holds what is no number: does `train_epoch` return one?"
train_best, val_best = curves[:, int(best_epoch) - 1]
is_best = val_best == best_val or (abs(val_best - best_val) < 2e-4 and best_val not in curves[1])
assert is_best, "`val_curve` does not hold `best_val` at `best_epoch`: epochs count from 1."
assert 0.5 * best_val < train_best < 2 * best_val, "`train_epoch` should return an RMSE."
assert not np.array_equal(*curves), "`train_curve` and `val_curve` are the same."
print("mf-train: the best epoch is back, and the model beats the mean by more than a tenth.")

# %%
print(f"best validation RMSE {best_val:.4f} at epoch {best_epoch}, test RMSE {test_rmse:.4f}")
epochs = pd.RangeIndex(1, len(val_curve) + 1, name="epoch")
pd.DataFrame({"train RMSE": train_curve, "validation RMSE": val_curve}, index=epochs).round(4)

# %% [markdown] lang="en"
# The best epoch comes after a few passes over the data; from there on only the training RMSE falls. The test RMSE is close to the best
# validation RMSE: choosing the epoch on 10 % of the ratings did not spoil the choice for the others.

# %% [markdown] lang="ko" of="a18305ec"
# 데이터를 몇 바퀴 돌지 않아 가장 좋은 에포크가 나왔고, 그 뒤로는 학습 RMSE만 내려갑니다. 시험 RMSE는 가장 좋은 검증 RMSE와 비슷합니다. 평점의 10 %로 에포크를 골랐지만 그 선택이 다른
# 평점에도 통했다는 뜻입니다.

# %%
fig, ax = plt.subplots(figsize=(7, 3.6))
ax.plot(epochs, train_curve, "s--", color="0.5", label="train")
ax.plot(epochs, val_curve, "o-", color="black", label="validation")
ax.axvline(best_epoch, color="0.6", linestyle=":", label=f"best epoch ({best_epoch})")
ax.set(
    title="MF learns, then learns by heart", xlabel="epoch", ylabel="RMSE (stars)", xticks=epochs
)
ax.legend()
plt.show()

# %% [markdown] lang="en"
# *Picture.* Two curves of RMSE against epoch. The dashed one with squares, for the training ratings, falls all the way. The solid
# one with circles, for the validation ratings, falls first, is lowest at a dotted vertical line that marks the best epoch, and
# rises after it.
#
# The training error falls and falls; the validation error starts to rise after very few epochs. (The training RMSE is measured on the
# way, while the model still changes, so it may begin above the other.) From there on the model
# learns its training ratings by heart: this is **overfitting**. A hundred epochs would only have made it worse, which is why we
# stop early (**early stopping**).
#
# ## 5. Is it any good?
#
# On its own, such a number means little. Four predictors on the same split: the mean of all training ratings; the
# mean of each item, shrunk as if one more user had given it the mean of all; $\mu + b_u + b_i$ with shrunken biases (no
# factors at all), called **bias only**; and our MF. All four learn from `train_df` alone.

# %% [markdown] lang="ko" of="3f895a41"
# *그림.* 에포크에 따른 RMSE 곡선 두 개입니다. 네모가 찍힌 점선은 학습 평점으로, 끝까지 내려갑니다. 동그라미가 찍힌 실선은 검증 평점으로,
# 처음에는 내려가다가 가장 좋은 에포크를 나타내는 세로 점선에서 가장 낮고 그 뒤로는 올라갑니다.
#
# 학습 오차는 계속 줄어들지만, 검증 오차는 몇 에포크 만에 올라가기 시작합니다. (학습 RMSE는 모델이 변하는 도중에 재므로, 처음에는 검증
# RMSE보다 클 수 있습니다.) 그때부터 모델은 학습 평점을 외웁니다. 이것이
# **과적합(overfitting)** 입니다. 백 에포크를 돌렸다면 더 나빠지기만 했을 것이므로 일찍 멈춥니다(**조기 종료**, early stopping).
#
# ## 5. 이 정도면 좋은 것일까
#
# 숫자 하나만으로는 알 수 없습니다. 같은 분할에서 네 가지 예측을 비교합니다. 모든 학습 평점의 평균, 영화마다의 평균(사용자 한 명이 전체 평균을
# 더 준 것처럼 조금 당긴 값), 당겨진(shrunken) 편향으로 만든 $\mu + b_u + b_i$(요인은 하나도 없으며, **편향만 쓴 모델(bias only)** 이라고
# 부릅니다), 그리고 우리의 MF입니다. 넷 모두 `train_df`에서만 배웁니다.


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
    train_df.assign(residual=train_df["rating"] - mu), "item_idx", num_items, 1
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
# *Picture.* Four horizontal bars with their test RMSE written at the end, from top to bottom: global mean, item mean, bias only, MF.
# Each is shorter than the one above it.
#
# The biases account for most of the improvement from the mean to MF. Taste, the part that makes recommendations *personal*, adds
# the last few per cent. That is typical of star ratings, and it is why every model should be compared with bias only.
# (The axis begins at 0.8: compare the ends of the bars, not their lengths.)

# %% [markdown] lang="ko" of="fef66298"
# *그림.* 가로 막대 네 개이며 막대 끝에 시험 RMSE가 적혀 있습니다. 위에서부터 전체 평균(global mean), 영화 평균(item mean), 편향만(bias
# only), MF이고, 아래로 갈수록 짧아집니다.
#
# 전체 평균에서 MF까지 줄어든 오차의 대부분은 편향 덕분입니다. 추천을 *나만의 것*으로 만드는 취향은 마지막 몇 퍼센트를 더 줄일 뿐입니다. 별점 데이터에서는
# 흔한 일이며, 어떤 모델이든 편향만 쓴 모델과 견주어야 하는 까닭입니다. (축이 0.8에서 시작하므로 막대의 길이가 아니라 끝을 비교하세요.)

# %% [markdown] lang="en"
# ## 6. Complete the whole matrix
#
# To predict every pair we need every pair: a grid of user indices and a grid of item indices, both of shape
# (users, items). `torch.arange(n)` counts 0 to n-1; `unsqueeze(1)` makes it a column, `unsqueeze(0)` a row;
# `repeat(a, b)` stacks a copies downwards and b copies sideways. Two users and three items:

# %% [markdown] lang="ko" of="822b30c3"
# ## 6. 행렬 전체를 완성하기
#
# 모든 쌍을 예측하려면 모든 쌍이 있어야 합니다. 사용자 인덱스의 격자와 영화 인덱스의 격자를 만들며, 모양은 둘 다 (사용자 수, 영화 수)입니다.
# `torch.arange(n)`은 0부터 n-1까지 셉니다. `unsqueeze(1)`은 그것을 열로, `unsqueeze(0)`은 행으로 만듭니다. `repeat(a, b)`는 아래로
# a번, 옆으로 b번 되풀이해 쌓습니다. 사용자 둘, 영화 셋으로 해 봅시다.

# %%
print(torch.arange(2).unsqueeze(1).repeat(1, 3))
print(torch.arange(3).unsqueeze(0).repeat(2, 1))

# %% [markdown] lang="en"
# Row by row, the pairs of the two grids run through all items of user 0, then all items of user 1. Predicting needs no
# gradients, so it runs under `torch.no_grad()`; the pairs go through the model in pieces, to save memory.
#
# **Exercise `mf-complete`.** Build both grids and complete the matrix by the rule of lesson 1: where a user gave a rating,
# keep it; only a gap takes the (clamped) prediction.
#
# <details><summary>Hint</summary>
#
# 1. What does predicting not need? The sentence above this exercise names the call.
# 2. All user indices in order: the function that counts from 0.
# 3. The same function counts the items.
# 4. In the user grid a row holds one user, so the indices first become a column: the method with the argument 1 in the small example.
# 5. Then that column is copied sideways, once an item: the other method of the small example.
# 6. In the item grid every row is the same; the indices become a row, by the method that made the column.
# 7. Then that row is copied downwards, once a user.
#
# </details>

# %% [markdown] lang="ko" of="d105d69f"
# 두 격자의 쌍을 행 순서로 읽으면 0번 사용자의 모든 영화가 나오고, 그다음 1번 사용자의 모든 영화가 나옵니다. 예측에는 기울기가 필요 없으므로
# `torch.no_grad()` 안에서 실행합니다. 메모리를 아끼려고 쌍을 여러 조각으로 나누어 모델에 넣습니다.
#
# **실습 `mf-complete`.** 두 격자를 만들고 1강의 규칙대로 행렬을 완성하세요. 사용자가 매긴 평점은 그대로 두고, 결측값(missing value)만 (범위에 맞게 자른)
# 예측값으로 채웁니다.
#
# <details><summary>힌트</summary>
#
# 1. 예측할 때 필요 없는 것은 무엇입니까? 실습 바로 위 문장에 그 이름이 나옵니다.
# 2. 모든 사용자 인덱스를 차례로 만듭니다. 0부터 세는 함수입니다.
# 3. 영화도 같은 함수로 셉니다.
# 4. 사용자 격자에서는 한 행에 사용자 한 명이 놓이므로, 먼저 인덱스를 열로 세웁니다. 작은 예에서 인수로 1을 받은 메서드입니다.
# 5. 그 열을 영화 수만큼 옆으로 복사합니다. 작은 예에 나온 다른 메서드입니다.
# 6. 영화 격자에서는 모든 행이 같습니다. 열로 세울 때 쓴 그 메서드로 인덱스를 행으로 눕힙니다.
# 7. 그 행을 사용자 수만큼 아래로 복사합니다.
#
# </details>

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
assert {"all_users", "U_grid", "R_hat_full"} & globals().keys(), (
    "Fill the blanks above and run that cell first."
)
missing = [
    name for name in ("R_hat_full", "R_hat_df_full", "completed_full") if name not in globals()
]
assert not missing, f"The cell above stopped before `{missing[0]}`: its error says why."
needs("isinstance list print")
R_hat, shape = np.asarray(R_hat_full), (num_users, num_items)
assert R_hat.shape == shape, "`R_hat_full` should be users by items: look at the grids."
assert R_hat.min() >= 1 and R_hat.max() <= 5, "Predictions must lie in 1 to 5: look at `clamp`."
some = torch.tensor([[0, 1, 2, num_users - 1, num_users - 1], [0, 3, num_items - 1, 0, 5]])
with torch.no_grad():
    predicted = model(*some.to(device)).clamp(1, 5).cpu()
assert np.allclose(R_hat[some[0], some[1]], predicted, atol=1e-3), (
    "A cell should hold the prediction of its own user and item: look at `unsqueeze` and `repeat`."
)
for name, table in (("R_hat_df_full", R_hat_df_full), ("completed_full", completed_full)):
    is_table = isinstance(table, pd.DataFrame) and table.shape == shape
    assert is_table, f"`{name}` should be a table of users by items."
    is_labelled = list(table.index) == list(user_ids) and list(table.columns) == list(movie_ids)
    assert is_labelled, f"User ids label the rows of `{name}`, movie ids its columns."
assert np.allclose(R_hat_df_full, R_hat, atol=1e-3), "`R_hat_df_full` differs from `R_hat_full`."
observed = ratings.pivot(index="userId", columns="movieId", values="rating").to_numpy()
seen, cells = ~np.isnan(observed), completed_full.to_numpy(dtype="float64")
assert not np.isnan(cells).any(), "Gaps are left in `completed_full`."
assert np.array_equal(cells[seen], observed[seen]), "A rating has changed: it should stay."
assert np.allclose(cells[~seen], R_hat[~seen], atol=1e-3), "A gap does not hold its prediction."
print("mf-complete: no gap left, every prediction between 1 and 5.")

# %%
for name, table in (
    ("ratings", R_sparse_full),
    ("predictions", R_hat_df_full),
    ("completed", completed_full),
):
    print(name, table.iloc[:5, :5].round(2), sep="\n", end="\n\n")

# %% [markdown] lang="en"
# The rule at work in one corner: where the first table has a rating, the third has the same; where the first has `NaN`, the third has the
# number of the second.
#
# ## 7. Ten films for you
#
# Now the point of it all. A list of recommendations for a user holds the films with the highest predictions **among those
# the user has not rated**.
#
# **Exercise `mf-recommend`.** Write `recommend(user_id, n=10)`. It takes a user *id* and returns a table with columns
# `movieId`, `title`, `score`, best first: the `n` unseen films with the highest score, where the score is the value in
# `R_hat_df_full`. Useful: `R_sparse_full.loc[user_id].isna()` says which films the user has not rated;
# `series[condition]` keeps those; `series.nlargest(n)` takes the largest with their labels; `titles.loc[ids]` gives titles.
#
# <details><summary>Hint</summary>
#
# 1. Take the user's row out of `R_hat_df_full`: a series whose labels are movie ids.
# 2. Keep the entries of films not rated, then the `n` largest. The labels of what is left are the ids, its `.values` the scores.
# 3. `pd.DataFrame({"movieId": ..., "title": ..., "score": ...})` puts three columns together. Titles come with labels of their own; `.values` drops them.
#
# </details>

# %% [markdown] lang="ko" of="9f65ea80"
# 한 모퉁이에서 규칙을 확인해 봅시다. 첫째 표에 평점이 있는 칸은 셋째 표에도 같은 값이 있고, 첫째 표가 `NaN`인 칸에는 둘째 표의 값이 들어
# 있습니다.
#
# ## 7. 당신을 위한 영화 열 편
#
# 드디어 목적지입니다. 어떤 사용자에게 줄 추천 목록은 **그 사용자가 평점을 매기지 않은 영화 가운데** 예측값이 가장 높은 영화들입니다.
#
# **실습 `mf-recommend`.** `recommend(user_id, n=10)`을 작성하세요. 사용자 *번호(id)* 를 받아 `movieId`, `title`, `score` 열이 있는 표를
# 점수가 높은 순서로 돌려줍니다. 아직 보지 않은 영화 가운데 점수가 가장 높은 `n`편이며, 점수는 `R_hat_df_full`의 값입니다. 쓸모 있는 도구는
# 다음과 같습니다. `R_sparse_full.loc[user_id].isna()`는 사용자가 평점을 매기지 않은 영화를 알려 주고, `series[condition]`은 그것만
# 남기며, `series.nlargest(n)`은 가장 큰 값을 이름표와 함께 고르고, `titles.loc[ids]`는 제목을 줍니다.
#
# <details><summary>힌트</summary>
#
# 1. `R_hat_df_full`에서 그 사용자의 행을 꺼냅니다. 이름표가 영화 번호인 시리즈(series)입니다.
# 2. 평점을 매기지 않은 영화만 남기고, 그 가운데 큰 것 `n`개를 고릅니다. 남은 것의 이름표가 번호이고 `.values`가 점수입니다.
# 3. `pd.DataFrame({"movieId": ..., "title": ..., "score": ...})`로 세 열을 합칩니다. 제목에는 따로 이름표가 붙어 있으므로 `.values`로
#    떼어 냅니다.
#
# </details>

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
# The n best unseen movies of a user, best first, with their titles.
assert "recommend" in globals(), "Fill the blanks above and run that cell first."
needs("isinstance len list min print")
requests = [(user_id, 10) for user_id in user_ids[::20]]
most = ratings["userId"].value_counts().index[0]  # the user with the most ratings
for user_id, n in [*requests, (most, 1), (most, num_items)]:
    top = recommend(user_id, n)
    assert isinstance(top, pd.DataFrame), "`recommend` gives no table: look for its `return`."
    assert list(top.columns) == ["movieId", "title", "score"], "Columns: movieId, title, score."
    ids, rated = {*top["movieId"]}, {*ratings["movieId"][ratings["userId"] == user_id]}
    assert ids <= {*item2idx}, "`movieId` should hold movie ids."
    assert not ids & rated, "A movie that the user has rated must not be recommended."
    is_long = len(top) == len(ids) == min((n, num_items - len(rated)))
    assert is_long, "There should be n different movies, or all unseen ones where they are fewer."
    scores = R_hat_df_full.loc[user_id].to_numpy()
    own = scores[[item2idx[movie_id] for movie_id in top["movieId"]]]
    assert np.allclose(top["score"], own, atol=1e-4), "A score is the value in `R_hat_df_full`."
    assert top["score"].is_monotonic_decreasing, "The best film comes first."
    unseen = np.array([movie_id not in rated for movie_id in movie_ids])
    is_best = np.isclose(own.min(), np.sort(scores[unseen])[-len(top)], atol=1e-4)
    assert is_best, "An unseen movie with a higher score is left out."
    assert list(top["title"]) == list(titles.loc[top["movieId"]]), "A title is not of its movie."
assert len(recommend(most)) == 10, "`recommend` gives ten movies where n is left out."
print("mf-recommend: unseen movies, best first, for every user that was asked.")

# %%
favourites = ratings[ratings["userId"] == user_ids[0]].nlargest(5, "rating")
print("liked:", "; ".join(titles.loc[favourites["movieId"]]))
recommend(user_ids[0]).round(2)

# %% [markdown] lang="en"
# Compare the list with what the user liked. Much of it is loved by nearly everyone: high item biases. The factors decide
# which of these films come out on top for this user.
#
# The factors can do more. A film's vector $q_i$ (100 numbers) says who likes it, so two films whose vectors point in the same
# direction please the same people: they are **neighbours**. The cosine of the angle between them measures it: 1 for the same direction,
# 0 for nothing in common, -1 for opposite directions. "Viewers of this film also like" is a list of its neighbours. Films with fewer than 50 training ratings are left out: a few
# ratings say little about who likes a film, so the direction of such a vector is mostly chance.

# %% [markdown] lang="ko" of="0e155829"
# 목록을 이 사용자가 좋아한 영화와 비교해 보세요. 상당수는 거의 모두가 좋아하는 영화, 곧 영화 편향이 큰 영화입니다. 그런 영화 가운데 어느 것이
# 이 사용자에게 맨 위로 올라오는지는 요인이 정합니다.
#
# 요인으로 할 수 있는 일이 더 있습니다. 영화의 벡터 $q_i$(숫자 100개)는 누가 그 영화를 좋아하는지 말해 주므로, 벡터가 같은 방향을 가리키는 두
# 영화는 같은 사람들의 마음에 듭니다. 이런 영화를 **이웃(neighbour)** 이라고 합니다. 두 벡터 사이 각의 코사인(cosine)으로 재며, 같은 방향이면 1,
# 공통점이 없으면 0, 반대 방향이면 -1입니다. '이 영화를 본 사람은 이런 영화도 좋아합니다'가 바로 이웃의 목록입니다. 학습 평점이 50개보다 적은 영화는 뺍니다. 평점
# 몇 개로는 누가 그 영화를 좋아하는지 알기 어려우므로, 그런 벡터의 방향은 대부분 우연입니다.


# %%
def similar_movies(movie_id, n=5, least=50):
    """The n nearest neighbours of a movie among those with enough training ratings, nearest first."""
    with torch.no_grad():
        Q = nn.functional.normalize(
            model.item_emb.weight.cpu(), dim=1
        )  # (items, factors), length 1
        cosines = pd.Series((Q @ Q[item2idx[movie_id]]).numpy(), index=movie_ids)  # (items,)
    known = train_df["movieId"].value_counts().reindex(movie_ids, fill_value=0) >= least
    best = cosines[known.values].drop(movie_id, errors="ignore").nlargest(n)
    return pd.DataFrame({"title": titles.loc[best.index].values, "cosine": best.values.round(2)})


for movie_id in train_df["movieId"].value_counts().index[:3]:
    print("neighbours of", titles.loc[movie_id])
    print(similar_movies(movie_id).to_string(index=False), end="\n\n")

# %% [markdown] lang="en"
# No one told the model about genres, directors or sequels: it saw ratings and nothing else. On MovieLens the neighbours of a film
# are often its sequels, or films for the same audience.
#
# ## 8. Say it in your own words
#
# **Question `mf-why` (read by a person).** The training error goes on falling for as long as one trains, yet we threw
# those epochs away. Why? And why may the test ratings be used only once, at the end? Three to five sentences.

# %% [markdown] lang="ko" of="93c48d65"
# 장르도 감독도 속편인지도 아무도 알려 주지 않았습니다. 모델은 평점만 보았습니다. MovieLens에서 어떤 영화의 이웃은 그 영화의 속편이거나 같은
# 관객을 위한 영화일 때가 많습니다.
#
# ## 8. 자신의 말로 설명하기
#
# **문제 `mf-why`(사람이 읽고 채점합니다).** 학습 오차는 학습하는 한 계속 줄어드는데도 우리는 그 에포크들을 버렸습니다. 왜 그랬습니까? 그리고
# 시험 평점은 왜 마지막에 한 번만 써야 합니까? 세 문장에서 다섯 문장으로 쓰세요.

# %% [markdown] answer="mf-why" points=3 of="567fd7c8"
# <!-- en -->
# With a hundred numbers for each user and item the model has more than three parameters for each training rating, so it can store
# the training ratings one by one. After a few epochs it does, and what it stores there (noise, accidents) does not carry over to other
# ratings: the validation error rises. The weights of the epoch with the best validation error are the ones that generalise.
# The validation ratings have then been used for a choice, so their error is a little too good; the test ratings give an honest
# estimate only as long as no choice depends on them. Whoever looks twice and picks the better has turned them into
# validation ratings.
#
# <!-- ko -->
# 사용자와 영화마다 숫자를 백 개씩 쓰면 학습 평점 하나에 파라미터가 세 개 넘게 돌아가므로, 모델은 학습 평점을 하나하나 저장할 수 있습니다. 몇
# 에포크가 지나면 실제로 그렇게 하며, 이때 저장한 것(잡음과 우연)은 다른 평점에 통하지 않으므로 검증 오차가 올라갑니다. 일반화되는 것은 검증
# 오차가 가장 낮은 에포크의 가중치입니다. 이때 검증 평점은 이미 선택에 쓰였으므로 그 오차는 조금 지나치게 좋습니다. 시험 평점은 어떤 선택도
# 그것에 달려 있지 않을 때에만 정직한 추정값을 줍니다. 두 번 보고 나은 쪽을 고르면 시험 평점이 검증 평점으로 바뀝니다.
#
# <!-- marking scheme -->
# <!-- en -->
# 1 point: overfitting named and explained (parameters store training ratings).
# 1 point: validation picks the epoch because it measures unseen ratings.
# 1 point: a set that took part in a choice no longer gives an unbiased estimate.
#
# <!-- ko -->
# 1점: 과적합을 말하고 설명한다(파라미터가 학습 평점을 저장한다).
# 1점: 검증은 보지 않은 평점에서 재는 것이므로 에포크를 고르는 기준이 된다.
# 1점: 선택에 쓰인 데이터는 더 이상 편향 없는 추정값을 주지 않는다.

# %% [markdown] lang="en"
# ## What you take along
#
# * You **split** the ratings, and kept the test part closed until one final look (sections 1 and 4).
# * You fed them in **batches**, by a `Dataset` and a `DataLoader` (section 2).
# * You **trained** a biased MF on observed cells only, stopped it at its best epoch (sections 3 and 4), and held it
#   against bias only (section 5).
# * You **completed** the matrix and **recommended** ten films by title (sections 6 and 7).
#
# MF describes a user by a vector that it must learn for each user anew. Lesson 3 learns a *function* that reads a user's
# ratings and returns a vector: an autoencoder.

# %% [markdown] lang="ko" of="85faf621"
# ## 이 강의에서 얻은 것
#
# * 평점을 **나누고**, 시험 데이터는 마지막에 한 번 볼 때까지 열지 않았습니다(1절과 4절).
# * 평점을 `Dataset`과 `DataLoader`로 **배치**마다 넣어 주었습니다(2절).
# * 평점이 있는 칸에서만 편향을 둔 MF를 **학습**시키고 가장 좋은 에포크에서 멈추었으며(3절과 4절), 편향만 쓴 모델과 견주었습니다(5절).
# * 행렬을 **완성**하고 영화 열 편을 제목으로 **추천**했습니다(6절과 7절).
#
# MF는 사용자마다 벡터를 새로 배워야 합니다. 3강에서는 사용자의 평점을 읽고 벡터를 돌려주는 *함수*를 배웁니다. 바로 오토인코더(autoencoder)입니다.
