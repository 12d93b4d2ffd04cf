"""What measures of clusters are computed from: how many items of each class are in each cluster."""

from objectives._inputs import as_tensor
from objectives.lookup import Range
from objectives.metrics._sets import classes, positive_number, unless_empty
from objectives.ops.confusion import confusion_counts
from objectives.ops.statistics import summed

CLUSTERS = Range("cluster indices", low=0)


def contingency_table(predictions, targets, num_clusters, num_classes, mask, weights=None):
    """The table (classes, clusters), which adds up over batches."""
    predictions = as_tensor(predictions, "predictions")
    if "int" not in predictions.dtype and predictions.dtype != "bool":
        raise TypeError(
            f"predictions must be cluster indices, which are integers, not {predictions.dtype}: of scores of clusters "
            "take the greatest, pt.argmax(scores, axis=-1)"
        )
    num_columns = positive_number(num_clusters, "num_clusters")
    num_rows = num_columns if num_classes is None else positive_number(num_classes, "num_classes")
    given = classes(predictions, targets, max(num_rows, num_columns), mask, weights)
    counts = confusion_counts(given.targets, given.predicted, given.weights, num_rows=num_rows, num_columns=num_columns)
    return unless_empty(summed(counts).astype(given.weights.dtype))
