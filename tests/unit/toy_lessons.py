"""Small lessons for tests of the build, in the percent format that authors write."""

from autograder.build.translations import accept_translations

HEADER = """\
# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
# ---
"""

UNREAD_TOY = (
    HEADER
    + '''
# %% [markdown] lang="en"
# # Means
#
# A mean is a sum over a count.

# %% [markdown] lang="ko"
# # 평균

# %% [markdown]
# $$m = s / n$$

# %%
values = [1.0, 2.0, 6.0]

# %% blank="toy-mean" mask="sum len@1"
def mean(numbers):
    """Sum over count."""
    return sum(numbers) / len(numbers)

# %% blank="toy-mean" mask="mean@1"
middle = mean(values)
mean_label = "mean"
middle == mean(values)

# %% check="toy-mean" points=2 nbval=true
assert middle == 3, "Look at the mean."
print("three values")

# %% blank="toy-spread"
def spread(numbers):
    ### BEGIN SOLUTION
    secret_low = min(numbers)
    return max(numbers) - secret_low
    ### END SOLUTION


width = spread(values)

# %% check="toy-spread" points=3
assert width == 5, "Look at the spread."

# %% [markdown] answer="toy-why" points=4
# Because the model answer says so.
#
# <!-- marking scheme -->
# Four points for the word because.
'''
)
TOY = accept_translations(UNREAD_TOY, "toy")


def lesson(*cells: str) -> str:
    """Join cells, each with its `# %%` line, into the text of a lesson."""
    return "\n\n".join(cells) + "\n"


BLANK = '# %% blank="a" mask="sum"\ntotal = sum([1, 2])'
CHECK = '# %% check="a" points=1\nassert total == 3'


def in_english(text):
    """A lesson whose head says that it is in English alone."""
    head = text if text.startswith(HEADER) else f"{HEADER}\n{text}"
    return head.replace("# jupyter:\n", "# jupyter:\n#   languages: [en]\n", 1)
