"""Rewrites of graphs, registered with PyTensor when the package is imported, in the order in which they run.

Each entry: position in ``pytensor.compile.mode.optdb``, name, file, and the tags, any of which makes a mode run it. A
mode is told to leave one out by ``mode.excluding(name or tag)``. Numba, JAX, PyTorch and MLX run what is tagged
"fast_run", except what is tagged "cxx_only".

    -0.04  remember_ours in summation [fast_run]
           While marks still tell a graph of this package from others.
    -0.03  local_remove_statistic_mark in marking [fast_compile, fast_run]
    -0.03  local_remove_no_gradient_mark in marking [fast_compile, fast_run, minimum_compile]
    -0.02  local_remove_loss_mark in marking [fast_compile, fast_run]
    -0.02  local_remove_mask_mark in marking [fast_compile, fast_run]
           Before PyTensor looks at the graph: a mark would hide the expression below it.
      0.5  inline_layers in linear [linear_crossentropy]
           Before "canonicalize", which simplifies what was inside.
        1  local_remove_condition in marking [canonicalize, fast_compile, fast_run]
           In "canonicalize": no gradient is taken any more.
        1  local_count_of_inputs in counting [canonicalize, fast_compile, fast_run]
           In "canonicalize": when a count has moved past one node, it may move past the next.
      1.3  recognize_crossentropy in recognition/finder [fast_run, symbolic_op_recognition]
           After "canonicalize", which leaves fewer spellings, and before "stabilize" (1.5), which makes new ones.
     1.31  recognize_checks in recognition/checks [fast_run, symbolic_op_recognition]
           Right after, in the same spellings.
     1.45  use_linear_crossentropy in linear [linear_crossentropy]
           After recognition (1.3), and before products become calls of BLAS (1.7). Only where a mode asks for it.
        2  local_count_of_inputs in counting [fast_run, specialize]
           In "specialize" again, past the Ops that have been recognized.
        2  local_spell_out_classes in class_axes [numba, specialize]
        2  local_spell_out_classes_on_c in class_axes [cxx_only, fast_run, specialize]
        2  local_compare_one_hot in one_hot [numba, specialize]
        2  local_compare_one_hot_on_c in one_hot [cxx_only, fast_run, specialize]
           In "specialize", which finds the number of classes in the shape of an input, and simplifies expressions.
        2  local_remove_loss_mark in marking [fast_run, specialize]
        2  local_remove_condition in marking [fast_run, specialize]
        2  local_remove_disconnected_grad in marking [fast_run, specialize]
           In "specialize", too: what has been spelled out there has marks of its own.
      2.5  local_remove_own_shape in marking [fast_compile, fast_run]
           After "specialize" (2), when shapes have been inferred.
      2.6  refuse_float16 in halves [numba]
      2.6  refuse_float16_on_c in halves [cxx_only, fast_run]
           After "specialize", which folds constants.
     47.0  merge_loss_with_gradient in merging [fast_run, loss_fusion]
           Late, when the gradient of a mean no longer depends on the loss; before element-wise fusion (49).
     47.5  c_*Kernel in dispatch/c/_registration [c_kernels, cxx_only, fast_run]
           After loss and gradient are merged (47.0), before element-wise fusion (49).
     48.5  pair_operands in pairs [mlx]
           After PyTensor has flattened sums and products (48), before it fuses them (49).
     48.6  array_of_length in lengths [mlx]
           When nothing removes an added zero any more, before fusion (49).
     48.7  sum_in_blocks in summation [mlx]
           After pairs (48.5), before fusion (49).
     48.8  compute_nan in unknown [jax]
           When no choice is rewritten any more, before fusion (49).
    48.85  form_row_loops in rows [numba, simd]
    48.85  form_row_loops_on_c in rows [cxx_only, fast_run, simd]
           When everything has been simplified; what is in no loop over rows is left for the next.
     48.9  form_loops in loops [numba, simd]
     48.9  form_loops_on_c in loops [cxx_only, fast_run, simd]
           Right before PyTensor fuses greedily (49).
     50.3  gradient_inplace in merging [inplace, loss_fusion, numba]
     50.3  c_*Kernel_inplace in dispatch/c/_registration [c_kernels, cxx_only, fast_run, inplace]
           After the destroy handler (49.5), before PyTensor's own in-place Elemwise (50.5).
       51  simd_elemwise in elementwise [numba, simd]
     51.1  simd_everywhere in elementwise []
           After in-place Elemwise (50.5), before PyTensor 3.3 fuses loops with indexing and reductions (100).
      101  c_loops in dispatch/c/loops [cxx_only, fast_run, simd]
           Last: the loops of a graph are compiled in one library.

The rewrites of the C backend are in ``dispatch/c``, since a rewrite is how a kernel gets into its graphs: PyTensor has
no table of C kernels, as it has for the other backends. Numba's, JAX's, PyTorch's and MLX's kernels are in such a
table, which PyTensor imports only after the rewrites of the first graph have run; a rewrite there would come too late.
So what these backends need (`pairs`, `lengths`, `summation`, `unknown`, `class_axes`, `one_hot`, `rows`, `loops`,
`halves`) is here, and knows no backend but by its tag.
"""

from objectives.rewriting import (  # noqa: F401  (imported for their registrations)
    class_axes,
    counting,
    elementwise,
    halves,
    lengths,
    linear,
    loops,
    marking,
    merging,
    one_hot,
    pairs,
    recognition,
    rows,
    summation,
    unknown,
)
