"""Measures for evaluation. Those that count, sort or compare with thresholds have no gradient."""

from objectives.metrics.accuracy import binary_accuracy, categorical_accuracy, exact_match
from objectives.metrics.agreement import balanced_accuracy, cohen_kappa, matthews_corrcoef
from objectives.metrics.areas import average_precision_score, log_auc, multiclass_roc_auc_score, roc_auc_score
from objectives.metrics.binary_rates import (
    binary_negative_predictive_value,
    binary_precision,
    binary_recall,
    binary_specificity,
    class_likelihood_ratios,
)
from objectives.metrics.binary_scores import binary_f1_score, binary_fbeta_score, binary_jaccard_score
from objectives.metrics.calibration import (
    binary_calibration_curve,
    binary_calibration_error,
    calibration_curve,
    calibration_error,
)
from objectives.metrics.clustering import (
    adjusted_rand_score,
    clustering_accuracy,
    fowlkes_mallows_score,
    pair_confusion_matrix,
    rand_score,
)
from objectives.metrics.confusion import binary_confusion_matrix, confusion_matrix
from objectives.metrics.correlation import (
    concordance_correlation,
    kendall_tau,
    pearson_correlation,
    spearman_correlation,
)
from objectives.metrics.curves import auc, det_curve, precision_recall_curve, roc_curve
from objectives.metrics.d2 import (
    d2_absolute_error_score,
    d2_brier_score,
    d2_log_loss_score,
    d2_pinball_score,
    d2_tweedie_score,
)
from objectives.metrics.distances import (
    max_error,
    minkowski_distance,
    peak_signal_noise_ratio,
    weighted_mean_absolute_percentage_error,
)
from objectives.metrics.medians import (
    median_absolute_deviation,
    median_absolute_error,
    median_absolute_percentage_error,
    median_error,
    median_percentage_error,
)
from objectives.metrics.mutual_information import (
    adjusted_mutual_info_score,
    mutual_info_score,
    normalized_mutual_info_score,
)
from objectives.metrics.operating_points import (
    equal_error_rate,
    precision_at_recall,
    recall_at_precision,
    sensitivity_at_specificity,
    specificity_at_sensitivity,
)
from objectives.metrics.probabilities import perplexity
from objectives.metrics.ranking import (
    coverage_error,
    dcg_score,
    label_ranking_average_precision,
    label_ranking_loss,
    ndcg_score,
)
from objectives.metrics.rates import negative_predictive_value, precision, recall, specificity
from objectives.metrics.regression import explained_variance, r2_score, relative_squared_error
from objectives.metrics.retrieval import reciprocal_rank, retrieval_average_precision, retrieval_roc_auc
from objectives.metrics.retrieval_cutoff import (
    fall_out_at_k,
    hit_rate_at_k,
    precision_at_k,
    r_precision,
    recall_at_k,
)
from objectives.metrics.root_mean_squared_errors import (
    normalized_root_mean_squared_error,
    root_mean_squared_error,
    root_mean_squared_logarithmic_error,
)
from objectives.metrics.scores import f1_score, fbeta_score, jaccard_score
from objectives.metrics.v_measure import completeness_score, homogeneity_score, v_measure_score

__all__ = [
    "adjusted_mutual_info_score",
    "adjusted_rand_score",
    "auc",
    "average_precision_score",
    "balanced_accuracy",
    "binary_accuracy",
    "binary_calibration_curve",
    "binary_calibration_error",
    "binary_confusion_matrix",
    "binary_f1_score",
    "binary_fbeta_score",
    "binary_jaccard_score",
    "binary_negative_predictive_value",
    "binary_precision",
    "binary_recall",
    "binary_specificity",
    "calibration_curve",
    "calibration_error",
    "categorical_accuracy",
    "class_likelihood_ratios",
    "clustering_accuracy",
    "cohen_kappa",
    "completeness_score",
    "concordance_correlation",
    "confusion_matrix",
    "coverage_error",
    "d2_absolute_error_score",
    "d2_brier_score",
    "d2_log_loss_score",
    "d2_pinball_score",
    "d2_tweedie_score",
    "dcg_score",
    "det_curve",
    "equal_error_rate",
    "exact_match",
    "explained_variance",
    "f1_score",
    "fall_out_at_k",
    "fbeta_score",
    "fowlkes_mallows_score",
    "hit_rate_at_k",
    "homogeneity_score",
    "jaccard_score",
    "kendall_tau",
    "label_ranking_average_precision",
    "label_ranking_loss",
    "log_auc",
    "matthews_corrcoef",
    "max_error",
    "median_absolute_deviation",
    "median_absolute_error",
    "median_absolute_percentage_error",
    "median_error",
    "median_percentage_error",
    "minkowski_distance",
    "multiclass_roc_auc_score",
    "mutual_info_score",
    "ndcg_score",
    "negative_predictive_value",
    "normalized_mutual_info_score",
    "normalized_root_mean_squared_error",
    "pair_confusion_matrix",
    "peak_signal_noise_ratio",
    "pearson_correlation",
    "perplexity",
    "precision",
    "precision_at_k",
    "precision_at_recall",
    "precision_recall_curve",
    "r2_score",
    "r_precision",
    "rand_score",
    "recall",
    "recall_at_k",
    "recall_at_precision",
    "reciprocal_rank",
    "relative_squared_error",
    "retrieval_average_precision",
    "retrieval_roc_auc",
    "roc_auc_score",
    "roc_curve",
    "root_mean_squared_error",
    "root_mean_squared_logarithmic_error",
    "sensitivity_at_specificity",
    "spearman_correlation",
    "specificity",
    "specificity_at_sensitivity",
    "v_measure_score",
    "weighted_mean_absolute_percentage_error",
]


def __dir__():
    """What is public; not the modules in which it is defined."""
    return sorted(__all__)
