"""Tables of what students hand in, and tests that read them."""

import pytest

pytest.register_assert_rewrite("submissions.reports")  # asserts there tell what they compare, too
