"""Named wrong answers, each one plausible change of the solution, by the check that must catch it.

Blanks filled wrongly stand in `fills.py`; here are mistakes of whole exercises. Texts are replaced in the cells
of that exercise only.
"""

MIX = "0.65 * factors + 0.35 * residual_autoencoder(R, mask)"
"""What the solution of the challenge returns."""

ADAM = "torch.optim.Adam(vae.parameters(), lr=0.001, weight_decay=1e-6, fused=True)"
"""The optimizer of lesson 3."""

MISTAKES = {
    "svd-block": {
        "gaps_filled_with_zero": [("R_block = R_sparse.loc", "R_block = R_sparse.fillna(0).loc")],
        "transposed": [("[sample_users, sample_movies]  #", "[sample_users, sample_movies].T  #")],
        "last_eight": [("user_ids[:8], movie_ids[:8]", "user_ids[-8:], movie_ids[-8:]")],
        "counts_for_ratings": [('columns="movieId")', 'columns="movieId", aggfunc="count")')],
        "samples_swapped": [("[sample_users, sample_movies]", "[sample_movies, sample_users]")],
        "labels_swapped": [
            (
                "  # (8, 8)\n",
                "\nR_block = R_block.set_axis(sample_movies).set_axis(sample_users, axis=1)\n",
            )
        ],
        "turned_before_it_was_cut": [
            ('index="userId", columns="movieId"', 'index="movieId", columns="userId"'),
            ("[sample_users, sample_movies]", "[sample_movies, sample_users]"),
        ],
        "zeros_for_gaps": [('columns="movieId")', 'columns="movieId", fill_value=0)')],
        "times_for_ratings": [('values="rating"', 'values="timestamp"')],
        "index_and_columns_swapped": [
            ('index="userId", columns="movieId"', 'index="movieId", columns="userId"')
        ],
        "seven_by_eight": [("[sample_users, sample_movies]", "[sample_users[1:], sample_movies]")],
        "an_array": [("[sample_users, sample_movies]", "[sample_users, sample_movies].to_numpy()")],
    },
    "svd-factors": {
        "gaps_filled_with_zero": [(".fillna(global_mean)", ".fillna(0)")],
        "gaps_filled_with_movie_means": [
            (".fillna(global_mean)", ".fillna(R_block.mean()).fillna(global_mean)")
        ],
        "mean_of_the_block": [('ratings["rating"].mean()', "np.nanmean(R_block.values)")],
        "singular_values_twice": [("U_k @ S_k, V_k", "U_k @ S_k, V_k @ S_k")],
        "no_singular_values": [("U_k @ S_k, V_k", "U_k, V_k")],
        "rank_three": [("k = 2", "k = 3")],
        "last_factors": [
            ("U[:, :k], np.diag(S[:k]), Vt[:k, :].T", "U[:, -k:], np.diag(S[-k:]), Vt[-k:, :].T")
        ],
        "roots_of_singular_values": [("U_k @ S_k, V_k", "U_k @ S_k**0.5, V_k")],
        "roots_on_both_sides": [("U_k @ S_k, V_k", "U_k @ S_k**0.5, V_k @ S_k**0.5")],
        "rising_singular_values": [
            (
                "svd(R_block_filled, full_matrices=False)",
                "__import__('scipy').sparse.linalg.svds(R_block_filled, k=2)",
            )
        ],
        "all_values_rising": [("\nk = 2", "\nU, S, Vt = U[:, ::-1], S[::-1], Vt[::-1]\nk = 2")],
        "filled_in_place": [
            (
                "R_block_filled = R_block.fillna(global_mean).values",
                "R_block = R_block.copy()\nR_block.fillna(global_mean, inplace=True)\nR_block_filled = R_block.values",
            )
        ],
        "block_changed": [("\nk = 2", "\nR_block = R_block + 1\nk = 2")],
        "gaps_left": [
            ("R_block.fillna(global_mean).values", "R_block.values.copy()"),
            ("svd(R_block_filled", "svd(np.nan_to_num(R_block_filled)"),
        ],
        "ratings_clipped": [
            (".fillna(global_mean).values", ".fillna(global_mean).clip(3.2, 4).values")
        ],
        "rows_for_columns_of_U": [("U[:, :k],", "U[:k, :].T,")],
        "columns_of_Vt": [("Vt[:k, :].T", "Vt[:, :k]")],
        "one_sign_flipped": [("P, Q = U_k @ S_k, V_k", "P, Q = -U_k @ S_k, V_k")],
        "movie_ids_for_users": [
            ("pd.DataFrame(P, index=sample_users", "pd.DataFrame(P, index=sample_movies"),
        ],
        "columns_unnamed": [(', columns=["f1", "f2"]', "")],
        "modes_for_a_mean": [
            ('["rating"].mean()', '["rating"].mode()'),
            (".fillna(global_mean)", ".fillna(global_mean[0])"),
        ],
    },
    "svd-complete": {
        "ratings_overwritten": [("R_block.where(~R_block.isna(), R_hat_df)", "R_hat_df.copy()")],
        "rule_reversed": [
            ("R_block.where(~R_block.isna(), R_hat_df)", "R_hat_df.where(~R_block.isna(), R_block)")
        ],
        "gaps_take_the_mean": [
            ("R_block.where(~R_block.isna(), R_hat_df)", "R_block.fillna(global_mean)")
        ],
        "clamped": [("R_hat_block = P @ Q.T", "R_hat_block = np.clip(P @ Q.T, 1, 5) * 0.999")],
        "transposed_values": [("pd.DataFrame(R_hat_block,", "pd.DataFrame(R_hat_block.T,")],
        "labels_swapped": [
            (
                "index=sample_users, columns=sample_movies",
                "index=sample_movies, columns=sample_users",
            )
        ],
        "no_labels": [(", index=sample_users, columns=sample_movies", "")],
        "labels_picked": [("pd.DataFrame(R_hat_block,", "pd.DataFrame(pd.DataFrame(R_hat_block),")],
        "compared_with_nan": [
            (
                "R_block.where(~R_block.isna(), R_hat_df)",
                "R_block.where(R_block != np.nan, R_hat_df)",
            )
        ],
        "filled_in_place": [
            (
                "completed_block = R_block.where(~R_block.isna(), R_hat_df)",
                "completed_block = R_block = R_block.fillna(R_hat_df)",
            )
        ],
        "rounded": [("R_hat_block = P @ Q.T", "R_hat_block = (P @ Q.T).round()")],
        "ratings_rounded": [
            (
                "R_block.where(~R_block.isna(), R_hat_df)",
                "R_block.clip(2, 4).where(~R_block.isna(), R_hat_df)",
            )
        ],
        "predictions_in_the_gaps_too": [("R_hat_df.where(~R_block.isna(), np.nan)", "R_hat_df")],
        "ratings_for_predictions": [("R_hat_df.where(~R_block.isna(), np.nan)", "R_block.copy()")],
    },
    "svd-rank": {
        "error_on_all_cells": [("difference[observed]", "difference")],
        "error_on_the_gaps": [("difference[observed]", "difference[~observed]")],
        "no_square_root": [
            (
                "float(np.sqrt(np.mean(difference[observed] ** 2)))",
                "float(np.mean(difference[observed] ** 2))",
            )
        ],
        "absolute_error": [
            ("np.sqrt(np.mean(difference[observed] ** 2))", "np.mean(np.abs(difference[observed]))")
        ],
        "one_factor_too_many": [
            ("U[:, :k] * S[:k]) @ Vt[:k, :]", "U[:, : k + 1] * S[: k + 1]) @ Vt[: k + 1, :]")
        ],
        "for_the_block_alone": [
            ("svd(R_filled, full_matrices=False)", "svd(R_block_filled, full_matrices=False)")
        ],
        "factors_from_outside": [("    U, S, Vt = svd(R_filled, full_matrices=False)\n", "")],
        "zero": [("return float(np.sqrt(np.mean(difference[observed] ** 2)))", "return 0.0")],
        "no_return": [("return float(", "float(")],
        "one_factor_too_few": [
            ("U[:, :k] * S[:k]) @ Vt[:k, :]", "U[:, : k - 1] * S[: k - 1]) @ Vt[: k - 1, :]")
        ],
        "root_of_the_sum": [
            ("np.mean(difference[observed] ** 2)", "np.sum(difference[observed] ** 2)")
        ],
        "no_singular_values": [("(U[:, :k] * S[:k]) @", "U[:, :k] @")],
        "the_matrix": [
            ("return float(np.sqrt(np.mean(difference[observed] ** 2)))", "return R_hat")
        ],
        "errors_of_the_gaps": [("R_block.notna().values", "R_block.isna().values")],
        "ranks_from_zero": [
            ("values, rank) for rank in range(1, 9)", "values, rank) for rank in range(8)")
        ],
        "seven_ranks": [
            ("values, rank) for rank in range(1, 9)", "values, rank) for rank in range(1, 8)")
        ],
    },
    "mf-split": {
        "seventy_thirty": [("test_size=0.2", "test_size=0.3")],
        "another_random_state": [("random_state=42", "random_state=0")],
        "validation_is_test": [("val_df, test_df =", "val_df, _ =")],
        "no_shuffle": [("test_size=0.2, random_state=42", "test_size=0.2, shuffle=False")],
        "parts_swapped": [("val_df, test_df =", "test_df, val_df =")],
        "second_cut_of_the_whole_table": [
            ("train_test_split(temp_df,", "train_test_split(df_idx,")
        ],
        "second_cut_of_the_training_part": [
            ("train_test_split(temp_df,", "train_test_split(train_df[: len(temp_df)],")
        ],
        "stars_lost": [
            ("train_test_split(df_idx,", 'train_test_split(df_idx[["user_idx", "item_idx"]],')
        ],
        "film_ids_lost": [
            (
                "train_test_split(df_idx,",
                'train_test_split(df_idx[["user_idx", "item_idx", "rating"]],',
            )
        ],
    },
    "mf-dataset": {
        "columns_swapped": [
            ('df["user_idx"]', 'df["item_idx_"]'),
            ('df["item_idx"]', 'df["user_idx"]'),
            ("item_idx_", "item_idx"),
        ],
        "ids_for_indices": [('df["user_idx"]', 'df["userId"]')],
        "timestamps_for_stars": [('df["rating"]', 'df["timestamp"]')],
        "float_indices": [
            ('df["user_idx"].to_numpy()', 'df["user_idx"].to_numpy(dtype="float32")')
        ],
        "short_indices": [('df["item_idx"].to_numpy()', 'df["item_idx"].to_numpy(dtype="int16")')],
        "a_dict_for_a_tuple": [
            (
                "return self.users[i], self.items[i], self.stars[i]",
                'return {"user": self.users[i], "item": self.items[i], "stars": self.stars[i]}',
            )
        ],
        "sample_not_returned": [
            ("return self.users[i], self.items[i], self.stars[i]", "self.users[i], self.items[i]")
        ],
        "two_parts": [
            (
                "return self.users[i], self.items[i], self.stars[i]",
                "return self.users[i], self.items[i]",
            )
        ],
        "small_batches": [("batch_size=1024, shuffle=True", "batch_size=256, shuffle=True")],
        "validation_of_the_test_part": [("RatingDataset(val_df)", "RatingDataset(test_df)")],
        "whole_numbers": [("dtype=torch.float32)", "dtype=torch.long)")],
        "no_shuffle": [(", shuffle=True", "")],
        "trained_on_everything": [("RatingDataset(train_df)", "RatingDataset(df_idx)")],
        "validation_in_training": [
            ("RatingDataset(train_df)", "RatingDataset(pd.concat([train_df, val_df]))")
        ],
        "last_batch_dropped": [("shuffle=True, collate", "shuffle=True, drop_last=True, collate")],
        "scaled_stars": [("dtype=torch.float32)", "dtype=torch.float32) / 5")],
    },
    "mf-model": {
        "no_global_bias": [("return self.global_bias + bias + taste", "return bias + taste")],
        "no_user_bias": [("self.user_bias(users).squeeze(1) + ", "")],
        "no_item_bias": [(" + self.item_bias(items).squeeze(1)", "")],
        "no_taste": [("+ bias + taste", "+ bias")],
        "sum_over_the_batch": [(".sum(dim=1)", ".sum(dim=0)[0]")],
        "added_factors": [("self.user_emb(users) * self", "self.user_emb(users) + self")],
        "clamped_forward": [
            (
                "return self.global_bias + bias + taste",
                "return (self.global_bias + bias + taste).clamp(1, 5)",
            )
        ],
        "squeezed_to_nothing": [
            (".squeeze(1)", ".squeeze()"),
            (
                "return self.global_bias + bias + taste",
                "return (self.global_bias + bias + taste).squeeze()",
            ),
        ],
        "wide_start": [("std=0.01", "std=1.0")],
        "global_bias_zero": [(', mean=train_df["rating"].mean()', "")],
        "mean_of_everything": [('train_df["rating"].mean()', 'ratings["rating"].mean() + 0.01')],
        "absolute_loss": [("nn.MSELoss()", "nn.L1Loss()")],
        "summed_loss": [("nn.MSELoss()", 'nn.MSELoss(reduction="sum")')],
        "plain_sgd": [
            (
                "torch.optim.Adam(model.parameters(), lr=0.005, weight_decay=1e-5, fused=True)",
                "torch.optim.SGD(model.parameters(), lr=0.005)",
            )
        ],
        "large_steps": [("lr=0.005", "lr=0.05")],
        "no_decay": [("weight_decay=1e-5, ", "")],
        "half_of_the_squares": [
            ("nn.MSELoss()", "lambda predicted, stars: ((predicted - stars) ** 2).mean() / 2")
        ],
        "summed_absolute_loss": [("nn.MSELoss()", 'nn.L1Loss(reduction="sum")')],
        "huber_loss": [("nn.MSELoss()", "nn.SmoothL1Loss()")],
        "root_in_the_criterion": [
            (
                "nn.MSELoss()",
                "lambda predicted, stars: nn.functional.mse_loss(predicted, stars).sqrt()",
            )
        ],
        "errors_of_one_sign": [
            ("nn.MSELoss()", "lambda predicted, stars: ((predicted - stars).relu() ** 2).mean()")
        ],
        "a_loss_for_each_pair": [("nn.MSELoss()", 'nn.MSELoss(reduction="none")')],
        "detached_in_the_criterion": [
            ("nn.MSELoss()", "lambda predicted, stars: nn.MSELoss()(predicted.detach(), stars)")
        ],
        "half_the_gradient": [
            (
                "nn.MSELoss()",
                "lambda predicted, stars: nn.MSELoss()((predicted + predicted.detach()) / 2, stars)",
            )
        ],
        "uphill": [("weight_decay=1e-5, fused=True", "weight_decay=1e-5, maximize=True")],
        "no_memory": [("weight_decay=1e-5, fused=True", "weight_decay=1e-5, betas=(0.0, 0.0)")],
        "large_eps": [("weight_decay=1e-5, fused=True", "weight_decay=1e-5, eps=1.0")],
        "adamw": [("torch.optim.Adam(", "torch.optim.AdamW(")],
        "adamax": [
            ("torch.optim.Adam(", "torch.optim.Adamax("),
            (", fused=True", ""),
        ],
        "called_adam": [
            (
                "optimizer = torch.optim.Adam(model.parameters(), lr=0.005, weight_decay=1e-5, fused=True)",
                "Adam = type('Adam', (torch.optim.SGD,), {})\noptimizer = Adam(model.parameters(), lr=0.005, weight_decay=1e-5)\nfor group in optimizer.param_groups:\n    group.update(betas=(0.9, 0.999), eps=1e-8)",
            )
        ],
        "another_rate_for_the_items": [
            (
                "torch.optim.Adam(model.parameters(), lr",
                "torch.optim.Adam([{'params': [*model.parameters()][:2]}, {'params': [*model.parameters()][2:], 'lr': 0.1}], lr",
            )
        ],
        "optimizer_of_another_model": [
            (
                "torch.optim.Adam(model.parameters()",
                "torch.optim.Adam(MF(num_users, num_items).parameters()",
            )
        ],
        "standing_model_of_zeros": [
            (
                "criterion = nn.MSELoss()",
                "criterion = nn.MSELoss()\nfor table in [model.user_emb, model.item_emb]:\n    nn.init.zeros_(table.weight)",
            )
        ],
        "standing_model_started_wide": [
            (
                "criterion = nn.MSELoss()",
                "criterion = nn.MSELoss()\nnn.init.normal_(model.item_emb.weight, std=0.1)",
            )
        ],
        "standing_biases_started_at_random": [
            (
                "criterion = nn.MSELoss()",
                "criterion = nn.MSELoss()\nnn.init.normal_(model.user_bias.weight, std=0.01)",
            )
        ],
        "uniform_start": [
            (
                "nn.init.normal_(self.user_emb.weight, std=0.01)",
                "nn.init.uniform_(self.user_emb.weight, -0.0173, 0.0173)",
            )
        ],
        "sizes_swapped": [
            ("nn.Embedding(num_users, n_factors)", "nn.Embedding(n_factors, num_users)")
        ],
        "sizes_of_this_data": [
            ("nn.Embedding(num_users, n_factors)", "nn.Embedding(len(user2idx), n_factors)")
        ],
        "sparse_gradients": [
            (
                "nn.Embedding(num_users, n_factors)",
                "nn.Embedding(num_users, n_factors, sparse=True)",
            )
        ],
        "nothing_returned": [
            ("return self.global_bias + bias + taste", "self.global_bias + bias + taste")
        ],
        "detached_items": [("* self.item_emb(items))", "* self.item_emb(items).detach())")],
    },
    "mf-train": {
        "sum_of_batch_means_returned": [
            ("squared_error += loss.item() * len(stars)", "squared_error += loss.item()")
        ],
        "squared_error_returned": [
            (
                "return (squared_error / len(train_dataset)) ** 0.5",
                "return squared_error / len(train_dataset)",
            )
        ],
        "nothing_returned": [
            (
                "return (squared_error / len(train_dataset)) ** 0.5",
                "(squared_error / len(train_dataset)) ** 0.5",
            )
        ],
        "validation_curve_not_kept": [("    val_curve.append(val_rmse)\n", "")],
        "training_curve_not_kept": [("    train_curve.append(train_rmse)\n", "")],
        "curves_swapped": [
            ("train_curve.append(train_rmse)", "train_curve.append(val_rmse)"),
            ("val_curve.append(val_rmse)", "val_curve.append(train_rmse)"),
        ],
        "validation_in_both_curves": [
            ("train_curve.append(train_rmse)", "train_curve.append(val_rmse)")
        ],
        "curve_of_squares": [
            ("train_curve.append(train_rmse)", "train_curve.append(train_rmse / 80)")
        ],
        "only_improvements_kept": [
            (
                "    val_curve.append(val_rmse)\n    if val_rmse < best_val:\n",
                "    if val_rmse < best_val:\n        val_curve.append(val_rmse)\n",
            )
        ],
        "clamped_in_the_loss": [
            (
                "criterion(model(users, items), stars)",
                "criterion(model(users, items).clamp(1, 5), stars)",
            )
        ],
        "summed_in_the_step": [
            (
                "loss = criterion(model(users, items), stars)",
                "loss = criterion(model(users, items), stars) * len(stars)",
            )
        ],
        "root_in_the_loss": [
            (
                "criterion(model(users, items), stars)",
                "criterion(model(users, items), stars).sqrt()",
            )
        ],
        "absolute_error_in_the_step": [
            (
                "criterion(model(users, items), stars)",
                "nn.functional.l1_loss(model(users, items), stars)",
            )
        ],
        "two_steps_a_batch": [
            ("        optimizer.step()\n", "        optimizer.step()\n        optimizer.step()\n")
        ],
        "backward_twice": [
            (
                "        loss.backward()\n",
                "        loss.backward(retain_graph=True)\n        loss.backward()\n",
            )
        ],
        "last_epoch_weights_kept": [
            ("model.load_state_dict(best_state)", "model.load_state_dict(model.state_dict())")
        ],
        "best_epoch_is_the_last": [
            (
                "model.load_state_dict(best_state)\n",
                "model.load_state_dict(best_state)\nbest_epoch = epoch\n",
            )
        ],
        "epochs_counted_from_zero": [("tqdm(range(1, n_epochs + 1)", "tqdm(range(n_epochs)")],
        "stopped_by_an_error": [("train_rmse = train_epoch()", "train_rmse = train_epoch(model)")],
        "unclamped_predictions": [
            ("model(users.to(device), items.to(device)).clamp(1, 5)", "model(users, items)")
        ],
        "trained_on_everything": [
            ("in train_loader:", "in [*train_loader, *val_loader, *test_loader]:")
        ],
        "no_zero_grad": [("        optimizer.zero_grad()\n", "")],
        "no_backward": [("        loss.backward()\n", "")],
        "no_step": [("        optimizer.step()\n", "")],
        "zero_grad_after_backward": [
            (
                "        optimizer.zero_grad()\n        loss.backward()\n",
                "        loss.backward()\n        optimizer.zero_grad()\n",
            )
        ],
        "weights_not_copied": [("value.clone() for", "value for")],
        "not_rolled_back": [("model.load_state_dict(best_state)\n", "")],
        "selected_on_test": [
            ("val_rmse = evaluate(val_loader)", "val_rmse = evaluate(test_loader)")
        ],
        "selected_on_train": [
            ("val_rmse = evaluate(val_loader)", "val_rmse = evaluate(train_loader)")
        ],
        "test_rmse_of_validation": [
            ("test_rmse = evaluate(test_loader)", "test_rmse = evaluate(val_loader)")
        ],
        "not_clamped": [(".clamp(1, 5)", "")],
        "mean_of_batches": [
            (
                "return (squared_error / count) ** 0.5",
                "return (squared_error / count / 1.01) ** 0.5",
            )
        ],
        "trained_on_test_too": [("in train_loader:", "in [*train_loader, *test_loader]:")],
        "trained_on_validation_too": [("in train_loader:", "in [*train_loader, *val_loader]:")],
        "one_batch_an_epoch": [
            (
                "        squared_error += loss.item()",
                "        break\n        squared_error += loss.item()",
            ),
            ("n_epochs, patience = 100", "n_epochs, patience = 3"),
        ],
    },
    "mf-complete": {
        "unclamped_predictions": [("predicted.clamp(1, 5)", "predicted")],
        "transposed_grid": [
            (
                "U_grid = all_users.unsqueeze(1).repeat(1, num_items)",
                "U_grid = all_users.unsqueeze(0).repeat(num_items, 1)",
            )
        ],
        "grids_transposed": [
            (".reshape(num_users, num_items)", ".reshape(num_items, num_users).T")
        ],
        "item_grid_transposed": [
            (
                "I_grid = all_items.unsqueeze(0).repeat(num_users, 1)",
                "I_grid = all_items.unsqueeze(1).repeat(1, num_users).T.flip(1)",
            )
        ],
        "not_clamped": [("predicted.clamp(1, 5)", "(predicted + 1)")],
        "ratings_overwritten": [
            ("R_sparse_full.where(~R_sparse_full.isna(), R_hat_df_full)", "R_hat_df_full.copy()")
        ],
        "gaps_left": [
            ("R_sparse_full.where(~R_sparse_full.isna(), R_hat_df_full)", "R_sparse_full.copy()")
        ],
        "indices_for_labels": [
            (
                "index=user_ids, columns=movie_ids",
                "index=range(num_users), columns=range(num_items)",
            )
        ],
        "rounded": [("predicted.clamp(1, 5)", "predicted.round().clamp(1, 5)")],
    },
    "mf-recommend": {
        "thirty_more_then_filtered": [
            ("[unseen].nlargest(n)", ".nlargest(n + 30)[unseen].head(n)")
        ],
        "hundred_more_then_filtered": [
            ("[unseen].nlargest(n)", ".nlargest(n + 100)[unseen].head(n)")
        ],
        "not_sorted": [("[unseen].nlargest(n)", "[unseen].nlargest(n).sort_index()")],
        "completed_for_predicted": [
            ("R_hat_df_full.loc[user_id][unseen]", "completed_full.loc[user_id]")
        ],
        "seen_movies_too": [("[unseen]", "")],
        "disliked_movies_again": [
            ("R_sparse_full.loc[user_id].isna()", "~(R_sparse_full.loc[user_id] >= 3)")
        ],
        "filtered_too_late": [("[unseen].nlargest(n)", ".nlargest(2 * n)[unseen].head(n)")],
        "worst_first": [("nlargest(n)", "nsmallest(n)")],
        "always_ten": [("nlargest(n)", "nlargest(10)")],
        "user_index_for_id": [
            ("R_hat_df_full.loc[user_id]", "R_hat_df_full.iloc[user2idx[user_id] - 1]")
        ],
        "titles_in_file_order": [("titles.loc[best.index].values", "titles.values[: len(best)]")],
        "seen_movies_only": [
            ("R_sparse_full.loc[user_id].isna()", "R_sparse_full.loc[user_id].notna()")
        ],
        "item_index_for_id": [
            ('"movieId": best.index', '"movieId": [item2idx[m] for m in best.index]')
        ],
        "same_list_for_all": [("R_hat_df_full.loc[user_id]", "R_hat_df_full.mean()")],
    },
    "vae-matrices": {
        "ones_for_stars": [("R[users, items] = stars", "R[users, items] = 1.0")],
        "mask_all_ones": [("mask[users, items] = 1.0", "mask[:] = 1.0")],
        "transposed_places": [("R[users, items]", "R.T[users % num_items, items % num_users]")],
        "mask_forgotten": [("    mask[users, items] = 1.0\n", "")],
        "trained_on_everything": [("to_matrices(train_df)", "to_matrices(df_idx)")],
        "gaps_filled_with_the_mean": [
            ("    return R, mask\n", "    R[mask == 0] = stars.mean()\n    return R, mask\n")
        ],
        "no_shuffle": [(", shuffle=True", "")],
        "mask_for_ratings": [("return self.R[i], self.mask[i]", "return self.mask[i], self.R[i]")],
        "mask_and_ratings_swapped": [("    return R, mask\n", "    return mask, R\n")],
        "matrices_in_float64": [("    return R, mask\n", "    return R.double(), mask.double()\n")],
        "everything_in_float64": [
            (
                "R, mask = torch.zeros(num_users, num_items), torch.zeros(num_users, num_items)",
                "R, mask = torch.zeros(2, num_users, num_items, dtype=torch.float64)",
            ),
            ("dtype=torch.float32)  # (n,)", "dtype=torch.float64)"),
        ],
        "matrices_of_whole_numbers": [("    return R, mask\n", "    return R.long(), mask\n")],
        "mask_in_half_precision": [("    return R, mask\n", "    return R, mask.half()\n")],
        "matrices_as_arrays": [("    return R, mask\n", "    return R.numpy(), mask.numpy()\n")],
    },
    "vae-model": {
        "same_noise_in_each_pass": [
            (
                "torch.randn_like(mu)",
                "torch.randn(mu.shape, generator=torch.Generator().manual_seed(0))",
            )
        ],
        "seeded_in_each_pass": [
            (
                "        return mu + torch.exp(0.5 * logvar)",
                "        torch.manual_seed(SEED)\n        return mu + torch.exp(0.5 * logvar)",
            )
        ],
        "noise_kept": [
            (
                "        return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)",
                "        if getattr(self, 'noise', mu[:0]).shape != mu.shape:\n"
                "            self.noise = torch.randn_like(mu)\n"
                "        return mu + torch.exp(0.5 * logvar) * self.noise",
            )
        ],
        "no_sampling": [("z = self.reparameterize(mu, logvar)", "z = mu")],
        "variance_for_deviation": [("torch.exp(0.5 * logvar)", "torch.exp(logvar)")],
        "logvar_for_deviation": [("torch.exp(0.5 * logvar)", "logvar")],
        "uniform_noise": [("torch.randn_like", "torch.rand_like")],
        "mu_twice": [("self.fc_mu(h), self.fc_logvar(h)", "self.fc_mu(h), self.fc_mu(h)")],
        "mu_and_logvar_swapped": [
            ("self.fc_mu(h), self.fc_logvar(h)", "self.fc_logvar(h), self.fc_mu(h)")
        ],
        "no_relu": [("h = torch.relu(self.fc1(x))", "h = self.fc1(x)")],
        "sigmoid_output": [
            (
                "self.fc4(torch.relu(self.fc3(z)))",
                "torch.sigmoid(self.fc4(torch.relu(self.fc3(z))))",
            )
        ],
        "one_draw_a_user": [("torch.randn_like(mu)", "torch.randn(len(mu), 1)")],
        "one_draw_for_all": [("torch.randn_like(mu)", "torch.randn(1, mu.shape[1])")],
        "gradient_stopped": [
            ("z = self.reparameterize(mu, logvar)", "z = self.reparameterize(mu, logvar.detach())")
        ],
        "mu_plus_sigma_in_eval_mode": [
            (
                "        return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)",
                "        sigma = torch.exp(0.5 * logvar)\n"
                "        return mu + sigma * torch.randn_like(mu) if self.training else mu + sigma",
            )
        ],
        "sigma_added_without_noise": [("torch.exp(0.5 * logvar) * torch.randn_like(mu)", "logvar")],
        "log_sigma_for_logvar": [("torch.exp(0.5 * logvar)", "torch.exp(2 * logvar)")],
        "no_return_in_forward": [
            ("return self.decode(z), mu, logvar", "self.decode(z), mu, logvar")
        ],
        "rows_alone_returned": [("return self.decode(z), mu, logvar", "return self.decode(z)")],
        "sizes_of_a_layer_swapped": [
            ("nn.Linear(num_items, hidden_dim)", "nn.Linear(hidden_dim, num_items)")
        ],
        "frozen": [("(num_items).to(device)", "(num_items).to(device).requires_grad_(False)")],
        "all_zeros": [
            (
                "vae = VAE(num_items).to(device)\n",
                "vae = VAE(num_items).to(device)\n"
                "for weight in vae.parameters():\n    nn.init.zeros_(weight)\n",
            )
        ],
        "one_number_everywhere": [
            (
                "vae = VAE(num_items).to(device)\n",
                "vae = VAE(num_items).to(device)\n"
                "for weight in vae.parameters():\n    nn.init.constant_(weight, 0.01)\n",
            )
        ],
        "a_start_far_too_large": [
            (
                "vae = VAE(num_items).to(device)\n",
                "vae = VAE(num_items).to(device)\n"
                "for weight in vae.parameters():\n    nn.init.normal_(weight)\n",
            )
        ],
        "network_in_float64": [("VAE(num_items).to(device)", "VAE(num_items).double().to(device)")],
    },
    "vae-loss": {
        "no_mask_in_the_loss": [("(recon_x - x) ** 2 * mask", "(recon_x - x) ** 2")],
        "no_division": [(" / (mask.sum(dim=1) + 1e-8)", "")],
        "mean_over_all_items": [(" / (mask.sum(dim=1) + 1e-8)", " / mask.shape[1]")],
        "sum_over_users": [("per_user_mse.mean()", "per_user_mse.sum()")],
        "division_by_zero": [(" + 1e-8", "")],
        "kl_sign": [("(-0.5 *", "(0.5 *")],
        "kl_without_exp": [("- logvar.exp()", "- logvar")],
        "kl_mean_over_dimensions": [
            (".sum(dim=1)).mean()\n    return", ".mean(dim=1)).mean()\n    return")
        ],
        "beta_one": [("beta=0.001", "beta=1.0")],
        "beta_ignored": [("beta * kl_loss", "0.001 * kl_loss")],
        "no_beta": [("recon_loss + beta * kl_loss,", "recon_loss,")],
        "total_detached": [("return recon_loss + beta", "return recon_loss.detach() + beta")],
        "other_learning_rate": [("lr=0.001", "lr=0.01")],
        "one_mean_over_all_ratings": [
            ("per_user_mse.mean()", "squared_error.sum() / (mask.sum() + 1e-8)")
        ],
        "mask_averaged": [("per_user_mse.mean()", "mask.sum(dim=1).mean()")],
        "not_averaged": [("per_user_mse.mean()", "per_user_mse")],
        "root_of_the_error": [("per_user_mse.mean()", "per_user_mse.mean().sqrt()")],
        "log_sigma_for_logvar": [
            ("(1 + logvar - mu**2 - logvar.exp())", "(1 + 2 * logvar - mu**2 - (2 * logvar).exp())")
        ],
        "recon_part_not_detached": [("recon_loss.detach(), kl", "recon_loss, kl")],
        "kl_part_not_detached": [("kl_loss.detach()", "kl_loss")],
        "kl_detached_in_the_total": [("beta * kl_loss,", "beta * kl_loss.detach(),")],
        "no_return_in_the_loss": [("    return recon_loss + beta", "    recon_loss + beta")],
        "total_alone_returned": [(", recon_loss.detach(), kl_loss.detach()", "")],
        "no_weight_decay": [(", weight_decay=1e-6", "")],
        "decoupled_weight_decay": [("torch.optim.Adam(", "torch.optim.AdamW(")],
        "optimizer_climbs": [("fused=True", "maximize=True")],
        "no_momentum": [("fused=True", "betas=(0.0, 0.0)")],
        "epsilon_of_one": [("fused=True", "eps=1.0")],
        "half_of_it_at_another_rate": [
            (
                ADAM,
                "torch.optim.Adam([{'params': [*vae.parameters()][:4]}, {'params': [*vae.parameters()][4:], 'lr': 0.1}],"
                " lr=0.001, weight_decay=1e-6)",
            )
        ],
        "merely_called_adam": [
            (
                ADAM,
                "type('Adam', (torch.optim.SGD,), {})(vae.parameters(), lr=0.001, weight_decay=1e-6)",
            )
        ],
        "optimizer_of_another_network": [
            ("Adam(vae.parameters()", "Adam(VAE(num_items).parameters()")
        ],
    },
    "vae-train": {
        "no_sampling_in_training": [
            (
                "        recon, mu, logvar = vae(rows)\n",
                "        mu, logvar = vae.encode(rows)\n        recon = vae.decode(mu)\n",
            )
        ],
        "beta_zero_in_the_step": [("mu, logvar, mask)\n", "mu, logvar, mask, beta=0.0)\n")],
        "beta_one_in_the_step": [("mu, logvar, mask)\n", "mu, logvar, mask, beta=1.0)\n")],
        "kl_dropped_in_the_step": [
            (
                "        optimizer_vae.zero_grad()\n",
                "        loss = (((recon - rows) ** 2 * mask).sum(1) / (mask.sum(1) + 1e-8)).mean()\n"
                "        optimizer_vae.zero_grad()\n",
            )
        ],
        "two_steps_a_batch": [
            (
                "        optimizer_vae.step()\n",
                "        optimizer_vae.step()\n        optimizer_vae.step()\n",
            )
        ],
        "backward_twice": [
            (
                "        loss.backward()\n",
                "        loss.backward(retain_graph=True)\n        loss.backward()\n",
            )
        ],
        "last_epoch_weights_kept": [
            ("vae.load_state_dict(best_state)", "vae.load_state_dict(vae.state_dict())")
        ],
        "best_epoch_is_the_last": [
            (
                "vae.load_state_dict(best_state)\n",
                "vae.load_state_dict(best_state)\nbest_epoch = epoch\n",
            )
        ],
        "epochs_counted_from_zero": [("tqdm(range(1, n_epochs + 1)", "tqdm(range(n_epochs)")],
        "trained_on_everything": [
            (
                "for rows, mask in train_user_loader:",
                "everything = R_train + R_val + R_test\n"
                "    for rows, mask in zip(everything.split(64), (everything > 0).float().split(64)):",
            )
        ],
        "no_zero_grad": [("        optimizer_vae.zero_grad()\n", "")],
        "no_backward": [("        loss.backward()\n", "")],
        "no_step": [("        optimizer_vae.step()\n", "")],
        "mask_of_ones": [("mu, logvar, mask)\n", "mu, logvar, torch.ones_like(mask))\n")],
        "sampling_at_evaluation": [
            ("vae.decode(vae.encode(batch.to(device))[0])", "vae(batch.to(device))[0]")
        ],
        "weights_not_copied": [("value.clone() for", "value for")],
        "not_rolled_back": [("vae.load_state_dict(best_state)\n", "")],
        "selected_on_test": [
            ("evaluate_vae_rmse(vae, R_train, val_df)", "evaluate_vae_rmse(vae, R_train, test_df)")
        ],
        "evaluated_on_validation_rows": [
            ("evaluate_vae_rmse(vae, R_train, val_df)", "evaluate_vae_rmse(vae, R_val, val_df)")
        ],
        "not_clamped": [(".clamp(1, 5).numpy()", ".numpy()")],
        "test_rows_read": [
            (
                "test_rmse = evaluate_vae_rmse(vae, R_train, test_df)",
                "test_rmse = evaluate_vae_rmse(vae, R_train + R_test, test_df)",
            )
        ],
        "reconstruction_alone_of_zeros": [
            ("recon, rows, mu, logvar, mask)", "recon, torch.zeros_like(rows), mu, logvar, mask)")
        ],
        "sum_of_the_losses_returned": [("np.mean(losses, axis=0)", "np.sum(losses, axis=0)")],
        "losses_divided_by_users": [
            ("np.mean(losses, axis=0)", "np.sum(losses, axis=0) / len(train_user_dataset)")
        ],
        "last_loss_returned": [("np.mean(losses, axis=0)", "losses[-1]")],
        "reconstruction_returned_for_the_loss": [
            ("[loss.item(), recon_loss.item(), kl_loss.item()]", "recon_loss.item()")
        ],
        "parts_returned_in_another_order": [
            ("recon_loss.item(), kl_loss.item()]", "kl_loss.item(), recon_loss.item()]")
        ],
        "train_curve_of_validation": [
            (
                "train_curve.append(train_vae_epoch())",
                "train_vae_epoch()\n    train_curve.append(1e3)",
            )
        ],
        "val_curve_of_the_best_alone": [
            ("    val_curve.append(val_rmse)\n", ""),
            (
                "best_val, best_epoch = val_rmse, epoch\n",
                "best_val, best_epoch = val_rmse, epoch\n        val_curve.append(val_rmse)\n",
            ),
        ],
        "val_curve_of_test": [
            (
                "val_curve.append(val_rmse)",
                "val_curve.append(evaluate_vae_rmse(vae, R_train, test_df))",
            )
        ],
    },
    "vae-complete": {
        "unclamped_predictions": [(".clamp(1, 5)  #", "  #")],
        "sampled_predictions": [
            ("get_vae_predictions(vae, R_train)", "vae(R_train.to(device))[0].detach().cpu()")
        ],
        "transposed": [
            ("R_pred_np = R_pred.numpy()", "R_pred_np = R_pred.T.numpy().reshape(R_pred.shape)")
        ],
        "ratings_overwritten": [
            ("R_sparse_full.where(~R_sparse_full.isna(), R_pred_df)", "R_pred_df.copy()")
        ],
        "not_clamped": [(".clamp(1, 5)  #", " + 1  #")],
        "everything_read": [
            (
                "get_vae_predictions(vae, R_train)",
                "get_vae_predictions(vae, R_train + R_val + R_test)",
            )
        ],
        "gaps_left": [
            ("R_sparse_full.where(~R_sparse_full.isna(), R_pred_df)", "R_sparse_full.copy()")
        ],
        "indices_for_labels": [
            (
                "index=user_ids, columns=movie_ids",
                "index=range(num_users), columns=range(num_items)",
            )
        ],
    },
    "vae-challenge": {
        "one_number_a_user": [(MIX, "np.mean(factors, axis=1)")],
        "not_a_number_somewhere": [(MIX, "factors * np.nan")],
        "transposed": [(MIX, "factors.T")],
        "words": [(MIX, "'five stars'")],
        "reads_beyond_its_arguments": [(MIX, "factors[: len(R_train) - 1]")],
    },
}
