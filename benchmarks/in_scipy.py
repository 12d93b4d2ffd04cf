"""The measures in scikit-learn and SciPy."""

from scipy import stats
from sklearn import metrics


def roc_auc(predictions, labels):
    return metrics.roc_auc_score(labels, predictions)


def average_precision(predictions, labels):
    return metrics.average_precision_score(labels, predictions)


def r2(a, b):
    return metrics.r2_score(b, a)


def pearson(a, b):
    return stats.pearsonr(a, b).statistic


def spearman(a, b):
    return stats.spearmanr(a, b).statistic


def ndcg(scores, grades):
    return metrics.ndcg_score(grades, scores)
