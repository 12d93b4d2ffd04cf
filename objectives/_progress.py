"""A progress bar, drawn by tqdm."""

import time
import warnings

REFRESH = 0.5  # seconds between updates of the running values, which wait for the device


def with_progress_bar(items, unit, values_so_far=dict, total=None):
    """Yield the items behind a progress bar that shows the values a function returns."""
    try:
        from tqdm.auto import tqdm
    except ImportError:
        warnings.warn("a progress bar needs tqdm: pip install tqdm, or give progress=False", stacklevel=3)
        yield from items
        return
    with tqdm(items, unit=f" {unit}", total=total) as bar:
        shown = time.monotonic()
        for item in bar:
            yield item
            if time.monotonic() - shown > REFRESH:
                bar.set_postfix(values_so_far(), refresh=False)
                shown = time.monotonic()
        bar.set_postfix(values_so_far())
