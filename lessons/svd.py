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
# How to work:
#
# 1. Select a cell and press Shift+Enter: it runs, and what it makes appears below it. Go from top to bottom.
# 2. In an exercise each `*` stands for one letter; while a star is left, the cell ends in `SyntaxError`. Fill the blanks, run
#    the cell, then run the *check* below it: it prints one line, or a sentence says where to look.
# 3. To answer a question, double-click its cell, write in place of the line that stands there, and press Shift+Enter.
# 4. Before you hand in, restart the kernel and run all cells: a line each should begin with `svd-block`, `svd-factors`,
#    `svd-complete` and `svd-rank`. Save, and hand in `svd.ipynb`, its name unchanged, where your course tells you to.
#
# When you hand in, the notebook runs from top to bottom on **other data of the same kind**, without a network and on one
# thread: at most 60 seconds a cell, 180 seconds in all, and 3 GB of memory. The solution needs less than a tenth of that.
#
# The grader has what this course's own environment has: numpy, pandas, scipy, scikit-learn, matplotlib, tqdm, ipywidgets and torch,
# with all that comes with them. Other packages are not there, so hand in without them.

# %% [markdown] lang="ko" of="607685c8"
# # 1강. SVD: 여덟 사람, 여덟 영화, 그리고 그 사이의 빈 칸
#
# 여덟 사람이 여덟 편의 영화 가운데 일부에 평점을 매겼습니다. 나머지 영화에는 몇 점을 줄까요? 이 강의를 마치면 다음을 할 수 있습니다.
#
# * 평점 목록을 **결측값(missing value)이 있는 행렬**로 바꿉니다.
# * **특이값 분해**(singular value decomposition, SVD)로 행렬을 분해하고 가장 강한 성분만 남깁니다.
# * 행렬을 **완성**합니다. 사람들이 매긴 평점은 그대로 두고, 매기지 않은 칸만 예측합니다.
# * 요인(factor)을 **몇 개** 남겨야 하는지, 그것이 특이값(singular value)과 어떤 관계인지 설명합니다.
#
# 진행 방법은 다음과 같습니다.
#
# 1. 셀을 고르고 Shift+Enter를 누르면 셀이 실행되고 결과가 그 아래에 나타납니다. 위에서 아래로 차례로 실행하세요.
# 2. 실습에서 `*` 하나는 글자 하나를 나타냅니다. `*`가 남아 있으면 셀은 `SyntaxError`로 끝납니다. 빈칸을 채워 셀을 실행한 다음, 그
#    아래의 *확인* 셀을 실행하세요. 한 줄이 출력되거나, 어디를 보아야 하는지 알려 주는 문장이 나옵니다.
# 3. 문제에 답하려면 답 셀을 두 번 클릭하고, 적혀 있는 줄 대신 답을 쓴 뒤 Shift+Enter를 누릅니다.
# 4. 제출하기 전에 커널(kernel)을 다시 시작하고 모든 셀을 실행하세요. `svd-block`, `svd-factors`, `svd-complete`, `svd-rank`로 시작하는 줄이
#    하나씩 나와야 합니다. 저장한 다음, 파일 이름 `svd.ipynb`를 바꾸지 말고 안내받은 곳에 제출하세요.
#
# 제출한 노트북은 **같은 종류의 다른 데이터**로 처음부터 끝까지 실행됩니다. 네트워크 없이 스레드 하나로 실행되며, 셀 하나에 최대 60초,
# 전체 180초, 메모리 3 GB까지 쓸 수 있습니다. 정답 코드는 그 10분의 1도 쓰지 않습니다.
#
# 채점기에는 이 강좌의 환경에 있는 것이 그대로 있습니다. numpy, pandas, scipy, scikit-learn, matplotlib, tqdm, ipywidgets, torch와
# 이들이 필요로 하는 패키지입니다. 다른 패키지는 없으니, 그것 없이 제출하세요.

# %% [markdown] lang="en"
# ## 1. The ratings
#
# MovieLens 100K (Harper and Konstan, 2015, *The MovieLens Datasets: History and Context*, ACM TiiS 5(4), article 19)
# is a list: one row says that a user gave a movie 1 to 5 stars at some time. It comes in two text files without a header:
#
# * `u.data`: one rating a line, four columns, separated by tabs. It becomes the table `ratings`.
# * `u.item`: one movie a line, many columns, separated by `|`, encoded in latin-1. Columns 0 and 1, the number and the title,
#   become the table `movies`.
#
# The folded cell below finds the two files, or downloads them once, and reads them.

# %% [markdown] lang="ko" of="f44dfff6"
# ## 1. 평점 데이터
#
# MovieLens 100K(Harper and Konstan, 2015, *The MovieLens Datasets: History and Context*, ACM TiiS 5(4), article 19)는
# 목록입니다. 한 행은 어떤 사용자(user)가 어떤 시각에 어떤 영화(movie)에 별점 1~5점을 주었다는 기록입니다. 머리글이 없는 텍스트 파일 두
# 개로 되어 있습니다.
#
# * `u.data`: 한 줄에 평점 하나가 있고, 탭으로 구분된 네 열로 되어 있습니다. 이것이 `ratings` 표가 됩니다.
# * `u.item`: 한 줄에 영화 한 편이 있고, 많은 열이 `|`로 구분되어 있으며 인코딩은 latin-1입니다. 0번 열(번호)과 1번 열(제목)이 `movies`
#   표가 됩니다.
#
# 아래의 접힌 셀은 두 파일을 찾거나, 없으면 한 번 내려받아 읽습니다.

# %% data=true

# %%
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from numpy.linalg import svd

ratings.head()

# %% [markdown] lang="en"
# Every row is one opinion: who (`userId`), on what (`movieId`), how many stars (`rating`), and when (`timestamp`, in
# seconds since 1970). Titles stand in a table of their own, so that a row stays short:

# %% [markdown] lang="ko" of="315a30ef"
# 한 행이 하나의 의견입니다. 누가(`userId`), 무엇에(`movieId`), 별을 몇 개(`rating`), 언제(`timestamp`, 1970년부터 센 초)
# 주었는지가 적혀 있습니다. 영화 제목은 행이 길어지지 않도록 다른 표에 있습니다.

# %%
movies.head()

# %% [markdown] lang="en"
# `movieId` is what the two tables share: it leads from a rating to its title.
#
# ## 2. From a list to a matrix with gaps
#
# Put users in rows, movies in columns, and the stars where a row and a column meet. Call this matrix $R$, with shape
# (users, movies). Nobody has seen everything, so most cells have no rating: pandas writes `NaN`. Watch it happen on
# three opinions of two people about two films:

# %% [markdown] lang="ko" of="e78398e0"
# 두 표에 공통으로 있는 열은 `movieId`입니다. 이 번호로 평점에서 제목을 찾아갑니다.
#
# ## 2. 목록에서 결측값이 있는 행렬로
#
# 사용자를 행에, 영화를 열에 놓고, 행과 열이 만나는 칸에 별점을 적습니다. 이 행렬을 $R$이라 하며, 모양(shape)은 (사용자 수, 영화 수)입니다.
# 모든 영화를 본 사람은 없으므로 칸은 대부분 비어 있고, pandas는 그런 칸에 `NaN`을 적습니다. 두 사람이 두 영화에 남긴 의견 세 개로
# 확인해 봅시다.

# %%
tiny = pd.DataFrame({"userId": [1, 1, 2], "movieId": [10, 20, 20], "rating": [5.0, 3.0, 4.0]})
tiny.pivot_table(values="rating", index="userId", columns="movieId")

# %% [markdown] lang="en"
# User 2 never rated movie 10: that cell is a gap, not a zero. `pivot_table` takes the name of the column that gives the
# rows (`index`), the one that gives the columns (`columns`), and the one that fills the cells (`values`).
#
# We work on a block that fits on the screen: the first eight user ids and the first eight movie ids. The file is in no order,
# so the ids are sorted first, as `pivot_table` sorts its rows and columns: our sample is then the upper left corner of $R$.

# %% [markdown] lang="ko" of="9f98d5df"
# 2번 사용자는 10번 영화에 평점을 매긴 적이 없습니다. 그 칸은 0점이 아니라 결측값입니다. `pivot_table`에는 행이 될 열의 이름(`index`),
# 열이 될 열의 이름(`columns`), 칸을 채울 열의 이름(`values`)을 줍니다.
#
# 이 강의에서는 화면에 들어오는 크기의 블록(block)을 다룹니다. 사용자 번호와 영화 번호를 각각 앞에서 여덟 개씩 고릅니다. 파일에는 순서가
# 없으므로 번호를 먼저 정렬합니다. `pivot_table`도 행과 열을 정렬하므로, 고른 번호는 $R$의 왼쪽 위 모서리가 됩니다.

# %%
user_ids = sorted(ratings["userId"].unique())
movie_ids = sorted(ratings["movieId"].unique())
sample_users, sample_movies = user_ids[:8], movie_ids[:8]
movies[movies["movieId"].isin(sample_movies)]

# %% [markdown] lang="en"
# These are the eight films of the block.
#
# **Exercise `svd-block`.** Build the whole matrix `R_sparse`, then cut out the block `R_block`. In `.loc[rows, columns]`
# the first list names the rows to keep (our sample of users, `sample_users`), the second the columns (our sample of movies,
# `sample_movies`). Mind the order: in this data both lists hold 1 to 8, so that a swap would not show; elsewhere it does.
#
# <details><summary>Hint</summary>
#
# 1. Which argument of `pivot_table` named the rows of the tiny matrix above? It took `userId` there as well.
# 2. Its partner names what runs from left to right.
# 3. What stands before the comma in `.loc` picks rows. Who stands in the rows of $R$? The cell above made a list of eight of them.
# 4. What stands after the comma picks from left to right. The other list of the cell above.
#
# </details>

# %% [markdown] lang="ko" of="978629d9"
# 블록에 들어가는 영화 여덟 편입니다.
#
# **실습 `svd-block`.** 전체 행렬 `R_sparse`를 만들고, 거기에서 블록 `R_block`을 잘라 내세요. `.loc[rows, columns]`의 첫째 목록은 남길
# 행(우리가 고른 사용자, `sample_users`), 둘째 목록은 남길 열(우리가 고른 영화, `sample_movies`)입니다. 순서에
# 유의하세요. 이 데이터에서는 두 목록이 모두 1부터 8까지라서 바꾸어 써도 드러나지 않지만, 다른 데이터에서는 드러납니다.
#
# <details><summary>힌트</summary>
#
# 1. 위의 작은 행렬에서 `pivot_table`의 어느 인수가 행을 정했습니까? 거기에서도 `userId`를 받았습니다.
# 2. 그 짝이 되는 인수로, 왼쪽에서 오른쪽으로 놓이는 것을 정합니다.
# 3. `.loc`에서 쉼표 앞은 행을 고릅니다. $R$의 행에는 누가 있습니까? 바로 위 셀에서 그 가운데 여덟을 목록으로 만들었습니다.
# 4. 쉼표 뒤는 가로 방향으로 고릅니다. 위 셀에서 만든 다른 목록입니다.
#
# </details>

# %% blank="svd-block" mask="index columns sample_users sample_movies"
R_sparse = ratings.pivot_table(values="rating", index="userId", columns="movieId")
R_block = R_sparse.loc[sample_users, sample_movies]  # (8, 8)
R_block

# %% check="svd-block" points=3 nbval=true
# R_block holds the stars that its users (rows) gave its movies (columns), and a gap where they gave none.
needs("isinstance len print")
assert "R_sparse" in globals(), (
    "Fill the blanks above and run that cell first. If it ends in an error, mend that."
)
assert "R_block" in globals(), "The cell above stopped before `R_block`: its error says why."
assert isinstance(R_sparse, pd.DataFrame), "`R_sparse` should be a table (DataFrame)."
assert R_sparse.index.tolist() == user_ids and R_sparse.columns.tolist() == movie_ids, (
    "`R_sparse` needs one row per user and one column per movie: look at `pivot_table`."
)
assert R_sparse.count().sum() == len(ratings), (
    "`R_sparse` should hold a number for each rating, and `NaN` in every other cell."
)
assert np.isclose(R_sparse.sum().sum(), ratings["rating"].sum(), rtol=1e-3), (
    "The numbers in `R_sparse` are not the ratings: look at `values`."
)
assert isinstance(R_block, pd.DataFrame), "`R_block` should be a table (DataFrame)."
assert R_block.index.tolist() == user_ids[:8] and R_block.columns.tolist() == movie_ids[:8], (
    "`R_block` needs our eight users in its rows, our eight movies in its columns: look at `.loc`."
)
ours = ratings[ratings["userId"].isin(user_ids[:8]) & ratings["movieId"].isin(movie_ids[:8])]
places = np.searchsorted(user_ids, ours["userId"]), np.searchsorted(movie_ids, ours["movieId"])
assert np.allclose(R_block.to_numpy(dtype=np.float64)[places], ours["rating"]), (
    "`R_block` lacks stars that our users gave our movies: look at what `.loc` selects."
)
assert R_block.count().sum() == len(ours), "`R_block` holds numbers where nobody rated."
print("svd-block: an", R_block.shape, "block, rows are users, columns are movies.")

# %% [markdown] lang="en"
# Now look at it. A cell with a number was rated; a hatched cell is a gap that we want to fill.

# %% [markdown] lang="ko" of="8cc34163"
# 그림으로 봅시다. 숫자가 적힌 칸은 평점이 있는 칸이고, 빗금 친 칸은 채우려는 결측값입니다.

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
ax.set(title="Ratings (hatched: a gap)", xlabel="movie id", ylabel="user id")
ax.set_xticks(range(8), sample_movies)
ax.set_yticks(range(8), sample_users)
fig.colorbar(image, label="stars")
plt.show()

# %% [markdown] lang="en"
# *Picture.* A grid of eight users by eight movies. Rated cells are coloured from dark (1 star) to light (5 stars) and bear the
# stars as a number; all other cells are hatched. One or two rows are nearly full, others are empty.
#
# A method that fills the gaps has to learn from the rows and columns around them. How much of the whole matrix is filled?

# %% [markdown] lang="ko" of="733ec22b"
# *그림.* 사용자 8명, 영화 8편의 격자입니다. 평점이 있는 칸은 어두운 색(1점)에서 밝은 색(5점)까지 칠해져 있고 별점이 숫자로 적혀 있으며,
# 나머지 칸에는 모두 빗금이 있습니다. 거의 다 찬 행이 한둘 있고, 완전히 빈 행도 있습니다.
#
# 결측값을 채우는 방법은 그 주변의 행과 열에서 배울 수밖에 없습니다. 전체 행렬은 얼마나 차 있을까요?

# %%
print(f"{R_sparse.notna().mean().mean():.1%} of the cells of R hold a rating.")

# %% [markdown] lang="en"
# More than nine cells in ten are gaps. What we call a matrix of ratings is mostly a matrix of questions.
#
# ## 3. The idea: a matrix is a sum of simple ones
#
# The singular value decomposition writes any matrix $A$ of shape $(m, n)$ as
#
# $$A = U \,\mathrm{diag}(S)\, V^\top = \sum_{f=1}^{r} S_f\; u_f v_f^\top ,$$
#
# with $U$ of shape $(m, r)$, $S$ of shape $(r,)$, $V^\top$ of shape $(r, n)$ and $r = \min(m, n)$. The column $u_f$ of $U$ has
# shape $(m,)$, the row $v_f^\top$ of $V^\top$ shape $(n,)$, and their product $u_f v_f^\top$ shape $(m, n)$. Such a product is
# as simple as a matrix can be: one number a row times one number a column. The singular values $S_f$ (numbers, never negative)
# say how much each term matters, largest first. Keep the first $k$ terms and you have the best matrix of rank $k$, in the sense
# of squared error (Eckart and Young, 1936).
#
# Try it on a matrix that *is* one row number times one column number:

# %% [markdown] lang="ko" of="7f3f054e"
# 열 칸 가운데 아홉 칸 넘게 비어 있습니다. 평점 행렬이라고 부르지만, 사실은 대부분이 물음표인 행렬입니다.
#
# ## 3. 핵심 생각: 행렬은 단순한 행렬의 합
#
# 특이값 분해는 모양이 $(m, n)$인 어떤 행렬 $A$든 다음과 같이 씁니다.
#
# $$A = U \,\mathrm{diag}(S)\, V^\top = \sum_{f=1}^{r} S_f\; u_f v_f^\top ,$$
#
# $U$의 모양은 $(m, r)$, $S$는 $(r,)$, $V^\top$는 $(r, n)$이고 $r = \min(m, n)$입니다. $U$의 열 $u_f$는 $(m,)$, $V^\top$의 행
# $v_f^\top$는 $(n,)$, 둘의 곱 $u_f v_f^\top$는 $(m, n)$ 모양입니다. 이 곱은 행마다 숫자 하나, 열마다 숫자 하나를 정해 서로 곱한
# 것이므로 행렬 가운데 가장 단순합니다. 특이값 $S_f$(음수가 아닌 수)는 각 항이 얼마나 중요한지를 큰 것부터 차례로 알려 줍니다. 앞의
# $k$개 항만 남기면, 제곱 오차의 뜻에서 가장 좋은 랭크(rank) $k$ 행렬이 됩니다(Eckart and Young, 1936).
#
# 행마다 숫자 하나, 열마다 숫자 하나로 된 행렬에 직접 해 봅시다.

# %%
A = np.outer([1.0, 2.0, 3.0], [4.0, 5.0])  # (3, 2)
U_tiny, S_tiny, Vt_tiny = svd(A, full_matrices=False)
print("singular values:", S_tiny.round(3) + 0.0)

# %% [markdown] lang="en"
# One singular value does all the work; the other is zero. Ratings are never that simple, but they are simpler than
# they look. Remember the call: `full_matrices=False` asks for the slim decomposition, with the shapes given above.
#
# ## 4. Factor the block
#
# SVD knows no gaps, so we fill them first, with the mean of all ratings: a bland guess that SVD may then improve. In pandas,
# `series.mean()` is the mean of a column, and `table.fillna(value)` writes a value into every gap. Then
# keep $k = 2$ factors and fold the singular values into the users:
#
# $$P = U_k\,\mathrm{diag}(S_k) \;\;(8, k), \qquad Q = V_k \;\;(8, k),$$
#
# where $U_k$ holds the first $k$ columns of $U$, $S_k$ the first $k$ singular values, and $V_k$ the first $k$ rows of $V^\top$,
# stood upright as columns. A row of $P$ describes a user by two numbers, a row of $Q$ a movie by two numbers.
#
# **Exercise `svd-factors`.** Take the mean of the ratings, fill the gaps of the block with it, and ask for
# the slim decomposition, as on the tiny matrix above.
#
# <details><summary>Hint</summary>
#
# 1. The sum of all stars, divided by how many there are. Its name in pandas stands in the paragraph above, with an empty pair of brackets.
# 2. Two words written as one: what we do to a gap, and how pandas spells "not available" in two letters.
# 3. The same argument as in the cell with the tiny matrix `A`. It is `False` there too.
#
# </details>

# %% [markdown] lang="ko" of="b58ce43a"
# 특이값 하나가 모든 일을 하고, 다른 하나는 0입니다. 실제 평점은 이렇게 단순하지 않지만, 보기보다는 단순합니다. 함수를 부르는 방법을 기억해
# 두세요. `full_matrices=False`라고 쓰면 위에 적은 모양의 작은 분해를 얻습니다.
#
# ## 4. 블록을 분해하기
#
# SVD는 결측값을 모릅니다. 그래서 먼저 모든 평점의 평균으로 채웁니다. 밋밋한 추측이지만 SVD가 더 낫게 고칠 수 있습니다. pandas에서
# `series.mean()`은 열의 평균이고, `table.fillna(value)`는 결측값 자리마다 값을 적어 넣습니다. 그런 다음 요인을 $k = 2$개 남기고,
# 특이값은 사용자 쪽에 곱해 넣습니다.
#
# $$P = U_k\,\mathrm{diag}(S_k) \;\;(8, k), \qquad Q = V_k \;\;(8, k),$$
#
# $U_k$는 $U$의 앞 $k$개 열, $S_k$는 앞 $k$개 특이값, $V_k$는 $V^\top$의 앞 $k$개 행을 열로 세운 것입니다. $P$의 한 행은 사용자 한
# 명을, $Q$의 한 행은 영화 한 편을 숫자 두 개로 나타냅니다.
#
# **실습 `svd-factors`.** 평점의 평균을 구하고, 그 값으로 블록의 결측값을 채우고, 위의 작은 행렬에서처럼 작은 분해를 구하세요.
#
# <details><summary>힌트</summary>
#
# 1. 별점을 모두 더해 개수로 나눈 값입니다. pandas에서 쓰는 이름이 바로 위 문단에 빈 괄호와 함께 나옵니다.
# 2. 두 낱말을 붙여 쓴 이름입니다. 결측값에 하는 일을 영어로 쓰고, 그 뒤에 pandas가 '값 없음(not available)'을 줄여 쓰는 두 글자를 붙입니다.
# 3. 작은 행렬 `A`를 분해한 셀에서 쓴 인수와 같습니다. 거기에서도 값이 `False`였습니다.
#
# </details>

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
# P and Q are the two strongest factors of the filled block, the strongest first; P carries the singular values.
needs("isinstance print")
assert "global_mean" in globals(), (
    "Fill the blanks above and run that cell first. If it ends in an error, mend that."
)
missing = [name for name in ("R_block_filled", "P", "Q", "P_df", "Q_df") if name not in globals()]
assert not missing, f"The cell above stopped before `{missing[0]}`: its error says why."
gaps = np.asarray(pd.isna(R_block))
has_gaps = np.array_equal(gaps, R_sparse.iloc[:8, :8].isna())
assert has_gaps, "`R_block` lost its gaps here: make it again, then fill a copy of it."
assert np.shape(R_block_filled) == (8, 8), "`R_block_filled` should be an 8 by 8 array."
filled = np.asarray(R_block_filled, dtype=np.float64)
assert not np.isnan(filled).any(), "`R_block_filled` still has gaps: look at how it is filled."
stays = np.allclose(filled[~gaps], np.asarray(R_block)[~gaps])
assert stays, "A rating has changed in `R_block_filled`: only a gap takes the mean."
stars = ratings["rating"]
fits = np.allclose(filled[gaps] * stars.count(), stars.sum(), rtol=1e-3)
assert fits, "A gap of `R_block_filled` holds another number than the mean of all ratings."
assert np.shape(P) == (8, 2) and np.shape(Q) == (8, 2), (
    "`P` and `Q` need one row per user or movie and two columns: look at `k` and the slices."
)
users, films = np.asarray(P), np.asarray(Q)
assert np.allclose(films.T @ films, np.eye(2), atol=1e-3), (
    "The columns of `Q` should be orthonormal: they are rows of `Vt`, without singular values."
)
assert np.allclose(users, filled @ films, atol=1e-2), (
    "`P` does not fit `Q`: its columns are those of `U`, each times its own singular value."
)
rest = filled - users[:, :1] @ films[:, :1].T  # what the first factor misses
strongest = [np.linalg.norm(part, 2) for part in (filled, rest)]
assert np.allclose(np.linalg.norm(users, axis=0), strongest, atol=1e-2), (
    "These are not the two strongest factors, the strongest first: look at the order in `S`."
)
for table, ids, values in ((P_df, user_ids, users), (Q_df, movie_ids, films)):
    assert isinstance(table, pd.DataFrame), "`P_df` and `Q_df` should be tables (DataFrames)."
    assert table.index.tolist() == ids[:8] and table.columns.tolist() == ["f1", "f2"], (
        "User ids label the rows of `P_df`, movie ids those of `Q_df`, f1 and f2 the columns."
    )
    assert np.allclose(table, values), "`P_df` and `Q_df` hold other numbers than `P` and `Q`."
print("svd-factors: P", np.shape(P), "and Q", np.shape(Q))

# %%
display(P_df.round(3), Q_df.round(3))

# %% [markdown] lang="en"
# First $P$, one row per user, then $Q$, one row per movie. The first column of $P$ hardly varies: with most cells filled by one number, the first factor says "about average". What
# sets users apart stands in the second column. (Your signs may be flipped: $u_f v_f^\top = (-u_f)(-v_f)^\top$, so the sign of
# a factor is arbitrary.)
#
# > **Common mistake.** The mean was taken over *all* ratings. Here we only fill, so no harm is done. As soon as we *score* a
# > model on held-out ratings, its mean must come from the training part alone: a mean of all ratings has seen the test, and
# > that is **data leakage**, small as the number looks.

# %% [markdown] lang="ko" of="f7c47603"
# 위의 표는 사용자마다 한 행인 $P$, 아래의 표는 영화마다 한 행인 $Q$입니다. $P$의 첫째 열은 거의 변하지 않습니다. 칸을 대부분 숫자 하나로 채웠으므로, 첫째 요인은 '대체로 평균'이라고 말하는 셈입니다. 사용자를 서로
# 구별하는 것은 둘째 열입니다. (부호는 뒤집혀 나올 수 있습니다. $u_f v_f^\top = (-u_f)(-v_f)^\top$이므로 요인의 부호에는 뜻이 없습니다.)
#
# > **흔한 실수.** 여기에서는 *모든* 평점의 평균을 썼습니다. 채우기만 하므로 해가 없습니다. 그러나 따로 떼어 둔 평점으로 모델을 *평가*하는
# > 순간부터 평균은 학습 데이터에서만 구해야 합니다. 모든 평점의 평균은 시험 데이터를 이미 본 값이기 때문입니다. 숫자 하나뿐이라도
# > 이것은 **데이터 누출(data leakage)** 입니다.

# %% [markdown] lang="en"
# ## 5. Complete the block
#
# Multiply back: $\hat R = P Q^\top$, of shape $(8, 8)$, has a value in every cell, observed or not. The **completion rule** of
# this course is:
#
# > Where a user gave a rating, keep it. Only a gap takes the prediction.
#
# `A.where(condition, B)` keeps `A` where the condition holds and takes `B` elsewhere, matching row and column labels.
#
# **Exercise `svd-complete`.** Give the rebuilt block its labels: `index` takes the list of users in its rows,
# `columns` the list of movies in its columns. The rest applies the rule.
#
# <details><summary>Hint</summary>
#
# 1. The rebuilt block has the rows of `R_block`. Which list did you put before the comma in `.loc`?
# 2. And which list did you put after it?
#
# </details>

# %% [markdown] lang="ko" of="304c9474"
# ## 5. 블록을 완성하기
#
# 다시 곱하면 모양이 $(8, 8)$인 $\hat R = P Q^\top$를 얻습니다. 평점이 있던 칸이든 아니든 모든 칸에 값이 있습니다. 이 강의의 **완성
# 규칙(completion rule)** 은 다음과 같습니다.
#
# > 사용자가 매긴 평점은 그대로 둡니다. 결측값만 예측값으로 채웁니다.
#
# `A.where(condition, B)`는 조건이 참인 칸에는 `A`를 두고, 나머지 칸에는 행과 열의 이름표를 맞추어 `B`를 넣습니다.
#
# **실습 `svd-complete`.** 다시 만든 블록에 이름표를 붙이세요. `index`에는 행에 있는 사용자의 목록을, `columns`에는 열에 있는 영화의
# 목록을 줍니다. 나머지 코드가 규칙을 적용합니다.
#
# <details><summary>힌트</summary>
#
# 1. 다시 만든 블록의 행은 `R_block`의 행과 같습니다. `.loc`에서 쉼표 앞에 어느 목록을 썼습니까?
# 2. 쉼표 뒤에는 어느 목록을 썼습니까?
#
# </details>

# %% blank="svd-complete" mask="sample_users sample_movies"
R_hat_block = P @ Q.T  # (8, 8)
R_hat_df = pd.DataFrame(R_hat_block, index=sample_users, columns=sample_movies)
observed_pred = R_hat_df.where(~R_block.isna(), np.nan)
completed_block = R_block.where(~R_block.isna(), R_hat_df)

# %% check="svd-complete" points=4 nbval=true
# Observed ratings stay as they were; only gaps take the prediction.
needs("isinstance print zip")
has_begun = {"R_hat_block", "R_hat_df"} & globals().keys()
assert has_begun, (
    "Fill the blanks above and run that cell first. If it ends in an error, mend that."
)
names = ("R_hat_df", "completed_block", "observed_pred")
missing = [name for name in names if name not in globals()]
assert not missing, f"The cell above stopped before `{missing[0]}`: its error says why."
gaps = np.asarray(pd.isna(R_block))
has_gaps = np.array_equal(gaps, R_sparse.iloc[:8, :8].isna())
assert has_gaps, "`R_block` lost its gaps here: make it again, then fill a copy of it."
for name, table in zip(names, (R_hat_df, completed_block, observed_pred)):
    assert isinstance(table, pd.DataFrame), f"`{name}` should be a table (DataFrame)."
    assert table.index.tolist() == user_ids[:8] and table.columns.tolist() == movie_ids[:8], (
        f"`{name}` needs our users in its rows, our movies in its columns: look at its labels."
    )
predicted = R_hat_df.to_numpy(dtype=np.float64)
completed = completed_block.to_numpy(dtype=np.float64)
assert np.allclose(predicted, np.asarray(P) @ np.asarray(Q).T, atol=1e-3), (
    "`R_hat_df` has the right labels, but other numbers than `P @ Q.T`."
)
assert np.allclose(completed[~gaps], np.asarray(R_block)[~gaps]), (
    "A rating has changed in `completed_block`: `where` keeps its table where the condition holds."
)
assert not np.isnan(completed).any(), (
    "`completed_block` still has gaps: its condition must be false there (`x != np.nan` never is)."
)
assert np.allclose(completed[gaps], predicted[gaps]), (
    "A gap of `completed_block` holds another number than the prediction in `R_hat_df`."
)
assert np.allclose(observed_pred, np.where(gaps, np.nan, predicted), equal_nan=True), (
    "`observed_pred` should hold the predictions of rated cells, and `NaN` in the gaps."
)
print("svd-complete: every rating kept, every gap filled,", completed_block.shape)

# %%
completed_block.round(2)

# %% [markdown] lang="en"
# Whole numbers are ratings, the rest are predictions. An empty row gets predictions near the mean (3.5 or so), since
# nothing is known of that user. How close does $\hat R$ come where we know the truth? Compare $R$, and below it $\hat R$, on the
# observed cells:

# %% [markdown] lang="ko" of="bdd44a27"
# 정수는 평점이고 나머지는 예측값입니다. 비어 있던 행의 예측값은 평균(3.5 안팎) 근처입니다. 그 사용자에 대해 아는 것이 없기 때문입니다.
# 정답을 아는 칸에서 $\hat R$은 얼마나 가까울까요? 평점이 있는 칸에서 $R$과 그 아래의 $\hat R$을 견주어 봅시다.

# %%
display(R_block, observed_pred.round(2))
observed_error = observed_pred - R_block
print(f"RMSE on the observed cells: {np.sqrt(np.nanmean(observed_error.values**2)):.3f} stars")

# %% [markdown] lang="en"
# On the cells that we know, two factors miss by about half a star. That is an error on cells that SVD was shown: it says
# how well the block is *described*, not how well a gap is *predicted*.
#
# ## 6. How many factors?
#
# Two factors were our choice. With more of them $\hat R$ comes closer to the filled block; with all eight it is the block
# itself. The root mean squared error (RMSE) over the set $\mathcal O$ of observed cells measures it:
#
# $$\mathrm{RMSE}(k) = \sqrt{\tfrac{1}{|\mathcal O|}\textstyle\sum_{(u,i)\in\mathcal O} (\hat R^{(k)}_{ui} - R_{ui})^2},$$
#
# with $\hat R^{(k)}$ (8, 8) the matrix of rank $k$, $u$ a row, $i$ a column, and $|\mathcal O|$ the number of observed cells. The
# result is one number, in stars.
#
# **Exercise `svd-rank`.** Write `rank_error(R_filled, observed, k)`. `R_filled` is a matrix without gaps (an array of any
# shape), `observed` a True/False array of the same shape that says which cells count, and `k` the number of factors.
# Return the RMSE of the rank-`k` matrix on those cells, a float. You need `svd`, the first `k` columns of `U`, entries of
# `S` and rows of `Vt` (as in section 4), and a mean over `difference[observed]`.
#
# <details><summary>Hint</summary>
#
# 1. Begin as in section 4: the slim `svd` of `R_filled`.
# 2. Cut all three parts down to `k`, and multiply them back in the order of the formula in section 3. (A `*` between an
#    array of shape (m, k) and one of shape (k,) multiplies each column by its own number, so that no diagonal matrix is needed.)
# 3. Subtract `R_filled`, keep the cells that count, and read RMSE from right to left: square, mean, root.
#
# </details>

# %% [markdown] lang="ko" of="80f87473"
# 아는 칸에서 요인 두 개의 오차는 별 반 개쯤입니다. 다만 이것은 SVD에 보여 준 칸에서 잰 오차입니다. 블록을 얼마나 잘 *설명*하는지를 말할
# 뿐, 결측값을 얼마나 잘 *예측*하는지를 말해 주지는 않습니다.
#
# ## 6. 요인은 몇 개가 좋은가
#
# 요인을 두 개로 정한 것은 우리의 선택이었습니다. 더 많이 쓰면 $\hat R$은 채운 블록에 더 가까워지고, 여덟 개를 모두 쓰면 블록 그 자체가
# 됩니다. 평점이 있는 칸의 집합 $\mathcal O$에서 구한 평균 제곱근 오차(root mean squared error, RMSE)로 이를 잽니다.
#
# $$\mathrm{RMSE}(k) = \sqrt{\tfrac{1}{|\mathcal O|}\textstyle\sum_{(u,i)\in\mathcal O} (\hat R^{(k)}_{ui} - R_{ui})^2},$$
#
# $\hat R^{(k)}$ (8, 8)는 랭크 $k$인 행렬, $u$는 행, $i$는 열, $|\mathcal O|$는 평점이 있는 칸의 수입니다. 결과는 숫자 하나이고 단위는
# 별점입니다.
#
# **실습 `svd-rank`.** `rank_error(R_filled, observed, k)`를 작성하세요. `R_filled`는 결측값이 없는 행렬(모양은 아무것이나 되는
# 배열), `observed`는 어느 칸을 셀지 알려 주는 같은 모양의 True/False 배열, `k`는 요인의 수입니다. 랭크 `k` 행렬이 그 칸들에서
# 보이는 RMSE를 float로 돌려주세요. `svd`, 그리고 (4절에서처럼) `U`의 앞 `k`개 열, `S`의 앞 `k`개 값, `Vt`의 앞 `k`개 행,
# `difference[observed]`의 평균이 필요합니다.
#
# <details><summary>힌트</summary>
#
# 1. 4절과 같이 시작합니다. `R_filled`의 작은 `svd`를 구합니다.
# 2. 세 조각을 모두 `k`개로 자르고, 3절의 수식 순서대로 다시 곱합니다. (모양이 (m, k)인 배열과 (k,)인
#    배열을 `*`로 곱하면 열마다 자기 숫자가 곱해지므로 대각 행렬을 만들 필요가 없습니다.)
# 3. `R_filled`를 빼고, 셀 칸만 남긴 뒤, RMSE라는 이름을 뒤에서부터 읽습니다. 제곱하고, 평균을 내고, 제곱근을 구합니다.
#
# </details>


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
# The error of rank k is what the singular values after the k-th leave over, on the cells that count.
needs("print range")
assert "rank_error" in globals(), "Fill the blanks above and run that cell first."
assert "rank_errors" in globals(), (
    "The cell above stopped before `rank_errors`: fill its blank, or read its error."
)
stairs = np.diag([8.0, 7, 6, 5, 4, 3, 2, 1])  # rank 3 keeps 8, 7 and 6, and misses the others
one = rank_error(stairs, stairs > 4, 3)
assert one is not None, "`rank_error` returns nothing: let it end with `return` and the number."
assert np.size(one) == 1, "`rank_error` should return one number."
for matrix in (stairs, stairs[:, :6], stairs[:6]):
    assert np.isclose(rank_error(matrix, matrix > 4, 3), 2.5), (
        "`rank_error` is off where some cells count: of 8, 7, 6 and 5 rank 3 misses the 5 alone."
    )
filled, seen = np.asarray(R_block_filled, dtype=np.float64), np.asarray(pd.notna(R_block))
full_errors = [rank_error(filled, np.full((8, 8), True), rank) for rank in range(1, 9)]
squares = np.linalg.svd(filled, compute_uv=False) ** 2
left_over = [np.sqrt(squares[rank:].sum() / 64) for rank in range(1, 9)]
assert np.allclose(full_errors, left_over, atol=1e-3), (
    "`rank_error` is off where every cell counts: look at the slices."
)
assert np.shape(rank_errors) == (8,), "`rank_errors` needs one number for each rank from 1 to 8."
assert np.allclose(rank_errors, [rank_error(filled, seen, rank) for rank in range(1, 9)]), (
    "`rank_errors` is not what `rank_error` returns for the block: run its whole cell again."
)
print("svd-rank: eight factors rebuild the block.")

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
left.bar(range(1, 9), svd(R_block_filled, compute_uv=False), color="0.45")
left.set(
    title="Singular values of the filled block",
    xlabel="factor f",
    ylabel="singular value $S_f$ (stars, log scale)",
    yscale="log",
    ylim=(0.05, 60),
    xticks=range(1, 9),
)
right.plot(range(1, 9), rank_errors, "o-", color="black", label="observed cells")
right.plot(range(1, 9), full_errors, "s--", color="0.5", label="all cells, filled ones included")
right.set(title="Error against rank", xlabel="rank k", ylabel="RMSE (stars)")
right.legend()
fig.tight_layout()
plt.show()

# %% [markdown] lang="en"
# *Picture.* Left: bars for the singular values on a logarithmic scale; the first is far higher than the others, which fall
# steeply; the last may be too low to be drawn. Right: two falling curves of RMSE against rank, circles with a solid line for the
# observed cells and squares with a dashed line for all cells; at the lowest ranks the circles lie higher, then both curves run
# together down to zero.
#
# The first singular value towers over the others (mind the log scale): it carries the mean. After it the values fall
# steeply, and the error falls with them, down to zero at rank 8 at the latest (people without any rating have equal rows,
# which leaves fewer than eight factors to find; a bar that small is not drawn).
#
# > **Common mistake.** That zero is *no* success. A model that rebuilds the filled block exactly predicts, in every gap, just
# > the mean that we put there. Fitting is not predicting.

# %% [markdown] lang="ko" of="f7f8acc0"
# *그림.* 왼쪽은 로그 눈금으로 그린 특이값 막대입니다. 첫째가 다른 것보다 훨씬 높고, 나머지는 가파르게 낮아집니다. 마지막 막대는 너무
# 낮아 그려지지 않을 수 있습니다. 오른쪽은 랭크에 따라 내려가는 RMSE 곡선 두 개로, 실선과 동그라미는 평점이 있는 칸, 점선과 네모는 모든 칸입니다.
# 가장 작은 랭크에서는 동그라미가 더 높이 있고, 그 뒤로 두 곡선이 함께 0까지 내려갑니다.
#
# 첫째 특이값은 다른 값보다 훨씬 큽니다(로그 눈금임에 유의하세요). 평균을 담고 있기 때문입니다. 그 뒤로 특이값이 가파르게 작아지고 오차도
# 함께 줄어, 늦어도 랭크 8에서 0이 됩니다. (평점이 하나도 없는 사람들은 행이 서로 같으므로 찾을 요인이 여덟 개보다 적습니다. 그만큼 작은
# 막대는 그려지지 않습니다.)
#
# > **흔한 실수.** 이 0은 성공이 *아닙니다*. 채운 블록을 정확히 되살리는 모델은 결측값마다 우리가 넣어 둔 평균을 그대로 예측할 뿐입니다.
# > 잘 맞추는 것과 잘 예측하는 것은 다릅니다.

# %% [markdown] lang="en"
# ## 7. A map of the movies
#
# With more people the factors begin to mean something. Take the 14 most rated movies and all users, subtract each
# movie's mean, call a gap zero ("no opinion against the mean"), and draw the movies by their first two factors. The
# numbers stand for the titles on the right.

# %% [markdown] lang="ko" of="b84e0648"
# ## 7. 영화 지도
#
# 사람이 많아지면 요인에 뜻이 생기기 시작합니다. 평점이 가장 많은 영화 14편과 모든 사용자를 골라, 영화마다 평균을 빼고, 결측값은 0('평균에서
# 벗어나는 의견 없음')으로 두고, 첫째와 둘째 요인으로 영화를 그립니다. 숫자는 오른쪽의 제목을 가리킵니다.

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
    title="Movies by their first two factors",
    xlabel="factor 1 (no unit)",
    ylabel="factor 2 (no unit)",
)
plt.show()

# %% [markdown] lang="en"
# *Picture.* Fourteen numbered points in a plane whose axes are the first two factors; a list on the right gives the title
# of each number.
#
# Movies that the same people like stand close together. Nobody told the method what a film is about: it saw nothing but
# stars. Which neighbours do you recognise?

# %% [markdown] lang="ko" of="9a58053d"
# *그림.* 첫째와 둘째 요인을 축으로 하는 평면에 번호가 붙은 점이 열네 개 있고, 오른쪽 목록에 번호마다 영화 제목이 적혀 있습니다.
#
# 같은 사람들이 좋아하는 영화끼리 가까이 놓입니다. 영화의 내용은 아무도 알려 주지 않았고, 오직 별점만 보고 얻은 결과입니다. 서로 가까운
# 영화 가운데 아는 것이 있습니까?

# %% [markdown] lang="en"
# ## 8. Once more, on other people
#
# All steps of this lesson again, on the next eight users and movies, with a library for the factoring: scikit-learn's
# `TruncatedSVD` fits rank 2 and multiplies back.

# %% [markdown] lang="ko" of="d41a2eae"
# ## 8. 다른 사람들에게 한 번 더
#
# 이 강의의 모든 단계를 그다음 사용자 여덟 명과 영화 여덟 편에 다시 적용합니다. 분해는 라이브러리에 맡깁니다. scikit-learn의
# `TruncatedSVD`가 랭크 2로 분해하고 다시 곱해 줍니다.

# %%
from sklearn.decomposition import TruncatedSVD

others = R_sparse.loc[user_ids[8:16], movie_ids[8:16]]  # (8, 8), with gaps
others_filled = others.fillna(global_mean).values  # (8, 8)
two_factors = TruncatedSVD(n_components=2, algorithm="arpack")
P_others = two_factors.fit_transform(others_filled)  # (8, 2)
R_hat_others = two_factors.inverse_transform(P_others)  # (8, 8)
others.where(~others.isna(), R_hat_others).round(2)

# %% [markdown] lang="en"
# List, matrix, factors, completion: a few lines, and you know what each of them does. Whole numbers are again ratings, the
# rest predictions. In a row of predictions alone nothing is known of the user; the numbers then follow what the other people
# said about each film.
#
# ## 9. Say it in your own words
#
# **Question `svd-why` (read by a person).** At rank 8 the error on the observed cells is zero. Why is the completed block
# of rank 8 nevertheless worthless as a prediction, and what does a small rank do that a full rank cannot? Three to five
# sentences.

# %% [markdown] lang="ko" of="0e8049f3"
# 목록, 행렬, 요인, 완성이 몇 줄에 다 들어 있고, 이제 한 줄 한 줄이 무엇을 하는지 압니다. 이번에도 정수는 평점이고 나머지는
# 예측값입니다. 예측값만 있는 행은 알려진 것이 없는 사용자의 행입니다. 그런 행의 숫자는 다른 사람들이 각 영화를 어떻게 평가했는지를 따라갑니다.
#
# ## 9. 자신의 말로 설명하기
#
# **문제 `svd-why`(사람이 읽고 채점합니다).** 랭크 8에서는 평점이 있는 칸의 오차가 0입니다. 그런데도 랭크 8로 완성한 블록이 예측으로는
# 쓸모가 없는 까닭은 무엇입니까? 그리고 작은 랭크는 할 수 있지만 최대 랭크는 할 수 없는 일은 무엇입니까? 세 문장에서 다섯 문장으로 쓰세요.

# %% [markdown] answer="svd-why" points=3 of="2f6c2591"
# <!-- en -->
# At full rank the product rebuilds the filled matrix exactly, so in every gap it returns the constant that we filled in: the
# observed cells are reproduced, but nothing has been learnt about the gaps. A small rank cannot store every cell. It has to
# describe each user and each movie by a few numbers that serve all their ratings at once, so that what is common to similar
# users and movies carries over into the gaps. The price is an error on the observed cells; whether the trade is good can
# only be measured on ratings that were held out.
#
# <!-- ko -->
# 최대 랭크에서는 곱이 채운 행렬을 정확히 되살리므로, 결측값마다 우리가 넣은 상수가 그대로 나옵니다. 평점이 있는 칸은 재현되지만 결측값에
# 대해서는 아무것도 배우지 못합니다. 작은 랭크로는 모든 칸을 저장할 수 없습니다. 사용자와 영화를 각각 숫자 몇 개로 나타내고 그 숫자로 모든
# 평점을 한꺼번에 설명해야 하므로, 비슷한 사용자와 영화의 공통점이 결측값에 옮겨 갑니다. 그 대가로 평점이 있는 칸에 오차가 생기며, 이
# 교환이 이로운지는 따로 떼어 둔 평점으로만 잴 수 있습니다.
#
# <!-- marking scheme -->
# <!-- en -->
# 1 point: full rank returns the filled-in constant in the gaps (fitting is not predicting).
# 1 point: a small rank forces sharing between users and movies (compression, generalisation).
# 1 point: held-out ratings are needed to judge, or an equally sound remark on choosing k.
#
# <!-- ko -->
# 1점: 최대 랭크는 결측값에 채워 넣은 상수를 그대로 돌려준다(맞추는 것은 예측이 아니다).
# 1점: 작은 랭크는 사용자와 영화가 정보를 나누어 쓰게 한다(압축, 일반화).
# 1점: 판단하려면 따로 떼어 둔 평점이 필요하다는 점, 또는 k의 선택에 대한 그만큼 타당한 설명.

# %% [markdown] lang="en"
# ## What you take along
#
# * You turned a list into a **matrix with gaps** (`pivot_table`, section 2).
# * You **factored** it and kept two factors (section 4).
# * You **completed** it by the rule "observed ratings stay, only gaps are filled" (section 5), and did it all again on other
#   people (section 8).
# * You saw that **more factors** fit better without predicting better (section 6).
#
# Two things were unsatisfying: the gaps had to be filled before we could learn, and nothing was scored on unseen ratings.
# Lesson 2 mends both: it learns from the observed cells alone, and is judged on held-out ones.

# %% [markdown] lang="ko" of="abffd412"
# ## 이 강의에서 얻은 것
#
# * 목록을 **결측값이 있는 행렬**로 바꾸었습니다(`pivot_table`, 2절).
# * 행렬을 **분해**하고 요인 두 개를 남겼습니다(4절).
# * '매긴 평점은 그대로, 결측값만 채운다'는 규칙으로 행렬을 **완성**했고(5절), 다른 사람들에게 모두 다시 해 보았습니다(8절).
# * **요인을 늘리면** 더 잘 맞지만 더 잘 예측하지는 않는다는 것을 보았습니다(6절).
#
# 아쉬운 점이 두 가지 남았습니다. 배우기 전에 결측값부터 채워야 했고, 보지 않은 평점으로 평가하지 않았습니다. 2강에서 둘 다 해결합니다.
# 평점이 있는 칸에서만 배우고, 따로 떼어 둔 평점으로 평가합니다.
