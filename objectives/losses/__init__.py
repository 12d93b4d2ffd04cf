"""Differentiable losses, one number for each element or item; a few are one number for a whole batch."""

from objectives.losses.adaptive import adaptive_log_softmax, adaptive_log_softmax_loss
from objectives.losses.angular import arcface_loss, cosface_loss
from objectives.losses.binary import binary_crossentropy, binary_crossentropy_with_logits, logistic_loss
from objectives.losses.categorical import (
    brier_score,
    categorical_crossentropy,
    categorical_crossentropy_with_logits,
    nll_loss,
)
from objectives.losses.contrastive import circle_loss, info_nce_loss, ntxent_loss, supervised_contrastive_loss
from objectives.losses.counts import (
    negative_binomial_nll_loss,
    poisson_nll_loss,
    poisson_nll_loss_with_log_rate,
)
from objectives.losses.crps import ensemble_crps, gaussian_crps
from objectives.losses.deviance import tweedie_deviance
from objectives.losses.divergence import (
    generalized_kl_divergence,
    jensen_shannon_divergence,
    kl_divergence,
    kl_divergence_with_log_targets,
    kl_divergence_with_logits,
)
from objectives.losses.embedding import (
    contrastive_loss,
    cosine_embedding_loss,
    hinge_embedding_loss,
    triplet_loss,
    triplet_margin_loss,
)
from objectives.losses.focal import (
    binary_focal_crossentropy,
    binary_focal_crossentropy_with_logits,
    categorical_focal_crossentropy,
    categorical_focal_crossentropy_with_logits,
)
from objectives.losses.gaussian_mixture import fgmm_vae_loss, vae_comp_gmm_loss, vae_gmm_loss
from objectives.losses.heteroscedastic import (
    heteroscedastic_categorical_crossentropy,
    robust_binary_crossentropy,
    robust_categorical_crossentropy,
)
from objectives.losses.hinge import binary_hinge_loss, perceptron_loss, squared_hinge_loss
from objectives.losses.likelihood import (
    beta_nll_loss,
    gaussian_nll_loss,
    laplace_nll_loss,
    robust_squared_error,
    student_t_nll_loss,
)
from objectives.losses.linear import linear_crossentropy
from objectives.losses.multiclass_hinge import (
    categorical_hinge_loss,
    multi_margin_loss,
    multiclass_hinge_loss,
    multiclass_perceptron_loss,
    multilabel_margin_loss,
    one_vs_all_hinge_loss,
)
from objectives.losses.multivariate import multivariate_gaussian_nll_loss
from objectives.losses.noisy_labels import generalized_crossentropy, poly_loss
from objectives.losses.overlap import dice_loss, generalized_dice_loss, iou_loss, tversky_loss
from objectives.losses.percentage import (
    absolute_percentage_error,
    percentage_error,
    squared_logarithmic_error,
    symmetric_absolute_percentage_error,
)
from objectives.losses.quantile import quantile_loss
from objectives.losses.ranking import (
    margin_ranking_loss,
    pairwise_logistic_loss,
    ranking_softmax_loss,
    wmw_auc_loss,
)
from objectives.losses.regression import (
    absolute_error,
    huber_loss,
    log_cosh_loss,
    signed_error,
    smooth_l1_loss,
    squared_error,
    zeros_loss,
)
from objectives.losses.sampled import nce_loss, rank_sampled_softmax_loss, sampled_softmax_loss
from objectives.losses.sequence import ctc_forward_variables, ctc_loss
from objectives.losses.similarity import cosine_distance, cosine_similarity, pairwise_distance
from objectives.losses.sparsemax import binary_sparsemax_loss, fenchel_young_loss, multiclass_sparsemax_loss
from objectives.losses.variational import gaussian_kl, vae_loss

__all__ = [
    "absolute_error",
    "absolute_percentage_error",
    "adaptive_log_softmax",
    "adaptive_log_softmax_loss",
    "arcface_loss",
    "beta_nll_loss",
    "binary_crossentropy",
    "binary_crossentropy_with_logits",
    "binary_focal_crossentropy",
    "binary_focal_crossentropy_with_logits",
    "binary_hinge_loss",
    "binary_sparsemax_loss",
    "brier_score",
    "categorical_crossentropy",
    "categorical_crossentropy_with_logits",
    "categorical_focal_crossentropy",
    "categorical_focal_crossentropy_with_logits",
    "categorical_hinge_loss",
    "circle_loss",
    "contrastive_loss",
    "cosface_loss",
    "cosine_distance",
    "cosine_embedding_loss",
    "cosine_similarity",
    "ctc_forward_variables",
    "ctc_loss",
    "dice_loss",
    "ensemble_crps",
    "fenchel_young_loss",
    "fgmm_vae_loss",
    "gaussian_crps",
    "gaussian_kl",
    "gaussian_nll_loss",
    "generalized_crossentropy",
    "generalized_dice_loss",
    "generalized_kl_divergence",
    "heteroscedastic_categorical_crossentropy",
    "hinge_embedding_loss",
    "huber_loss",
    "info_nce_loss",
    "iou_loss",
    "jensen_shannon_divergence",
    "kl_divergence",
    "kl_divergence_with_log_targets",
    "kl_divergence_with_logits",
    "laplace_nll_loss",
    "linear_crossentropy",
    "log_cosh_loss",
    "logistic_loss",
    "margin_ranking_loss",
    "multi_margin_loss",
    "multiclass_hinge_loss",
    "multiclass_perceptron_loss",
    "multiclass_sparsemax_loss",
    "multilabel_margin_loss",
    "multivariate_gaussian_nll_loss",
    "nce_loss",
    "negative_binomial_nll_loss",
    "nll_loss",
    "ntxent_loss",
    "one_vs_all_hinge_loss",
    "pairwise_distance",
    "pairwise_logistic_loss",
    "percentage_error",
    "perceptron_loss",
    "poisson_nll_loss",
    "poisson_nll_loss_with_log_rate",
    "poly_loss",
    "quantile_loss",
    "rank_sampled_softmax_loss",
    "ranking_softmax_loss",
    "robust_binary_crossentropy",
    "robust_categorical_crossentropy",
    "robust_squared_error",
    "sampled_softmax_loss",
    "signed_error",
    "smooth_l1_loss",
    "squared_error",
    "squared_hinge_loss",
    "squared_logarithmic_error",
    "student_t_nll_loss",
    "supervised_contrastive_loss",
    "symmetric_absolute_percentage_error",
    "triplet_loss",
    "triplet_margin_loss",
    "tversky_loss",
    "tweedie_deviance",
    "vae_comp_gmm_loss",
    "vae_gmm_loss",
    "vae_loss",
    "wmw_auc_loss",
    "zeros_loss",
]


def __dir__():
    """What is public; not the modules in which it is defined."""
    return sorted(__all__)
