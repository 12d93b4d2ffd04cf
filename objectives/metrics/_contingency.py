"""The contingency table of classes and clusters, from which measures of clusters are computed."""

from objectives._inputs import as_tensor
from objectives.lookup import Range
from objectives.metrics._sets import classes, positive_number, unless_empty
from objectives.ops.confusion import confusion_counts
from objectives.ops.statistics import summed

CLUSTERS = Range("cluster indices", low=0)


def contingency_table(predictions, targets, num_clusters, num_classes, mask, weights=None):
    """Counts of items by class and cluster (C, K), which add up over batches."""
    predictions = as_tensor(predictions, "predictions")
    if "int" not in predictions.dtype and predictions.dtype != "bool":
        raise TypeError(
            f"predictions must be cluster indices, which are integers, not {predictions.dtype}: turn scores of "
            "clusters into indices with pt.argmax(scores, axis=-1)"
        )
    num_columns = positive_number(num_clusters, "num_clusters")
    num_rows = num_columns if num_classes is None else positive_number(num_classes, "num_classes")
    given = classes(predictions, targets, max(num_rows, num_columns), mask, weights)
    counts = confusion_counts(given.targets, given.predicted, given.weights, num_rows=num_rows, num_columns=num_columns)
    return unless_empty(summed(counts).astype(given.weights.dtype))
