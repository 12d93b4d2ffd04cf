import torch
from pytensor.link.pytorch.dispatch.basic import pytorch_funcify

from objectives.dispatch.pytorch.labels import in_range
from objectives.ops.confusion import ConfusionCounts


@pytorch_funcify.register(ConfusionCounts)
def pytorch_funcify_confusion_counts(op, **kwargs):
    num_rows, num_columns = op.shape

    def confusion_counts(rows, columns, weights):
        valid = in_range(rows, num_rows) & in_range(columns, num_columns)
        index = torch.where(valid, rows * num_columns + columns, 0)
        counts = torch.zeros(num_rows * num_columns, dtype=torch.float64, device=weights.device)
        counts = counts.index_add(0, index, weights.double()).reshape(num_rows, num_columns)
        return torch.where(valid.all(), counts, torch.nan)

    return confusion_counts
