import torch

from objectives.dispatch.pytorch._registration import register_kernel
from objectives.dispatch.pytorch.labels import in_range
from objectives.ops.confusion import ConfusionCounts


@register_kernel(ConfusionCounts)
def confusion_counts(op, rows, columns, weights):
    num_rows, num_columns = op.shape
    valid = in_range(rows, num_rows) & in_range(columns, num_columns)
    index = torch.where(valid, rows * num_columns + columns, 0)
    counts = torch.zeros(num_rows * num_columns, dtype=torch.float64, device=weights.device)
    counts = counts.index_add(0, index, weights.double()).reshape(num_rows, num_columns)
    return torch.where(valid.all(), counts, torch.nan)
