"""Right answers that differ from the lesson's own, one change each, named by what is different."""

from typing import NamedTuple

from submissions.mistakes import MIX


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
                'model = MF(num_users, num_items, mean=train_df["rating"].mean()).to(device)',
                'model = MF(num_users, num_items, mean=train_df["rating"].mean()).to(device).double()',
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
    "parts_as_new_tensors": Change(
        "vae",
        "vae-train",
        (
            (
                "recon_loss.detach(), kl_loss.detach()",
                "torch.tensor(recon_loss.item()), kl_loss.data",
            ),
        ),
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
        ((MIX, f"pd.DataFrame({MIX})"),),
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
    "block_by_position": Change(
        "svd",
        "svd-block",
        (("R_sparse.loc[sample_users, sample_movies]", "R_sparse.iloc[:8, :8]"),),
    ),
    "matrix_by_unstacking": Change(
        "svd",
        "svd-complete",
        (
            (
                'ratings.pivot_table(values="rating", index="userId", columns="movieId")',
                'ratings.set_index(["userId", "movieId"])["rating"].unstack()',
            ),
        ),
    ),
    "ids_as_categories": Change(
        "svd",
        "svd-complete",
        (
            (
                "R_sparse = ratings.pivot_table(",
                'R_sparse = ratings.astype({"userId": "category", "movieId": "category"}).pivot_table(observed=True, ',
            ),
        ),
    ),
    "gaps_filled_by_numpy": Change(
        "svd",
        "svd-factors",
        (
            (
                "R_block.fillna(global_mean).values",
                "np.where(R_block.isna(), global_mean, R_block)",
            ),
        ),
    ),
    "filled_block_as_a_frame": Change(
        "svd",
        "svd-rank",
        (
            ("R_block.fillna(global_mean).values", "R_block.fillna(global_mean)"),
            ("svd(R_block_filled, full", "svd(R_block_filled.to_numpy(), full"),
            ("rank_error(R_block_filled, ", "rank_error(R_block_filled.to_numpy(), "),
        ),
    ),
    "matrix_by_crosstab": Change(
        "svd",
        "svd-complete",
        (
            (
                'ratings.pivot_table(values="rating", index="userId", columns="movieId")',
                'pd.crosstab(ratings["userId"], ratings["movieId"], ratings["rating"], aggfunc="mean")',
            ),
        ),
    ),
    "gaps_filled_by_an_imputer": Change(
        "svd",
        "svd-rank",
        (
            (
                "R_block.fillna(global_mean).values",
                '__import__("sklearn.impute").impute.SimpleImputer(strategy="constant", fill_value=global_mean).fit_transform(R_block)',
            ),
        ),
    ),
    "two_factors_alone_turned_round": Change(
        "svd",
        "svd-rank",
        (
            (
                "U, S, Vt = svd(R_block_filled, full_matrices=False)",
                'U, S, Vt = __import__("scipy.sparse.linalg").sparse.linalg.svds(R_block_filled, k=2)\nU, S, Vt = U[:, ::-1], S[::-1], Vt[::-1]',
            ),
        ),
    ),
    "factors_in_single_precision": Change(
        "svd",
        "svd-complete",
        (
            (
                "svd(R_block_filled, full_matrices=False)",
                "svd(R_block_filled.astype(np.float32), full_matrices=False)",
            ),
        ),
    ),
    "predictions_without_a_name_of_their_own": Change(
        "svd",
        "svd-rank",
        (
            ("R_hat_block = P @ Q.T  # (8, 8)\n", ""),
            ("pd.DataFrame(R_hat_block, ", "pd.DataFrame(P @ Q.T, "),
        ),
    ),
    "factors_by_broadcasting": Change(
        "svd", "svd-factors", (("P, Q = U_k @ S_k, V_k", "P, Q = U_k * S[:k], V_k"),)
    ),
    "factors_as_numpy_matrices": Change(
        "svd",
        "svd-complete",
        (("P, Q = U_k @ S_k, V_k", "P, Q = np.matrix(U_k @ S_k), np.matrix(V_k)"),),
    ),
    "factors_by_torch": Change(
        "svd",
        "svd-factors",
        (
            (
                "U, S, Vt = svd(R_block_filled, full_matrices=False)",
                "import torch\n\nU, S, Vt = (part.numpy() for part in torch.linalg.svd(torch.tensor(R_block_filled), full_matrices=False))",
            ),
        ),
    ),
    "factors_by_eigenvectors": Change(
        "svd",
        "svd-complete",
        (
            (
                "P, Q = U_k @ S_k, V_k",
                "Q = np.linalg.eigh(R_block_filled.T @ R_block_filled)[1][:, ::-1][:, :k]\nP = R_block_filled @ Q",
            ),
        ),
    ),
    "completed_by_masking": Change(
        "svd",
        "svd-complete",
        (
            (
                "R_block.where(~R_block.isna(), R_hat_df)",
                "R_block.mask(R_block.isna(), R_hat_df)",
            ),
            ("R_hat_df.where(~R_block.isna(), np.nan)", "R_hat_df[R_block.notna()]"),
        ),
    ),
    "completed_by_combining": Change(
        "svd",
        "svd-complete",
        (("R_block.where(~R_block.isna(), R_hat_df)", "R_block.combine_first(R_hat_df)"),),
    ),
    "completed_cell_by_cell": Change(
        "svd",
        "svd-complete",
        (
            (
                "completed_block = R_block.where(~R_block.isna(), R_hat_df)",
                "completed_block = R_hat_df.copy()\nfor user in sample_users:\n    for movie in sample_movies:\n        if pd.notna(R_block.loc[user, movie]):\n            completed_block.loc[user, movie] = R_block.loc[user, movie]",
            ),
        ),
    ),
    "error_by_a_norm": Change(
        "svd",
        "svd-rank",
        (
            (
                "float(np.sqrt(np.mean(difference[observed] ** 2)))",
                "np.linalg.norm(difference[observed]) / np.sqrt(observed.sum())",
            ),
        ),
    ),
    "errors_as_an_array": Change(
        "svd",
        "svd-rank",
        (
            (
                "rank_errors = [rank_error(R_block_filled, R_block.notna().values, rank) for rank in range(1, 9)]",
                "rank_errors = np.array([rank_error(R_block_filled, R_block.notna().values, rank) for rank in range(1, 9)])",
            ),
        ),
    ),
    "errors_by_a_helper": Change(
        "svd",
        "svd-rank",
        (
            (
                "def rank_error(R_filled, observed, k):",
                "def plain(A, k):\n    U, S, Vt = svd(A, full_matrices=False)\n    return sum(S[f] * np.outer(U[:, f], Vt[f]) for f in range(k))\n\n\ndef rank_error(R_filled, observed, k):",
            ),
            ("R_hat = (U[:, :k] * S[:k]) @ Vt[:k, :]", "R_hat = plain(R_filled, k)"),
        ),
    ),
    "split_of_the_labels": Change(
        "mf",
        "mf-dataset",
        (
            (
                "train_df, temp_df = train_test_split(df_idx, test_size=0.2, random_state=42)",
                "train_rows, temp_rows = train_test_split(df_idx.index, test_size=0.2, random_state=42)\ntrain_df, temp_df = df_idx.loc[train_rows], df_idx.loc[temp_rows]",
            ),
        ),
    ),
    "ids_as_categories_in_the_split": Change(
        "mf",
        "mf-dataset",
        (
            (
                "train_df, temp_df = train_test_split(",
                'df_idx = df_idx.astype({"userId": "category", "movieId": "category"})\ntrain_df, temp_df = train_test_split(',
            ),
        ),
    ),
    "tensors_from_numpy": Change(
        "mf",
        "mf-dataset",
        (
            (
                'torch.tensor(df["user_idx"].to_numpy())',
                "torch.from_numpy(df.user_idx.to_numpy(copy=True))",
            ),
            (
                'torch.tensor(df["item_idx"].to_numpy())',
                "torch.LongTensor(df.item_idx.to_numpy(copy=True))",
            ),
            (
                'torch.tensor(df["rating"].to_numpy(), dtype=torch.float32)',
                "torch.FloatTensor(df.rating.to_list())",
            ),
        ),
    ),
    "tensors_by_list_comprehension": Change(
        "mf",
        "mf-dataset",
        (
            (
                'torch.tensor(df["rating"].to_numpy(), dtype=torch.float32)',
                "torch.tensor([float(row.rating) for row in df.itertuples()])",
            ),
        ),
    ),
    "loader_with_a_generator": Change(
        "mf",
        "mf-train",
        (
            (
                "shuffle=True, collate_fn=tuple)",
                "shuffle=True, collate_fn=tuple, num_workers=0, drop_last=False, generator=torch.Generator().manual_seed(3))",
            ),
        ),
    ),
    "loader_with_a_sampler": Change(
        "mf",
        "mf-train",
        (
            (
                "train_dataset, batch_size=1024, shuffle=True, collate_fn=tuple)",
                "train_dataset, batch_size=1024, sampler=torch.utils.data.RandomSampler(train_dataset), collate_fn=tuple)",
            ),
        ),
    ),
    "tables_started_in_place": Change(
        "mf",
        "mf-model",
        (
            (
                "nn.init.normal_(self.user_emb.weight, std=0.01)",
                "self.user_emb.weight.data.normal_(0, 0.01)",
            ),
            ("nn.init.zeros_(self.user_bias.weight)", "self.user_bias.weight.data.zero_()"),
        ),
    ),
    "global_bias_not_trained": Change(
        "mf",
        "mf-complete",
        (
            (
                "self.global_bias = nn.Parameter(torch.tensor(mean, dtype=torch.float32))",
                'self.register_buffer("global_bias", torch.tensor(mean, dtype=torch.float32))',
            ),
        ),
    ),
    "rows_numbered_anew_after_the_split": Change(
        "mf",
        "mf-recommend",
        (
            (
                "val_df, test_df = train_test_split(temp_df, test_size=0.5, random_state=42)",
                "val_df, test_df = train_test_split(temp_df, test_size=0.5, random_state=42)\ntrain_df, val_df, test_df = [part.reset_index(drop=True) for part in (train_df, val_df, test_df)]",
            ),
        ),
    ),
    "parts_put_in_order": Change(
        "mf",
        "mf-dataset",
        (
            (
                "val_df, test_df = train_test_split(temp_df, test_size=0.5, random_state=42)",
                "val_df, test_df = train_test_split(temp_df, test_size=0.5, random_state=42)\ntrain_df = train_df.sort_index()",
            ),
        ),
    ),
    "samples_of_python_numbers": Change(
        "mf",
        "mf-train",
        (
            (
                "        return self.users[i], self.items[i], self.stars[i]\n\n    def __getitems__(self, batch):\n        return self[batch]  # (B,), (B,), (B,)\n",
                "        return int(self.users[i]), int(self.items[i]), float(self.stars[i])\n",
            ),
            (", collate_fn=tuple", ""),
        ),
    ),
    "stars_in_float16": Change(
        "mf",
        "mf-train",
        (
            (
                "dtype=torch.float32)  # (n,)\n\n    def __len__",
                "dtype=torch.float16)\n\n    def __len__",
            ),
        ),
    ),
    "validation_shuffled": Change(
        "mf",
        "mf-train",
        (
            (
                "DataLoader(val_dataset, batch_size=1024,",
                "DataLoader(val_dataset, batch_size=1024, shuffle=True,",
            ),
        ),
    ),
    "indices_in_int32": Change(
        "mf",
        "mf-train",
        (
            ('df["user_idx"].to_numpy()', 'df["user_idx"].to_numpy(dtype="int32")'),
            ('df["item_idx"].to_numpy()', 'df["item_idx"].to_numpy(dtype="int32")'),
        ),
    ),
    "criterion_written_by_hand": Change(
        "mf",
        "mf-train",
        (("nn.MSELoss()", "lambda predicted, stars: (predicted - stars).pow(2).mean()"),),
    ),
    "criterion_as_a_sum_over_its_size": Change(
        "mf",
        "mf-train",
        (
            (
                "criterion = nn.MSELoss()",
                "def criterion(predicted, stars):\n    return nn.functional.mse_loss(predicted, stars, reduction='sum') / stars.numel()\n",
            ),
        ),
    ),
    "adam_over_all_tables_at_once": Change(
        "mf", "mf-train", (("weight_decay=1e-5, fused=True", "weight_decay=1e-5, foreach=True"),)
    ),
    "adam_with_its_defaults_written_out": Change(
        "mf",
        "mf-train",
        (
            (
                "weight_decay=1e-5, fused=True",
                "weight_decay=1e-5, betas=(0.9, 0.999), eps=1e-8, amsgrad=False",
            ),
        ),
    ),
    "adam_of_named_parameters_in_groups": Change(
        "mf",
        "mf-train",
        (
            (
                "torch.optim.Adam(model.parameters(), lr=0.005, weight_decay=1e-5, fused=True)",
                "torch.optim.Adam([{'params': [p], 'lr': 5e-3} for p in model.parameters()], weight_decay=1e-5)",
            ),
        ),
    ),
    "adam_under_a_name_of_its_own": Change(
        "mf",
        "mf-train",
        (
            (
                "optimizer = torch.optim.Adam(",
                "class Optimizer(torch.optim.Adam):\n    pass\n\n\noptimizer = Optimizer(",
            ),
        ),
    ),
    "mean_of_the_training_part_inside_the_class": Change(
        "mf",
        "mf-complete",
        (
            ("n_factors=100, mean=0.0)", "n_factors=100)"),
            ("torch.tensor(mean, ", 'torch.tensor(train_df["rating"].mean(), '),
            (', mean=train_df["rating"].mean()', ""),
        ),
    ),
    "mean_as_a_plain_number": Change(
        "mf",
        "mf-complete",
        (
            (
                "self.global_bias = nn.Parameter(torch.tensor(mean, dtype=torch.float32))",
                "self.global_bias = float(mean)",
            ),
        ),
    ),
    "mean_of_shape_one": Change(
        "mf",
        "mf-complete",
        (("torch.tensor(mean, dtype=torch.float32)", "torch.tensor([mean], dtype=torch.float32)"),),
    ),
    "training_rmse_of_clamped_predictions": Change(
        "mf",
        "mf-train",
        (
            (
                "squared_error += loss.item() * len(stars)",
                "squared_error += ((model(users, items).detach().clamp(1, 5) - stars) ** 2).sum().item()",
            ),
        ),
    ),
    "training_rmse_as_a_mean_over_batches": Change(
        "mf",
        "mf-train",
        (
            (
                "squared_error += loss.item() * len(stars)",
                "squared_error += loss.item() / len(train_loader)",
            ),
            ("(squared_error / len(train_dataset)) ** 0.5", "squared_error**0.5"),
        ),
    ),
    "curves_as_arrays": Change(
        "mf",
        "mf-train",
        (
            (
                "test_rmse = evaluate(test_loader)",
                "test_rmse = evaluate(test_loader)\ntrain_curve, val_curve = np.array(train_curve), torch.tensor(val_curve)",
            ),
        ),
    ),
    "dot_product_by_matmul": Change(
        "mf",
        "mf-train",
        (
            (
                "(self.user_emb(users) * self.item_emb(items)).sum(dim=1)",
                "(self.user_emb(users)[:, None, :] @ self.item_emb(items)[:, :, None]).flatten()",
            ),
        ),
    ),
    "loss_written_out": Change(
        "mf",
        "mf-train",
        (
            (
                "loss = criterion(model(users, items), stars)",
                "loss = ((model(users, items) - stars) ** 2).mean()",
            ),
        ),
    ),
    "loss_by_a_function": Change(
        "mf",
        "mf-train",
        (
            (
                "loss = criterion(model(users, items), stars)",
                "loss = nn.functional.mse_loss(input=model(users, items), target=stars)",
            ),
        ),
    ),
    "gradients_set_to_none": Change(
        "mf",
        "mf-train",
        (
            (
                "        optimizer.zero_grad()\n",
                "        for parameter in model.parameters():\n            parameter.grad = None\n",
            ),
        ),
    ),
    "gradients_cleared_after_the_step": Change(
        "mf",
        "mf-train",
        (
            ("        optimizer.zero_grad()\n", ""),
            (
                "        optimizer.step()\n",
                "        optimizer.step()\n        optimizer.zero_grad()\n",
            ),
        ),
    ),
    "gradients_cleared_first": Change(
        "mf",
        "mf-train",
        (
            (
                "        loss = criterion(model(users, items), stars)\n        optimizer.zero_grad()\n",
                "        optimizer.zero_grad()\n        loss = criterion(model(users, items), stars)\n",
            ),
        ),
    ),
    "training_pass_by_another_name": Change(
        "mf",
        "mf-train",
        (
            ("def train_epoch():", "def one_pass():"),
            ("train_rmse = train_epoch()", "train_rmse = one_pass()"),
        ),
    ),
    "training_pass_with_arguments": Change(
        "mf",
        "mf-train",
        (
            ("def train_epoch():", "def train_epoch(model, train_loader, optimizer):"),
            (
                "train_rmse = train_epoch()",
                "train_rmse = train_epoch(model, train_loader, optimizer)",
            ),
        ),
    ),
    "training_pass_with_defaults": Change(
        "mf",
        "mf-complete",
        (
            (
                "def train_epoch():",
                "def train_epoch(model=model, train_loader=train_loader, optimizer=optimizer):",
            ),
        ),
    ),
    "training_step_with_defaults": Change(
        "mf",
        "mf-complete",
        (
            (
                "def train_epoch():",
                "def gradient_step(users, items, stars, model=model, optimizer=optimizer):\n    loss = criterion(model(users, items), stars)\n    optimizer.zero_grad()\n    loss.backward()\n    optimizer.step()\n    return loss\n\n\ndef train_epoch():",
            ),
            (
                "        loss = criterion(model(users, items), stars)\n        optimizer.zero_grad()\n        loss.backward()\n        optimizer.step()\n",
                "        loss = gradient_step(users, items, stars)\n",
            ),
        ),
    ),
    "training_step_in_a_helper": Change(
        "mf",
        "mf-train",
        (
            (
                "def train_epoch():",
                "def descend(loss):\n    optimizer.zero_grad()\n    loss.backward()\n    optimizer.step()\n\n\ndef train_epoch():",
            ),
            (
                "        optimizer.zero_grad()\n        loss.backward()\n        optimizer.step()\n",
                "        descend(loss)\n",
            ),
        ),
    ),
    "model_under_another_name": Change(
        "mf",
        "mf-complete",
        (
            (
                "def train_epoch():",
                "net, opt, batches = model, optimizer, train_loader\n\n\ndef train_epoch():",
            ),
            ("criterion(model(users, items), stars)", "criterion(net(users, items), stars)"),
            ("        optimizer.zero_grad()\n", "        opt.zero_grad()\n"),
            ("        optimizer.step()\n", "        opt.step()\n"),
        ),
    ),
    "loader_under_another_name": Change(
        "mf",
        "mf-train",
        (
            ("def train_epoch():", "batches = train_loader\n\n\ndef train_epoch():"),
            ("for users, items, stars in train_loader:", "for users, items, stars in batches:"),
        ),
    ),
    "loader_made_in_each_pass": Change(
        "mf",
        "mf-train",
        (
            (
                "for users, items, stars in train_loader:",
                "for users, items, stars in DataLoader(train_dataset, batch_size=1024, shuffle=True):",
            ),
        ),
    ),
    "progress_bar_over_batches": Change(
        "mf",
        "mf-train",
        (
            (
                "for users, items, stars in train_loader:",
                "for _, (users, items, stars) in enumerate(tqdm(train_loader, leave=False, file=sys.stdout)):",
            ),
        ),
    ),
    "training_pass_in_the_loop": Change(
        "mf",
        "mf-train",
        (
            ("def train_epoch():", "def never_called():"),
            (
                "    train_rmse = train_epoch()\n",
                "    model.train()\n    for users, items, stars in train_loader:\n        loss = criterion(model(users.long().to(device), items.long().to(device)), stars.to(device))\n        optimizer.zero_grad()\n        loss.backward()\n        optimizer.step()\n    train_rmse = loss.item() ** 0.5\n",
            ),
        ),
    ),
    "weights_kept_in_memory_as_a_file": Change(
        "mf",
        "mf-train",
        (
            (
                "best_state = {name: value.clone() for name, value in model.state_dict().items()}",
                "import io\n\n        best_state = io.BytesIO()\n        torch.save(model.state_dict(), best_state)",
            ),
            (
                "model.load_state_dict(best_state)",
                "best_state.seek(0)\nmodel.load_state_dict(torch.load(best_state))",
            ),
        ),
    ),
    "best_model_takes_the_name": Change(
        "mf",
        "mf-complete",
        (
            (
                "best_state = {name: value.clone() for name, value in model.state_dict().items()}",
                "import copy\n\n        best_state = copy.deepcopy(model)",
            ),
            ("model.load_state_dict(best_state)", "model = best_state"),
        ),
    ),
    "other_patience": Change(
        "mf", "mf-train", (("n_epochs, patience = 100, 5", "n_epochs, patience = 8, 2"),)
    ),
    "improvement_by_a_margin": Change(
        "mf", "mf-train", (("if val_rmse < best_val:", "if val_rmse < best_val - 1e-4:"),)
    ),
    "reported_as_numpy_numbers": Change(
        "mf",
        "mf-train",
        (
            (
                "test_rmse = evaluate(test_loader)",
                "test_rmse = np.float64(evaluate(test_loader))\nbest_epoch = np.argmin(val_curve) + 1\nbest_val = min(val_curve)",
            ),
        ),
    ),
    "predictions_user_by_user": Change(
        "mf",
        "mf-complete",
        (
            (
                "predicted = torch.cat([model(users, items) for users, items in pieces])",
                "predicted = torch.cat([model(row, all_items) for row in U_grid])",
            ),
        ),
    ),
    "predictions_by_a_matrix_product": Change(
        "mf",
        "mf-complete",
        (
            (
                "predicted = torch.cat([model(users, items) for users, items in pieces])",
                "predicted = model.user_emb.weight @ model.item_emb.weight.T + model.user_bias.weight + model.item_bias.weight.T + model.global_bias",
            ),
        ),
    ),
    "predictions_as_a_numpy_matrix": Change(
        "mf",
        "mf-complete",
        (
            (
                ".reshape(num_users, num_items).cpu().numpy()",
                ".reshape(num_users, num_items).cpu().numpy()\n    R_hat_full = np.matrix(R_hat_full)",
            ),
        ),
    ),
    "predictions_in_float64": Change(
        "mf",
        "mf-recommend",
        (
            (".cpu().numpy()", ".cpu().double().numpy()"),
            ("predicted.clamp(1, 5)", "torch.clip(predicted, 1, 5)"),
        ),
    ),
    "labels_as_categories": Change(
        "mf",
        "mf-recommend",
        (
            (
                "index=user_ids, columns=movie_ids",
                "index=pd.CategoricalIndex(user_ids), columns=pd.CategoricalIndex(movie_ids)",
            ),
            (
                "R_sparse_full.where(~R_sparse_full.isna(), R_hat_df_full)",
                "R_sparse_full.where(~R_sparse_full.isna(), R_hat_full)",
            ),
            (
                "unseen = R_sparse_full.loc[user_id].isna()",
                "unseen = R_sparse_full.loc[user_id].isna().to_numpy()",
            ),
        ),
    ),
    "titles_as_categories": Change(
        "mf",
        "mf-recommend",
        (
            (
                'titles = movies.set_index("movieId")["title"]',
                'titles = movies.set_index("movieId")["title"].astype("category")',
            ),
        ),
    ),
    "recommendations_ranked_by_a_category": Change(
        "mf",
        "mf-recommend",
        (
            (
                '"score": best.values}\n    )',
                '"score": best.values},\n        index=pd.CategoricalIndex(range(1, len(best) + 1), name="rank"),\n    )',
            ),
        ),
    ),
    "recommend_by_a_loop": Change(
        "mf",
        "mf-recommend",
        (
            (
                "    best = R_hat_df_full.loc[user_id][unseen].nlargest(n)\n",
                "    best = {m: s for m, s in R_hat_df_full.loc[user_id].items() if unseen[m]}\n    best = pd.Series(dict(sorted(best.items(), key=lambda pair: -pair[1])[:n]))\n",
            ),
        ),
    ),
    "recommend_by_merging": Change(
        "mf",
        "mf-recommend",
        (
            (
                "    return pd.DataFrame(\n",
                '    return best.rename("score").rename_axis("movieId").reset_index().merge(movies, on="movieId")[["movieId", "title", "score"]]\n    return pd.DataFrame(\n',
            ),
        ),
    ),
    "recommend_by_dropping_what_was_seen": Change(
        "mf",
        "mf-recommend",
        (
            (
                "    best = R_hat_df_full.loc[user_id][unseen].nlargest(n)\n",
                '    seen = ratings.loc[ratings["userId"] == user_id, "movieId"]\n    best = R_hat_df_full.loc[user_id].drop(seen).nlargest(n)\n',
            ),
        ),
    ),
    "matrices_from_a_sparse_tensor": Change(
        "vae",
        "vae-matrices",
        (
            (
                "    R[users, items] = stars\n    mask[users, items] = 1.0\n",
                "    places, shape = torch.stack([users, items]), (num_users, num_items)\n    R = torch.sparse_coo_tensor(places, stars, shape, check_invariants=False).to_dense()\n    mask = torch.sparse_coo_tensor(places, torch.ones_like(stars), shape, check_invariants=False).to_dense()\n",
            ),
        ),
    ),
    "matrices_put_in_place": Change(
        "vae",
        "vae-matrices",
        (
            (
                "    R[users, items] = stars\n    mask[users, items] = 1.0\n",
                "    R.index_put_((users, items), stars)\n    mask.view(-1)[users * num_items + items] = 1\n",
            ),
        ),
    ),
    "mask_of_truth_values": Change(
        "vae", "vae-train", (("mask[users, items] = 1.0", "mask = R >= 1"),)
    ),
    "rows_fetched_one_at_a_time": Change(
        "vae",
        "vae-train",
        (
            (
                "    def __getitems__(self, batch):\n        return self[batch]  # (B, items), (B, items)\n",
                "",
            ),
            ("shuffle=True, collate_fn=tuple)", "shuffle=True, drop_last=False)"),
        ),
    ),
    "sampling_in_training_mode_alone": Change(
        "vae",
        "vae-train",
        (
            (
                "        return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)",
                "        if not self.training:\n            return mu\n        return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)",
            ),
        ),
    ),
    "logvar_kept_in_bounds": Change(
        "vae",
        "vae-train",
        (
            (
                "return self.fc_mu(h), self.fc_logvar(h)",
                "return self.fc_mu(h), torch.clamp(self.fc_logvar(h), -10, 10)",
            ),
        ),
    ),
    "another_start_of_the_network": Change(
        "vae",
        "vae-train",
        (
            (
                "vae = VAE(num_items).to(device)\n",
                "vae = VAE(num_items).to(device)\n"
                "for weight in vae.parameters():\n"
                "    nn.init.xavier_uniform_(weight) if weight.dim() == 2 else nn.init.zeros_(weight)\n",
            ),
        ),
    ),
    "mask_of_whole_numbers": Change(
        "vae", "vae-matrices", (("    return R, mask\n", "    return R, mask.long()\n"),)
    ),
    "parts_as_plain_numbers": Change(
        "vae",
        "vae-loss",
        (("recon_loss.detach(), kl_loss.detach()", "recon_loss.item(), kl_loss.item()"),),
    ),
    "adam_step_by_step": Change(
        "vae",
        "vae-loss",
        (("weight_decay=1e-6, fused=True", "betas=[0.9, 0.999], weight_decay=1e-6"),),
    ),
    "sampling_with_a_generator": Change(
        "vae",
        "vae-train",
        (
            (
                "class VAE(nn.Module):",
                "noise = torch.Generator().manual_seed(1)\n\n\nclass VAE(nn.Module):",
            ),
            ("torch.randn_like(mu)", "torch.randn(mu.shape, dtype=mu.dtype, generator=noise)"),
        ),
    ),
    "sampling_by_torch_normal": Change(
        "vae",
        "vae-model",
        (
            (
                "torch.exp(0.5 * logvar) * torch.randn_like(mu)",
                "logvar.exp().sqrt() * torch.normal(torch.zeros_like(mu), torch.ones_like(mu))",
            ),
            ("h = torch.relu(self.fc1(x))", "h = nn.functional.relu(self.fc1(x))"),
        ),
    ),
    "loss_of_each_user_in_a_list": Change(
        "vae",
        "vae-train",
        (
            (
                "recon_loss = per_user_mse.mean()",
                "recon_loss = torch.stack([((a - b) ** 2 * m).sum() / (m.sum() + 1e-8) for a, b, m in zip(recon_x, x, mask)]).mean()",
            ),
        ),
    ),
    "kl_written_another_way": Change(
        "vae",
        "vae-loss",
        (
            (
                "(-0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(dim=1)).mean()",
                "0.5 * torch.einsum('bd->', mu.pow(2) + torch.exp(logvar) - logvar - 1) / len(mu)",
            ),
        ),
    ),
    "optimizer_of_a_list": Change(
        "vae",
        "vae-train",
        (
            (
                "torch.optim.Adam(vae.parameters(), lr=0.001, weight_decay=1e-6, fused=True)",
                "torch.optim.Adam(list(vae.parameters()), 1e-3, weight_decay=1e-6, foreach=False)",
            ),
        ),
    ),
    "total_alone_unpacked": Change(
        "vae",
        "vae-train",
        (
            (
                "        recon, mu, logvar = vae(rows)\n",
                "        recon, mu, logvar = vae.forward(rows)\n",
            ),
            (
                "loss, recon_loss, kl_loss = vae_loss(recon, rows, mu, logvar, mask)",
                "loss, *_ = vae_loss(recon_x=recon, x=rows, mu=mu, logvar=logvar, mask=mask, beta=0.001)",
            ),
            ("[loss.item(), recon_loss.item(), kl_loss.item()]", "loss.item()"),
            ("return np.mean(losses, axis=0)", "return sum(losses) / len(losses)"),
        ),
    ),
    "network_called_in_three_steps": Change(
        "vae",
        "vae-train",
        (
            (
                "        recon, mu, logvar = vae(rows)\n",
                "        mu, logvar = vae.encode(rows)\n        recon = vae.decode(vae.reparameterize(mu, logvar))\n",
            ),
        ),
    ),
    "vae_pass_by_another_name": Change(
        "vae",
        "vae-train",
        (
            ("def train_vae_epoch():", "def one_pass(loader, network):"),
            ("    vae.train()\n    losses", "    network.train()\n    losses"),
            ("for rows, mask in train_user_loader:", "for rows, mask in loader:"),
            (
                "        recon, mu, logvar = vae(rows)\n",
                "        recon, mu, logvar = network(rows)\n",
            ),
            (
                "train_curve.append(train_vae_epoch())",
                "train_curve.append(one_pass(train_user_loader, vae))",
            ),
        ),
    ),
    "vae_gradients_set_to_none": Change(
        "vae",
        "vae-train",
        (("        optimizer_vae.zero_grad()\n", "        vae.zero_grad(set_to_none=True)\n"),),
    ),
    "another_seed_for_the_vae": Change("vae", "vae-complete", (("SEED = 42", "SEED = 11"),)),
    "predictions_in_one_piece": Change(
        "vae",
        "vae-complete",
        (
            (
                "rows = [vae.decode(vae.encode(batch.to(device))[0]).cpu() for batch in R_input.split(128)]",
                "rows = [vae.decode(vae.encode(R_input.to(device))[0]).cpu()]",
            ),
            ("@torch.no_grad()\ndef get_vae", "@torch.inference_mode()\ndef get_vae"),
        ),
    ),
    "error_by_scikit_learn": Change(
        "vae",
        "vae-train",
        (
            (
                "    return float(np.sqrt(np.mean(error**2)))",
                '    from sklearn.metrics import root_mean_squared_error\n\n    return root_mean_squared_error(df_eval["rating"], df_eval["rating"] + error)',
            ),
        ),
    ),
    "array_by_numpy": Change(
        "vae",
        "vae-complete",
        (
            ("R_pred_np = R_pred.numpy()", "R_pred_np = np.array(R_pred.tolist())"),
            (
                "get_vae_predictions(vae, R_train).clamp(1, 5)",
                "torch.clamp(get_vae_predictions(vae, R_train), min=1.0, max=5.0)",
            ),
        ),
    ),
    "array_as_a_numpy_matrix": Change(
        "vae",
        "vae-complete",
        (("R_pred_np = R_pred.numpy()", "R_pred_np = np.matrix(R_pred.numpy())"),),
    ),
    "completed_in_a_copy": Change(
        "vae",
        "vae-complete",
        (
            (
                "completed_vae = R_sparse_full.where(~R_sparse_full.isna(), R_pred_df)",
                "completed_vae = R_pred_df.astype(float)\ncompleted_vae[R_sparse_full.notna()] = R_sparse_full",
            ),
        ),
    ),
    "challenge_answered_by_a_tensor": Change(
        "vae",
        "vae-challenge",
        ((MIX, f"torch.tensor({MIX}).float()"),),
    ),
    "extra_lines_after_the_training": Change(
        "vae",
        "vae-complete",
        (
            (
                "test_rmse = evaluate_vae_rmse(vae, R_train, test_df)",
                "test_rmse = evaluate_vae_rmse(vae, R_train, test_df)\nhistory = pd.DataFrame({'epoch': range(1, len(val_curve) + 1), 'rmse': val_curve})\nrows = history.describe()\nplain, read, small = 1, 2, 3",
            ),
        ),
    ),
}
