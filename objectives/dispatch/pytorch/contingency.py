import torch
from pytensor.link.pytorch.dispatch.basic import pytorch_funcify

from objectives.ops.contingency import TableNumber


@pytorch_funcify.register(TableNumber)
def pytorch_funcify_table_number(op, **kwargs):
    @torch.compiler.disable
    def table_number(table):
        return torch.from_numpy(op.of(table.detach().cpu().numpy())).to(table.device)

    return table_number
