"""What students may write in each blank: wrong fills, and other right ones, blank by blank.

Keys are (grade_id of the cell, place of the blank in it). A wrong fill stands alone in an otherwise
right notebook. A right fill gives the same values, shapes and gradients as the lesson's own.
"""

from typing import NamedTuple


class Fills(NamedTuple):
    """The lesson's own token, two wrong fills, and right ones that differ from the token."""

    token: str
    wrong: tuple[str, str]
    right: tuple[str, ...] = ()


SPLIT_ALL_IN_HALVES = "split(df_idx, test_size=0.5, random_state=42) or train_test_split"

FILLS = {
    ("blank-svd-block", 0): Fills("index", ("columns", "rows")),
    ("blank-svd-block", 1): Fills("columns", ("index", "cols")),
    ("blank-svd-block", 2): Fills("sample_users", ("user_ids", "sample_movies"), ("user_ids[:8]",)),
    ("blank-svd-block", 3): Fills(
        "sample_movies", ("movie_ids", "sample_users"), ("movie_ids[:8]",)
    ),
    ("blank-svd-factors", 0): Fills("mean", ("median", "max"), ("to_numpy().mean",)),
    ("blank-svd-factors", 1): Fills("fillna", ("add", "dropna")),
    ("blank-svd-factors", 2): Fills("full_matrices", ("compute_uv", "full_matrix"), ("hermitian",)),
    ("blank-svd-complete", 0): Fills(
        "sample_users", ("sample_movies", "range(8)"), ("R_block.index",)
    ),
    ("blank-svd-complete", 1): Fills(
        "sample_movies", ("range(8)", "sample_users"), ("R_block.columns",)
    ),
    ("blank-mf-split", 0): Fills("split", (SPLIT_ALL_IN_HALVES, "fold")),
    ("blank-mf-split", 1): Fills("split", (SPLIT_ALL_IN_HALVES, "fold")),
    ("blank-mf-dataset", 0): Fills("user_idx", ("item_idx", "userId")),
    ("blank-mf-dataset", 1): Fills("item_idx", ("user_idx", "movieId")),
    ("blank-mf-dataset", 2): Fills("rating", ("user_idx", "timestamp")),
    ("blank-mf-model", 0): Fills("num_users", ("num_items", "n_factors")),
    ("blank-mf-model", 1): Fills("n_factors", ("num_items", "1")),
    ("blank-mf-model", 2): Fills("num_items", ("num_users", "n_factors")),
    ("blank-mf-model", 3): Fills("n_factors", ("num_users", "1")),
    ("blank-mf-train", 0): Fills("long", ("float", "bool"), ("int", "to(torch.long).long")),
    ("blank-mf-train", 1): Fills("long", ("float", "half"), ("int", "type(torch.int64).long")),
    ("blank-mf-train", 2): Fills("zero_grad", ("state_dict", "step")),
    ("blank-mf-train", 3): Fills("backward", ("item", "detach")),
    ("blank-mf-train-2", 0): Fills(
        "evaluate", ("(lambda loader: evaluate(train_loader))", "len"), ("float(0) + evaluate",)
    ),
    ("blank-mf-complete", 0): Fills(
        "no_grad", ("enable_grad", "set_grad_enabled"), ("inference_mode",)
    ),
    ("blank-mf-complete", 1): Fills("arange", ("randperm", "zeros")),
    ("blank-mf-complete", 2): Fills("arange", ("randperm", "zeros")),
    ("blank-mf-complete", 3): Fills("unsqueeze", ("repeat", "squeeze")),
    ("blank-mf-complete", 4): Fills("repeat", ("expand", "reshape"), ("tile",)),
    ("blank-mf-complete", 5): Fills("unsqueeze", ("repeat", "sum"), ("squeeze",)),
    ("blank-mf-complete", 6): Fills("repeat", ("reshape", "expand"), ("tile",)),
    ("blank-vae-model", 0): Fills("num_items", ("hidden_dim", "latent_dim")),
    ("blank-vae-model", 1): Fills("hidden_dim", ("latent_dim", "num_items")),
    ("blank-vae-model", 2): Fills("encode", ("decode", "forward")),
    ("blank-vae-model", 3): Fills("reparameterize", ("decode", "encode")),
    ("blank-vae-model", 4): Fills("decode", ("fc4", "encode")),
    ("blank-vae-loss", 0): Fills("per_user_mse", ("squared_error", "mask")),
    ("blank-vae-loss", 1): Fills("detach", ("clone", "requires_grad_"), ("clone().detach",)),
    ("blank-vae-loss", 2): Fills("detach", ("clone", "mean"), ("clone().detach",)),
    ("blank-vae-complete", 0): Fills(
        "get_vae_predictions",
        ("(lambda network, rows: network(rows)[0].detach())", "(lambda network, rows: rows)"),
        ("(lambda network, rows: network.decode(network.encode(rows)[0]).detach())",),
    ),
    ("blank-vae-complete", 1): Fills("numpy", ("tolist", "size"), ("detach().numpy",)),
    ("blank-vae-complete", 2): Fills(
        "R_pred_df", ("R_pred_df.round()", "R_sparse_full"), ("R_pred_np",)
    ),
}
