"""Which direction of a metric is better, where its name tells."""

from __future__ import annotations

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
