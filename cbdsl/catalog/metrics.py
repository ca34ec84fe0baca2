"""What a metric's name tells: which direction is better, and between which numbers it is."""

from __future__ import annotations

import math
import re
from typing import Literal

Better = Literal["lower", "higher"]

# Words of a name, joined where two belong together.
LOWER = frozenset(
    """
    loss error mae mse rmse msle rmsle mape smape nrmse perplexity ppl crossentropy bce cce nll
    hinge poisson divergence kld logcosh wer cer eer fid falsepositive falsepositives
    falsenegative falsenegatives
    """.split()
)

HIGHER = frozenset(
    """
    accuracy acc auc auroc auprc precision recall sensitivity specificity f1 f1score fbeta iou miou
    dice jaccard r2 bleu rouge psnr ssim similarity correlation kappa mcc map ndcg mrr reward
    truepositive truepositives truenegative truenegatives
    """.split()
)

JOINED = {
    "io_u": "iou",
    "cross_entropy": "crossentropy",
    "log_cosh": "logcosh",
    "true_positive": "truepositive",
    "true_negative": "truenegative",
    "false_positive": "falsepositive",
    "false_negative": "falsenegative",
}
"""Words that mean something together only; `io_u` is what Keras makes of IoU."""

SHARES = frozenset(
    """
    accuracy acc auc auroc auprc precision recall sensitivity specificity f1 f1score fbeta iou miou
    dice jaccard ndcg mrr
    """.split()
)
"""Telling words of metrics between 0 and 1."""

SIGNED = frozenset("similarity ssim correlation kappa mcc".split())
"""Telling words of metrics between -1 and 1."""

SIZES = frozenset(
    """
    mae mse rmse msle rmsle mape smape perplexity ppl falsepositive falsepositives falsenegative
    falsenegatives truepositive truepositives truenegative truenegatives
    """.split()
)
"""Telling words of metrics that are never below 0."""

COMMON = frozenset(
    """
    loss accuracy acc binary_accuracy categorical_accuracy sparse_categorical_accuracy
    top_k_categorical_accuracy precision recall specificity sensitivity auc f1_score
    mean_absolute_error mean_squared_error root_mean_squared_error cosine_similarity perplexity
    learning_rate
    """.split()
)
"""Names that Keras gives metrics by itself, or that most people give them."""

SCALED = frozenset(
    """
    percent percentage pct neg negative minus log scaled weighted gain change diff delta total sum
    x100 points gap drop margin lift improvement ce
    """.split()
)
"""Words of names that are another number than their last word says."""


def words_of(name: str) -> list[str]:
    """The words of a metric's name: `val_dense_1_mean_io_u` is `dense`, `mean`, `iou`."""
    plain = name.lower().removeprefix("val_")
    for apart, together in JOINED.items():
        plain = plain.replace(apart, together)
    return [word for word in re.split("[^a-z0-9]+", plain) if word and not word.isdigit()]


def direction(name: str) -> Better | None:
    """Which direction of a metric is better, by its name: `val_dense_1_loss` is a loss."""
    # The last telling word is the noun: `categorical_accuracy`, `f1_score`, `cosine_similarity`.
    for word in reversed(words_of(name)):
        if word in LOWER:
            return "lower"
        if word in HIGHER:
            return "higher"
    return None


def bounds_of(name: str) -> tuple[float, float]:
    """Between which numbers a metric is, by its name; infinite where the name does not tell."""
    words = words_of(name)
    noun = next((word for word in reversed(words) if word in LOWER | HIGHER), "")
    if SCALED.isdisjoint(words):
        if noun in SHARES:
            return 0.0, 1.0
        if noun in SIGNED:
            return -1.0, 1.0
        if noun in SIZES:
            return 0.0, math.inf
    return -math.inf, 1.0 if noun == "r2" else math.inf
