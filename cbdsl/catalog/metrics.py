"""Which direction of a metric is better, where its name tells."""

from __future__ import annotations

from typing import Literal

Better = Literal["lower", "higher"]

LOWER = frozenset(
    """
    loss error mae mse rmse msle mape perplexity crossentropy hinge poisson divergence logcosh
    wer cer
    """.split()
)

HIGHER = frozenset(
    """
    accuracy acc auc precision recall f1 fbeta iou dice jaccard r2 bleu rouge psnr ssim similarity
    map
    """.split()
)
