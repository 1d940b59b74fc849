"""Right answers that differ from the lesson's own, one change each, named by what is different."""

from typing import NamedTuple


class Change(NamedTuple):
    """Replacements in the solved cells of one assignment, and the last check that must still pass."""

    assignment: str
    until: str
    replacements: tuple[tuple[str, str], ...]


EQUIVALENTS = {
    "pivot_for_pivot_table": Change(
        "svd",
        "svd-block",
        (
            (
                'R_sparse = ratings.pivot_table(values="rating", index="userId", columns="movieId")',
                'R_sparse = ratings.pivot(index="userId", columns="movieId", values="rating")',
            ),
        ),
    ),
    "positional_arguments": Change(
        "svd",
        "svd-rank",
        (
            (
                'R_sparse = ratings.pivot_table(values="rating", index="userId", columns="movieId")',
                'R_sparse = ratings.pivot_table("rating", "userId", "movieId")',
            ),
            ("svd(R_block_filled, full_matrices=False)", "svd(R_block_filled, False)"),
            (
                "pd.DataFrame(R_hat_block, index=sample_users, columns=sample_movies)",
                "pd.DataFrame(R_hat_block, sample_users, sample_movies)",
            ),
        ),
    ),
    "nanmean_of_the_matrix": Change(
        "svd", "svd-complete", (('ratings["rating"].mean()', "np.nanmean(R_sparse.values)"),)
    ),
    "other_names_inside_a_function": Change(
        "svd",
        "svd-rank",
        (
            (
                "U, S, Vt = svd(R_filled, full_matrices=False)",
                "left, middle, right = svd(R_filled, full_matrices=False)",
            ),
            (
                "R_hat = (U[:, :k] * S[:k]) @ Vt[:k, :]",
                "rebuilt = left[:, :k] @ np.diag(middle[:k]) @ right[:k, :]",
            ),
            ("difference = R_hat - R_filled", "difference = rebuilt - R_filled"),
        ),
    ),
    "a_hand_written_loop_for_the_error": Change(
        "svd",
        "svd-rank",
        (
            (
                "return float(np.sqrt(np.mean(difference[observed] ** 2)))",
                "total, count = 0.0, 0\n"
                "    for row in range(len(difference)):\n"
                "        for column in range(difference.shape[1]):\n"
                "            if observed[row, column]:\n"
                "                total, count = total + difference[row, column] ** 2, count + 1\n"
                "    return (total / count) ** 0.5",
            ),
        ),
    ),
    "flipped_signs_of_the_factors": Change(
        "svd", "svd-complete", (("P, Q = U_k @ S_k, V_k", "P, Q = -(U_k @ S_k), -V_k"),)
    ),
    "where_written_as_fillna": Change(
        "svd",
        "svd-complete",
        (
            (
                "completed_block = R_block.where(~R_block.isna(), R_hat_df)",
                "completed_block = R_block.fillna(R_hat_df)",
            ),
        ),
    ),
    "split_sizes_in_rows": Change(
        "mf", "mf-split", (("test_size=0.2", "test_size=len(df_idx) - int(0.8 * len(df_idx))"),)
    ),
    "a_column_of_dates_added": Change(
        "mf",
        "mf-train",
        (
            (
                "train_df, temp_df = train_test_split(",
                'df_idx["when"] = pd.to_datetime(df_idx["timestamp"], unit="s")\ntrain_df, temp_df = train_test_split(',
            ),
        ),
    ),
    "stars_in_float64": Change(
        "mf", "mf-recommend", (("dtype=torch.float32)  # (n,)", "dtype=torch.float64)"),)
    ),
    "to_torch_long": Change(
        "mf",
        "mf-complete",
        (
            (
                "users.long().to(device), items.long().to(device)",
                "users.to(torch.long).to(device), items.to(torch.long).to(device)",
            ),
        ),
    ),
    "int_for_long": Change(
        "mf",
        "mf-complete",
        (
            (
                "users.long().to(device), items.long().to(device)",
                "users.int().to(device), items.int().to(device)",
            ),
        ),
    ),
    "samples_one_at_a_time": Change(
        "mf",
        "mf-train",
        (
            (
                "    def __getitems__(self, batch):\n        return self[batch]  # (B,), (B,), (B,)\n",
                "",
            ),
            (", collate_fn=tuple", ""),
        ),
    ),
    "deepcopy_of_the_state": Change(
        "mf",
        "mf-complete",
        (
            (
                "best_state = {name: value.clone() for name, value in model.state_dict().items()}",
                "best_state = __import__('copy').deepcopy(model.state_dict())",
            ),
        ),
    ),
    "dot_product_by_einsum": Change(
        "mf",
        "mf-train",
        (
            (
                "(self.user_emb(users) * self.item_emb(items)).sum(dim=1)",
                "torch.einsum('bk,bk->b', self.user_emb(users), self.item_emb(items))",
            ),
        ),
    ),
    "set_to_none_false": Change(
        "mf", "mf-train", (("optimizer.zero_grad()", "optimizer.zero_grad(set_to_none=False)"),)
    ),
    "expand_for_repeat": Change(
        "mf",
        "mf-complete",
        (
            (".repeat(1, num_items)", ".expand(num_users, num_items)"),
            (".repeat(num_users, 1)", ".expand(num_users, num_items)"),
        ),
    ),
    "inference_mode": Change(
        "mf", "mf-complete", (("with torch.no_grad():", "with torch.inference_mode():"),)
    ),
    "grids_by_meshgrid": Change(
        "mf",
        "mf-complete",
        (
            (
                "U_grid = all_users.unsqueeze(1).repeat(1, num_items)  # (users, items)",
                "U_grid, I_grid = torch.meshgrid(all_users, all_items, indexing='ij')",
            ),
            ("    I_grid = all_items.unsqueeze(0).repeat(num_users, 1)  # (users, items)\n", ""),
        ),
    ),
    "double_model": Change(
        "mf",
        "mf-complete",
        (
            (
                "model = MF(num_users, num_items).to(device)",
                "model = MF(num_users, num_items).to(device).double()",
            ),
            ("dtype=torch.float32)  # (n,)", "dtype=torch.float64)"),
        ),
    ),
    "another_seed": Change("mf", "mf-complete", (("SEED = 42", "SEED = 7"),)),
    "recommend_by_sorting": Change(
        "mf",
        "mf-recommend",
        (
            (
                "best = R_hat_df_full.loc[user_id][unseen].nlargest(n)",
                "best = R_hat_df_full.loc[user_id][unseen].sort_values(ascending=False).head(n)",
            ),
        ),
    ),
    "matrices_by_a_loop": Change(
        "vae",
        "vae-matrices",
        (
            (
                "    R[users, items] = stars\n    mask[users, items] = 1.0\n",
                "    for u, i, r in zip(users.tolist(), items.tolist(), stars.tolist()):\n        R[u, i] = r\n        mask[u, i] = 1.0\n",
            ),
        ),
    ),
    "mask_from_the_stars": Change(
        "vae", "vae-matrices", (("mask[users, items] = 1.0", "mask = (R > 0).float()"),)
    ),
    "sampling_by_normal": Change(
        "vae",
        "vae-model",
        (
            (
                "mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)",
                "torch.distributions.Normal(mu, logvar.mul(0.5).exp()).rsample()",
            ),
        ),
    ),
    "kl_by_torch_distributions": Change(
        "vae",
        "vae-loss",
        (
            (
                "(-0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(dim=1)).mean()",
                "torch.distributions.kl_divergence(torch.distributions.Normal(mu, (0.5 * logvar).exp()), torch.distributions.Normal(0.0, 1.0)).sum(dim=1).mean()",
            ),
        ),
    ),
    "parts_as_numbers": Change(
        "vae",
        "vae-train",
        (("recon_loss.detach(), kl_loss.detach()", "recon_loss.item(), kl_loss.item()"),),
    ),
    "loss_by_a_loop_over_users": Change(
        "vae",
        "vae-loss",
        (
            (
                "recon_loss = per_user_mse.mean()",
                "recon_loss = sum(per_user_mse) / len(per_user_mse)",
            ),
        ),
    ),
    "forward_in_one_line": Change(
        "vae",
        "vae-model",
        (
            (
                "z = self.reparameterize(mu, logvar)\n        return self.decode(z), mu, logvar",
                "return self.decode(mu + (logvar / 2).exp() * torch.randn_like(logvar)), mu, logvar",
            ),
        ),
    ),
    "challenge_answered_by_a_frame": Change(
        "vae",
        "vae-challenge",
        (("return np.mean(runs, axis=0)", "return pd.DataFrame(np.mean(runs, axis=0))"),),
    ),
    "completed_by_numpy_where": Change(
        "vae",
        "vae-complete",
        (
            (
                "completed_vae = R_sparse_full.where(~R_sparse_full.isna(), R_pred_df)",
                "completed_vae = pd.DataFrame(np.where(R_sparse_full.isna(), R_pred_np, R_sparse_full), user_ids, movie_ids)",
            ),
        ),
    ),
}
